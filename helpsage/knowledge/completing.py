"""The word that somebody is just typing: its beginning stands for the most frequent word of our articles."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.knowledge.models import ArticleWord
from helpsage.tickets.search.words import SHORTEST_BEGINNING, fold


def completed(session: Session, question: str) -> str:
    """The question with its last word written out, when it is no word yet but the beginning of one."""
    before, _, last = question.rstrip().rpartition(" ")
    begun = fold(last)
    if len(begun) < SHORTEST_BEGINNING or " " in begun or question != question.rstrip():
        return question
    asked = select(ArticleWord.word).where(ArticleWord.word.startswith(begun, autoescape=True))
    # The word itself, if there is one, comes first.
    word = session.scalar(asked.order_by(ArticleWord.word != begun, ArticleWord.seen.desc(), ArticleWord.word).limit(1))
    return f"{before} {word}".strip() if word is not None and word != begun else question
