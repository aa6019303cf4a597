"""What a place is told: cards of new and urgent tickets and of waiting chats, and under each what follows.

Each function is called with an event of the outbox, in order for each ticket or conversation, and may be called twice:
one place has one card of one thing (a unique key), and what is said under it carries the event's number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.alerts import cards, places, words
from helpsage.alerts.models import CHANNEL, Alert, AlertPlace, Which
from helpsage.attachments import Attachment
from helpsage.attachments import service as attachments
from helpsage.channels.models import ChannelConversation
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author, Conversation, Owner
from helpsage.conversations.ownership import Step
from helpsage.departments import service as departments
from helpsage.handoff import files as chat_files
from helpsage.handoff import learned
from helpsage.handoff import service as handoffs
from helpsage.handoff.models import ChatFile, Handoff
from helpsage.people import directory
from helpsage.tickets import changing, lifecycle
from helpsage.tickets.models import Change, Entry, Priority, Status, Ticket
from helpsage.tickets.words import shortened

_EVERYBODY = (Which.ALL, Which.URGENT)
Card = tuple[str, dict[str, Any]]


# --- tickets


def of_ticket(session: Session, event_id: int, kind: str, ticket: Ticket, payload: Mapping[str, Any]) -> None:
    """What happened to a ticket: told where it has to be, and under the cards that it has."""
    for place, title in _new_places(session, kind, ticket, payload):
        _raise(session, place, lambda title=title: cards.of_ticket(ticket, title), ticket=ticket)  # type: ignore[misc]
    line = _LINES.get(kind)
    for alert in _alerts_of(session, ticket.id):
        said = line(session, alert, ticket, payload) if line is not None else ""
        if said:
            say(session, alert, said, f"event:{event_id}")
        if kind in ("ticket.team_changed", "ticket.merged") and not _belongs(session, alert, ticket):
            alert.ended_at = clock.now()
        cards.renew(session, alert)


def _new_places(
    session: Session, kind: str, ticket: Ticket, payload: Mapping[str, Any]
) -> Iterator[tuple[AlertPlace, str]]:
    """Places that may have to be told of this ticket now, and how its card begins there."""
    if ticket.merged_into_id is not None or Status(ticket.status) in lifecycle.FINISHED:
        return
    urgent = ticket.priority == Priority.URGENT
    match kind:
        case "ticket.opened":
            which, title = (_EVERYBODY, words.URGENT) if urgent else ((Which.ALL,), words.NEW)
        case "ticket.team_changed":
            which, title = _EVERYBODY if urgent else (Which.ALL,), words.MOVED_HERE
        case "ticket.priority_changed" if urgent:
            which, title = _EVERYBODY, words.URGENT
        case "ticket.alerted":
            why = payload.get("title")
            told = words.WHY.format(why=cards.plain(str(why))) if why else ""
            which, title = _EVERYBODY, words.ALERTED.replace("{why}", told.replace("{", "{{").replace("}", "}}"))
        case "ticket.escalated":
            which, title = _EVERYBODY, words.ESCALATED
        case "ticket.breached":
            which, title = _EVERYBODY, words.LATE
        case _:
            return
    for place in places.for_tickets(session, ticket.department_id, ticket.team_id, which):
        yield place, title


def _belongs(session: Session, alert: Alert, ticket: Ticket) -> bool:
    """Whether a ticket's place is still one of those who work on it."""
    if ticket.merged_into_id is not None:
        return False
    right = places.for_tickets(session, ticket.department_id, ticket.team_id, tuple(Which))
    return alert.place_id in [place.id for place in right]


def _alerts_of(session: Session, ticket_id: UUID) -> list[Alert]:
    asked = select(Alert).join(AlertPlace, AlertPlace.id == Alert.place_id)
    asked = asked.where(Alert.ticket_id == ticket_id, Alert.ended_at.is_(None), AlertPlace.removed_at.is_(None))
    return list(session.scalars(asked.order_by(Alert.created_at, Alert.conversation_id)))


# --- what is said under a ticket's card

Line = Callable[[Session, Alert, Ticket, Mapping[str, Any]], str]


def own_key(alert: Alert, word_id: int) -> str:
    """Key of what came from the thread itself: it is not told there again."""
    return f"alert:{alert.conversation_id}:{word_id}"


