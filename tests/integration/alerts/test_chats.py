"""A waiting chat is told in the team's place; one takes it and talks from the thread; nothing leaks, nobody is lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.alerts import words
from helpsage.alerts.models import Alert, AlertWord
from helpsage.conversations.models import Message
from helpsage.departments.models import Team, TeamMember
from helpsage.handoff import service, staffing
from helpsage.handoff.models import Reason
from helpsage.handoff.service import Agent
from helpsage.jobs import alerts as alert_jobs
from helpsage.tickets.models import Ticket
from tests.integration.alerts.conftest import Floor


def said(floor: Floor, conversation: UUID) -> list[tuple[str, str]]:
    """Author and words in the person's chat, without what the system says."""
    with floor.new() as session:
        asked = select(Message).where(Message.conversation_id == conversation, Message.author.in_(["agent", "person"]))
        return [(each.author, each.text) for each in session.scalars(asked.order_by(Message.seq))]


@pytest.fixture
def lead(floor: Floor) -> Agent:
    """Somebody in the console, so that people may wait for a human at all."""
    return floor.agent("Lena")


@pytest.fixture
def waiting(floor: Floor, lead: Agent) -> tuple[UUID, Alert]:
    """Somebody waits, and the place knows."""
    floor.place(team=False)
    conversation = floor.chat("the wifi in my room is gone")
    floor.asks(conversation)
    (alert,) = floor.alerts()
    return conversation, alert


def test_a_waiting_chat_is_told_with_what_was_said(floor: Floor, waiting: tuple[UUID, Alert]) -> None:
    _, alert = waiting
    with floor.new() as session:
        text = session.get_one(Message, alert.message_id).text
    assert "would like to talk with a person now" in text
    assert "the wifi in my room is gone" in text
    assert floor.card(alert)["buttons"] == [{"title": "Take it", "payload": "!take"}]


def test_a_place_without_chats_hears_of_none(floor: Floor, lead: Agent) -> None:
    floor.place(chats=False)
    floor.asks(floor.chat("hello"))
    assert floor.alerts() == []


def test_one_takes_it_and_talks_from_the_thread(floor: Floor, waiting: tuple[UUID, Alert]) -> None:
    conversation, alert = waiting
    priya = floor.member("Priya")
    assert floor.press(alert, "Priya") == "took"
    assert floor.owner(conversation) == "human"
    handoff = floor.handoff(conversation)
    assert (handoff.agent_id, handoff.thread_id) == (priya.account_id, alert.conversation_id)
    assert floor.card(alert)["pressed"] == "Priya has it"
    assert "what Priya writes in this thread goes to" in floor.thread(alert)[-1]
    assert floor.hears(alert, "Which room is it?", "Priya") == "said"
    floor.person(conversation, "Room 12")
    assert said(floor, conversation)[-2:] == [("agent", "Which room is it?"), ("person", "Room 12")]
    assert floor.thread(alert)[-1] == "**A visitor:** Room 12"
    assert "Which room is it?" not in "\n".join(floor.thread(alert)), "an echo of what was written there"


def test_what_colleagues_write_stays_and_a_note_of_the_taker_too(floor: Floor, waiting: tuple[UUID, Alert]) -> None:
    conversation, alert = waiting
    floor.member("Priya")
    floor.member("Sam")
    floor.press(alert, "Priya")
    assert floor.hears(alert, "that one again...", "Sam") == "stayed"
    assert floor.hears(alert, "!note he is rude", "Priya") == "stayed"
    assert floor.hears(alert, "!reply I take over", "Sam") == "stayed"
    assert [author for author, _ in said(floor, conversation)] == ["person"]


def test_words_before_anybody_took_it_stay(floor: Floor, waiting: tuple[UUID, Alert]) -> None:
    conversation, alert = waiting
    floor.member("Priya")
    assert floor.hears(alert, "who takes this?", "Priya") == "stayed"
    assert [author for author, _ in said(floor, conversation)] == ["person"]


