"""What chat applications bring besides words, and who hears that one does not work any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import attachments, mail, sealed, settings
from helpsage.attachments import storage
from helpsage.attachments.errors import AttachmentRefused
from helpsage.channels import documents, files
from helpsage.channels.models import ChannelConversation
from helpsage.configuration.documents import CHANNELS
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author, Conversation, Message
from helpsage.db.session import transaction
from helpsage.jobs import words
from helpsage.jobs.app import app
from helpsage.jobs.chat import ticket_about
from helpsage.jobs.retries import BACKOFF
from helpsage.people import directory
from helpsage.people.models import Account, Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.words import shortened, visible
from languages import catalogues

#: Category of a ticket that came by a form which asks for none.
UNSORTED = "general_issue"


@app.task(name="channels.file_form", retry=BACKOFF)
def file_form(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Make a ticket of a filled-in form, once per delivery, and show it in the person's conversation."""
    with transaction() as session:
        conversation = conversations.get(session, UUID(subject_id))
        if conversation is None or not visible(payload["description"]):
            return
        person = directory.get(session, conversation.person_id)
        new = service.NewTicket(
            subject=payload["subject"],
            description=payload["description"],
            category=UNSORTED,
            channel=conversation.channel,
            conversation_id=conversation.id,
            idempotency_key=f"delivery:{payload['delivery_id']}",
        )
        actor = service.Actor("requester", person.name if person else "", conversation.person_id)
        ticket = service.open_ticket(session, new, actor)
        _show(session, conversation, ticket, event_id)


def _show(session: Session, conversation: Conversation, ticket: Ticket, event_id: int) -> None:
    conversations.push(
        session,
        conversation.id,
        Author.SYSTEM,
        text=words.FILED.format(reference=ticket.reference),
        data={"ticket": {**state(ticket), "subject": shortened(ticket.subject, words.SHOWN_SUBJECT)}},
        client_id=f"event:{event_id}",
    )


def state(ticket: Ticket) -> dict[str, str]:
    """How a ticket is, for cards of it that were shown before."""
    return {
        "reference": ticket.reference,
        "status": ticket.status,
        "status_label": words.STATUS_LABELS[ticket.status],
    }


@app.task(name="channels.fetch_files", retry=BACKOFF)
def fetch_files(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Put the files of a message on the ticket that the conversation is about; without one they wait for it."""
    with transaction() as session:
        message = conversations.message(session, int(payload["message_id"]))
        conversation = conversations.get(session, UUID(subject_id))
        if message is None or conversation is None or not message.data.get("files"):
            return
        ticket = ticket_about(session, conversation)
        names = ", ".join(str(file["name"]) for file in message.data["files"])
        if ticket is None:
            said = words.FILES_WAIT.format(names=names)
            conversations.push(session, conversation.id, Author.SYSTEM, text=said, client_id=f"event:{event_id}")
            return
        ticket_id, reference = ticket.id, ticket.reference
        installation = payload["installation"]
    problems = _attach(installation, message, ticket_id)
    with transaction() as session:
        said = _told(problems, conversation) or words.FILES_ADDED.format(names=names, reference=reference)
        conversations.push(session, conversation.id, Author.SYSTEM, text=said, client_id=f"event:{event_id}")


@app.task(name="channels.fetch_earlier_files", retry=BACKOFF)
def fetch_earlier_files(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Put the files that were sent on the way to a ticket on it."""
    with transaction() as session:
        ticket = service.by_id(session, UUID(subject_id))
        if ticket.conversation_id is None or ticket.transcript_from_seq is None:
            return
        place = session.get(ChannelConversation, ticket.conversation_id)
        if place is None:
            return
        said = conversations.messages(session, ticket.conversation_id, ticket.transcript_from_seq)
        conversation_id, installation = ticket.conversation_id, place.installation
    problems: list[str] = []
    for message in said:
        if message.author == Author.PERSON and message.data.get("files"):
            problems += _attach(installation, message, UUID(subject_id))
    if problems:
        with transaction() as session:
            text = _told(problems, session.get_one(Conversation, conversation_id))
            conversations.push(session, conversation_id, Author.SYSTEM, text=text, client_id=f"event:{event_id}")


def _told(problems: Sequence[str], conversation: Conversation) -> str:
    """Why files were not taken, in the conversation's language, a line each."""
    return "\n".join(catalogues.filled(each, conversation.locale) for each in problems)


def _attach(installation: str, message: Message, ticket_id: UUID) -> list[str]:
    """Fetch a message's files and put each on the ticket, once; returns what to say of those that were not taken.

    Raises:
        files.FileAway: later.
    """
    with transaction() as session:
        found = [each for each in CHANNELS.read(session)["installations"] if each["key"] == installation]
    problems = []
    for number, file in enumerate(message.data["files"]):
        try:
            content = files.fetch(found[0], documents.unsealed(found[0]), file)
            received = storage.receive(str(file["name"]), str(file.get("content_type") or ""), content)
            with transaction() as session:
                ticket = session.get_one(Ticket, ticket_id, with_for_update={"of": Ticket})
                key = f"message:{message.id}:{number}"
                attachments.attach(session, received, ticket.id, uploaded_by_id=ticket.requester_id, key=key)
        except AttachmentRefused as error:
            problems.append(str(error))
        except (files.FileGone, sealed.Unreadable, IndexError, KeyError):
            problems.append(words.FILE_GONE.format(name=file["name"]))
    return problems


@app.task(name="channels.tell_broken", retry=BACKOFF)
def tell_broken(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Write to the administrators that an application does not let us in any more."""
    with transaction() as session:
        values = {
            "channel": payload["name"],
            "words": payload["reason"],
            "link": f"{settings.get().web_url}/settings/channels/{payload['installation']}",
        }
        asked = select(Account).where(Account.role == Role.ADMINISTRATOR.value, Account.disabled_at.is_(None))
        for account in session.scalars(asked):
            mail.send_letter(
                session,
                account.email,
                "channel_broken",
                {**values, "name": account.person.name},
                key=f"channel:{event_id}:{account.id}",
            )
