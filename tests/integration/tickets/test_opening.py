"""Opening a ticket: complete, and once."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation
from helpsage.events.models import OutboxEvent
from helpsage.people.models import Person
from helpsage.tickets import service
from helpsage.tickets.errors import InvalidText
from helpsage.tickets.models import Change, Priority, Ticket
from tests.integration.tickets.conftest import REQUESTER, new_conversation, new_ticket


def test_reference_status_and_log(session: Session, chat: Conversation) -> None:
    ticket = service.open_ticket(session, new_ticket(conversation_id=chat.id, urgency="high"), REQUESTER)
    assert ticket.reference == f"HS-{ticket.number}"
    assert (ticket.status, ticket.priority, ticket.version) == ("open", "high", 1)
    assert ticket.priority_reason == "the person said so: high"
    log = service.history(session, ticket)
    assert [(line.action, line.actor_kind, line.actor_name) for line in log] == [("created", "requester", "Ada")]
    event = session.scalars(select(OutboxEvent).where(OutboxEvent.subject_id == ticket.id)).one()
    assert (event.kind, event.payload["reference"]) == ("ticket.opened", ticket.reference)


def test_given_priority_is_kept(session: Session) -> None:
    new = new_ticket(priority=Priority.LOW, priority_reason="an agent chose it", description="everything is on fire")
    ticket = service.open_ticket(session, new, REQUESTER)
    assert (ticket.priority, ticket.priority_reason) == ("low", "an agent chose it")


def test_words_are_cleaned_everywhere(session: Session) -> None:
    new = new_ticket(
        subject="",
        description=" it\x00 jams\r\nagain ",
        details={"room\x00": "B\x002"},
        gaps=["de\x00vice"],
        requester_name="A\x00da",
    )
    ticket = service.open_ticket(session, new, REQUESTER)
    session.refresh(ticket)
    assert (ticket.subject, ticket.description) == ("it jams again", "it jams\nagain")
    assert (ticket.details, ticket.gaps, ticket.requester.name) == ({"room": "B2"}, ["device"], "Ada")


@pytest.mark.parametrize("description", ["", " \n", "\x00", "x" * 20_001])
def test_unusable_description_opens_nothing(session: Session, description: str) -> None:
    with pytest.raises(InvalidText):
        service.open_ticket(session, new_ticket(description=description), REQUESTER)
    assert session.scalar(select(func.count()).select_from(Ticket)) == 0


def test_unknown_conversation_is_refused(session: Session) -> None:
    with pytest.raises(conversations.ConversationNotFound):
        service.open_ticket(session, new_ticket(conversation_id=uuid4()), REQUESTER)


# --- who asks


def test_new_person_is_linked_to_the_conversation(session: Session, chat: Conversation) -> None:
    new = new_ticket(conversation_id=chat.id, requester_name="Ada", contact_email="ada@example.org")
    ticket = service.open_ticket(session, new, REQUESTER)
    assert chat.person_id == ticket.requester_id
    assert (ticket.requester.name, ticket.requester.contact_email) == ("Ada", "ada@example.org")
    assert ticket.requester.email is None


def test_second_ticket_of_a_conversation_has_the_same_requester(session: Session, chat: Conversation) -> None:
    first = service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)
    again = new_ticket(conversation_id=chat.id, contact_email="ada@example.org")
    second = service.open_ticket(session, again, REQUESTER)
    assert second.requester_id == first.requester_id
    assert second.requester.contact_email == "ada@example.org"


def test_same_unproven_address_never_makes_two_people_one(session: Session) -> None:
    tickets = [
        service.open_ticket(
            session,
            new_ticket(conversation_id=new_conversation(session).id, contact_email="ada@example.org"),
            REQUESTER,
        )
        for _ in range(2)
    ]
    assert tickets[0].requester_id != tickets[1].requester_id


def test_an_unproven_address_never_reaches_whoever_proved_it(session: Session) -> None:
    owner = Person(name="Ada", email="ada@example.org")
    session.add(owner)
    session.flush()
    chat = new_conversation(session)
    new = new_ticket(conversation_id=chat.id, contact_email="ada@example.org")
    assert service.open_ticket(session, new, REQUESTER).requester_id != owner.id


# --- transcript


def test_transcript_is_what_was_said_since_the_last_ticket(session: Session, chat: Conversation) -> None:
    first = service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)
    conversations.push(session, chat.id, "bot", text="Filed")
    conversations.push(session, chat.id, "person", text="and the scanner too")
    second = service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)
    third = service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)
    assert [m.text for m in service.transcript(session, first)] == ["hello", "the printer jams", "second floor"]
    assert [m.text for m in service.transcript(session, second)] == ["Filed", "and the scanner too"]
    assert service.transcript(session, third) == []


# --- once


def test_same_key_gives_the_same_ticket(session: Session, chat: Conversation) -> None:
    first = service.open_ticket(session, new_ticket(conversation_id=chat.id, idempotency_key="form 1"), REQUESTER)
    changed = new_ticket(conversation_id=chat.id, idempotency_key="form 1", description="other words")
    assert service.open_ticket(session, changed, REQUESTER) is first
    assert session.scalar(select(func.count()).select_from(Change)) == 1


def test_without_a_key_each_is_new(session: Session, chat: Conversation) -> None:
    opened = {service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER).id for _ in range(2)}
    assert len(opened) == 2


def test_twelve_at_the_same_moment_are_one(clean_database: Engine) -> None:
    with Session(clean_database) as session, session.begin():
        chat_id = new_conversation(session).id
    together = threading.Barrier(12)
    opened: list[str] = []

    def submit() -> None:
        together.wait()
        with Session(clean_database) as own, own.begin():
            new = new_ticket(conversation_id=chat_id, idempotency_key="double click")
            opened.append(service.open_ticket(own, new, REQUESTER).reference)

    threads = [threading.Thread(target=submit) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 12
    assert len(set(opened)) == 1
    with Session(clean_database) as session:
        for table in (Ticket, Change, OutboxEvent, Person):
            assert session.scalar(select(func.count()).select_from(table)) == 1


def test_different_forms_of_one_conversation_at_the_same_moment(clean_database: Engine) -> None:
    """Each is filed, one person asks, and no message belongs to two transcripts."""
    with Session(clean_database) as session, session.begin():
        chat_id = new_conversation(session).id
        conversations.push(session, chat_id, "person", text="both are broken")
    together = threading.Barrier(6)

    def submit(number: int) -> None:
        together.wait()
        with Session(clean_database) as own, own.begin():
            new = new_ticket(conversation_id=chat_id, idempotency_key=f"form {number}")
            service.open_ticket(own, new, REQUESTER)

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Session(clean_database) as session:
        tickets = service.tickets_of_conversation(session, chat_id)
        assert len(tickets) == 6
        assert len({ticket.requester_id for ticket in tickets}) == 1
        assert sum(ticket.transcript_from_seq is not None for ticket in tickets) == 1


def test_submitted_again_after_a_crash_behind_the_commit(clean_database: Engine) -> None:
    new = new_ticket(idempotency_key="form 1")
    with Session(clean_database) as session, session.begin():
        first = service.open_ticket(session, new, REQUESTER).reference
    # The answer never reached the one who asked; the same form comes again, to another process.
    with Session(clean_database) as session, session.begin():
        assert service.open_ticket(session, new, REQUESTER).reference == first


def test_nothing_is_left_of_a_transaction_that_failed(clean_database: Engine) -> None:
    with Session(clean_database) as session:
        service.open_ticket(session, new_ticket(idempotency_key="form 1"), REQUESTER)
        session.rollback()
    with Session(clean_database) as session:
        for table in (Ticket, Change, OutboxEvent, Person):
            assert session.scalar(select(func.count()).select_from(table)) == 0