def test_who_took_it_in_the_console_is_told_that_the_thread_does_not_speak(
    floor: Floor, waiting: tuple[UUID, Alert]
) -> None:
    conversation, alert = waiting
    priya = floor.member("Priya")
    floor.act(lambda s: service.accept(s, floor.handoff(conversation).id, priya))
    assert "in the console" in floor.thread(alert)[-1]
    assert floor.hears(alert, "hello there", "Priya") == "stayed"
    assert floor.asides("Priya") == [words.NOT_FROM_HERE.format(name="A visitor")]
    assert floor.hears(alert, "!take", "Priya") == "took"
    assert floor.hears(alert, "hello there", "Priya") == "said"
    floor.act(lambda s: service.say(s, floor.handoff(conversation).id, priya, "from the console"))
    assert floor.thread(alert)[-1] == "**Priya:** from the console"


def test_a_stranger_never_speaks_to_the_person(floor: Floor, waiting: tuple[UUID, Alert]) -> None:
    conversation, alert = waiting
    assert floor.press(alert, "Mallory") == "stranger"
    floor.member("Priya")
    floor.press(alert, "Priya")
    for words_ in ("hello, your password please", "!reply hello", "!end"):
        assert floor.hears(alert, words_, "Mallory") == "stranger"
    assert [author for author, _ in said(floor, conversation)] == ["person"]
    assert floor.owner(conversation) == "human"


def test_who_works_elsewhere_may_not_take_it(floor: Floor, waiting: tuple[UUID, Alert]) -> None:
    conversation, alert = waiting
    sam = floor.member("Sam")

    def moves(session: Session) -> None:
        from helpsage.departments.models import Department

        home = Department(key="hr", name="Personnel", widget_key="hr", created_at=floor.now)
        session.add(home)
        session.flush()
        team = Team(department_id=home.id, name="Payroll", key="payroll", created_at=floor.now)
        session.add(team)
        session.flush()
        session.delete(session.get_one(TeamMember, (floor.team, sam.account_id)))
        session.add(TeamMember(team_id=team.id, account_id=sam.account_id))

    floor.do(moves)
    assert floor.press(alert, "Sam") == "refused"
    assert floor.owner(conversation) == "queued"


def test_giving_back_tells_the_person_what_came_of_it(floor: Floor, waiting: tuple[UUID, Alert]) -> None:
    conversation, alert = waiting
    floor.member("Priya")
    floor.press(alert, "Priya")
    assert floor.hears(alert, "!end The router was off.", "Priya") == "ended"
    assert floor.owner(conversation) == "bot"
    assert "The router was off." in floor.told(conversation)[-1]
    assert "The chat is over" in floor.thread(alert)[-1]
    assert floor.card(alert)["pressed"] == "Over, Priya had it"
    assert floor.hears(alert, "one more thing", "Priya") == "refused"
    assert said(floor, conversation)[-1] != ("agent", "one more thing")


def test_a_ticket_made_in_the_thread_goes_on_there(floor: Floor, waiting: tuple[UUID, Alert]) -> None:
    conversation, alert = waiting
    priya = floor.member("Priya", team=False)
    floor.press(alert, "Priya")
    assert floor.hears(alert, "!ticket Wi-Fi in room 12", "Priya") == "ticket"
    ticket_id = floor.handoff(conversation).ticket_id
    assert len(floor.alerts()) == 1, "the ticket has a second card in the same place"
    assert floor.hears(alert, "still in the chat", "Priya") == "said"
    floor.hears(alert, "!end", "Priya")
    with floor.new() as session:
        ticket = session.get_one(Ticket, ticket_id)
        assert (ticket.subject, ticket.assignee_id) == ("Wi-Fi in room 12", priya.account_id)
    assert "plain words are notes again" in floor.thread(alert)[-1]
    assert floor.hears(alert, "he lives on the third floor", "Priya") == "note"
    assert ("internal", "Priya", "he lives on the third floor") in floor.entries(ticket)


def test_what_nobody_answers_becomes_a_ticket_and_its_card_the_tickets(
    floor: Floor, waiting: tuple[UUID, Alert]
) -> None:
    conversation, alert = waiting
    floor.passes(minutes=21)
    floor.follow()
    assert floor.owner(conversation) == "bot"
    (only,) = floor.alerts()
    assert only.conversation_id == alert.conversation_id
    with floor.new() as session:
        ticket = session.get_one(Ticket, floor.handoff(conversation).ticket_id)
    assert floor.card(alert)["ticket"]["reference"] == ticket.reference
    assert floor.card(alert)["pressed"] is None, "nobody has the ticket: it can be taken"
    floor.member("Priya", team=False)
    assert floor.press(alert, "Priya") == "took"


