"""The parts of which every change of a ticket is made: lock the row, write the change, its log line and its event.

Whatever changes a ticket, in whichever module of this package, goes through here, so that the promises of `service.py`
(one transaction, one lock order, a version that counts) hold everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import Session, SessionTransaction

from helpsage import clock, settings
from helpsage.conversations import service as conversations
from helpsage.db.session import write
from helpsage.events import outbox
from helpsage.service_levels import clocks
from helpsage.tickets import lifecycle
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import IllegalTransition, StaleTicket, TicketMerged, TicketNotFound
from helpsage.tickets.models import Change, Entry, Priority, Status, Ticket

TOO_LONG_CLOSED = "closed more than {days} days ago: a new ticket serves better"

_MICROSECOND = timedelta(microseconds=1)


def locked(session: Session, ticket: Ticket, expected_version: int | None = None, merged_too: bool = False) -> Ticket:
    """The ticket as it is now, its row locked until the transaction ends.

    Raises:
        TicketNotFound, StaleTicket
        TicketMerged: unless `merged_too`, for what can be done with a ticket that goes on as another one.
    """
    current = _lock(session, ticket)
    if current is None:
        raise TicketNotFound(ticket.reference)
    if current.merged_into_id is not None and not merged_too:
        raise TicketMerged(survivor(session, current).reference)
    refuse_stale(current, expected_version)
    return current


def lock_all(session: Session, asked: Select[Ticket]) -> list[Ticket]:
    """The tickets that a question finds, as they are now, their rows locked in the order of their numbers.

    Who writes a row that points to one of them (a notice, a delivery) need not wait for us, nor we for them.
    """
    alone = asked.order_by(Ticket.number).with_for_update(of=Ticket, key_share=True)
    found = list(session.scalars(alone.execution_options(populate_existing=True)))
    _locks(session).update({ticket.id: (ticket, _innermost(session)) for ticket in found})
    return found


def lock_these(session: Session, tickets: Sequence[Ticket]) -> list[Ticket]:
    """The same of tickets that the session knows. One that this transaction has locked is as the session knows it:
    nobody else writes it.
    """
    known = {ticket.id: _held(session, ticket) for ticket in tickets}
    others = [ticket_id for ticket_id, held in known.items() if held is None]
    found = [held for held in known.values() if held is not None]
    return found + (lock_all(session, select(Ticket).where(Ticket.id.in_(others))) if others else [])


def _held(session: Session, ticket: Ticket) -> Ticket | None:
    """The ticket, when this transaction has locked it."""
    known, taken_in = _locks(session).get(ticket.id, (None, None))
    current = _innermost(session)
    # A lock goes with the savepoint in which it was taken, should that be rolled back.
    while current is not None and current is not taken_in:
        current = current.parent
    return known if current is not None else None


def _lock(session: Session, ticket: Ticket) -> Ticket | None:
    """The row as it is now."""
    found = lock_these(session, [ticket])
    return found[0] if found else None


def _innermost(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()


def _locks(session: Session) -> dict[UUID, tuple[Ticket, SessionTransaction | None]]:
    """By ticket, in which (part of the) transaction its row was locked."""
    root = session.get_transaction()
    if session.info.get("locks_of") is not root:
        session.info["locks_of"], session.info["locks"] = root, {}
    locks: dict[UUID, tuple[Ticket, SessionTransaction | None]] = session.info["locks"]
    return locks


def survivor(session: Session, ticket: Ticket) -> Ticket:
    """The ticket in which this one goes on: the end of the chain of merges, most often the ticket itself."""
    seen = {ticket.id}
    while ticket.merged_into_id is not None and ticket.merged_into_id not in seen:
        seen.add(ticket.merged_into_id)
        ticket = session.get_one(Ticket, ticket.merged_into_id)
    return ticket


def locked_survivor(session: Session, ticket: Ticket) -> Ticket:
    """The ticket in which this one goes on, locked; whoever merges meanwhile has been waited for."""
    while True:
        found = locked(session, survivor(session, ticket), merged_too=True)
        if found.merged_into_id is None:
            return found


def refuse_stale(ticket: Ticket, expected_version: int | None) -> None:
    """Go on only when the writer read the newest version.

    Raises:
        StaleTicket
    """
    if expected_version is not None and expected_version != ticket.version:
        raise StaleTicket(ticket.version)


def refuse_illegal(ticket: Ticket, target: Status) -> None:
    """Go on only when the lifecycle has this move.

    Raises:
        IllegalTransition
    """
    origin = Status(ticket.status)
    if target is origin:
        return
    if target not in lifecycle.TRANSITIONS[origin]:
        raise IllegalTransition(origin, target, lifecycle.allowed(origin))
    days = settings.get().reopen_days
    if origin is Status.CLOSED and not lifecycle.may_come_back(ticket.closed_at, clock.now(), days):
        raise IllegalTransition(origin, target, (), TOO_LONG_CLOSED.format(days=days))


def touch(ticket: Ticket) -> datetime:
    """Count the change and return its moment."""
    ticket.version += 1
    ticket.updated_at = moment(ticket)
    return ticket.updated_at


def moment(ticket: Ticket) -> datetime:
    """Now, but later than every earlier change of this ticket, whatever the clock says.

    For what stands beside the ticket and changes nothing of it: no form that somebody has open becomes stale by it.
    """
    return max(clock.now(), ticket.updated_at + _MICROSECOND)


def move(
    session: Session, ticket: Ticket, target: Status, actor: Actor, why: str, at: datetime, entry: Entry | None = None
) -> None:
    """Write a legal move down; `entry` is what was said with it."""
    origin = Status(ticket.status)
    ticket.status = target.value
    if target in lifecycle.FINISHED:
        ticket.resolved_at = ticket.resolved_at or at
    else:
        ticket.resolved_at = None
    ticket.closed_at = at if target is Status.CLOSED else None
    if target is Status.CLOSED:
        conversations.stop_awaiting(session, ticket.conversation_id, ticket.id)
    change = log(session, ticket, actor, "status", {"status": origin.value}, {"status": target.value}, why, at)
    session.flush()  # the event names the line by its number
    tell(
        session,
        ticket,
        "ticket.status_changed",
        actor,
        {
            "change_id": change.id,
            "from": origin.value,
            "to": target.value,
            "entry_id": id_or_none(entry.id if entry is not None else None),
        },
    )


def reprioritise(session: Session, ticket: Ticket, to: Priority, actor: Actor, why: str, at: datetime) -> None:
    """Write another priority down."""
    before = ticket.priority
    ticket.priority = to.value
    ticket.priority_reason = why
    log(session, ticket, actor, "priority", {"priority": before}, {"priority": to.value}, why, at)
    tell(session, ticket, "ticket.priority_changed", actor, {"from": before, "to": to.value})


def entry_with(session: Session, ticket: Ticket, key: str | None) -> Entry | None:
    """What was written on this ticket under this key."""
    if key is None:
        return None
    return session.scalar(select(Entry).where(and_(Entry.ticket_id == ticket.id, Entry.key == key)))


def write_entry(
    session: Session,
    ticket: Ticket,
    actor: Actor,
    visibility: Literal["public", "internal"],
    said: str,
    source: str,
    key: str | None,
    at: datetime,
) -> Entry:
    """Write a piece of the thread down."""
    entry = Entry(
        ticket_id=ticket.id,
        author_kind=actor.kind,
        author_id=actor.person_id,
        author_name=actor.name,
        visibility=visibility,
        body=said,
        source=source,
        key=key,
        created_at=at,
    )
    session.add(entry)
    session.flush()
    return entry


def log(
    session: Session,
    ticket: Ticket,
    actor: Actor,
    action: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    why: str,
    at: datetime,
) -> Change:
    """Write a line of the log down; written together with more, it has its number only then."""
    change = Change(
        ticket_id=ticket.id,
        at=at,
        actor_kind=actor.kind,
        actor_id=actor.person_id,
        actor_name=actor.name,
        action=action,
        before=before,
        after=after,
        reason=why,
    )
    session.add(change)
    write(session)
    return change


def tell(session: Session, ticket: Ticket, kind: str, actor: Actor, more: dict[str, Any]) -> None:
    """Write the event down that others follow; the ticket's due times are right from here on."""
    clocks.follow(session, ticket, kind)
    known = {"reference": ticket.reference, "actor_kind": actor.kind, "actor_id": id_or_none(actor.person_id)}
    outbox.record(session, kind, ticket.id, {**known, **more})


def id_or_none(value: UUID | None) -> str | None:
    """An id as JSON has it."""
    return str(value) if value is not None else None