def _is_own(alert: Alert, key: str | None) -> bool:
    return key is not None and key.startswith(f"alert:{alert.conversation_id}:")


def _entry(session: Session, payload: Mapping[str, Any]) -> Entry | None:
    return session.get(Entry, UUID(payload["entry_id"])) if payload.get("entry_id") else None


def _commented(session: Session, alert: Alert, ticket: Ticket, payload: Mapping[str, Any]) -> str:
    entry = _entry(session, payload)
    if entry is None:
        return ""
    name = entry.author_name or ticket.requester.name or words.SOMEBODY
    return words.WROTE.format(name=cards.plain(name), text=_told(session, entry))


def _replied(session: Session, alert: Alert, ticket: Ticket, payload: Mapping[str, Any]) -> str:
    entry = _entry(session, payload)
    if entry is None:
        return ""
    values = {"name": cards.plain(entry.author_name or words.SOMEBODY), "requester": cards.requester(ticket)}
    if _is_own(alert, entry.key):
        names = _names(attachments.with_entry(session, entry.id))
        return words.SENT_WITH.format(files=names, **values) if names else words.SENT.format(**values)
    return words.ANSWERED.format(text=_told(session, entry), **values)


def _noted(session: Session, alert: Alert, ticket: Ticket, payload: Mapping[str, Any]) -> str:
    entry = _entry(session, payload)
    # What was said in the thread's own chat stands there already.
    if entry is None or _is_own(alert, entry.key) or entry.key == f"handoff:{alert.handoff_id}":
        return ""
    return words.NOTED.format(name=cards.plain(entry.author_name or words.DESK), text=_told(session, entry))


def _told(session: Session, entry: Entry) -> str:
    """What stands in an entry, with the names of its files."""
    return _with(_cut(entry.body), _names(attachments.with_entry(session, entry.id)))


def _names(files: Iterable[Attachment | ChatFile]) -> str:
    return ", ".join(cards.plain(file.name) for file in files)


def _with(text: str, names: str) -> str:
    """Words, with the names of the files that came with them."""
    return "\n\n".join(part for part in (text, words.WITH.format(files=names) if names else "") if part)


def _moved(session: Session, alert: Alert, ticket: Ticket, payload: Mapping[str, Any]) -> str:
    change = session.get(Change, int(payload["change_id"])) if payload.get("change_id") is not None else None
    status = str(payload["to"]).replace("_", " ")
    reason = change.reason if change is not None else ""
    told = words.REASON.format(reason=cards.plain(reason)) if reason else ""
    name = change.actor_name if change is not None and change.actor_kind != "system" else ""
    said = words.SET if name else words.SET_BY_ITSELF
    return said.format(name=cards.plain(name), status=status, reason=told)


def _assigned(session: Session, alert: Alert, ticket: Ticket, payload: Mapping[str, Any]) -> str:
    to = payload.get("to")
    if to is None:
        return words.GAVE_BACK
    name = cards.plain(handoffs.name_of(session, UUID(to)))
    actor = directory.get(session, UUID(payload["actor_id"])) if payload.get("actor_id") else None
    if actor is None:
        return words.GIVEN.format(to=name)
    if cards.plain(actor.name) == name:
        return words.TOOK.format(name=name)
    return words.GAVE.format(name=cards.plain(actor.name or words.SOMEBODY), to=name)


def _reprioritised(session: Session, alert: Alert, ticket: Ticket, payload: Mapping[str, Any]) -> str:
    return words.PRIORITY.format(priority=payload["to"])


def _team_changed(session: Session, alert: Alert, ticket: Ticket, payload: Mapping[str, Any]) -> str:
    if _belongs(session, alert, ticket):
        return ""
    team = departments.team(session, ticket.team_id)
    called = words.WENT_TEAM.format(team=cards.plain(team.name)) if team is not None else words.WENT_NOWHERE
    return words.WENT.format(team=called)


def _merged(session: Session, alert: Alert, ticket: Ticket, payload: Mapping[str, Any]) -> str:
    if ticket.merged_into_id is None:
        return ""
    return words.MERGED_LINE.format(reference=changing.survivor(session, ticket).reference)


