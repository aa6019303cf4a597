"""What time does: nobody waits for ever or for somebody who has gone, and nobody is told too much."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from helpsage.handoff import service
from helpsage.handoff.service import Agent
from helpsage.tickets.models import Ticket
from tests.integration.handoff.conftest import Desk
from tests.integration.handoff.test_handoff import accept, office_hours


def talking(desk: Desk, agent: Agent, words: str = "my laptop is dead") -> UUID:
    chat = desk.chat(words)
    desk.asks(chat)
    accept(desk, chat, agent)
    return chat


def the_ticket(desk: Desk) -> Ticket:
    with desk.new() as session:
        (ticket,) = session.scalars(select(Ticket)).all()
        return ticket


class TestWaiting:
    def test_too_long_becomes_a_ticket_said_with_its_reference(self, desk: Desk) -> None:
        desk.agent("Priya")
        chat = desk.chat("my laptop is dead")
        desk.asks(chat)
        desk.passes(minutes=19)
        assert desk.owner(chat) == "queued"
        desk.passes(minutes=1)
        assert desk.owner(chat) == "bot"
        assert the_ticket(desk).reference in desk.told(chat)[-1]
        desk.passes(minutes=30)
        assert the_ticket(desk).description == "my laptop is dead"

    def test_when_everybody_has_gone_nobody_is_left_waiting(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = desk.chat("my laptop is dead")
        desk.asks(chat)
        desk.goes(priya)
        desk.passes(minutes=1)
        assert desk.owner(chat) == "bot"
        assert the_ticket(desk).reference in desk.told(chat)[-1]

    def test_when_the_hours_end_it_is_said_when_they_begin(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        office_hours(monkeypatch)
        desk.agent("Priya")
        desk.now = desk.now.replace(hour=16, minute=50)
        desk.still_here()
        chat = desk.chat("my laptop is dead")
        desk.asks(chat)
        desk.passes(minutes=10)
        assert "Thursday, 5 March, at 09:00" in desk.told(chat)[-1]
        assert the_ticket(desk).reference in desk.told(chat)[-1]

    def test_moving_up_is_told_but_not_every_few_seconds(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chats = [desk.chat(f"number {n}") for n in range(4)]
        for chat in chats:
            desk.asks(chat)
        last = chats[-1]
        for chat in chats[:2]:
            accept(desk, chat, priya)
        assert desk.told(last) == [], "within the first minute nothing is said of a place that is not the next"
        assert len(desk.told(chats[2])) == 1, "whoever is next hears so at once"
        desk.passes(seconds=61)
        desk.passes(seconds=61)
        (only,) = desk.told(last)
        assert "number 2" in only

    def test_standing_still_is_not_told(self, desk: Desk) -> None:
        desk.agent("Priya")
        chat = desk.chat("hello")
        desk.asks(chat)
        for _ in range(10):
            desk.passes(minutes=1)
        assert desk.told(chat) == []


class TestAgentIsGone:
    def test_a_silent_agents_chat_is_offered_to_others(self, desk: Desk) -> None:
        priya, sam = desk.agent("Priya"), desk.agent("Sam")
        chat = talking(desk, priya)
        desk.act(lambda s: service.say(s, desk.handoff(chat).id, priya, "One moment."))
        desk.person(chat, "are you there?")
        desk.passes(minutes=3)
        assert desk.owner(chat) == "human"
        desk.passes(minutes=1)
        assert desk.owner(chat) == "queued"
        assert "Priya" in desk.told(chat)[-1]
        accept(desk, chat, sam)
        assert desk.owner(chat) == "human"

    def test_whose_browser_has_gone_is_not_waited_for_as_long(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        desk.agent("Sam")
        chat = talking(desk, priya)
        desk.person(chat, "are you there?")
        desk.goes(priya)
        desk.passes(seconds=70)
        assert desk.owner(chat) == "queued"

    def test_with_nobody_else_it_becomes_a_ticket(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = talking(desk, priya)
        desk.person(chat, "are you there?")
        desk.goes(priya)
        desk.passes(minutes=2)
        assert desk.owner(chat) == "bot"
        ticket = the_ticket(desk)
        assert ticket.reference in desk.told(chat)[-1]
        assert "are you there?" in ticket.description

    def test_an_agent_who_has_answered_is_not_idle(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        desk.agent("Sam")
        chat = talking(desk, priya)
        desk.act(lambda s: service.say(s, desk.handoff(chat).id, priya, "Try it now."))
        desk.passes(minutes=5)
        assert desk.owner(chat) == "human"


class TestPersonIsGone:
    def test_they_are_asked_once_and_then_the_chat_ends(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = talking(desk, priya)
        desk.act(lambda s: service.say(s, desk.handoff(chat).id, priya, "Try it now."))
        before = len(desk.told(chat))
        for _ in range(8):
            desk.passes(minutes=1)
        assert [("still there" in text) for text in desk.told(chat)[before:]] == [True]
        for _ in range(5):
            desk.passes(minutes=1)
        assert desk.owner(chat) == "bot"
        assert desk.handoff(chat).outcome == "silent"
        assert len(desk.told(chat)) == before + 2

    def test_whoever_comes_back_goes_on(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = talking(desk, priya)
        desk.act(lambda s: service.say(s, desk.handoff(chat).id, priya, "Try it now."))
        desk.passes(minutes=7)
        desk.person(chat, "sorry, I was away")
        desk.act(lambda s: service.say(s, desk.handoff(chat).id, priya, "No problem."))
        desk.passes(minutes=5)
        assert desk.owner(chat) == "human"
