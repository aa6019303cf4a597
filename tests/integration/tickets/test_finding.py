"""A reference is not a password (architecture rule 5)."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy.orm import Session

from helpsage.conversations.models import Conversation
from helpsage.tickets import service
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Ticket
from tests.integration.tickets.conftest import REQUESTER, new_conversation, new_ticket


def test_staff_find_by_any_spelling(session: Session, ticket: Ticket) -> None:
    assert service.by_reference(session, f"hs {ticket.number}") is ticket


@pytest.mark.parametrize("written", ["HS-999999", "nonsense", "", "HS-999999999999"])
def test_unknown_reference(session: Session, written: str) -> None:
    with pytest.raises(TicketNotFound):
        service.by_reference(session, written)


def test_shown_in_its_own_conversation(session: Session, ticket: Ticket, chat: Conversation) -> None:
    assert service.visible_to(session, ticket.reference, chat.id) is ticket


def test_somebody_elses_is_as_unknown_as_none(session: Session, ticket: Ticket) -> None:
    stranger = new_conversation(session)
    told = []
    for written in (ticket.reference, "HS-999999"):
        with pytest.raises(TicketNotFound) as refusal:
            service.visible_to(session, written, stranger.id)
        told.append(str(refusal.value).replace(written, "..."))
    assert told[0] == told[1]


@pytest.mark.parametrize("conversation_id", [None, uuid4()])
def test_nobody_sees_nothing(session: Session, ticket: Ticket, conversation_id: object) -> None:
    with pytest.raises(TicketNotFound):
        service.visible_to(session, ticket.reference, conversation_id)  # type: ignore[arg-type]
    assert service.tickets_of_conversation(session, conversation_id) == []  # type: ignore[arg-type]


def test_newest_first(session: Session, ticket: Ticket, chat: Conversation) -> None:
    second = service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)
    assert service.tickets_of_conversation(session, chat.id) == [second, ticket]
    assert service.latest_of_conversation(session, chat.id) is second


def test_no_ticket_yet(session: Session, chat: Conversation) -> None:
    assert service.latest_of_conversation(session, chat.id) is None


def test_proven_person_sees_the_same_in_another_conversation(
    session: Session, ticket: Ticket, chat: Conversation
) -> None:
    elsewhere = new_conversation(session)
    elsewhere.person_id = ticket.requester_id
    session.flush()
    assert service.tickets_of_conversation(session, elsewhere.id) == []
    ticket.requester.email = "ada@example.org"
    session.flush()
    assert service.tickets_of_conversation(session, elsewhere.id) == [ticket]
    assert service.visible_to(session, ticket.reference, elsewhere.id) is ticket
