"""What is found for somebody's words, with the passage in which they stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from helpsage.knowledge import completing, sections, words
from helpsage.knowledge.reading import Page, Reader
from helpsage.knowledge.search import Passage, search, words_of
from helpsage.tickets.search.words import Piece, excerpt, marked

MOST = 20
#: Characters of a passage.
PASSAGE = 220
#: Passages are shown from that likeness on (cosine). What is about something else stays below 0.2; people look a list
#: through, so that it may be wider than what the chat quotes.
NEAR = 0.3
#: Or with so much of the words, rare ones counting for more.
SHARE = 0.5
#: For what is offered unasked.
NEARER = 0.45


@dataclass(frozen=True)
class Found:
    """An article that may answer.

    Attributes:
        category: its title.
        heading: of the section, empty for the beginning.
        anchor: of the section, within the page.
        passage: words of the section, cut into what was looked for and the rest.
    """

    slug: str
    title: str
    summary: str
    audience: str
    category: str
    heading: str
    anchor: str
    passage: list[Piece]


def find(session: Session, text: str, reader: Reader, most: int = MOST) -> list[Found]:
    """The articles that answer best, each once with its best section.

    What is just being typed counts as the word that it begins.
    """
    question = completing.completed(session, text)
    found = search(session, question, reader, limit=most, each_article_once=True)
    sought = [word.word for word in words_of(session, question)]
    return [_found(each, sought) for each in found if each.signs.share >= SHARE or each.signs.cosine >= NEAR]


def offered(session: Session, text: str, reader: Reader, most: int) -> list[Found]:
    """The same for somebody who did not ask: only what is near by meaning."""
    found = search(session, text, reader, limit=most, each_article_once=True)
    return [_found(each, []) for each in found if each.signs.cosine >= NEARER]


def related(session: Session, page: Page, reader: Reader, most: int) -> list[Found]:
    """Other articles about much the same."""
    about = f"{page.version.title}. {page.version.summary}"
    found = search(session, about, reader, limit=most + 1, each_article_once=True)
    others = [each for each in found if each.article_id != page.article.id and each.signs.cosine >= NEARER]
    return [_found(each, []) for each in others[:most]]


def _found(passage: Passage, sought: Sequence[str]) -> Found:
    text = sections.plain(passage.text)
    beginning = " ".join(text.split())[:PASSAGE]
    return Found(
        slug=passage.slug,
        title=passage.title,
        summary=passage.summary,
        audience=passage.audience,
        category=words.category_title(passage.category),
        heading=passage.heading,
        anchor=passage.anchor,
        passage=excerpt(text, sought, PASSAGE) or marked(beginning + ("…" if len(text) > PASSAGE else ""), sought),
    )
