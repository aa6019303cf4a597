"""Finding passages of articles: by their words, by their meaning, and the two put together.

Words are PostgreSQL's full text: first passages that have all of them, then those that have the rarest. Meaning is the
cosine of vectors, by an HNSW index (pgvector). The two rankings are fused by reciprocal rank (Cormack, Clarke and
Büttcher, 2009). How sure it is of a passage is another question, with a number of its own (`confidence.py`).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from encoder.model import EncoderMissing, Vectors
from helpsage.db.vector import written
from helpsage.knowledge import confidence, reading, sections
from helpsage.knowledge.confidence import Signs
from helpsage.knowledge.languages import configuration
from helpsage.knowledge.reading import ANYBODY, Reader
from helpsage.tickets.search import typos
from helpsage.tickets.search.words import fold
from helpsage.triage import store

log = logging.getLogger(__name__)

#: Pieces that each half looks at.
CANDIDATES = 40
#: Of reciprocal rank fusion, and how much each ranking counts: the best on the half of the questions that is fitted.
FUSED = 10
WORDS, MEANING = 0.3, 1.0
#: Pieces that are put in order by their words, at most: among more than that, words alone tell little.
RANKED = 400
#: Words by which pieces are put in order, at most.
MOST_OR = 8
#: Words of a question that are looked at.
MOST_WORDS = 24
LONGEST_QUESTION = 1_000
#: Passages fewer than these, with all words in them, are not enough.
ENOUGH = 5
#: Pieces there are at least, while the database has not counted them: only the weights of words hang on it.
FEWEST_PIECES = 300
#: How much a word counts in text, summary, title and heading (weights D to A).
_PLACES = "{0.5, 0.6, 0.8, 1.0}"


@dataclass(frozen=True)
class Passage:
    """A section of a published article.

    Attributes:
        heading: empty for what stands before the first one.
        text: Markdown.
        confidence: how sure it is that this answers the question, 0 to 1.
        score: of the fused rankings; only good for putting in order.
    """

    article_id: UUID
    version: int
    slug: str
    title: str
    summary: str
    category: str
    audience: str
    language: str
    section: int
    heading: str
    anchor: str
    text: str
    score: float
    confidence: float
    signs: Signs

    @property
    def path(self) -> str:
        """Where it stands on the desk."""
        return reading.path(self.slug, self.anchor)

    @property
    def name(self) -> str:
        """What people call it: title and heading."""
        return f"{self.title}: {self.heading}" if self.heading else self.title


@dataclass(frozen=True)
class Word:
    """A word of a question.

    Attributes:
        lexemes: as the index knows it; none: it says nothing by itself.
        seen: pieces that have it.
        weight: the rarer, the heavier (inverse document frequency, as in BM25).
    """

    word: str
    lexemes: tuple[str, ...]
    seen: int
    weight: float = 1.0


@dataclass
class _Section:
    """A section on its way up."""

    key: tuple[UUID, int]
    by_words: int | None = None
    by_meaning: int | None = None
    cosine: float = -1.0
    rows: list[Row[Any]] = field(default_factory=list)

    @property
    def score(self) -> float:
        parts = ((self.by_words, WORDS), (self.by_meaning, MEANING))
        return sum(weight / (FUSED + rank) for rank, weight in parts if rank is not None)


def search(
    session: Session,
    question: str,
    reader: Reader = ANYBODY,
    *,
    limit: int = 5,
    category: str = "",
    by_words: bool = True,
    by_meaning: bool = True,
    each_article_once: bool = False,
) -> list[Passage]:
    """The passages nearest to a question, the best first; of those this reader may see.

    Parameters:
        by_words, by_meaning: the halves; without an encoder it is by words in any case.
        each_article_once: only the best passage of each article.
    """
    question = question.replace("\0", " ").strip()[:LONGEST_QUESTION]
    vector = vector_of(question) if by_meaning and question else None
    return find(
        session,
        question,
        reader,
        vector,
        limit=limit,
        category=category,
        by_words=by_words or vector is None,
        each_article_once=each_article_once,
    )


def find(
    session: Session,
    question: str,
    reader: Reader,
    vector: Vectors | None,
    *,
    limit: int = 5,
    category: str = "",
    by_words: bool = True,
    each_article_once: bool = False,
) -> list[Passage]:
    """`search` with a vector that is there already; None: by words only."""
    asked = words_of(session, question)
    where = _Where.of(reader, category)
    found: dict[tuple[UUID, int], _Section] = {}
    nearest: dict[UUID, float] = {}
    if by_words:
        for rank, key in enumerate(dict.fromkeys(_by_words(session, asked, where)), 1):
            found.setdefault(key, _Section(key)).by_words = rank
    if vector is not None:
        for rank, (key, cosine) in enumerate(_by_meaning(session, vector, where).items(), 1):
            found.setdefault(key, _Section(key)).by_meaning = rank
            nearest[key[0]] = max(nearest.get(key[0], -1.0), cosine)
    ranked = sorted(found.values(), key=lambda each: (-each.score, each.key))
    shown = list(_once(ranked) if each_article_once else ranked)[:limit]
    _read(session, shown, vector, asked)
    return [_passage(each, asked, nearest, vector is not None) for each in shown if each.rows]


def vector_of(question: str) -> Vectors | None:
    """What a question means; None without an encoder."""
    try:
        return np.array(_vector(store.encoder().version, question), np.float32)
    except EncoderMissing as error:
        log.warning("articles are found by their words only: %s", error)
        return None


@lru_cache(maxsize=256)
def _vector(version: str, question: str) -> tuple[float, ...]:
    """Who types on is asked for the same again."""
    vector: tuple[float, ...] = tuple(store.encoder().encode([question])[0].tolist())
    return vector


_LANGUAGES = text(
    """
    with recursive used as (
      (select language from article where published_version is not null order by language limit 1)
      union all
      select (select a.language from article a
              where a.published_version is not null and a.language > used.language order by a.language limit 1)
      from used where used.language is not null
    ) select language from used where language is not null
    """
)
_WORDS = text(
    """
    select asked.word,
           (select coalesce(array_agg(distinct lexeme), '{}')
            from unnest(cast(:languages as regconfig[])) language,
                 unnest(tsvector_to_array(to_tsvector(language, asked.word))) lexeme) as lexemes,
           coalesce((select w.seen from article_word w where w.word = asked.word), 0) as seen,
           (select greatest(reltuples, 0) from pg_class where oid = 'article_chunk'::regclass) as pieces
    from unnest(cast(:words as text[])) with ordinality as asked (word, place) order by asked.place
    """
)
# All of this table is in memory, which the planner does not know: it would compare every word's neighbourhood.
_NEAR = text(
    """
    set local random_page_cost = 1.1;
    select word, seen from article_word where near && cast(:near as integer[])
    """
)


def words_of(session: Session, question: str) -> list[Word]:
    """The question's words that say something; a mistyped one also stands for what it may have meant."""
    folded = list(dict.fromkeys(fold(sections.joined(question)).split()))[:MOST_WORDS]
    languages = session.scalars(_LANGUAGES).all() or ["en"]
    known = sorted({configuration(language) for language in languages})
    found = _looked_up(session, folded, known)
    unknown = [each for each in found if not each.seen and each.lexemes and typos.mistakes_allowed(each.word)]
    meant = {each.word: _meant(session, each.word) for each in unknown}
    better = _looked_up(session, [word for word in meant.values() if word], known) if any(meant.values()) else []
    by_word = {each.word: each for each in better}
    read = (by_word.get(meant.get(each.word, ""), each) for each in found)
    return [each for each in read if each.lexemes]


