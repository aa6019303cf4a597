"""A chat with a human as a ticket: opened from what was said, and written up on it when the chat is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.conversations import dialogue, ownership
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author, Conversation, Message
from helpsage.conversations.ownership import Step
from helpsage.handoff import files, learned, words
from helpsage.handoff.models import ChatFile, Handoff
from helpsage.tickets import changing, service
from helpsage.tickets.actor import Actor
from helpsage.tickets.categories import FOR_A_PERSON, catalogue
from helpsage.tickets.models import Ticket
from helpsage.tickets.words import LONGEST_BODY, shortened

SYSTEM = Actor("system")
REQUESTER = Actor("requester")


def open_ticket(
    session: Session,
    conversation: Conversation,
    handoff: Handoff,
    actor: Actor = REQUESTER,
    subject: str = "",
    category: str = "",
) -> Ticket:
    """Open the ticket of a chat, once: with what the assistant had asked already, and the person's words."""
    known = learned.of(session, conversation)
    chosen = category if category in catalogue().categories else known.category.name if known.category else FOR_A_PERSON
    return service.open_ticket(
        session,
        service.NewTicket(
            subject=subject,
            description=known.words or words.SUBJECT,
            category=chosen,
            channel=conversation.channel,
            details={"wants_person": "yes", **_details(session, conversation)},
            conversation_id=conversation.id,
            department_id=handoff.department_id,
            contact_email=known.email or None,
            urgency=known.urgency,
            idempotency_key=f"handoff:{handoff.id}",
            tone=known.tone,
        ),
        actor,
    )


def keep_files(session: Session, ticket: Ticket) -> None:
    """What agents sent in the chat that led to a ticket is the ticket's too, once."""
    found = changing.locked(session, ticket, merged_too=True)
    _put(session, service.transcript(session, found), found, None, f"chat:{found.id}:files")


def _put(session: Session, said: Sequence[Message], ticket: Ticket, entry_id: UUID | None, key: str) -> None:
    """Put the files of what was said on a ticket. What does not fit stays in the chat, and that is noted."""
    problems = files.put_on_ticket(session, said, ticket.id, entry_id)
    if problems:
        service.note(session, ticket, "\n".join(problems), SYSTEM, key=key, source="chat")


def _details(session: Session, conversation: Conversation) -> dict[str, Any]:
    """The answers that the assistant's form has collected, as a ticket keeps them."""
    draft = dialogue.slots(session, conversation.sender_id).get("ticket_draft")
    given = draft.get("answers") if isinstance(draft, dict) else None
    kept: dict[str, Any] = {}
    for name, answer in (given or {}).items():
        if isinstance(answer, dict):
            kept[name] = answer.get("value")
            kept.update(answer.get("more") or {})
    return kept


def card(ticket: Ticket) -> Mapping[str, Any]:
    """A ticket as the chat shows it: docs/webchat-protocol.md."""
    category = catalogue().categories.get(ticket.category)
    return {
        "reference": ticket.reference,
        "subject": ticket.subject,
        "status": ticket.status,
        "status_label": ticket.status.replace("_", " ").capitalize(),
        "priority": ticket.priority,
        "category": category.title if category is not None else ticket.category,
        "opened_at": ticket.created_at.isoformat(),
    }


def write_up(session: Session, handoff: Handoff) -> None:
    """Put what was said with a human on the ticket that the chat was about, as a note; once."""
    if handoff.ticket_id is None or handoff.ended_at is None or handoff.accepted_at is None:
        return
    ticket = service.by_id(session, handoff.ticket_id)
    said = _since(session, handoff, ticket)
    names = _agents(session, handoff)
    if not any(each.author == Author.AGENT for each in said) and not handoff.summary:
        return
    begin = said[0].created_at if said else handoff.asked_at
    lines = [words.NOTE_HEAD.format(names=", ".join(names), begin=begin, end=handoff.ended_at)]
    if handoff.summary:
        lines.append(words.NOTE_SUMMARY.format(summary=handoff.summary))
    sent = files.by_message(session, said)
    told = (each for each in said if each.author != Author.SYSTEM)
    lines += [f"**{_who(each)}:** {_told(each, sent.get(each.id, ()))}" for each in told]
    body = shortened("\n\n".join(lines), LONGEST_BODY)
    entry = service.note(session, ticket, body, SYSTEM, key=f"handoff:{handoff.id}", source="chat")
    _put(session, said, service.by_id(session, entry.ticket_id), entry.id, f"handoff:{handoff.id}:files")


def _told(message: Message, sent: Sequence[ChatFile]) -> str:
    """What was said, with the names of what was sent."""
    names = words.NOTE_FILES.format(names=", ".join(file.name for file in sent)) if sent else ""
    return " ".join(part for part in (message.text, names) if part)


def _since(session: Session, handoff: Handoff, ticket: Ticket) -> list[Message]:
    """What was said in the chat and is not in the ticket's own transcript."""
    told = (ticket.transcript_to_seq or 0) if ticket.conversation_id == handoff.conversation_id else 0
    first = max(handoff.from_seq, told + 1)
    return conversations.messages(session, handoff.conversation_id, first, handoff.to_seq)


def _agents(session: Session, handoff: Handoff) -> list[str]:
    came = (Step.ACCEPTED.value, Step.STARTED.value)
    lines = ownership.history(session, handoff.conversation_id)
    return list(dict.fromkeys(each.actor_name for each in lines if each.step in came and each.at >= handoff.asked_at))


def _who(message: Message) -> str:
    called = {Author.PERSON.value: words.PERSON, Author.BOT.value: words.ASSISTANT}
    return called.get(message.author) or message.author_name or words.AGENT


def of_ticket(session: Session, ticket: Ticket) -> Handoff | None:
    """The chat with a human that goes on about this ticket."""
    asked = select(Handoff).where(Handoff.ticket_id == ticket.id, Handoff.ended_at.is_(None))
    return session.scalars(asked.order_by(Handoff.asked_at.desc()).limit(1)).first()
