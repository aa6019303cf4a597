"""Replies, comments and notes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations.models import Conversation
from helpsage.events.models import OutboxEvent
from helpsage.tickets import service
from helpsage.tickets.errors import IllegalTransition, InvalidText, StaleTicket
from helpsage.tickets.models import Status, Ticket
from tests.integration.tickets.conftest import AGENT, REQUESTER


def kinds(session: Session, ticket: Ticket) -> list[str]:
    asked = select(OutboxEvent.kind).where(OutboxEvent.subject_id == ticket.id).order_by(OutboxEvent.id)
    return list(session.scalars(asked))


def test_first_reply_puts_the_ticket_in_progress(session: Session, ticket: Ticket) -> None:
    entry = service.reply(session, ticket, " Please restart it ", AGENT)
    assert (entry.body, entry.visibility, entry.author_name) == ("Please restart it", "public", "Priya")
    assert ticket.status == "in_progress"
    assert ticket.first_response_at == entry.created_at
    assert kinds(session, ticket) == ["ticket.opened", "ticket.replied", "ticket.status_changed"]


def test_reply_with_a_status(session: Session, ticket: Ticket) -> None:
    service.reply(session, ticket, "Which floor?", AGENT, status="waiting")
    assert ticket.status == "waiting"


def test_later_reply_leaves_the_first_response_alone(session: Session, ticket: Ticket) -> None:
    service.reply(session, ticket, "one", AGENT)
    first = ticket.first_response_at
    service.reply(session, ticket, "two", AGENT)
    assert ticket.first_response_at == first


def test_note_is_no_response_and_hidden_from_the_requester(session: Session, ticket: Ticket) -> None:
    service.note(session, ticket, "strange fellow", AGENT)
    service.reply(session, ticket, "hello", AGENT)
    assert [entry.body for entry in service.thread(session, ticket)] == ["strange fellow", "hello"]
    assert [entry.body for entry in service.thread(session, ticket, public_only=True)] == ["hello"]
    assert ticket.first_response_at == service.thread(session, ticket, public_only=True)[0].created_at


def test_illegal_status_says_nothing(session: Session, ticket: Ticket) -> None:
    service.close(session, ticket, AGENT)
    before = kinds(session, ticket)
    with pytest.raises(IllegalTransition):
        service.reply(session, ticket, "hello", AGENT, status=Status.WAITING)
    assert service.thread(session, ticket) == []
    assert kinds(session, ticket) == before


def test_answer_ends_the_wait(session: Session, ticket: Ticket, chat: Conversation) -> None:
    service.reply(session, ticket, "Which floor?", AGENT, status="waiting")
    chat.awaiting_ticket_id = ticket.id
    session.flush()
    service.comment(session, ticket, "the second", REQUESTER)
    session.refresh(chat)
    assert ticket.status == "in_progress"
    assert chat.awaiting_ticket_id is None


def test_answer_to_one_ticket_leaves_the_wait_for_another(session: Session, ticket: Ticket, chat: Conversation) -> None:
    other = service.open_ticket(session, service.NewTicket("x", "y", "z", "web", conversation_id=chat.id), REQUESTER)
    chat.awaiting_ticket_id = other.id
    session.flush()
    service.comment(session, ticket, "by the way", REQUESTER)
    session.refresh(chat)
    assert chat.awaiting_ticket_id == other.id


def test_closing_ends_the_wait(session: Session, ticket: Ticket, chat: Conversation) -> None:
    chat.awaiting_ticket_id = ticket.id
    session.flush()
    service.close(session, ticket, AGENT)
    session.refresh(chat)
    assert chat.awaiting_ticket_id is None


@pytest.mark.parametrize("finish", [service.close, lambda *a: service.change_status(a[0], a[1], "resolved", a[2])])
def test_comment_does_not_reopen(session: Session, ticket: Ticket, finish: object) -> None:
    finish(session, ticket, AGENT)  # type: ignore[operator]
    status = ticket.status
    service.comment(session, ticket, "thanks!", REQUESTER)
    assert ticket.status == status


@pytest.mark.parametrize("say", [service.reply, service.comment, service.note])
def test_same_key_is_said_once(session: Session, ticket: Ticket, say: object) -> None:
    first = say(session, ticket, "hello", AGENT, key="k")  # type: ignore[operator]
    version = ticket.version
    assert say(session, ticket, "hello again", AGENT, key="k") is first  # type: ignore[operator]
    assert ticket.version == version


def test_double_click_on_a_form_is_no_conflict(session: Session, ticket: Ticket) -> None:
    first = service.reply(session, ticket, "hello", AGENT, key="k", expected_version=1)
    assert service.reply(session, ticket, "hello", AGENT, key="k", expected_version=1) is first


def test_reply_to_what_has_changed_is_refused(session: Session, ticket: Ticket) -> None:
    service.comment(session, ticket, "it works again", REQUESTER)
    with pytest.raises(StaleTicket) as refusal:
        service.reply(session, ticket, "We will look at it", AGENT, expected_version=1)
    assert refusal.value.current_version == ticket.version
    assert [entry.body for entry in service.thread(session, ticket)] == ["it works again"]


@pytest.mark.parametrize("body", ["", "\n", "\x00", "x" * 20_001])
@pytest.mark.parametrize("say", [service.reply, service.comment, service.note])
def test_unusable_words_change_nothing(session: Session, ticket: Ticket, say: object, body: str) -> None:
    with pytest.raises(InvalidText):
        say(session, ticket, body, AGENT)  # type: ignore[operator]
    assert ticket.version == 1


def test_thread_keeps_its_order_when_the_clock_stands_still_or_goes_back(session: Session, ticket: Ticket) -> None:
    with clock.frozen(datetime(2020, 1, 1, tzinfo=UTC)):
        for number in range(5):
            service.comment(session, ticket, str(number), REQUESTER)
    assert [entry.body for entry in service.thread(session, ticket)] == list("01234")