def _looked_up(session: Session, some: Sequence[str], languages: Sequence[str]) -> list[Word]:
    if not some:
        return []
    rows = session.execute(_WORDS, {"words": list(some), "languages": list(languages)})
    return [Word(word, tuple(lexemes), seen, _weight(seen, pieces)) for word, lexemes, seen, pieces in rows]


def _weight(seen: int, pieces: float) -> float:
    there = max(pieces, FEWEST_PIECES, seen)
    return math.log(1 + (there - seen + 0.5) / (seen + 0.5))


def _meant(session: Session, word: str) -> str:
    """The word of our articles that a mistyped one was; empty: there is none near."""
    allowed = typos.mistakes_allowed(word)
    rows = session.execute(_NEAR, {"near": typos.neighbourhood(word)})
    near = ((typos.distance(word, other, allowed), -seen, other) for other, seen in rows)
    steps, _, other = min(near, default=(allowed + 1, 0, ""))
    return other if steps <= allowed else ""


@dataclass(frozen=True)
class _Where:
    """Which articles, as a condition on `a`."""

    sql: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, reader: Reader, category: str) -> _Where:
        """The same as `reading.readable`."""
        sql, values = "a.published_version is not null", dict[str, Any]()
        if not reader.staff:
            if reader.department_id is None:
                sql += " and a.audience = 'public'"
            else:
                sql += " and (a.audience = 'public' or (a.audience = 'brand' and a.department_id = :department))"
                values["department"] = reader.department_id
        if category:
            sql += " and a.category = :category"
            values["category"] = category
        return cls(sql, values)


def _by_words(session: Session, asked: Sequence[Word], where: _Where) -> list[tuple[UUID, int]]:
    """Pieces with all the words, and when that are few, those with the rarest."""
    if not asked:
        return []
    found = _matching(session, " & ".join(_either(word) for word in asked), asked[:MOST_OR], where)
    if len(set(found)) < ENOUGH:
        some = _rarest(asked)
        found = [*found, *_matching(session, " | ".join(_either(word) for word in some), some, where)]
    return found


def _rarest(asked: Sequence[Word]) -> list[Word]:
    """The rarest words, as many as do not make the pieces to be put in order too many."""
    chosen: list[Word] = []
    together = 0
    for word in sorted(asked, key=lambda word: word.seen):
        together += word.seen
        if chosen and (together > RANKED or len(chosen) == MOST_OR):
            break
        chosen.append(word)
    return chosen


