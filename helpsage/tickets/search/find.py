"""Finding tickets by words: the newest that have them all, the best first.

A common word stands in a hundred thousand tickets, and nobody reads those: the newest `MOST_MATCHES` are looked at, and
ranked by where the words stand (subject before description before thread before requester) and whether they stand there
as they were asked for. What the queue is filtered by is part of the query to the index (facets), so that a rare status
in a common word costs no more than either.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, cast, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, REAL, REGCONFIG, TSQUERY
from sqlalchemy.orm import Session

from helpsage.tickets.models import Ticket
from helpsage.tickets.search import typos, words
from helpsage.tickets.search.models import SearchDocument

#: Matches that are ranked, the newest.
MOST_MATCHES = 400
#: How much a word counts in thread, requester, description and subject (in PostgreSQL's order D, C, B, A).
WEIGHTS = "{0.2, 0.1, 0.4, 1.0}"

_SIMPLE = cast(literal_column("'simple'"), REGCONFIG)


@dataclass(frozen=True)
class Question:
    """A query as it is put to the index.

    Attributes:
        asked: its words, folded.
        meant: for words that (almost) no ticket has, words that were probably meant.
    """

    asked: tuple[str, ...]
    meant: dict[str, tuple[str, ...]]

    @property
    def sought(self) -> tuple[str, ...]:
        """Every word that may be found, to be marked."""
        return (*self.asked, *(word for near in self.meant.values() for word in near))


@dataclass(frozen=True)
class Match:
    """A found ticket, with what it can be sorted by."""

    ticket_id: UUID
    number: int
    rank: float
    updated_at: datetime
    created_at: datetime
    priority: str


#: Values of facets, each list an "any of": `["=s:open", "=s:waiting"]`.
Facets = Sequence[Collection[str]]


def question(session: Session, text: str) -> Question:
    """Read a query, and look up what was meant by words that nobody wrote."""
    asked = tuple(words.asked(text))
    meant = {word: tuple(near) for word in asked if (near := typos.meant(session, word))}
    return Question(asked, meant)


def matches(
    session: Session, asked: Question, facets: Facets, conditions: Sequence[ColumnElement[bool]]
) -> list[Match]:
    """The newest tickets that have every word, the best first; none for a query without words."""
    if not asked.asked:
        return []
    newest = (
        select(SearchDocument.ticket_id, SearchDocument.number, SearchDocument.document)
        .add_columns(Ticket.updated_at, Ticket.created_at, Ticket.priority)
        .join(Ticket, Ticket.id == SearchDocument.ticket_id)
        .where(_finds(asked, facets), *conditions)
        .order_by(SearchDocument.number.desc())
        .limit(MOST_MATCHES)
        .cte("newest")
    )
    rank = _rank(newest.c.document, asked).label("rank")
    columns = [newest.c[name] for name in ("ticket_id", "number", "updated_at", "created_at", "priority")]
    rows = session.execute(select(*columns, rank).order_by(rank.desc(), newest.c.number.desc()))
    return [Match(**row._mapping) for row in rows]


def counts(
    session: Session, asked: Question, facets: Facets, conditions: Sequence[ColumnElement[bool]], limit: int
) -> dict[str, int]:
    """How many of the newest `limit` matches stand in each status."""
    if not asked.asked:
        return {}
    some = (
        select(Ticket.status)
        .select_from(SearchDocument)
        .join(Ticket, Ticket.id == SearchDocument.ticket_id)
        .where(_finds(asked, facets), *conditions)
        .order_by(SearchDocument.number.desc())
        .limit(limit)
        .subquery()
    )
    rows = session.execute(select(some.c.status, func.count()).group_by(some.c.status))
    return {status: int(count) for status, count in rows}


def _finds(asked: Question, facets: Facets) -> ColumnElement[bool]:
    query = _words(asked, beginnings=True)
    for choices in facets:
        query = query.op("&&")(_any_of(choices))
    return SearchDocument.document.op("@@", is_comparison=True)(query)


def _rank(document: ColumnElement[Any], asked: Question) -> ColumnElement[float]:
    """Words as they were asked for count more than longer ones that begin so, and those more than what was meant."""
    weights = cast(literal(WEIGHTS), ARRAY(REAL))
    exact = func.ts_rank(weights, document, _words(asked, beginnings=False))
    return func.ts_rank(weights, document, _words(asked, beginnings=True)) + 2 * exact


def _words(asked: Question, beginnings: bool) -> ColumnElement[Any]:
    def term(word: str) -> str:
        own = f"'{word}':*" if beginnings and len(word) >= words.SHORTEST_BEGINNING else f"'{word}'"
        near = [f"'{other}'" for other in asked.meant.get(word, ())] if beginnings else []
        return f"({' | '.join([own, *near])})"

    # Folded words have no quotes and no backslashes; PostgreSQL reads them as it read the tickets'.
    return func.to_tsquery(_SIMPLE, " & ".join(term(word) for word in asked.asked), type_=TSQUERY)


def _any_of(choices: Collection[str]) -> ColumnElement[Any]:
    """A query for one of these facets, which no parser may touch."""
    quoted = ("'" + choice.replace("\\", "\\\\").replace("'", "''") + "'" for choice in choices)
    return cast(literal(" | ".join(quoted)), TSQUERY)
