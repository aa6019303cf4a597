"""How it went: asked once a ticket, not again soon; a link that is only opened keeps nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Message
from helpsage.events.models import OutboxEvent
from helpsage.jobs import chat
from helpsage.mail.models import Mail
from helpsage.notify import satisfaction
from helpsage.people.models import Person
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from tests.integration.notify.conftest import PRIYA, Desk


@pytest.fixture
def asha(desk: Desk) -> Person:
    return desk.person()


def close(desk: Desk, ticket: Ticket) -> list[Mail]:
    return desk.happen(lambda session: service.close(session, service.by_id(session, ticket.id), PRIYA))


def token_in(letter: Mail) -> str:
    found = re.search(r"/rate/(\S+)", letter.text)
    assert found is not None
    return found[1]


def test_a_closing_asks_with_five_scores_and_tells_where(desk: Desk, asha: Person) -> None:
    [letter] = close(desk, desk.ticket(asha))
    token = token_in(letter)
    assert letter.html is not None
    for score in range(1, 6):
        assert f"/rate/{token}?score={score}" in letter.html


def test_chat_and_letter_ask_for_the_same_closing(desk: Desk, asha: Person) -> None:
    chat_id = desk.do(lambda session: conversations.ensure(session, "web:asha", "web").id)
    ticket = desk.ticket(asha, conversation_id=chat_id)
    [letter] = close(desk, ticket)
    token_in(letter)
    with desk.new() as session:
        event = session.scalars(
            select(OutboxEvent).where(OutboxEvent.kind == "ticket.status_changed").order_by(OutboxEvent.id.desc())
        ).first()
    assert event is not None
    chat.tell_status_to_chat(event.id, str(event.subject_id), event.payload)
    with desk.new() as session:
        asked = session.scalars(select(Message.text).where(Message.client_id == f"event:{event.id}:rate")).all()
    assert len(asked) == 1


def test_the_same_person_is_not_asked_again_soon(desk: Desk, asha: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "satisfaction_rest_days", 14)
    first, second, third = (desk.ticket(asha) for _ in range(3))
    assert "/rate/" in close(desk, first)[0].text
    assert "/rate/" not in close(desk, second)[0].text
    with clock.frozen(clock.now() + timedelta(days=15)):
        assert "/rate/" in close(desk, third)[0].text


def test_a_ticket_that_is_closed_again_is_not_asked_about_again(
    desk: Desk, asha: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.get(), "satisfaction_rest_days", 0)
    ticket = desk.ticket(asha)
    assert "/rate/" in close(desk, ticket)[0].text
    desk.happen(lambda session: service.reopen(session, service.by_id(session, ticket.id), PRIYA))
    assert "/rate/" not in close(desk, ticket)[0].text


def test_it_can_be_switched_off(desk: Desk, asha: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "satisfaction", False)
    [letter] = close(desk, desk.ticket(asha))
    assert "/rate/" not in letter.text
    assert "It is closed." in letter.text


def test_a_link_ends_after_two_months(session: Session, desk: Desk, asha: Person) -> None:
    ticket = desk.ticket(asha)
    token = satisfaction.link(ticket).rpartition("/")[2]
    with desk.new() as other:
        assert satisfaction.ticket_of(other, token).id == ticket.id
        with clock.frozen(clock.now() + timedelta(days=61)), pytest.raises(satisfaction.BadLink):
            satisfaction.ticket_of(other, token)


@pytest.mark.parametrize("token", ["", "x", "WyJhIl0.x", "e30.x", "\x00"])
def test_a_link_that_is_not_ours_shows_nothing(session: Session, token: str) -> None:
    with pytest.raises(satisfaction.BadLink):
        satisfaction.ticket_of(session, token)