def _either(word: Word) -> str:
    lexemes = " | ".join(_quoted(lexeme) for lexeme in word.lexemes)
    return f"({lexemes})"


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def _matching(session: Session, query: str, asked: Sequence[Word], where: _Where) -> list[tuple[UUID, int]]:
    """What a query finds, those with the heaviest words first. PostgreSQL's own ranks know no rare words."""
    rank = " + ".join(
        f"cast(:weight_{place} as float8) * ts_rank('{_PLACES}', c.document, cast(:word_{place} as tsquery), 1)"
        for place in range(len(asked))
    )
    statement = text(
        f"""
        select c.article_id, c.section from (
          select c.article_id, c.section, c.position, c.document
          from article_chunk c join article a on a.id = c.article_id
          where c.document @@ cast(:query as tsquery) and {where.sql} limit :ranked
        ) c
        order by {rank} desc, c.article_id, c.position limit :most
        """  # noqa: S608 made of constants above
    )
    weights = {f"weight_{place}": word.weight for place, word in enumerate(asked)}
    words = {f"word_{place}": _either(word) for place, word in enumerate(asked)}
    limits = {"ranked": RANKED, "most": CANDIDATES}
    rows = session.execute(statement, {"query": query, **limits, **weights, **words, **where.values})
    return [(article_id, section) for article_id, section in rows]


def _by_meaning(session: Session, vector: Vectors, where: _Where) -> dict[tuple[UUID, int], float]:
    """The sections of the nearest pieces, with their cosines.

    The HNSW index goes on looking until it has found enough that may be seen.
    """
    asked = text(
        f"""
        set local hnsw.iterative_scan = strict_order;
        select c.article_id, c.section, 1 - (c.vector <=> cast(:vector as vector)) as cosine
        from article_chunk c join article a on a.id = c.article_id
        where c.encoder = :encoder and {where.sql}
        order by c.vector <=> cast(:vector as vector) limit :most
        """  # noqa: S608 made of constants above
    )
    values = {"vector": written(vector), "encoder": store.encoder().version, "most": CANDIDATES, **where.values}
    found: dict[tuple[UUID, int], float] = {}
    for article_id, section, cosine in session.execute(asked, values):
        found.setdefault((article_id, section), cosine)
    return found


def _once(ranked: Iterable[_Section]) -> Iterable[_Section]:
    """The best section of each article."""
    best: dict[UUID, _Section] = {}
    for each in ranked:
        best.setdefault(each.key[0], each)
    return best.values()


_SECTIONS = text(
    """
    select c.article_id, c.section, c.version, c.heading, c.anchor, c.text, v.title, v.summary, a.slug, a.category,
           a.audience, a.language, 1 - (c.vector <=> cast(:vector as vector)) as cosine,
           array(select unnest(tsvector_to_array(c.document))
                 intersect select unnest(cast(:lexemes as text[]))) as lexemes
    from unnest(cast(:articles as uuid[]), cast(:sections as integer[])) as wanted (article_id, section)
    join article_chunk c on c.article_id = wanted.article_id and c.section = wanted.section
    join article a on a.id = c.article_id
    join article_version v on v.article_id = c.article_id and v.number = c.version
    order by c.article_id, c.position
    """
)


def _read(session: Session, ranked: Sequence[_Section], vector: Vectors | None, asked: Sequence[Word]) -> None:
    """Take the rows of these sections in."""
    values = {
        "articles": [each.key[0] for each in ranked],
        "sections": [each.key[1] for each in ranked],
        "vector": written(vector) if vector is not None else None,
        "lexemes": sorted({lexeme for word in asked for lexeme in word.lexemes}),
    }
    by_key = {each.key: each for each in ranked}
    for row in session.execute(_SECTIONS, values) if ranked else ():
        place = by_key[row.article_id, row.section]
        place.rows.append(row)
        place.cosine = max(place.cosine, row.cosine if row.cosine is not None else -1.0)


def _passage(each: _Section, asked: Sequence[Word], nearest: Mapping[UUID, float], with_meaning: bool) -> Passage:
    row = each.rows[0]
    others = max((cosine for article, cosine in nearest.items() if article != each.key[0]), default=0.0)
    has = {lexeme for one in each.rows for lexeme in one.lexemes}
    signs = Signs(each.cosine if with_meaning else 0.0, _share(asked, has), each.cosine - others)
    return Passage(
        article_id=row.article_id,
        version=row.version,
        slug=row.slug,
        title=row.title,
        summary=row.summary,
        category=row.category,
        audience=row.audience,
        language=row.language,
        section=row.section,
        heading=row.heading,
        anchor=row.anchor,
        text="".join(one.text for one in each.rows).strip(),
        score=each.score,
        confidence=confidence.of(signs) if with_meaning else 0.0,
        signs=signs,
    )


def _share(asked: Sequence[Word], has: set[str]) -> float:
    """How much of the question stands in the passage: a word that few pieces have counts for more."""
    found = sum(word.weight for word in asked if has.intersection(word.lexemes))
    return found / sum(word.weight for word in asked) if asked else 0.0
