"""What can be done with a ticket.

Each function works in the caller's transaction and commits nothing. It locks the ticket's row, writes the change, its
line in the log and its outbox event together (architecture rule 2), and counts up `version`, so that a writer who read
an older one is refused. The row's lock comes before that of its conversation, everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation, Message
from helpsage.departments import service as departments
from helpsage.people import directory
from helpsage.people.models import Person
from helpsage.service_levels import clocks
from helpsage.tickets import changing, lifecycle, priority, reference, words
from helpsage.tickets.actor import Actor, ActorKind
from helpsage.tickets.errors import (
    AlreadyRated,
    IllegalTransition,
    InvalidRating,
    TicketMerged,
    TicketNotFound,
)
from helpsage.tickets.models import Change, Entry, Priority, Status, Ticket
from helpsage.tickets.queue import Filters, Page, queue

__all__ = [
    "Actor",
    "ActorKind",
    "Filters",
    "NewTicket",
    "Page",
    "assign",
    "by_id",
    "by_reference",
    "change_priority",
    "change_status",
    "close",
    "comment",
    "entry_by_id",
    "escalate",
    "has_heard",
    "history",
    "latest_of_conversation",
    "mark_delivered",
    "note",
    "open_ticket",
    "queue",
    "rate",
    "reopen",
    "reply",
    "thread",
    "tickets_of_conversation",
    "transcript",
    "visible_to",
]

NOT_FINISHED = "the ticket is still being worked on"


@dataclass(frozen=True)
class NewTicket:
    """What is known of a problem when its ticket is opened."""

    subject: str
    description: str
    category: str
    channel: str
    #: Decided from the words, the category and `urgency` when it is not given.
    priority: Priority | str | None = None
    priority_reason: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    gaps: list[Any] = field(default_factory=list)
    conversation_id: UUID | None = None
    #: Where it came in, when that decides who works it; otherwise its conversation's department does, or its category.
    department_id: UUID | None = None
    requester_id: UUID | None = None
    requester_name: str = ""
    #: An address to write to. It proves nothing.
    contact_email: str | None = None
    #: What the person said about urgency: a priority's name, or their own words.
    urgency: str | None = None
    idempotency_key: str | None = None
    tone: str | None = None


# --- opening


def open_ticket(session: Session, new: NewTicket, actor: Actor) -> Ticket:
    """Open a ticket, once per `idempotency_key`: who comes second, even at the same moment, gets the first one.

    Raises:
        InvalidText: no description, or one that is too long.
        helpsage.conversations.service.ConversationNotFound
    """
    description = words.body(new.description)
    if new.idempotency_key is not None:
        already = _opened_with(session, new.idempotency_key)
        if already is not None:
            return already
    conversation = conversations.claim(session, new.conversation_id) if new.conversation_id is not None else None
    requester = _requester(session, new, conversation)
    first, last = _transcript_range(session, conversation)
    chosen, why = priority_of(new, description)
    came_in = new.department_id or (conversation.department_id if conversation is not None else None)
    department_id, team_id = departments.place(session, new.category, department_id=came_in)
    now = clock.now()
    ticket = Ticket(
        idempotency_key=new.idempotency_key,
        requester_id=requester.id,
        conversation_id=conversation.id if conversation is not None else None,
        transcript_from_seq=first,
        transcript_to_seq=last,
        subject=words.subject(new.subject, description),
        description=description,
        category=new.category,
        priority=chosen.value,
        priority_reason=why,
        status=Status.OPEN.value,
        tone=new.tone,
        channel=new.channel,
        department_id=department_id,
        team_id=team_id,
        details=words.clean_json(new.details),
        gaps=words.clean_json(new.gaps),
        version=1,
        created_at=now,
        updated_at=now,
    )
    clocks.begin(session, ticket)
    session.add(ticket)
    session.flush()
    session.refresh(ticket)
    after = {"status": ticket.status, "priority": ticket.priority, "category": ticket.category}
    changing.log(session, ticket, actor, "created", None, after, why, now)
    changing.tell(session, ticket, "ticket.opened", actor, {"category": ticket.category, "priority": ticket.priority})
    return ticket


def _opened_with(session: Session, key: str) -> Ticket | None:
    """The ticket of this key. The lock makes a twin wait until the first one has committed, and then see its ticket."""
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 1001))"), {"key": key})
    return session.scalar(select(Ticket).where(Ticket.idempotency_key == key))


def _requester(session: Session, new: NewTicket, conversation: Conversation | None) -> Person:
    known = new.requester_id or (conversation.person_id if conversation is not None else None)
    person = directory.get(session, known)
    if person is None:
        person = directory.add(session, words.clean(new.requester_name), new.contact_email)
    else:
        directory.learn(person, words.clean(new.requester_name), new.contact_email)
    if conversation is not None and conversation.person_id is None:
        conversation.person_id = person.id
    return person


def _transcript_range(session: Session, conversation: Conversation | None) -> tuple[int | None, int | None]:
    """From the first message after the conversation's previous ticket to its newest."""
    if conversation is None:
        return None, None
    told = session.scalar(select(func.max(Ticket.transcript_to_seq)).where(Ticket.conversation_id == conversation.id))
    first, last = (told or 0) + 1, conversation.last_seq
    return (first, last) if first <= last else (None, None)


