"""A requester's own tickets: finding one, and a page of them by status, priority, day and words."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session

from helpsage.tickets import reference
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Entry, Priority, Status, Ticket

#: Words of a search that are looked at.
MOST_WORDS = 12


@dataclass(frozen=True)
class Wanted:
    """Which of them to show. Empty shows every one."""

    statuses: Collection[Status] = ()
    priority: Priority | None = None
    #: Any of these, besides.
    priorities: Collection[Priority] = ()
    category: str | None = None
    #: Opened at or after this moment, and before that one.
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    #: Changed at this moment or later.
    changed_from: datetime | None = None
    #: A reference, or words of subject, description and what was said in the open.
    text: str = ""


@dataclass(frozen=True)
class OwnPage:
    """A page of them, the last changed first."""

    tickets: list[Ticket]
    #: Hands over the next page; None on the last one.
    next_cursor: str | None


def own(session: Session, person_id: UUID, written: str) -> Ticket:
    """The ticket of this reference, if this person asked for it.

    Raises:
        TicketNotFound: there is none, or it is somebody else's: nobody can tell which.
    """
    number = reference.parse(written)
    found = None
    if number is not None:
        found = session.scalar(select(Ticket).where(Ticket.number == number, Ticket.requester_id == person_id))
    if found is None:
        raise TicketNotFound(written)
    return found


def own_tickets(
    session: Session, person_id: UUID, wanted: Wanted, cursor: str | None = None, limit: int = 20
) -> OwnPage:
    """A page of this person's tickets. A cursor that is none of ours begins at the beginning (`is_cursor` tells)."""
    conditions = [Ticket.requester_id == person_id, *_conditions(wanted)]
    after = _decode(cursor)
    if after is not None:
        conditions.append(tuple_(Ticket.updated_at, Ticket.id) < tuple_(literal(after[0]), literal(after[1])))
    asked = select(Ticket).where(*conditions).order_by(Ticket.updated_at.desc(), Ticket.id.desc()).limit(limit + 1)
    found = list(session.scalars(asked))
    more = _encode(found[limit - 1]) if len(found) > limit else None
    return OwnPage(found[:limit], more)


def is_cursor(written: str) -> bool:
    """Whether a page of ours gave this out."""
    return _decode(written) is not None


def counted(session: Session, person_id: UUID) -> dict[Status, int]:
    """How many of this person's tickets stand where."""
    rows = session.execute(
        select(Ticket.status, func.count()).where(Ticket.requester_id == person_id).group_by(Ticket.status)
    )
    return {Status(status): count for status, count in rows}


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.statuses:
        conditions.append(Ticket.status.in_([status.value for status in wanted.statuses]))
    if wanted.priority is not None:
        conditions.append(Ticket.priority == wanted.priority.value)
    if wanted.priorities:
        conditions.append(Ticket.priority.in_([priority.value for priority in wanted.priorities]))
    if wanted.category is not None:
        conditions.append(Ticket.category == wanted.category)
    if wanted.changed_from is not None:
        conditions.append(Ticket.updated_at >= wanted.changed_from)
    if wanted.opened_from is not None:
        conditions.append(Ticket.created_at >= wanted.opened_from)
    if wanted.opened_before is not None:
        conditions.append(Ticket.created_at < wanted.opened_before)
    if wanted.text.strip():
        conditions.append(_matches(wanted.text))
    return conditions


def _matches(text: str) -> ColumnElement[bool]:
    """Each word somewhere in the ticket. One person's tickets are few: no index is needed for that."""
    number = reference.parse(text)
    if number is not None:
        return Ticket.number == number
    return and_(*(_holds(word) for word in text.split()[:MOST_WORDS]))


def _holds(word: str) -> ColumnElement[bool]:
    said = exists().where(
        Entry.ticket_id == Ticket.id, Entry.visibility == "public", Entry.body.icontains(word, autoescape=True)
    )
    return or_(
        Ticket.subject.icontains(word, autoescape=True), Ticket.description.icontains(word, autoescape=True), said
    )


def _encode(ticket: Ticket) -> str:
    key = json.dumps([ticket.updated_at.isoformat(), str(ticket.id)])
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _decode(cursor: str | None) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    try:
        moment, key_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at = datetime.fromisoformat(moment)
        return (at, UUID(key_id)) if at.tzinfo is not None else None
    except (ValueError, TypeError, AttributeError, binascii.Error):
        return None
