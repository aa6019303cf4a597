"""Of a ticket's triage, what is shown beside it, in two statements: how it was read and sent where it is, and which
other tickets may matter to whoever works on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, func, select, union_all
from sqlalchemy.orm import Session

from helpsage.tickets.models import Ticket
from helpsage.triage.models import ReadingLabel, ReadingRow, Routing, Twin
from languages import SOURCE


@dataclass(frozen=True)
class Triage:
    """How a ticket was read, where it was sent, and by tag what people said instead."""

    reading: ReadingRow | None
    routing: Routing | None
    labels: Mapping[str, ReadingLabel]


@dataclass(frozen=True)
class Others:
    """Tickets that may matter.

    Attributes:
        related: of the same person, the newest first.
        twins: that may be about the same (`twins.of_ticket`).
    """

    related: Sequence[Ticket]
    twins: Sequence[tuple[Twin, Ticket]]


# Written once: composing them anew for each page would take longer than the database needs to answer.

#: A row for each label; one without a label when nobody said anything.
_TRIAGE = (
    select(ReadingRow, Routing, ReadingLabel)
    .select_from(Ticket)
    .outerjoin(ReadingRow, ReadingRow.ticket_id == Ticket.id)
    .outerjoin(Routing, Routing.ticket_id == Ticket.id)
    .outerjoin(ReadingLabel, ReadingLabel.ticket_id == Ticket.id)
    .where(Ticket.id == bindparam("ticket"))
)
_OWN = (
    select(Ticket.id)
    .where(Ticket.requester_id == bindparam("requester"), Ticket.id != bindparam("ticket"))
    .order_by(Ticket.created_at.desc())
    .limit(bindparam("most"))
    .subquery()
)
_TWINS = union_all(
    select(Twin.id, Twin.other_id).where(Twin.ticket_id == bindparam("ticket"), Twin.state != "dismissed"),
    select(Twin.id, Twin.ticket_id).where(Twin.other_id == bindparam("ticket"), Twin.state != "dismissed"),
).subquery()
_BOTH = (
    select(
        func.coalesce(_OWN.c.id, _TWINS.c.other_id).label("ticket_id"),
        _TWINS.c.id.label("twin_id"),
        _OWN.c.id.is_not(None).label("is_related"),
    )
    .select_from(_OWN.join(_TWINS, _TWINS.c.other_id == _OWN.c.id, full=True))
    .subquery()
)
_OTHERS = (
    select(Ticket, Twin, _BOTH.c.is_related)
    .join(_BOTH, _BOTH.c.ticket_id == Ticket.id)
    .outerjoin(Twin, Twin.id == _BOTH.c.twin_id)
)


def of(session: Session, ticket_id: UUID) -> Triage:
    """How the ticket was read and sent where it is."""
    rows = session.execute(_TRIAGE, {"ticket": ticket_id}).all()
    labels = {row[2].tag: row[2] for row in rows if row[2] is not None}
    return Triage(rows[0][0] if rows else None, rows[0][1] if rows else None, labels)


#: From there on a reading of the language counts more than a profile.
SURE = 0.7


def language_of(triage: Triage, ticket: Ticket) -> str:
    """The language that a ticket's person writes: what its reader was sure of, else what pages speak to them."""
    read = triage.reading
    if read is not None and read.language and read.language_confidence >= SURE:
        return read.language
    return (ticket.requester.locale or SOURCE).partition("-")[0].lower()


def others(session: Session, ticket: Ticket, most: int) -> Others:
    """Other tickets of the same person, at most so many, and those that may be about the same."""
    given = {"ticket": ticket.id, "requester": ticket.requester_id, "most": most}
    rows = session.execute(_OTHERS, given).all()
    related = [row[0] for row in rows if row[2]]
    twins = [(row[1], row[0]) for row in rows if row[1] is not None and row[0].merged_into_id is None]
    return Others(
        related=sorted(related, key=lambda each: each.created_at, reverse=True),
        twins=sorted(twins, key=lambda each: (each[0].state == "offered", -each[0].score, each[0].id)),
    )
