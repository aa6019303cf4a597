"""Finding tickets by words: the newest that have them all, the best first.

A common word stands in a hundred thousand tickets, and nobody reads those: the newest `MOST_MATCHES` are looked at, and
ranked by where the words stand (subject before description before thread before requester) and whether they stand there
as they were asked for. What the queue is filtered by, and what the viewer may see, is part of the query to the index
(facets), so that a rare status in a common word costs no more than either.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, any_, cast, func, literal, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, REAL, REGCONFIG, TSQUERY
from sqlalchemy.orm import Session

from helpsage.people.permissions import Action, Reach, Viewer, reach
from helpsage.tickets.models import Ticket
from helpsage.tickets.search import typos, words
from helpsage.tickets.search.models import SearchDocument
from helpsage.tickets.search.typos import Meaning

#: Matches that are ranked, the newest.
MOST_MATCHES = 400
#: The index is asked for so many at a time; what it cannot know (days, followers) is asked of the tickets themselves.
PORTION = MOST_MATCHES
MOST_PORTIONS = 5
#: How much a word counts in requester, thread, description and subject (PostgreSQL's order: D, C, B, A).
WEIGHTS = "{0.2, 0.1, 0.4, 1.0}"

_SIMPLE = cast(literal_column("'simple'"), REGCONFIG)


@dataclass(frozen=True)
class Question:
    """A query as it is put to the index.

    Attributes:
        asked: its words, folded.
        meanings: what each may stand for.
    """

    asked: tuple[str, ...]
    meanings: dict[str, Meaning]

    @property
    def sought(self) -> tuple[str, ...]:
        """Every word that may be found, to be marked."""
        return (*self.asked, *(word for near in self.meant.values() for word in near))

    @property
    def meant(self) -> dict[str, tuple[str, ...]]:
        """For words that (almost) no ticket has, words that were probably meant."""
        return {word: meaning.meant for word, meaning in self.meanings.items() if meaning.meant}


@dataclass(frozen=True)
class Match:
    """A found ticket, with what it can be sorted and counted by."""

    ticket_id: UUID
    number: int
    rank: float
    status: str
    updated_at: datetime
    created_at: datetime
    priority: str
    due_order: datetime


#: Values of facets, each list an "any of": `["=s:open", "=s:waiting"]`.
Facets = Sequence[Collection[str]]


def question(session: Session, text: str) -> Question:
    """Read a query, and look up what its words may stand for."""
    asked = tuple(words.asked(text))
    return Question(asked, {word: typos.meaning(session, word) for word in asked})


def matches(
    session: Session,
    asked: Question,
    facets: Facets,
    viewer: Viewer | None,
    conditions: Sequence[ColumnElement[bool]],
    ranked: bool = True,
) -> list[Match]:
    """The newest tickets that have every word, the best first; none for a query without words.

    Parameters:
        viewer: who asks; None may see everything.
        conditions: on `Ticket`, everything that has to be true, whether the facets say it too or not.
        ranked: False for those who only count.
    """
    found: list[Match] = []
    before: int | None = None
    for _ in range(MOST_PORTIONS if asked.asked else 0):
        portion = session.execute(_portion(asked, facets, viewer, before, ranked)).all()
        found += _fitting(session, portion, conditions)
        if len(portion) < PORTION or len(found) >= MOST_MATCHES:
            break
        before = portion[-1].number
    return sorted(found[:MOST_MATCHES], key=lambda match: (-match.rank, -match.number))


def _portion(asked: Question, facets: Facets, viewer: Viewer | None, before: int | None, ranked: bool) -> Any:
    newest = select(SearchDocument).where(_finds(asked, facets, viewer))
    if before is not None:
        newest = newest.where(SearchDocument.number < before)
    some = newest.order_by(SearchDocument.number.desc()).limit(PORTION).subquery()
    rank = (_rank(some.c.document, asked) if ranked else literal(0.0)).label("rank")
    return select(some.c.number, rank).order_by(some.c.number.desc())


def _fitting(session: Session, portion: Sequence[Any], conditions: Sequence[ColumnElement[bool]]) -> list[Match]:
    """Those of a portion that fulfil what the index does not know, in their order."""
    ranks = {row.number: row.rank for row in portion}
    chosen = Ticket.number == any_(cast(literal(list(ranks), ARRAY(BigInteger)), ARRAY(BigInteger)))
    columns = (Ticket.id, Ticket.number, Ticket.status, Ticket.updated_at, Ticket.created_at, Ticket.priority)
    asked = select(*columns, Ticket.due_order).where(chosen, *conditions).order_by(Ticket.number.desc())
    return [Match(row[0], row[1], ranks[row[1]], *row[2:]) for row in session.execute(asked)]


def _finds(asked: Question, facets: Facets, viewer: Viewer | None) -> ColumnElement[bool]:
    query = _words(asked, beginnings=True)
    for choices in facets:
        query = query.op("&&")(_raw(_any_of(choices)))
    visible = _visible(viewer) if viewer is not None else ""
    if visible:
        query = query.op("&&")(_raw(visible))
    return SearchDocument.document.op("@@", is_comparison=True)(query)


def _visible(viewer: Viewer) -> str:
    """`permissions.visible_tickets` in facets; nothing to ask for whoever sees everything."""
    granted = reach(viewer.role, Action.SEE_TICKET)
    if granted is Reach.ALL:
        return ""
    departments = [f"=d:{each}" for each in sorted(viewer.department_ids)]
    here = _any_of([*departments, "=d:"] if viewer.sees_unplaced else departments)
    if granted is Reach.DEPARTMENT or not viewer.team_ids:
        return here
    own = _any_of([*(f"=t:{each}" for each in sorted(viewer.team_ids)), f"=a:{viewer.account_id}"])
    return f"{own} | ({_any_of(['=t:'])} & ({here}))"


def _rank(document: ColumnElement[Any], asked: Question) -> ColumnElement[float]:
    """Words as they were asked for count more than longer ones that begin so, and those more than what was meant."""
    weights = cast(literal(WEIGHTS), ARRAY(REAL))
    exact = func.ts_rank(weights, document, _words(asked, beginnings=False))
    return func.ts_rank(weights, document, _words(asked, beginnings=True)) + 2 * exact


def _words(asked: Question, beginnings: bool) -> ColumnElement[Any]:
    def term(word: str) -> str:
        if not beginnings:
            return f"'{word}'"
        meaning = asked.meanings[word]
        open_end = len(word) >= words.SHORTEST_BEGINNING and meaning.longer is None
        own = f"'{word}':*" if open_end else f"'{word}'"
        others = [f"'{other}'" for other in (*(meaning.longer or ()), *meaning.meant)]
        return f"({' | '.join([own, *others])})"

    # Folded words have no quotes and no backslashes; PostgreSQL reads them as it read the tickets'.
    return func.to_tsquery(_SIMPLE, " & ".join(term(word) for word in asked.asked), type_=TSQUERY)


def _any_of(choices: Collection[str]) -> str:
    """One of these facets, quoted as `tsquery` reads them; a list without any is never true."""
    quoted = ["'" + choice.replace("\\", "\\\\").replace("'", "''") + "'" for choice in choices]
    return " | ".join(quoted or ["'='"])


def _raw(query: str) -> ColumnElement[Any]:
    """A query that no parser of words may touch."""
    return cast(literal(query), TSQUERY)