_LINES: Mapping[str, Line] = MappingProxyType(
    {
        "ticket.commented": _commented,
        "ticket.replied": _replied,
        "ticket.noted": _noted,
        "ticket.status_changed": _moved,
        "ticket.assigned": _assigned,
        "ticket.priority_changed": _reprioritised,
        "ticket.team_changed": _team_changed,
        "ticket.merged": _merged,
        "ticket.due_soon": lambda *_: words.DUE_SOON,
        "ticket.breached": lambda *_: words.IS_LATE,
    }
)


# --- chats


def of_chat(session: Session, event_id: int, conversation_id: UUID, payload: Mapping[str, Any]) -> None:
    """Who answers in a conversation has changed."""
    handoff = _handoff(session, conversation_id, payload)
    if handoff is None:
        return
    known = chat_alerts(session, handoff.id)
    if payload.get("to") == Owner.QUEUED and handoff.waiting_since is not None and handoff.wanted_id is None:
        said = learned.of(session, session.get_one(Conversation, conversation_id)).words
        for place in places.for_chats(session, handoff.department_id, handoff.team_id):
            _raise(session, place, lambda: cards.of_chat(session, handoff, said), handoff=handoff)
    for alert in known:
        line = _chat_line(session, alert, handoff, payload)
        if line:
            say(session, alert, line, f"event:{event_id}")
        if handoff.ended_at is not None:
            _go_on(session, alert, handoff)
    for alert in {one.conversation_id: one for one in (*known, *chat_alerts(session, handoff.id))}.values():
        cards.renew(session, alert)


def _handoff(session: Session, conversation_id: UUID, payload: Mapping[str, Any]) -> Handoff | None:
    if payload.get("handoff_id"):
        return session.get(Handoff, UUID(payload["handoff_id"]))
    return handoffs.current(session, conversation_id)


def chat_alerts(session: Session, handoff_id: UUID) -> list[Alert]:
    """Where a chat was told."""
    asked = select(Alert).join(AlertPlace, AlertPlace.id == Alert.place_id)
    asked = asked.where(Alert.handoff_id == handoff_id, Alert.ended_at.is_(None), AlertPlace.removed_at.is_(None))
    return list(session.scalars(asked.order_by(Alert.created_at, Alert.conversation_id)))


def _chat_line(session: Session, alert: Alert, handoff: Handoff, payload: Mapping[str, Any]) -> str:
    name = cards.person_of(session, handoff)
    match payload.get("step"):
        case Step.ACCEPTED | Step.STARTED if handoff.agent_id is not None and handoff.ended_at is None:
            agent = cards.plain(handoffs.name_of(session, handoff.agent_id))
            here = handoff.thread_id == alert.conversation_id
            return (words.TALKS_HERE if here else words.TALKS).format(agent=agent, name=name)
        case Step.TRANSFERRED if handoff.wanted_id is not None:
            return words.FOR_COLLEAGUE.format(to=cards.plain(handoffs.name_of(session, handoff.wanted_id)))
        case Step.TRANSFERRED | Step.OFFERED_AGAIN if handoff.ended_at is None:
            return words.WAITS_AGAIN.format(name=name)
    if handoff.ended_at is None or payload.get("to") != Owner.BOT:
        return ""
    ticket = session.get(Ticket, handoff.ticket_id) if handoff.ticket_id is not None else None
    reference = ticket.reference if ticket is not None else ""
    summary = words.SUMMARY.format(summary=cards.plain(handoff.summary)) if handoff.summary else ""
    said = words.OVER[handoff.outcome].format(name=name, reference=reference, summary=summary)
    if ticket is not None:
        here = _belongs(session, alert, ticket)
        said += (words.GOES_ON_HERE if here else words.GOES_ON_ELSEWHERE).format(reference=reference)
    return said


def _go_on(session: Session, alert: Alert, handoff: Handoff) -> None:
    """A chat that is over goes on there as its ticket, when that is the team's and has no card of its own; else nothing
    more is told.
    """
    if handoff.ticket_id is None:
        alert.ended_at = clock.now()
        return
    taken = select(Alert.conversation_id).where(
        Alert.place_id == alert.place_id,
        Alert.ticket_id == handoff.ticket_id,
        Alert.handoff_id.is_distinct_from(handoff.id),
    )
    ticket = session.get_one(Ticket, handoff.ticket_id)
    if session.scalar(taken) is None and _belongs(session, alert, ticket):
        alert.ticket_id = ticket.id
    else:
        alert.ended_at = clock.now()


