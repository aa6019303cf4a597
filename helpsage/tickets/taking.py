"""Taking the next ticket: the desk decides which one, so that nobody picks and nobody waits for ever."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from helpsage.tickets import bulk, service
from helpsage.tickets.actor import Actor
from helpsage.tickets.bulk import BulkChange
from helpsage.tickets.models import Priority, Status, Ticket


def take_next(
    session: Session, visible: ColumnElement[bool], account_id: UUID, actor: Actor, key: str
) -> Ticket | None:
    """Take the most urgent open ticket that nobody has, of those the oldest; None when there is none.

    Whoever asks at the same moment gets another one, and nobody waits: what someone is just taking is passed over.

    Parameters:
        visible: the condition under which a ticket is this agent's to take.
        key: of the form; a second click takes no second ticket.
    """
    already = bulk.with_key(session, account_id, key)
    if already is not None:
        return service.by_id(session, UUID(already.done[0]["ticket"]))
    for priority in reversed(Priority):
        waiting = (
            select(Ticket.id)
            .where(
                and_(Ticket.status == Status.OPEN.value, Ticket.assignee_id.is_(None), visible),
                Ticket.priority == priority.value,
            )
            .order_by(Ticket.created_at, Ticket.id)
            .limit(1)
            .with_for_update(of=Ticket, skip_locked=True)
        )
        ticket_id = session.scalar(waiting)
        if ticket_id is not None:
            ticket = service.assign(session, service.by_id(session, ticket_id), account_id, actor)
            _remember(session, ticket, account_id, key)
            return ticket
    return None


def _remember(session: Session, ticket: Ticket, account_id: UUID, key: str) -> None:
    row = {"ticket": str(ticket.id), "reference": ticket.reference, "before": None, "after": str(account_id)}
    change = {"kind": "assignee", "to": str(account_id)}
    session.add(BulkChange(account_id=account_id, key=key, change=change, done=[row], refused=[]))
    session.flush()