def priority_of(new: NewTicket, description: str) -> tuple[Priority, str]:
    """How soon a new ticket matters, and why."""
    if new.priority is not None:
        return Priority(new.priority), new.priority_reason
    return priority.decide(f"{words.clean(new.subject)}\n{description}", new.category, new.urgency)


# --- finding


def by_id(session: Session, ticket_id: UUID) -> Ticket:
    """For staff and for jobs.

    Raises:
        TicketNotFound
    """
    ticket = session.get(Ticket, ticket_id)
    if ticket is None:
        raise TicketNotFound(str(ticket_id))
    return ticket


def by_reference(session: Session, written: str) -> Ticket:
    """The ticket that goes by this reference, for staff: whoever calls this has proven to be one.

    Raises:
        TicketNotFound: also for a text that is no reference.
    """
    number = reference.parse(written)
    ticket = session.scalar(select(Ticket).where(Ticket.number == number)) if number is not None else None
    if ticket is None:
        raise TicketNotFound(written)
    return ticket


def visible_to(session: Session, written: str, conversation_id: UUID | None) -> Ticket:
    """The ticket of this reference, if it began in this conversation or belongs to the same proven person. Where others
    read along, only what began there.

    Raises:
        TicketNotFound: there is none, or it is somebody else's: nobody can tell which.
    """
    number = reference.parse(written)
    if number is not None:
        ticket = session.scalar(select(Ticket).where(Ticket.number == number, _shown_in(session, conversation_id)))
        if ticket is not None:
            return ticket
    raise TicketNotFound(written)


def tickets_of_conversation(session: Session, conversation_id: UUID | None, limit: int = 50) -> list[Ticket]:
    """The tickets that may be shown in this conversation, newest first."""
    shown = select(Ticket).where(_shown_in(session, conversation_id)).order_by(Ticket.number.desc()).limit(limit)
    return list(session.scalars(shown))


def latest_of_conversation(session: Session, conversation_id: UUID | None) -> Ticket | None:
    """The newest ticket that may be shown in this conversation."""
    return next(iter(tickets_of_conversation(session, conversation_id, limit=1)), None)


def _shown_in(session: Session, conversation_id: UUID | None) -> Any:
    conversation = conversations.get(session, conversation_id)
    if conversation is None:
        return text("false")
    if conversation.shared:
        return Ticket.conversation_id == conversation.id
    if conversation.identity_id is not None or directory.is_proven(session, conversation.person_id):
        return or_(Ticket.conversation_id == conversation.id, Ticket.requester_id == conversation.person_id)
    return Ticket.conversation_id == conversation.id


# --- the thread


def comment(
    session: Session, ticket: Ticket, body: str, actor: Actor, key: str | None = None, source: str = "chat"
) -> Entry:
    """The requester's words. A ticket that waited for them goes on; one that is finished stays so until `reopen`.

    Words to a ticket that was merged reach the one it goes on as, and remember which was meant.

    Raises:
        InvalidText, TicketNotFound
    """
    said = words.body(body)
    meant, ticket = ticket, changing.locked_survivor(session, ticket)
    already = changing.entry_with(session, ticket, key) or changing.entry_with(session, meant, key)
    if already is not None:
        return already
    at = changing.touch(ticket)
    entry = changing.write_entry(session, ticket, actor, "public", said, source, key, at)
    if meant.id != ticket.id:
        entry.addressed_to_id = meant.id
    changing.log(session, ticket, actor, "commented", None, {"entry": str(entry.id)}, "", at)
    changing.tell(session, ticket, "ticket.commented", actor, {"entry_id": str(entry.id)})
    if actor.kind == "requester":
        conversations.stop_awaiting(session, meant.conversation_id, ticket.id)
        conversations.stop_awaiting(session, ticket.conversation_id, ticket.id)
        if ticket.status == Status.WAITING:
            changing.move(session, ticket, Status.IN_PROGRESS, actor, "", at, entry)
    return entry


