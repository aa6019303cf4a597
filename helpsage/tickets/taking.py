"""Taking a ticket that nobody has, or the next one: then the desk decides which, so that nobody picks."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session

from helpsage.departments.models import Team
from helpsage.tickets import bulk, changing, service
from helpsage.tickets.actor import Actor
from helpsage.tickets.bulk import BulkChange
from helpsage.tickets.models import Priority, Status, Ticket


class AlreadyTaken(Exception):
    """Somebody else has it.

    Attributes:
        account_id: who.
    """

    def __init__(self, account_id: UUID) -> None:
        self.account_id = account_id
        super().__init__(str(account_id))


def take(session: Session, ticket: Ticket, account_id: UUID, actor: Actor) -> Ticket:
    """Take a ticket that nobody has. Of several who try at once one gets it; taking what is one's own changes nothing.

    Raises:
        AlreadyTaken, TicketNotFound, TicketMerged
    """
    ticket = changing.locked(session, ticket)
    if ticket.assignee_id is not None and ticket.assignee_id != account_id:
        raise AlreadyTaken(ticket.assignee_id)
    return service.assign(session, ticket, account_id, actor)


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
                and_(Ticket.status == Status.OPEN.value, Ticket.assignee_id.is_(None), visible, ~_given_by_hand()),
                Ticket.priority == priority.value,
            )
            .order_by(Ticket.created_at, Ticket.id)
            .limit(1)
            .with_for_update(of=Ticket, key_share=True, skip_locked=True)
        )
        ticket_id = session.scalar(waiting)
        if ticket_id is not None:
            ticket = service.assign(session, service.by_id(session, ticket_id), account_id, actor)
            _remember(session, ticket, account_id, key)
            return ticket
    return None


def _given_by_hand() -> ColumnElement[bool]:
    """Of a team whose leads say who works what."""
    return exists().where(Team.id == Ticket.team_id, Team.assignment == "manual")


def _remember(session: Session, ticket: Ticket, account_id: UUID, key: str) -> None:
    row = {"ticket": str(ticket.id), "reference": ticket.reference, "before": None, "after": str(account_id)}
    change = {"kind": "assignee", "to": str(account_id)}
    session.add(BulkChange(account_id=account_id, key=key, change=change, done=[row], refused=[]))
    session.flush()
