"""A conversation, a ticket in it, and who acts."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket

REQUESTER = Actor("requester", "Ada")
AGENT = Actor("agent", "Priya")


def new_ticket(**known: object) -> NewTicket:
    """What a form hands over."""
    given = {
        "subject": "Printer jams",
        "description": "The printer on the second floor jams",
        "category": "printer_problem",
        "channel": "web",
        **known,
    }
    return NewTicket(**given)  # type: ignore[arg-type]


def new_conversation(session: Session) -> Conversation:
    """A website chat in which nothing was said."""
    return conversations.ensure(session, f"web:{uuid4()}", "web")


@pytest.fixture
def chat(session: Session) -> Conversation:
    found = new_conversation(session)
    for number, text in enumerate(["hello", "the printer jams", "second floor"]):
        conversations.push(session, found.id, "person", text=text, client_id=f"c{number}")
    return found


@pytest.fixture
def ticket(session: Session, chat: Conversation) -> Ticket:
    return service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)