def reply(
    session: Session,
    ticket: Ticket,
    body: str,
    actor: Actor,
    key: str | None = None,
    status: Status | str | None = None,
    expected_version: int | None = None,
    source: str = "console",
) -> Entry:
    """An agent's public words; the worker takes them to the person's chat.

    Parameters:
        key: the second reply with one key is the first.
        status: where the ticket goes with it. Left out, an open ticket is from now on in progress.

    Raises:
        InvalidText, TicketNotFound, StaleTicket
        IllegalTransition: nothing is said then.
    """
    said = words.body(body)
    ticket = changing.locked(session, ticket)
    already = changing.entry_with(session, ticket, key)
    if already is not None:
        return already
    changing.refuse_stale(ticket, expected_version)
    target = _status_with_reply(ticket, status)
    changing.refuse_illegal(ticket, target)
    at = changing.touch(ticket)
    if ticket.first_response_at is None:
        ticket.first_response_at = at
    entry = changing.write_entry(session, ticket, actor, "public", said, source, key, at)
    changing.log(session, ticket, actor, "replied", None, {"entry": str(entry.id)}, "", at)
    changing.tell(session, ticket, "ticket.replied", actor, {"entry_id": str(entry.id)})
    if target is not Status(ticket.status):
        changing.move(session, ticket, target, actor, "", at, entry)
    return entry


def _status_with_reply(ticket: Ticket, asked: Status | str | None) -> Status:
    if asked is not None:
        return Status(asked)
    return Status.IN_PROGRESS if ticket.status == Status.OPEN else Status(ticket.status)


def note(
    session: Session,
    ticket: Ticket,
    body: str,
    actor: Actor,
    key: str | None = None,
    expected_version: int | None = None,
    source: str = "console",
) -> Entry:
    """Words among staff.

    Raises:
        InvalidText, TicketNotFound, StaleTicket
    """
    said = words.body(body)
    ticket = changing.locked(session, ticket)
    already = changing.entry_with(session, ticket, key)
    if already is not None:
        return already
    changing.refuse_stale(ticket, expected_version)
    at = changing.touch(ticket)
    entry = changing.write_entry(session, ticket, actor, "internal", said, source, key, at)
    changing.log(session, ticket, actor, "noted", None, {"entry": str(entry.id)}, "", at)
    changing.tell(session, ticket, "ticket.noted", actor, {"entry_id": str(entry.id)})
    return entry


def thread(session: Session, ticket: Ticket, public_only: bool = False) -> list[Entry]:
    """What was written on a ticket, oldest first; for the requester without what staff keep among themselves."""
    asked = select(Entry).where(Entry.ticket_id == ticket.id)
    if public_only:
        asked = asked.where(Entry.visibility == "public")
    return list(session.scalars(asked.order_by(Entry.created_at, Entry.id)))


def transcript(session: Session, ticket: Ticket) -> list[Message]:
    """The part of the conversation that led to this ticket."""
    if ticket.conversation_id is None or ticket.transcript_from_seq is None:
        return []
    return conversations.messages(session, ticket.conversation_id, ticket.transcript_from_seq, ticket.transcript_to_seq)


def history(session: Session, ticket: Ticket) -> list[Change]:
    """Who did what, when and why, oldest first."""
    return list(session.scalars(select(Change).where(Change.ticket_id == ticket.id).order_by(Change.id)))


def entry_by_id(session: Session, entry_id: UUID) -> Entry | None:
    """One piece of a thread."""
    return session.get(Entry, entry_id)


def has_heard(session: Session, conversation_id: UUID, key: str) -> bool:
    """Whether words with this key are on any ticket of the conversation already, as an entry or as what opened it."""
    ours = select(Ticket.id).where(_shown_in(session, conversation_id))
    entry = select(Entry.id).where(Entry.ticket_id.in_(ours), Entry.key == key)
    opened = select(Ticket.id).where(Ticket.idempotency_key == key)
    return bool(session.scalar(select(or_(entry.exists(), opened.exists()))))


def mark_delivered(entry: Entry) -> None:
    """Remember when an agent's words reached the person's chat; the first time counts."""
    if entry.delivered_at is None:
        entry.delivered_at = clock.now()


# --- changes


def change_status(
    session: Session,
    ticket: Ticket,
    to: Status | str,
    actor: Actor,
    reason: str = "",
    expected_version: int | None = None,
) -> Ticket:
    """Move a ticket. Where it stands already is no change: nothing is written.

    Raises:
        TicketNotFound, StaleTicket
        IllegalTransition: the map has no such move, or it was closed too long ago.
    """
    ticket = changing.locked(session, ticket, expected_version)
    target = Status(to)
    changing.refuse_illegal(ticket, target)
    if target is not Status(ticket.status):
        changing.move(session, ticket, target, actor, words.reason(reason), changing.touch(ticket))
    return ticket


