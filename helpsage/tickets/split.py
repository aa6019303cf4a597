"""Taking a second problem out of a thread: a ticket of its own with the words that belong to it, and back."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from helpsage.tickets import changing, merge, service, words
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import InvalidMerge
from helpsage.tickets.models import Change, Entry, Ticket


def split(
    session: Session,
    ticket: Ticket,
    entry_ids: Collection[UUID],
    subject: str,
    category: str,
    actor: Actor,
    key: str | None = None,
    reason: str = "",
    expected_version: int | None = None,
) -> Ticket:
    """Open a new ticket of the same person with these pieces of the thread; the first one says what it is about.

    Parameters:
        key: the second split with one key is the first.

    Raises:
        InvalidMerge: `nothing_chosen`, `foreign_entry` (not of this ticket's own thread, or moved meanwhile).
        InvalidText: no subject.
        TicketNotFound, TicketMerged, StaleTicket
    """
    ticket = changing.locked(session, ticket)
    already = _split_with(session, key)
    if already is not None:
        return already
    changing.refuse_stale(ticket, expected_version)
    chosen = _chosen(session, ticket, entry_ids)
    new = service.open_ticket(
        session,
        service.NewTicket(
            subject=words.body(subject, words.LONGEST_SUBJECT),
            description=chosen[0].body,
            category=category,
            channel=ticket.channel,
            conversation_id=ticket.conversation_id,
            requester_id=ticket.requester_id,
            idempotency_key=_key(key),
        ),
        actor,
    )
    # The words that led here are the thread's; what was said in the chat belongs to the first ticket.
    new.transcript_from_seq = new.transcript_to_seq = None
    moved = [str(entry.id) for entry in chosen]
    session.execute(update(Entry).where(Entry.id.in_([entry.id for entry in chosen])).values(ticket_id=new.id))
    why = words.reason(reason)
    at = changing.touch(ticket)
    changing.log(session, ticket, actor, "split", None, {"into": new.reference, "entries": moved}, why, at)
    changing.tell(session, ticket, "ticket.split", actor, {"into": str(new.id)})
    at = changing.touch(new)
    changing.log(session, new, actor, "split_off", None, {"from": ticket.reference, "entries": moved}, why, at)
    changing.tell(session, new, "ticket.split_off", actor, {"from": str(ticket.id)})
    return new


def rejoin(session: Session, ticket: Ticket, actor: Actor, reason: str = "") -> Ticket:
    """Undo a split: the words go back where they were, and what was added since comes with them. Returns the first one.

    Raises:
        InvalidMerge: `not_split`, or `merged_already` when it was undone before.
        TicketNotFound, TicketMerged
    """
    origin, moved = origin_of(session, ticket)
    if origin is None:
        raise InvalidMerge("not_split")
    merge.merge(session, ticket, origin, actor, reason, other_person=True)
    back = update(Entry).where(Entry.id.in_(moved), Entry.ticket_id == ticket.id).values(ticket_id=origin.id)
    session.execute(back)
    session.expire_all()
    return origin


def origin_of(session: Session, ticket: Ticket) -> tuple[Ticket | None, list[UUID]]:
    """The ticket from which this one was split, and the pieces that were moved."""
    asked = select(Change.after).where(Change.ticket_id == ticket.id, Change.action == "split_off")
    after = session.scalar(asked.limit(1))
    if after is None:
        return None, []
    return service.by_reference(session, after["from"]), [UUID(entry) for entry in after["entries"]]


def _split_with(session: Session, key: str | None) -> Ticket | None:
    if key is None:
        return None
    return session.scalar(select(Ticket).where(Ticket.idempotency_key == _key(key)))


def _key(key: str | None) -> str | None:
    return f"split:{key}" if key else None


def _chosen(session: Session, ticket: Ticket, entry_ids: Collection[UUID]) -> list[Entry]:
    if not entry_ids:
        raise InvalidMerge("nothing_chosen")
    asked = select(Entry).where(Entry.id.in_(entry_ids), Entry.ticket_id == ticket.id)
    found = list(session.scalars(asked.order_by(Entry.created_at, Entry.id)))
    if len(found) != len(set(entry_ids)):
        raise InvalidMerge("foreign_entry")
    return found
