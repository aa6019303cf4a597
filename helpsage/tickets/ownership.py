"""Whose tickets these are, when it turns out who the person was."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from helpsage.tickets.models import Change, Entry, Ticket


def hand_over(session: Session, before: UUID, after: UUID, conversation_id: UUID | None = None) -> None:
    """Make one person's tickets, with what they said and did in them, another's.

    Parameters:
        conversation_id: only tickets that began there; None: all.
    """
    theirs: list[ColumnElement[bool]] = [Ticket.requester_id == before]
    if conversation_id is not None:
        theirs.append(Ticket.conversation_id == conversation_id)
    tickets = list(
        session.scalars(select(Ticket.id).where(*theirs).order_by(Ticket.id).with_for_update(of=Ticket, key_share=True))
    )
    for statement in (
        update(Ticket).where(Ticket.id.in_(tickets)).values(requester_id=after),
        update(Entry).where(Entry.ticket_id.in_(tickets), Entry.author_id == before).values(author_id=after),
        update(Change).where(Change.ticket_id.in_(tickets), Change.actor_id == before).values(actor_id=after),
    ):
        session.execute(statement.execution_options(synchronize_session="fetch"))
    for ticket in session.identity_map.values():
        if isinstance(ticket, Ticket) and ticket.id in tickets:
            session.expire(ticket, ["requester"])


def has_tickets(session: Session, person_id: UUID) -> bool:
    """Whether this person asked for anything."""
    return bool(session.scalar(select(func.count()).where(Ticket.requester_id == person_id)))
