"""Asked for, waited for, accepted by one, passed on, ended."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.conversations import dialogue, ownership
from helpsage.conversations.models import Conversation, Message, Tracker, TrackerEvent
from helpsage.handoff import learned, service
from helpsage.handoff.models import Handoff, Reason
from helpsage.handoff.service import Agent, NobodyThere, NotYours, Over, Taken, TooMany, UnknownColleague
from helpsage.service_levels import levels
from helpsage.tickets import service as tickets
from helpsage.tickets.actor import Actor
from helpsage.tickets.models import Ticket
from tests.integration.handoff.conftest import Desk
from tests.integration.tickets.conftest import new_ticket


def accept(desk: Desk, conversation: UUID, agent: Agent) -> Handoff:
    found: Handoff = desk.act(lambda s: service.accept(s, desk.handoff(conversation).id, agent))
    return found


class TestAsking:
    def test_whoever_asks_waits_and_hears_where_they_stand(self, desk: Desk) -> None:
        desk.agent("Priya")
        first, second = desk.chat("my laptop is dead"), desk.chat("hello")
        assert desk.asks(first).number == 1
        assert desk.asks(second).number == 2
        assert desk.owner(first) == desk.owner(second) == "queued"

    def test_asking_twice_keeps_the_place(self, desk: Desk) -> None:
        desk.agent("Priya")
        chat = desk.chat("hello")
        desk.asks(chat)
        desk.asks(desk.chat("me too"))
        assert desk.asks(chat).number == 1

    def test_the_urgent_come_first(self, desk: Desk) -> None:
        desk.agent("Priya")
        calm, angry = desk.chat("hello"), desk.chat("this is ridiculous")
        desk.asks(calm)
        assert desk.asks(angry, Reason.ANGRY, urgent=True).number == 1

    def test_every_change_is_logged_and_told(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = desk.chat("hello")
        desk.asks(chat)
        accept(desk, chat, priya)
        desk.act(lambda s: service.give_back(s, desk.handoff(chat).id, priya, "All good."))
        with desk.new() as session:
            log = ownership.history(session, chat)
        assert [(each.owner_before, each.step, each.owner_after, each.actor_name) for each in log] == [
            ("bot", "asked", "queued", ""),
            ("queued", "accepted", "human", "Priya"),
            ("human", "returned", "bot", "Priya"),
        ]

    @pytest.mark.parametrize(
        "absence", [{}, {"away_since": "now"}, {"takes_chats": False}], ids=["left", "away", "no chats"]
    )
    def test_nobody_there_is_said_at_once(self, desk: Desk, absence: dict[str, object]) -> None:
        known = {name: desk.now if value == "now" else value for name, value in absence.items()}
        agent = desk.agent("Priya", **known)
        if not absence:
            desk.goes(agent)
        chat = desk.chat("hello")
        with pytest.raises(NobodyThere) as nobody:
            desk.asks(chat)
        assert nobody.value.open
        assert desk.owner(chat) == "bot"

    def test_after_hours_it_is_said_when_people_are_back(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        office_hours(monkeypatch)
        desk.agent("Priya")
        desk.now = desk.now.replace(hour=20)
        desk.still_here()
        with pytest.raises(NobodyThere) as nobody:
            desk.asks(desk.chat("hello"))
        assert not nobody.value.open
        assert nobody.value.opens_at == desk.now.replace(day=5, hour=9)

    def test_other_departments_agents_count_not(self, desk: Desk) -> None:
        desk.agent("Priya")
        chat = desk.chat("hello")

        def elsewhere(session: Session) -> None:
            from helpsage.departments.models import Department

            other = Department(key="library", name="Library", widget_key="lib")
            session.add(other)
            session.flush()
            session.get_one(Conversation, chat).department_id = other.id

        desk.do(elsewhere)
        with pytest.raises(NobodyThere):
            desk.asks(chat)


def office_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Monday to Friday, nine to five."""
    import yaml

    raw = yaml.safe_load(levels.FILE.read_text())
    days = {day: ["09:00-17:00"] if day not in ("sat", "sun") else [] for day in raw["calendars"]["always"]["hours"]}
    raw["calendars"]["always"]["hours"] = days
    built = levels.build(raw)
    monkeypatch.setattr(levels, "load", lambda: built)