def person_wrote(session: Session, message_id: int) -> None:
    """Somebody wrote to a human: their words stand under the card of the chat."""
    message = conversations.message(session, message_id)
    handoff = handoffs.current(session, message.conversation_id) if message is not None else None
    if message is None or handoff is None or message.seq < handoff.from_seq:
        return
    name = cards.person_of(session, handoff)
    for alert in chat_alerts(session, handoff.id):
        text = words.SAID.format(name=name, text=_cut(cards.plain(message.text)))
        say(session, alert, text, f"message:{message.id}")


def agent_said(session: Session, message_id: int) -> None:
    """An agent wrote to somebody: shown in the threads that it does not come from."""
    message = conversations.message(session, message_id)
    handoff = handoffs.current(session, message.conversation_id) if message is not None else None
    if message is None or handoff is None:
        return
    names = _names(chat_files.by_message(session, [message]).get(message.id, ()))
    for alert in chat_alerts(session, handoff.id):
        if not _is_own(alert, (message.client_id or "").removeprefix("agent:")):
            said = words.SAID.format(name=cards.plain(message.author_name), text=_with(_cut(message.text), names))
            say(session, alert, said, f"message:{message.id}")


# --- parts


def _raise(
    session: Session,
    place: AlertPlace,
    card: Callable[[], Card],
    ticket: Ticket | None = None,
    handoff: Handoff | None = None,
) -> None:
    """Post a card, once for each place and thing."""
    if ticket is not None and _adopt(session, place, ticket):
        return
    identified = uuid4()
    # The rows that a card needs are written only when this one is the first: a conversation that nobody uses is none.
    with session.begin_nested() as attempt:
        session.add(_conversation(place, identified))
        session.flush()
        row = insert(Alert).values(
            conversation_id=identified,
            place_id=place.id,
            ticket_id=ticket.id if ticket is not None else None,
            handoff_id=handoff.id if handoff is not None else None,
            created_at=clock.now(),
        )
        made = session.scalar(row.on_conflict_do_nothing().returning(Alert.conversation_id))
        if made is None:
            attempt.rollback()
            return
    _locate(session, place, identified, opens=True)
    text, data = card()
    message = conversations.push(session, identified, Author.SYSTEM, text=text, data=data, client_id="card")
    session.get_one(Alert, identified).message_id = message.id
    session.flush()


def greet(session: Session, place: AlertPlace, text: str) -> None:
    """Say something in a place, for everybody, under no card."""
    identified = uuid4()
    session.add(_conversation(place, identified))
    session.flush()
    _locate(session, place, identified)
    conversations.push(session, identified, Author.SYSTEM, text=text)


def _conversation(place: AlertPlace, identified: UUID) -> Conversation:
    return Conversation(
        id=identified,
        sender_id=f"{CHANNEL}:{identified}",
        channel=CHANNEL,
        department_id=place.department_id,
        shared=True,
        created_at=clock.now(),
    )


def _locate(session: Session, place: AlertPlace, identified: UUID, opens: bool = False) -> None:
    """Where a conversation is posted; one that `opens` becomes the thread under its first message."""
    address = {**(place.address or {}), **({"opens": True} if opens else {})}
    session.add(
        ChannelConversation(
            conversation_id=identified, installation=place.installation, external_id=place.place, address=address
        )
    )
    session.flush()


def _adopt(session: Session, place: AlertPlace, ticket: Ticket) -> bool:
    """Whether the ticket is one that a chat became which has a card there: that goes on as the ticket's."""
    asked = (
        select(Alert)
        .join(Handoff, Handoff.id == Alert.handoff_id)
        .where(Alert.place_id == place.id, Handoff.ticket_id == ticket.id, Alert.ended_at.is_(None))
    )
    found = session.scalars(asked.limit(1)).first()
    if found is None:
        return False
    if found.ticket_id is None:
        found.ticket_id = ticket.id
        session.flush()
        say(session, found, words.BECAME.format(reference=ticket.reference), f"ticket:{ticket.id}")
    return True


def say(session: Session, alert: Alert, text: str, key: str) -> None:
    """Say something under a card, once for each key."""
    conversations.push(session, alert.conversation_id, Author.SYSTEM, text=text, client_id=key)


def _cut(text: str) -> str:
    if len(text) <= words.LONGEST_WORDS:
        return text
    return f"{shortened(text, words.LONGEST_WORDS)} {words.REST}"