def close(
    session: Session, ticket: Ticket, actor: Actor, reason: str = "", expected_version: int | None = None
) -> Ticket:
    """Done with; closing twice is closing once.

    Raises:
        TicketNotFound, StaleTicket
    """
    return change_status(session, ticket, Status.CLOSED, actor, reason, expected_version)


def reopen(
    session: Session, ticket: Ticket, actor: Actor, reason: str = "", expected_version: int | None = None
) -> Ticket:
    """The problem is back: a resolved ticket always, a closed one within the configured days.

    A merged ticket of the same person comes back as the one it goes on as.

    Raises:
        TicketNotFound, StaleTicket
        IllegalTransition: it is not finished, or it was closed too long ago and a new ticket serves better.
    """
    meant, ticket = ticket, changing.locked_survivor(session, ticket)
    if ticket.requester_id != meant.requester_id:
        raise TicketMerged(ticket.reference)
    changing.refuse_stale(ticket, expected_version)
    origin = Status(ticket.status)
    if origin not in lifecycle.FINISHED:
        raise IllegalTransition(origin, Status.OPEN, lifecycle.allowed(origin), NOT_FINISHED)
    return change_status(session, ticket, Status.OPEN, actor, reason)


def escalate(
    session: Session, ticket: Ticket, actor: Actor, reason: str = "", expected_version: int | None = None
) -> Ticket:
    """To a senior, with a priority of at least high. Escalating twice is escalating once.

    Raises:
        TicketNotFound, StaleTicket, IllegalTransition
    """
    ticket = changing.locked(session, ticket, expected_version)
    if ticket.status == Status.ESCALATED:
        return ticket
    changing.refuse_illegal(ticket, Status.ESCALATED)
    why = words.reason(reason)
    at = changing.touch(ticket)
    changing.move(session, ticket, Status.ESCALATED, actor, why, at)
    changing.tell(session, ticket, "ticket.escalated", actor, {})
    if priority.rank(ticket.priority) < priority.rank(Priority.HIGH):
        changing.reprioritise(session, ticket, Priority.HIGH, actor, why or "escalated", at)
    return ticket


def change_priority(
    session: Session,
    ticket: Ticket,
    to: Priority | str,
    actor: Actor,
    reason: str = "",
    expected_version: int | None = None,
) -> Ticket:
    """Set how soon it matters; the one it has already is no change.

    Raises:
        TicketNotFound, StaleTicket
    """
    ticket = changing.locked(session, ticket, expected_version)
    target = Priority(to)
    if target is not Priority(ticket.priority):
        changing.reprioritise(session, ticket, target, actor, words.reason(reason), changing.touch(ticket))
    return ticket


def assign(
    session: Session,
    ticket: Ticket,
    account_id: UUID | None,
    actor: Actor,
    expected_version: int | None = None,
    reason: str = "",
) -> Ticket:
    """Give a ticket to an agent's account, or back to the queue with None.

    Raises:
        TicketNotFound, StaleTicket
    """
    ticket = changing.locked(session, ticket, expected_version)
    if ticket.assignee_id == account_id:
        return ticket
    before, after = changing.id_or_none(ticket.assignee_id), changing.id_or_none(account_id)
    at = changing.touch(ticket)
    ticket.assignee_id = account_id
    why = words.reason(reason)
    changing.log(session, ticket, actor, "assigned", {"assignee": before}, {"assignee": after}, why, at)
    changing.tell(session, ticket, "ticket.assigned", actor, {"from": before, "to": after})
    return ticket


def rate(session: Session, ticket: Ticket, score: int, comment: str, actor: Actor) -> Ticket:
    """Keep the person's judgement, 1 (bad) to 5 (very good), with words or without.

    Raises:
        AlreadyRated: once is for good.
        InvalidRating, InvalidText, TicketNotFound
    """
    if not 1 <= score <= 5:
        raise InvalidRating(f"a rating is a number from 1 to 5, not {score}")
    said = words.body(comment) if words.visible(words.clean(comment)) else None
    ticket = changing.locked(session, ticket, merged_too=True)
    if ticket.rating is not None:
        raise AlreadyRated(ticket.reference)
    at = changing.touch(ticket)
    ticket.rating = score
    ticket.rating_comment = said
    changing.log(session, ticket, actor, "rated", None, {"rating": score}, "", at)
    changing.tell(session, ticket, "ticket.rated", actor, {"rating": score})
    return ticket