class TestExpectedWait:
    def test_nobody_knows_at_first(self, desk: Desk) -> None:
        desk.agent("Priya")
        assert desk.asks(desk.chat("hello")).wait is None

    def test_it_is_the_median_of_comparable_waits_for_each_place(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        for seconds in (60, 120, 120, 180, 1100):
            chat = desk.chat("hello")
            desk.asks(chat)
            desk.now += timedelta(seconds=seconds, milliseconds=-1)
            desk.still_here()
            accept(desk, chat, priya)
            desk.act(lambda s, chat=chat: service.give_back(s, desk.handoff(chat).id, priya))
        place = desk.asks(desk.chat("hello"))
        assert place.wait is not None
        assert place.wait.total_seconds() == 120
        second = desk.asks(desk.chat("hello"))
        assert second.wait is not None
        assert second.wait.total_seconds() == 240

    def test_what_was_weeks_ago_counts_at_this_hour_of_the_day_only(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        for _ in range(5):
            chat = desk.chat("hello")
            desk.asks(chat)
            desk.now += timedelta(seconds=60, milliseconds=-1)
            accept(desk, chat, priya)
            desk.act(lambda s, chat=chat: service.give_back(s, desk.handoff(chat).id, priya))
        desk.now += timedelta(days=7)
        desk.still_here()
        place = desk.asks(desk.chat("hello"))
        assert place.wait is not None
        assert place.wait.total_seconds() == 60
        desk.now += timedelta(hours=6)
        desk.still_here()
        assert desk.asks(desk.chat("hello")).wait is None


class TestAccepting:
    def test_the_person_reads_who_has_come(self, desk: Desk) -> None:
        priya = desk.agent("Priya_Raman")
        chat = desk.chat("hello")
        desk.asks(chat)
        accept(desk, chat, priya)
        assert desk.owner(chat) == "human"
        assert "Priya\\_Raman" in desk.told(chat)[-1]

    def test_of_many_who_try_at_once_one_wins(self, desk: Desk) -> None:
        agents = [desk.agent(f"Agent {n}") for n in range(6)]
        for _ in range(5):
            chat = desk.chat("hello")
            desk.asks(chat)
            waiting = desk.handoff(chat).id
            start = threading.Barrier(len(agents))

            def attempt(agent: Agent, waiting: UUID = waiting, start: threading.Barrier = start) -> str:
                start.wait()
                try:
                    desk.do(lambda s: service.accept(s, waiting, agent))
                except Taken as taken:
                    return taken.name
                except TooMany:
                    return "full"
                return "won"

            with ThreadPoolExecutor(len(agents)) as pool:
                results = list(pool.map(attempt, agents))
            assert results.count("won") == 1
            winner = agents[results.index("won")]
            assert desk.handoff(chat).agent_id == winner.account_id
            assert {each for each in results if each not in ("won", "full")} <= {winner.name}
            assert len(desk.told(chat)) == 1, "the person is told once"

    def test_an_agent_has_no_more_chats_than_allowed(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        for _ in range(4):
            chat = desk.chat("hello")
            desk.asks(chat)
            accept(desk, chat, priya)
        fifth = desk.chat("hello")
        desk.asks(fifth)
        with pytest.raises(TooMany):
            accept(desk, fifth, priya)

    def test_an_agent_begins_from_a_ticket(self, desk: Desk) -> None:
        priya, sam = desk.agent("Priya"), desk.agent("Sam")
        chat = desk.chat("the printer jams")
        ticket = desk.do(lambda s: tickets.open_ticket(s, new_ticket(conversation_id=chat), Actor("requester")))
        desk.act(lambda s: service.start(s, chat, priya, s.get_one(Ticket, ticket.id)))
        assert ticket.reference in desk.told(chat)[-1]
        with pytest.raises(Taken):
            desk.act(lambda s: service.start(s, chat, sam))

    def test_words_both_ways_make_no_ticket_by_themselves(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = desk.chat("hello")
        desk.asks(chat)
        accept(desk, chat, priya)
        for _ in range(2):
            desk.act(lambda s: service.say(s, desk.handoff(chat).id, priya, "What is on the screen?", "k1"))
        desk.person(chat, "a blue light")
        with desk.new() as session:
            said = session.scalars(select(Message).where(Message.conversation_id == chat).order_by(Message.seq)).all()
            assert session.scalars(select(Ticket)).all() == []
        assert [each.text for each in said[-2:]] == ["What is on the screen?", "a blue light"]

    def test_only_who_has_it_writes(self, desk: Desk) -> None:
        priya, sam = desk.agent("Priya"), desk.agent("Sam")
        chat = desk.chat("hello")
        desk.asks(chat)
        accept(desk, chat, priya)
        with pytest.raises(NotYours):
            desk.act(lambda s: service.say(s, desk.handoff(chat).id, sam, "I know better"))


class TestPassingOn:
    def test_to_a_colleague_who_has_to_take_it(self, desk: Desk) -> None:
        priya, sam = desk.agent("Priya"), desk.agent("Sam")
        chat = desk.chat("hello")
        desk.asks(chat)
        accept(desk, chat, priya)
        desk.act(lambda s: service.transfer(s, desk.handoff(chat).id, priya, account_id=sam.account_id, note="VIP"))
        assert desk.owner(chat) == "queued"
        assert "Sam" in desk.told(chat)[-1]
        assert "VIP" not in " ".join(desk.told(chat))
        accept(desk, chat, sam)
        assert desk.owner(chat) == "human"

    def test_not_to_somebody_who_is_not_there(self, desk: Desk) -> None:
        priya, sam = desk.agent("Priya"), desk.agent("Sam")
        desk.goes(sam)
        chat = desk.chat("hello")
        desk.asks(chat)
        accept(desk, chat, priya)
        with pytest.raises(UnknownColleague):
            desk.act(lambda s: service.transfer(s, desk.handoff(chat).id, priya, account_id=sam.account_id))
        assert desk.owner(chat) == "human"


class TestEnding:
    def test_the_assistant_gets_it_back_with_a_summary_and_an_empty_form(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = desk.chat("the wifi is down in the library")
        self.form_is_open(desk, chat)
        desk.asks(chat)
        accept(desk, chat, priya)
        desk.act(lambda s: service.give_back(s, desk.handoff(chat).id, priya, "A new router comes on Friday."))
        assert desk.owner(chat) == "bot"
        assert "A new router comes on Friday." in desk.told(chat)[-1]
        with desk.new() as session:
            assert "ticket_draft" not in dialogue.slots(session, f"web:{chat}")
            tracker = session.get_one(Tracker, f"web:{chat}")
            newest = session.scalars(select(TrackerEvent.n).order_by(TrackerEvent.n.desc())).first()
        assert newest == tracker.version - 1

    @staticmethod
    def form_is_open(desk: Desk, chat: UUID) -> None:
        draft = {
            "category": "wifi_problem",
            "description": "the wifi is down in the library",
            "answers": {"place": {"value": "library", "shown": "Library", "more": {}}},
            "email": "ada@example.org",
        }
        kept = [
            {"event": "active_loop", "name": "ticket_form"},
            {"event": "slot", "name": "ticket_draft", "value": draft},
        ]

        def work(session: Session) -> None:
            conversation = session.get_one(Conversation, chat)
            conversation.sender_id = f"web:{chat}"
            session.add(Tracker(sender_id=f"web:{chat}", version=2, window_start=0))
            session.flush()
            session.add_all(TrackerEvent(sender_id=f"web:{chat}", n=n, data=data) for n, data in enumerate(kept))

        desk.do(work)

    def test_what_the_assistant_learned_is_there_for_the_agent_and_the_ticket(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = desk.chat("THE WIFI IS DOWN AGAIN, this is unacceptable!!!")
        self.form_is_open(desk, chat)
        desk.asks(chat)
        accept(desk, chat, priya)
        with desk.new() as session:
            known = learned.of(session, session.get_one(Conversation, chat))
        assert known.category is not None
        assert known.category.name == "wifi_problem"
        assert known.email == "ada@example.org"
        assert known.tone == "angry"
        assert [value for _, value in known.answers] == ["Library"]
        ticket = desk.act(lambda s: service.make_ticket(s, desk.handoff(chat).id, priya))
        assert (ticket.category, ticket.assignee_id) == ("wifi_problem", priya.account_id)
        assert ticket.details["place"] == "library"
        assert desk.owner(chat) == "human", "the chat goes on"

    def test_what_was_said_after_the_ticket_is_written_up_on_it_once(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = desk.chat("the projector is broken")
        desk.asks(chat)
        accept(desk, chat, priya)
        ticket = desk.act(lambda s: service.make_ticket(s, desk.handoff(chat).id, priya))
        desk.act(lambda s: service.say(s, desk.handoff(chat).id, priya, "Try the other cable."))
        desk.person(chat, "that helped")
        desk.act(lambda s: service.give_back(s, desk.handoff(chat).id, priya, "The cable was it."))
        with desk.new() as session:
            (note,) = tickets.thread(session, session.get_one(Ticket, ticket.id))
        assert note.visibility == "internal"
        for words in ("The cable was it.", "**Priya:** Try the other cable.", "that helped"):
            assert words in note.body

    @pytest.mark.parametrize("words", ["never mind", "Cancel!"], ids=["words", "exclaimed"])
    def test_whoever_no_longer_wants_to_wait_says_so(self, desk: Desk, words: str) -> None:
        desk.agent("Priya")
        chat = desk.chat("hello")
        desk.asks(chat)
        desk.person(chat, words)
        assert desk.owner(chat) == "bot"
        assert desk.handoff(chat).outcome == "left"

    def test_a_button_makes_a_ticket_instead(self, desk: Desk) -> None:
        desk.agent("Priya")
        chat = desk.chat("my chair is broken")
        desk.asks(chat)
        desk.person(chat, "Make it a ticket", payload=service.TICKET_INSTEAD)
        with desk.new() as session:
            (ticket,) = session.scalars(select(Ticket)).all()
        assert ticket.description == "my chair is broken"
        assert ticket.reference in desk.told(chat)[-1]
        assert desk.owner(chat) == "bot"

    def test_what_is_over_is_over(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = desk.chat("hello")
        desk.asks(chat)
        desk.person(chat, "cancel")
        with pytest.raises(Over):
            accept(desk, chat, priya)

    def test_words_that_the_worker_reads_late_make_no_ticket(self, desk: Desk) -> None:
        priya = desk.agent("Priya")
        chat = desk.chat("hello")
        desk.asks(chat)
        accept(desk, chat, priya)
        late = desk.person(chat, "one more thing")
        desk.act(lambda s: service.give_back(s, desk.handoff(chat).id, priya))
        from helpsage.jobs import chat as jobs

        jobs.add_words_to_ticket(1, str(chat), {"message_id": late.id})
        with desk.new() as session:
            assert session.scalars(select(Ticket)).all() == []
