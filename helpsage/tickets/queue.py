"""The agents' queue, a page at a time, which costs the same at a million tickets as at a thousand.

Pages are cut by key (last change and id of the last row seen), not by counting rows, so that rows that come, go or move
between two pages neither repeat others nor push them out. A ticket that changes while someone pages goes to the top.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, func, literal, literal_column, select, tuple_, union_all
from sqlalchemy.orm import Session

from helpsage.tickets import reference
from helpsage.tickets.errors import TicketError
from helpsage.tickets.models import SEARCHED, Priority, Status, Ticket

#: Counting stops here: "10,000 or more".
COUNTED_UP_TO = 10_000
LARGEST_PAGE = 200
#: Words of a search that are looked at.
MOST_WORDS = 12
_WORD = re.compile(r"\w+")


class InvalidCursor(TicketError):
    """A cursor that no page of ours gave out."""


@dataclass(frozen=True)
class Filters:
    """What to show. An empty filter shows everything."""

    statuses: Collection[Status | str] = ()
    priorities: Collection[Priority | str] = ()
    category: str | None = None
    assignee_id: UUID | None = None
    #: Only tickets that nobody has; wins over `assignee_id`.
    unassigned: bool = False
    #: A reference, or the beginnings of words of subject and description.
    text: str = ""


@dataclass(frozen=True)
class Page:
    """A page of the queue, the last changed first."""

    tickets: list[Ticket]
    #: Hands over the next page; None on the last one.
    next_cursor: str | None
    #: How many tickets the filter (without its statuses) finds in each status, counted up to `COUNTED_UP_TO`.
    counts: dict[Status, int]


def queue(session: Session, filters: Filters | None = None, cursor: str | None = None, limit: int = 50) -> Page:
    """A page of tickets.

    Parameters:
        cursor: `next_cursor` of the page before.
        limit: tickets a page, 1 to 200.

    Raises:
        InvalidCursor
    """
    filters = filters or Filters()
    limit = max(1, min(limit, LARGEST_PAGE))
    conditions = _conditions(filters)
    after = _decode(cursor) if cursor else None
    keys = _keys(session, filters, conditions, after, limit + 1)
    shown = [key_id for _, key_id in keys[:limit]]
    found = {ticket.id: ticket for ticket in session.scalars(select(Ticket).where(Ticket.id.in_(shown)))}
    next_cursor = _encode(*keys[limit - 1]) if len(keys) > limit else None
    return Page([found[key_id] for key_id in shown if key_id in found], next_cursor, _counts(session, conditions))


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.priorities:
        conditions.append(Ticket.priority.in_([Priority(chosen).value for chosen in filters.priorities]))
    if filters.category:
        conditions.append(Ticket.category == filters.category)
    if filters.unassigned:
        conditions.append(Ticket.assignee_id.is_(None))
    elif filters.assignee_id is not None:
        conditions.append(Ticket.assignee_id == filters.assignee_id)
    if filters.text.strip():
        conditions.append(_matches(filters.text))
    return conditions


def _matches(text: str) -> ColumnElement[bool]:
    number = reference.parse(text)
    if number is not None:
        return Ticket.number == number
    words = _WORD.findall(text)[:MOST_WORDS]
    if not words:
        return literal(False)
    return literal_column(SEARCHED).op("@@")(func.to_tsquery("simple", " & ".join(f"'{word}':*" for word in words)))


def _keys(
    session: Session,
    filters: Filters,
    conditions: list[ColumnElement[bool]],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[tuple[datetime, UUID]]:
    """The page's keys: the newest few of each status, from the index, and of those the newest."""
    if after is not None:
        conditions = [*conditions, tuple_(Ticket.updated_at, Ticket.id) < tuple_(literal(after[0]), literal(after[1]))]
    branches = [
        select(Ticket.updated_at, Ticket.id)
        .where(Ticket.status == status.value, *conditions)
        .order_by(Ticket.updated_at.desc(), Ticket.id.desc())
        .limit(limit)
        for status in dict.fromkeys(Status(chosen) for chosen in (filters.statuses or Status))
    ]
    merged = union_all(*branches).subquery()
    newest = select(merged.c.updated_at, merged.c.id).order_by(merged.c.updated_at.desc(), merged.c.id.desc())
    return [(row.updated_at, row.id) for row in session.execute(newest.limit(limit))]


def _counts(session: Session, conditions: list[ColumnElement[bool]]) -> dict[Status, int]:
    row = session.execute(select(*(_count(status, conditions).label(status.value) for status in Status))).one()
    return {status: int(count) for status, count in zip(Status, row, strict=True)}


def _count(status: Status, conditions: list[ColumnElement[bool]]) -> ScalarSelect[Any]:
    some = select(literal(1)).select_from(Ticket).where(Ticket.status == status.value, *conditions)
    return select(func.count()).select_from(some.limit(COUNTED_UP_TO).subquery()).scalar_subquery()


def _encode(moment: datetime, ticket_id: UUID) -> str:
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), str(ticket_id)]).encode()).decode()


def _decode(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, ticket_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        decoded = datetime.fromisoformat(moment), UUID(ticket_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise InvalidCursor(cursor) from error
    if decoded[0].tzinfo is None:
        raise InvalidCursor(cursor)
    return decoded
