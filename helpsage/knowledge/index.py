"""Making what is published findable: its pieces with their words and vectors, in the place of the version before."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, cast, delete, exists, func, insert, literal_column, or_, select, text
from sqlalchemy.dialects.postgresql import REGCONFIG, TSVECTOR
from sqlalchemy.orm import Session

from encoder.model import Encoder, EncoderMissing
from helpsage.knowledge import articles, sections
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.knowledge.languages import configuration
from helpsage.knowledge.models import Article, ArticleChunk, ArticleVersion
from helpsage.tickets.search import typos
from helpsage.tickets.search.words import LONGEST_WORD, fold
from helpsage.triage import store

log = logging.getLogger(__name__)

_KEEP = text(
    """
    insert into article_word (word, near, seen)
    select word, cast(near as integer[]), seen
    from unnest(cast(:words as text[]), cast(:near as text[]), cast(:seen as bigint[])) as met (word, near, seen)
    on conflict (word) do update set seen = article_word.seen + excluded.seen
    """
)
_FORGET = text("delete from article_word where seen <= 0 and word = any(cast(:words as text[]))")


@dataclass(frozen=True)
class Piece:
    """A chunk before it has a row.

    Attributes:
        lead: what tells what it is about: the article's title, or title and summary.
    """

    section: int
    heading: str
    anchor: str
    text: str
    lead: str

    @property
    def read(self) -> str:
        """What the encoder reads."""
        return ". ".join(part for part in (self.lead, self.heading, sections.plain(self.text)) if part)


def build(session: Session, article_id: UUID) -> bool:
    """Make an article's chunks anew from what is published; without anything published, remove them.

    Returns:
        Whether there was anything to do.
    """
    try:
        article = articles.locked(session, article_id)
    except ArticleNotFound:
        return False  # removed since, with everything of it
    encoder = _encoder()
    old = session.scalars(select(ArticleChunk).where(ArticleChunk.article_id == article_id)).all()
    if _is_current(article, old, encoder):
        return False
    removed = Counter(word for chunk in old for word in _words_of_chunk(session, chunk))
    session.execute(delete(ArticleChunk).where(ArticleChunk.article_id == article_id))
    found: list[Piece] = []
    if article.published_version is not None:
        shown = articles.version(session, article_id, article.published_version)
        found = list(pieces(shown))
        _insert(session, article, shown, found, encoder)
    added = Counter(word for piece in found for word in words_of(piece))
    _count(session, added, removed)
    return True


def outdated(session: Session, limit: int = 500) -> list[UUID]:
    """Published articles whose chunks are of another version, or of another encoder; and those of withdrawn ones."""
    encoder = _encoder()
    chunk = ArticleChunk.article_id == Article.id
    current = and_(chunk, ArticleChunk.version == Article.published_version)
    if encoder is not None:
        current = and_(current, ArticleChunk.encoder == encoder.version)
    missing = and_(Article.published_version.is_not(None), ~exists().where(current))
    left = and_(Article.published_version.is_(None), exists().where(chunk))
    return list(session.scalars(select(Article.id).where(or_(missing, left)).order_by(Article.id).limit(limit)))


def pieces(shown: ArticleVersion) -> Iterator[Piece]:
    """What of a version can be found by itself; its beginning is always there, with its summary."""
    for section in sections.split(shown.body):
        lead = f"{shown.title}. {shown.summary}".strip() if section.number == 0 else shown.title
        for text_of_piece in sections.pieces(section.text):
            if text_of_piece.strip() or section.number == 0 or section.text == text_of_piece:
                yield Piece(section.number, section.heading, section.anchor, text_of_piece, lead)


def words_of(piece: Piece) -> set[str]:
    """The words by which it can be found, folded."""
    words = fold(sections.joined(f"{piece.lead} {piece.heading} {sections.plain(piece.text)}")).split()
    return {word for word in words if len(word) <= LONGEST_WORD}


def _words_of_chunk(session: Session, chunk: ArticleChunk) -> set[str]:
    """As they were counted when it was made."""
    shown = articles.version(session, chunk.article_id, chunk.version)
    lead = f"{shown.title}. {shown.summary}".strip() if chunk.section == 0 else shown.title
    return words_of(Piece(chunk.section, chunk.heading, chunk.anchor, chunk.text, lead))


def _is_current(article: Article, chunks: Sequence[ArticleChunk], encoder: Encoder | None) -> bool:
    if article.published_version is None:
        return not chunks
    version = encoder.version if encoder is not None else ""
    made_from = {(chunk.version, chunk.encoder) for chunk in chunks}
    return made_from == {(article.published_version, version)}


def _insert(
    session: Session, article: Article, shown: ArticleVersion, found: Sequence[Piece], encoder: Encoder | None
) -> None:
    vectors = encoder.encode([piece.read for piece in found]) if encoder is not None else [None] * len(found)
    rows = [
        {
            "article_id": article.id,
            "version": shown.number,
            "position": position,
            "section": piece.section,
            "heading": piece.heading,
            "anchor": piece.anchor,
            "text": piece.text,
            "document": _document(piece, shown),
            "vector": vector,
            "encoder": encoder.version if encoder is not None else "",
        }
        for position, (piece, vector) in enumerate(zip(found, vectors, strict=True))
    ]
    for row in rows:
        session.execute(insert(ArticleChunk).values(row))


def _document(piece: Piece, shown: ArticleVersion) -> ColumnElement[Any]:
    """Its words by weight: heading, title, the summary, the text."""
    language = cast(configuration(shown.language), REGCONFIG)

    def weighted(words: str, weight: str) -> ColumnElement[Any]:
        vector = func.to_tsvector(language, sections.joined(words))
        return func.setweight(vector, literal_column(f"'{weight}'"), type_=TSVECTOR)

    title, heading = weighted(shown.title, "B"), weighted(piece.heading, "A")
    summary = weighted(shown.summary if piece.section == 0 else "", "C")
    return title.concat(heading).concat(summary).concat(weighted(sections.plain(piece.text), "D"))


def _count(session: Session, added: Counter[str], removed: Counter[str]) -> None:
    """Count words that came and went. In the order of the alphabet, so that two of these never wait for each other."""
    changed = {word: added[word] - removed[word] for word in sorted({*added, *removed}) if added[word] != removed[word]}
    if not changed:
        return
    words = list(changed)
    near = [f"{{{','.join(map(str, _near(word)))}}}" for word in words]
    session.execute(_KEEP, {"words": words, "near": near, "seen": [changed[word] for word in words]})
    gone = [word for word, change in changed.items() if change < 0]
    if gone:
        session.execute(_FORGET, {"words": gone})


def _near(word: str) -> list[int]:
    return typos.neighbourhood(word) if typos.mistakes_allowed(word) else []


def _encoder() -> Encoder | None:
    """None: words alone, until there is one."""
    try:
        return store.encoder()
    except EncoderMissing as error:
        log.warning("articles are found by their words only: %s", error)
        return None
