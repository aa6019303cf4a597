"""Making one ticket of two, and two again.

Nothing is copied and nothing is lost: a merged ticket keeps its own thread and points to the one it goes on as, whose
page shows both. What is written to it afterwards is kept on the survivor and remembers for which ticket it was meant,
so that undoing the merge gives both threads back as they would be without it.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from helpsage.tickets import changing, words
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import InvalidMerge
from helpsage.tickets.models import Change, Entry, Status, Ticket


def merge(
    session: Session,
    ticket: Ticket,
    into: Ticket,
    actor: Actor,
    reason: str = "",
    other_person: bool = False,
    expected_version: int | None = None,
) -> Ticket:
    """Let `ticket` go on as `into` (or as what that one goes on as), which is returned.

    Parameters:
        other_person: the two were asked for by different people, and the agent knows: the one will read the answers
            on neither ticket, only what becomes of them.

    Raises:
        InvalidMerge: `itself`, `merged_already`, `other_person`.
        TicketNotFound, StaleTicket
    """
    into = changing.survivor(session, into)
    if into.id == ticket.id:
        raise InvalidMerge("itself")
    ticket, into = _both(session, ticket, into)
    if ticket.merged_into_id is not None or into.merged_into_id is not None:
        raise InvalidMerge("merged_already")
    changing.refuse_stale(ticket, expected_version)
    if ticket.requester_id != into.requester_id and not other_person:
        raise InvalidMerge("other_person")
    before = {
        "status": ticket.status,
        "resolved_at": _as_text(ticket.resolved_at),
        "closed_at": _as_text(ticket.closed_at),
    }
    why = words.reason(reason)
    at = changing.touch(ticket)
    ticket.merged_into_id = into.id
    # Without the news of a status: the person is not told that something ended that only goes on elsewhere.
    ticket.status = Status.CLOSED.value
    ticket.resolved_at, ticket.closed_at = ticket.resolved_at or at, at
    changing.log(session, ticket, actor, "merged", before, {"into": into.reference}, why, at)
    changing.tell(session, ticket, "ticket.merged", actor, {"into": str(into.id)})
    absorbed_at = changing.touch(into)
    changing.log(session, into, actor, "absorbed", None, {"merged": ticket.reference}, why, absorbed_at)
    changing.tell(session, into, "ticket.absorbed", actor, {"merged": str(ticket.id)})
    return into


def unmerge(session: Session, ticket: Ticket, actor: Actor, reason: str = "") -> Ticket:
    """Undo a merge: the ticket stands where it stood, and gets the words back that were meant for it meanwhile.

    Raises:
        InvalidMerge: `not_merged`.
        TicketNotFound
    """
    if ticket.merged_into_id is None:
        raise InvalidMerge("not_merged")
    ticket, into = _both(session, ticket, session.get_one(Ticket, ticket.merged_into_id))
    if ticket.merged_into_id != into.id:
        raise InvalidMerge("not_merged")
    survivor = changing.survivor(session, ticket)
    why = words.reason(reason)
    at = changing.touch(ticket)
    before = _before_merge(session, ticket)
    ticket.merged_into_id = None
    ticket.status = before["status"] or Status.OPEN.value
    ticket.resolved_at, ticket.closed_at = _as_moment(before["resolved_at"]), _as_moment(before["closed_at"])
    _take_words_back(session, ticket)
    changing.log(session, ticket, actor, "unmerged", {"into": into.reference}, {"status": ticket.status}, why, at)
    changing.tell(session, ticket, "ticket.unmerged", actor, {"from": str(into.id)})
    for other in {into.id: into, survivor.id: survivor}.values():
        moment = changing.touch(other)
        changing.log(session, other, actor, "released", {"merged": ticket.reference}, None, why, moment)
        changing.tell(session, other, "ticket.released", actor, {"released": str(ticket.id)})
    return ticket


def family(session: Session, ticket: Ticket) -> list[Ticket]:
    """The ticket and all that were merged into it, directly or through others, the ticket itself first."""
    return _family(session, Ticket.id == ticket.id, ticket.number)


def family_of(session: Session, number: int) -> list[Ticket]:
    """The same of the ticket with this number; empty when there is none."""
    return _family(session, Ticket.number == number, number)


def _family(session: Session, is_first: ColumnElement[bool], number: int) -> list[Ticket]:
    ids = select(Ticket.id).where(is_first).cte("family", recursive=True)
    ids = ids.union(select(Ticket.id).join(ids, Ticket.merged_into_id == ids.c.id))
    found = session.scalars(select(Ticket).where(Ticket.id.in_(select(ids.c.id))))
    return sorted(found, key=lambda each: (each.number != number, each.number))


def _both(session: Session, one: Ticket, other: Ticket) -> tuple[Ticket, Ticket]:
    """Both locked, always in the same order, so that two who merge crosswise do not wait for each other."""
    locked = {
        each.id: changing.locked(session, each, merged_too=True) for each in sorted((one, other), key=lambda t: t.id)
    }
    return locked[one.id], locked[other.id]


def _before_merge(session: Session, ticket: Ticket) -> dict[str, str | None]:
    asked = select(Change.before).where(Change.ticket_id == ticket.id, Change.action == "merged")
    before = session.scalar(asked.order_by(Change.id.desc()).limit(1)) or {}
    return {name: before.get(name) for name in ("status", "resolved_at", "closed_at")}


def _take_words_back(session: Session, ticket: Ticket) -> None:
    ids = [each.id for each in family(session, ticket)]
    elsewhere = Entry.addressed_to_id.in_(ids) & Entry.ticket_id.not_in(ids)
    session.execute(update(Entry).where(elsewhere).values(ticket_id=ticket.id))
    own = (Entry.addressed_to_id == ticket.id) & (Entry.ticket_id == ticket.id)
    session.execute(update(Entry).where(own).values(addressed_to_id=None))
    session.expire_all()


def _as_text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _as_moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