def test_a_ticket_of_another_team_does_not_go_on_in_this_teams_place(floor: Floor, lead: Agent) -> None:
    """Whoever may talk with somebody may not read the ticket of it when that is another team's."""
    floor.place()
    conversation = floor.chat("hello, my salary is wrong")
    floor.asks(conversation)
    (alert,) = floor.alerts()
    floor.passes(minutes=21)
    floor.follow()
    assert "another team's" in floor.thread(alert)[-1]
    with floor.new() as session:
        assert session.get_one(Alert, alert.conversation_id).ticket_id is None


def test_of_many_at_once_in_two_places_and_the_console_one_talks(floor: Floor, lead: Agent) -> None:
    slack, telegram = floor.place(), floor.place("telegram", "-1")
    names = ("Priya", "Sam")
    agents = {name: floor.member(name, ("slack", "telegram")) for name in names}
    for number in range(3):
        conversation = floor.chat(f"chat {number}")
        floor.asks(conversation)
        handoff = floor.handoff(conversation)
        for name in names:
            floor.press(floor.alerts(slack)[-1], name, follow=False)
            floor.press(floor.alerts(telegram)[-1], name, "telegram", "-1", follow=False)
        with floor.new() as session:
            waiting = session.scalars(select(AlertWord.id).where(AlertWord.done_at.is_(None))).all()
        together = Barrier(len(waiting) + 1)

        def pressed(word: int, together: Barrier = together) -> None:
            together.wait()
            alert_jobs.hear(0, "", {"word_id": word})

        def in_console(handoff_id: UUID = handoff.id, together: Barrier = together) -> bool:
            together.wait()
            try:
                with floor.new() as session, session.begin():
                    service.accept(session, handoff_id, lead)
            except service.Taken:
                return False
            return True

        with ThreadPoolExecutor(len(waiting) + 1) as pool:
            presses = [pool.submit(pressed, word) for word in waiting]
            took_it = pool.submit(in_console).result()
            for each in presses:
                each.result()
        floor.follow()
        assert sum("is here now" in told for told in floor.told(conversation)) == 1
        holder = floor.handoff(conversation).agent_id
        with floor.new() as session:
            asked = select(AlertWord).where(AlertWord.id.in_(waiting), AlertWord.outcome == "took")
            won = {agents[word.external_id].account_id for word in session.scalars(asked)}
        assert won == (set() if took_it else {holder})
        assert (holder == lead.account_id) == took_it
        floor.act(lambda s, h=handoff.id: service.file(s, h, "It is late."))


class TestPresence:
    def test_a_connected_place_makes_nobody_present(self, floor: Floor) -> None:
        floor.place()
        floor.member("Priya")
        with pytest.raises(staffing.NobodyThere):
            floor.asks(floor.chat("hello"))

    def test_who_took_a_chat_from_a_thread_is_there_without_a_browser(
        self, floor: Floor, waiting: tuple[UUID, Alert], lead: Agent
    ) -> None:
        conversation, alert = waiting
        floor.member("Priya")
        floor.press(alert, "Priya")
        floor.goes(lead)
        second = floor.chat("hello")
        floor.asks(second)
        assert floor.owner(second) == "queued"
        floor.person(conversation, "are you there?")
        floor.passes(minutes=2)
        assert floor.owner(conversation) == "human", "they are taken for gone although they talk from a thread"

    def test_they_have_the_same_patience_as_anybody(self, floor: Floor, waiting: tuple[UUID, Alert]) -> None:
        conversation, alert = waiting
        floor.member("Priya")
        floor.press(alert, "Priya")
        floor.person(conversation, "are you there?")
        floor.passes(minutes=5)
        floor.follow()
        assert floor.owner(conversation) == "queued"
        assert floor.handoff(conversation).thread_id is None
        assert "Waits again" in floor.thread(alert)[-1]
        assert floor.card(alert)["pressed"] is None
        assert floor.hears(alert, "sorry, here I am", "Priya") == "stayed", "the chat is not theirs any more"

    def test_when_the_chat_is_over_they_are_not_there_any_more(
        self, floor: Floor, waiting: tuple[UUID, Alert], lead: Agent
    ) -> None:
        _, alert = waiting
        floor.member("Priya")
        floor.press(alert, "Priya")
        floor.goes(lead)
        floor.hears(alert, "!end", "Priya")
        with pytest.raises(staffing.NobodyThere):
            floor.asks(floor.chat("hello"), Reason.ASKED)
