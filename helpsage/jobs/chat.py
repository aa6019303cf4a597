"""Between tickets and people's chats: agents' words and news go there, people's words come from there."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from helpsage import attachments
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author, Conversation, Message
from helpsage.db.session import transaction
from helpsage.handoff import files as chat_files
from helpsage.handoff import service as handoff
from helpsage.jobs import words
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.notify import satisfaction
from helpsage.notify.rules import event_of
from helpsage.people import directory, preferences
from helpsage.people.preferences import Channel
from helpsage.tickets import lifecycle, merge, reached, service
from helpsage.tickets.models import Status, Ticket
from helpsage.tickets.words import LONGEST_BODY, shortened, visible

#: Category of a ticket that is made because someone wrote to a person and there was no ticket yet.
UNSORTED = "general_issue"


@app.task(name="chat.deliver_reply", retry=BACKOFF)
def deliver_reply_to_chat(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Say an agent's reply where the person is (`tickets/reached.py`), also as to tickets that were merged
    into it. From then on the person's next words there answer it.
    """
    with transaction() as session:
        ticket = service.by_id(session, UUID(subject_id))
        entry = service.entry_by_id(session, UUID(payload["entry_id"]))
        if entry is None:
            return
        data: dict[str, Any] = {"reply_to": ticket.reference}
        files = attachments.by_entry(session, entry.ticket_id, public_only=True).get(entry.id)
        if files:
            data["files"] = [chat_files.as_data(each) for each in files]
        for conversation_id in reached.by_family(session, merge.family(session, ticket)):
            conversations.push(
                session,
                conversation_id,
                Author.AGENT,
                author_name=entry.author_name,
                text=entry.body,
                data=data,
                client_id=f"entry:{entry.id}",
                awaiting_ticket_id=ticket.id if ticket.status != Status.CLOSED else None,
            )
            service.mark_delivered(entry)


@app.task(name="chat.tell_status", retry=BACKOFF)
def tell_status_to_chat(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Tell the person what became of their ticket, unless they did it themselves or it has moved on since. People whose
    ticket was merged into it hear what became of theirs.
    """
    with transaction() as session:
        ticket = service.by_id(session, UUID(subject_id))
        status = Status(payload["to"])
        if ticket.status != status or not _is_news(status, payload):
            return
        told: set[UUID] = set()
        for each in merge.family(session, ticket):
            if not preferences.wants(session, each.requester_id, event_of(payload), Channel.CHAT):
                continue
            for conversation_id in reached.places(session, each):
                if conversation_id not in told:
                    told.add(conversation_id)
                    _tell_status(session, conversation_id, each, status, event_id, own=each.id == ticket.id)


def _tell_status(
    session: Session, conversation_id: UUID, ticket: Ticket, status: Status, event_id: int, own: bool
) -> None:
    """Say where a ticket stands; what can be done then is offered in the chat of the ticket itself (`own`)."""
    subject = shortened(ticket.subject, words.SHOWN_SUBJECT)
    # Cards that were posted to a chat application before show how it is now (assistant/channels/posts.py).
    now = {"reference": ticket.reference, "status": status.value, "status_label": words.STATUS_LABELS[status]}
    data = _answers(ticket, status) if own else {"reply_to": ticket.reference}
    conversations.push(
        session,
        conversation_id,
        Author.SYSTEM,
        text=words.STATUS[status].format(reference=ticket.reference, subject=subject),
        data={**data, "state": now},
        client_id=f"event:{event_id}",
    )
    if own and status is Status.CLOSED and satisfaction.ask(session, ticket, event_id):
        scores = [_button(str(score), "give_rating", ticket, rating=str(score)) for score in range(1, 6)]
        conversations.push(
            session,
            conversation_id,
            Author.SYSTEM,
            text=words.RATE,
            data={"buttons": scores},
            client_id=f"event:{event_id}:rate",
        )


def _is_news(status: Status, payload: dict[str, Any]) -> bool:
    """Staff's doings are news; with a reply in the chat only the end is."""
    if payload.get("actor_kind") not in ("agent", "system"):
        return False
    return payload.get("entry_id") is None or status in lifecycle.FINISHED


def _answers(ticket: Ticket, status: Status) -> dict[str, Any]:
    data: dict[str, Any] = {"reply_to": ticket.reference}
    if status is Status.RESOLVED:
        data["buttons"] = [
            _button(words.SOLVED, "close_ticket", ticket),
            _button(words.NOT_SOLVED, "reopen_ticket", ticket),
        ]
    return data


def _button(title: str, intent: str, ticket: Ticket, **entities: str) -> dict[str, str]:
    said = json.dumps({**entities, "reference": ticket.reference}, separators=(",", ":"))
    return {"title": title, "payload": f"/{intent}{said}"}


@app.task(name="chat.add_words_to_ticket", retry=BACKOFF)
def add_words_to_ticket(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Put what a person wrote, while a person answers the chat, on the ticket that it is about."""
    with transaction() as session:
        message = conversations.message(session, int(payload["message_id"]))
        if message is None or not visible(message.text):
            return
        if handoff.heard(session, message):
            return  # a human reads them in the chat; the ticket gets the whole of it
        conversation = conversations.get(session, message.conversation_id)
        if conversation is None:
            return
        actor = _requester(session, conversation)
        said = shortened(message.text, LONGEST_BODY)
        key = f"message:{message.id}"
        # Asked of all tickets: the first time may have changed which one the next words are about.
        if service.has_heard(session, conversation.id, key):
            return
        ticket = ticket_about(session, conversation)
        if ticket is None:
            service.open_ticket(session, _new_ticket(conversation, message, said, key), actor)
        else:
            service.comment(session, ticket, said, actor, key=key)


def _requester(session: Session, conversation: Conversation) -> service.Actor:
    person = directory.get(session, conversation.person_id)
    return service.Actor("requester", person.name if person else "", conversation.person_id)


def ticket_about(session: Session, conversation: Conversation) -> Ticket | None:
    """The ticket whose agent waits for an answer, else the newest that somebody works on."""
    if conversation.awaiting_ticket_id is not None:
        return service.by_id(session, conversation.awaiting_ticket_id)
    shown = service.tickets_of_conversation(session, conversation.id)
    return next((ticket for ticket in shown if Status(ticket.status) not in lifecycle.FINISHED), None)


def _new_ticket(conversation: Conversation, message: Message, said: str, key: str) -> service.NewTicket:
    return service.NewTicket(
        subject="",
        description=said,
        category=UNSORTED,
        channel=conversation.channel,
        conversation_id=conversation.id,
        idempotency_key=key,
    )
