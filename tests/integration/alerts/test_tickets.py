"""A team is told of its tickets where it talks; one takes it; the thread and the ticket are the same story."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.alerts import words
from helpsage.alerts.models import Alert, AlertWord
from helpsage.departments.models import Team, TeamMember
from helpsage.events.models import OutboxEvent
from helpsage.jobs import alerts as alert_jobs
from helpsage.people.models import Account, ChannelIdentity, Person
from helpsage.tickets import merge, placing, service, taking
from helpsage.tickets.models import Change, Ticket
from helpsage.tickets.service import Actor
from tests.integration.alerts.conftest import ASHA, Floor

PRIYA = Actor("agent", "Priya")


@pytest.fixture
def told(floor: Floor) -> tuple[Ticket, Alert]:
    """A ticket of the team's, told in its Slack channel."""
    floor.place()
    ticket = floor.ticket()
    (alert,) = floor.alerts()
    return ticket, alert


class TestCards:
    def test_a_new_ticket_is_told_once_with_what_one_needs_to_decide(self, floor: Floor) -> None:
        floor.place()
        ticket = floor.ticket(tone="angry")
        (alert,) = floor.alerts()
        card = floor.card(alert)
        assert card["buttons"] == [{"title": "Take it", "payload": "!take"}]
        assert card["ticket"]["reference"] == ticket.reference
        assert {"subject", "category", "priority", "status_label"} <= set(card["ticket"])
        with floor.new() as session:
            text = session.scalar(select(service.Message.text).where(service.Message.id == alert.message_id)) or ""
        assert "Asha Patel" in text
        assert "sounds angry" in text
        assert f"/agent/tickets/{ticket.reference}" in text

    def test_a_place_for_urgent_ones_hears_of_them_alone(self, floor: Floor) -> None:
        floor.place(tickets="urgent")
        floor.ticket()
        assert floor.alerts() == []
        floor.ticket("Everything is down", priority="urgent")
        assert len(floor.alerts()) == 1

    @pytest.mark.parametrize("how", ["escalated", "urgent later", "alerted"])
    def test_what_becomes_urgent_is_told_there_then(self, floor: Floor, how: str) -> None:
        floor.place(tickets="urgent")
        ticket = floor.ticket()

        def work(session: Session) -> None:
            found = session.get_one(Ticket, ticket.id)
            if how == "escalated":
                service.escalate(session, found, PRIYA, "too hard for us")
            elif how == "urgent later":
                service.change_priority(session, found, "urgent", PRIYA)
            else:
                from helpsage.tickets import changing

                changing.tell(session, found, "ticket.alerted", PRIYA, {"title": "An angry {person}"})

        floor.act(work)
        assert len(floor.alerts()) == 1

    def test_a_team_without_a_place_is_told_in_its_departments(self, floor: Floor) -> None:
        floor.place(team=False)
        floor.ticket()
        assert len(floor.alerts()) == 1
        own = floor.place("telegram", "-1")
        floor.ticket("Another")
        assert len(floor.alerts()) == 2
        assert len(floor.alerts(own)) == 1

    def test_another_teams_tickets_are_not_told(self, floor: Floor) -> None:
        floor.place()

        def elsewhere(session: Session) -> None:
            team = Team(department_id=floor.department.id, name="Payroll", key="payroll", created_at=floor.now)
            session.add(team)
            session.flush()
            floor.team = team.id

        floor.do(elsewhere)
        floor.ticket()
        assert floor.alerts() == []

    def test_a_ticket_that_is_passed_on_is_told_to_its_new_team_and_no_more_to_the_old(
        self, floor: Floor, told: tuple[Ticket, Alert]
    ) -> None:
        ticket, alert = told
        old = floor.team

        def other(session: Session) -> Any:
            team = Team(department_id=floor.department.id, name="Payroll", key="payroll", created_at=floor.now)
            session.add(team)
            session.flush()
            return team.id

        floor.team = floor.do(other)
        there = floor.place("telegram", "-1")
        floor.act(lambda s: placing.change_team(s, s.get_one(Ticket, ticket.id), floor.team, PRIYA))
        assert len(floor.alerts(there)) == 1
        assert "Payroll" in floor.thread(alert)[-1]
        assert floor.card(alert)["pressed"] == words.ELSEWHERE
        floor.act(lambda s: service.comment(s, s.get_one(Ticket, ticket.id), "Hello?", ASHA))
        assert "Payroll" in floor.thread(alert)[-1], "the old team reads on"
        assert "Hello?" in floor.thread(floor.alerts(there)[0])[-1]
        floor.team = old

    def test_an_event_that_is_handled_twice_at_once_tells_once(self, floor: Floor) -> None:
        floor.place()
        ticket = floor.ticket()
        with floor.new() as session, session.begin():
            for alert in session.scalars(select(Alert)):
                session.delete(alert)
            event = session.scalars(select(OutboxEvent).where(OutboxEvent.kind == "ticket.opened")).one()
        with ThreadPoolExecutor(4) as pool:
            work = [pool.submit(alert_jobs.tell, event.id, str(ticket.id), event.payload) for _ in range(4)]
            for each in work:
                each.result()
        assert len(floor.alerts()) == 1


class TestTaking:
    def test_whoever_presses_has_it_and_everybody_sees_so(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        priya = floor.member("Priya")
        assert floor.press(alert, "Priya") == "took"
        assert floor.again(ticket).assignee_id == priya.account_id
        assert floor.card(alert)["pressed"] == "Priya has it"
        assert floor.thread(alert) == ["**Priya** has it."]
        assert ticket.reference in floor.asides("Priya")[-1]

    def test_the_second_reads_who_was_faster_and_changes_nothing(
        self, floor: Floor, told: tuple[Ticket, Alert]
    ) -> None:
        ticket, alert = told
        priya, _ = floor.member("Priya"), floor.member("Sam")
        floor.press(alert, "Priya")
        assert floor.press(alert, "Sam") == "taken"
        assert floor.again(ticket).assignee_id == priya.account_id
        assert floor.asides("Sam") == ["Priya was faster."]

    def test_of_many_at_once_from_two_applications_and_the_console_one_wins(self, floor: Floor) -> None:
        """Presses in Slack and in Telegram and the console's own button, at the same moment, five times over."""
        slack, telegram = floor.place(), floor.place("telegram", "-1")
        names = ("Priya", "Sam", "Noor")
        agents = {name: floor.member(name, ("slack", "telegram")) for name in names}
        console = floor.member("Console")
        for number in range(5):
            ticket = floor.ticket(f"Ticket {number}")
            cards = (floor.alerts(slack)[-1], floor.alerts(telegram)[-1])
            for name in names:
                floor.press(cards[0], name, follow=False)
                floor.press(cards[1], name, "telegram", "-1", follow=False)
            with floor.new() as session:
                asked = select(AlertWord.id).where(AlertWord.done_at.is_(None))
                waiting = session.scalars(asked).all()
            assert len(waiting) == 6
            together = Barrier(len(waiting) + 1)

            def pressed(word: int, together: Barrier = together) -> None:
                together.wait()
                alert_jobs.hear(0, "", {"word_id": word})

            def in_console(ticket: Ticket = ticket, together: Barrier = together) -> bool:
                with floor.new() as session, session.begin():
                    found = session.get_one(Ticket, ticket.id)
                    together.wait()
                    try:
                        taking.take(session, found, console.account_id, console.actor)
                    except taking.AlreadyTaken:
                        return False
                    return True

            with ThreadPoolExecutor(len(waiting) + 1) as pool:
                presses = [pool.submit(pressed, word) for word in waiting]
                took_it = pool.submit(in_console).result()
                for each in presses:
                    each.result()
            floor.follow()
            with floor.new() as session:
                lines = session.scalars(
                    select(Change).where(Change.ticket_id == ticket.id, Change.action == "assigned")
                ).all()
                won = session.scalars(
                    select(AlertWord).where(AlertWord.id.in_(waiting), AlertWord.outcome == "took")
                ).all()
            assert len(lines) == 1, "exactly one of them got it"
            holder = floor.again(ticket).assignee_id
            if took_it:
                assert (holder, won) == (console.account_id, [])
            else:
                assert {agents[word.external_id].account_id for word in won} == {holder}
            shown = {floor.card(card)["pressed"] for card in cards}
            assert len(shown) == 1, "both places show the same"

    def test_it_is_offered_again_when_it_is_given_back(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        floor.member("Priya")
        floor.press(alert, "Priya")
        assert floor.hears(alert, "!release", "Priya") == "released"
        card = floor.card(alert)
        assert card["pressed"] is None
        assert card["buttons"]
        assert floor.again(ticket).assignee_id is None

    def test_what_the_console_does_is_shown(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        priya = floor.member("Priya")
        floor.act(lambda s: service.assign(s, s.get_one(Ticket, ticket.id), priya.account_id, priya.actor))
        assert floor.card(alert)["pressed"] == "Priya has it"
        floor.act(lambda s: service.close(s, s.get_one(Ticket, ticket.id), priya.actor))
        assert floor.card(alert)["pressed"] == "Closed, Priya had it"
        assert floor.press(alert, "Priya") == "refused"

    def test_a_merged_one_is_not_taken(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        floor.member("Priya")
        other = floor.ticket("The same")
        floor.act(
            lambda s: merge.merge(
                s, s.get_one(Ticket, ticket.id), s.get_one(Ticket, other.id), PRIYA, other_person=True
            )
        )
        assert floor.press(alert, "Priya") == "refused"
        assert other.reference in floor.thread(alert)[-1]


class TestWho:
    def test_a_stranger_is_told_alone_how_to_link_and_changes_nothing(
        self, floor: Floor, told: tuple[Ticket, Alert]
    ) -> None:
        ticket, alert = told
        assert floor.press(alert, "Mallory") == "stranger"
        assert floor.again(ticket).assignee_id is None
        assert floor.asides("Mallory") == [words.STRANGER]
        assert floor.thread(alert) == []

    def test_a_strangers_words_reach_nobody_and_are_told_of_once(
        self, floor: Floor, told: tuple[Ticket, Alert]
    ) -> None:
        ticket, alert = told
        for said in ("!reply Your password please?", "and now?", "!resolve"):
            assert floor.hears(alert, said, "Mallory") == "stranger"
        assert floor.entries(ticket) == []
        assert floor.again(ticket).status == "open"
        assert floor.asides("Mallory") == [words.STRANGER_WORDS]

    def test_an_identity_that_nobody_proved_counts_for_nothing(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        priya = floor.member("Priya", ())
        floor.do(
            lambda s: s.add(
                ChannelIdentity(
                    channel="slack", external_id="Priya", person_id=priya.actor.person_id, created_at=floor.now
                )
            )
        )
        assert floor.press(alert, "Priya") == "stranger"
        assert floor.again(ticket).assignee_id is None

    @pytest.mark.parametrize("how", ["switched off", "no staff any more"])
    def test_who_does_not_work_here_any_more_is_a_stranger(
        self, floor: Floor, told: tuple[Ticket, Alert], how: str
    ) -> None:
        _, alert = told
        priya = floor.member("Priya")

        def work(session: Session) -> None:
            account = session.get_one(Account, priya.account_id)
            if how == "switched off":
                account.disabled_at = floor.now
            else:
                account.role = "requester"

        floor.do(work)
        assert floor.press(alert, "Priya") == "stranger"

    def test_the_table_of_roles_and_teams_holds_here_too(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        sam = floor.member("Sam")

        def moves(session: Session) -> None:
            team = Team(department_id=floor.department.id, name="Payroll", key="payroll", created_at=floor.now)
            session.add(team)
            session.flush()
            session.delete(session.get_one(TeamMember, (floor.team, sam.account_id)))
            session.add(TeamMember(team_id=team.id, account_id=sam.account_id))

        floor.do(moves)
        for said in ("!take", "a note", "!reply words", "!resolve", "!status"):
            assert floor.hears(alert, said, "Sam") == "refused"
        assert floor.press(alert, "Sam") == "refused"
        assert floor.entries(ticket) == []
        assert set(floor.asides("Sam")) == {f"Your account may not do that with {ticket.reference}."}

    def test_where_a_second_factor_is_asked_for_only_a_vouched_workspace_counts(
        self, floor: Floor, told: tuple[Ticket, Alert], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ticket, alert = told
        floor.member("Priya")
        monkeypatch.setenv("HELPSAGE_STAFF_TWO_FACTOR", "true")
        settings.get.cache_clear()
        try:
            assert floor.press(alert, "Priya") == "refused"
            assert floor.again(ticket).assignee_id is None
            floor.trust()
            assert floor.press(alert, "Priya") == "took"
        finally:
            monkeypatch.undo()
            settings.get.cache_clear()

    def test_a_press_that_names_a_card_of_another_place_does_nothing(
        self, floor: Floor, told: tuple[Ticket, Alert]
    ) -> None:
        ticket, alert = told
        floor.member("Priya", ("slack", "telegram"))
        floor.place("telegram", "-1")
        assert floor.press(alert, "Priya", "telegram", "-1") == "nothing"
        assert floor.again(ticket).assignee_id is None

    def test_a_profile_of_a_trusted_workspace_is_enough(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        priya = floor.member("Priya", ())

        def read(session: Session) -> None:
            email = session.get_one(Account, priya.account_id).email
            session.get_one(Person, priya.actor.person_id).email = email
            stranger = Person(name="Priya")
            session.add(stranger)
            session.flush()
            session.add(
                ChannelIdentity(
                    channel="slack",
                    external_id="Priya",
                    person_id=stranger.id,
                    profile_email=email,
                    created_at=floor.now,
                )
            )

        floor.do(read)
        assert floor.press(alert, "Priya") == "took"
        assert floor.again(ticket).assignee_id == priya.account_id


class TestThread:
    def test_plain_words_are_a_note_and_marked_ones_a_reply(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        floor.member("Priya")
        assert floor.hears(alert, "I think he broke it himself", "Priya") == "note"
        assert floor.hears(alert, "!reply Please restart the router.", "Priya") == "reply"
        assert floor.hears(alert, "!note watch this one", "Priya") == "note"
        assert floor.entries(ticket) == [
            ("internal", "Priya", "I think he broke it himself"),
            ("public", "Priya", "Please restart the router."),
            ("internal", "Priya", "watch this one"),
        ]
        assert floor.again(ticket).status == "in_progress"

    def test_what_came_from_the_thread_is_not_told_there_again(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        floor.member("Priya")
        other = floor.place("telegram", "-1")
        floor.act(lambda s: service.change_priority(s, s.get_one(Ticket, ticket.id), "urgent", PRIYA))
        (there,) = floor.alerts(other)
        floor.hears(alert, "a note of ours", "Priya")
        floor.hears(alert, "!reply words of ours", "Priya")
        here = "\n".join(floor.thread(alert))
        assert "a note of ours" not in here
        assert "words of ours" not in here
        assert words.SENT.format(requester="Asha Patel", name="Priya") in here
        elsewhere = "\n".join(floor.thread(there))
        assert "**Priya** noted, among staff:\n\na note of ours" in elsewhere
        assert "**Priya** answered Asha Patel:\n\nwords of ours" in elsewhere

    def test_what_happens_elsewhere_is_told_with_its_author(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told

        def work(session: Session) -> None:
            found = session.get_one(Ticket, ticket.id)
            service.comment(session, found, "It is *still* gone", ASHA)
            service.note(session, found, "look at the switch", PRIYA)
            service.reply(session, found, "We are on it.", PRIYA)
            service.change_status(session, found, "resolved", PRIYA, "replaced")

        floor.act(work)
        assert floor.thread(alert) == [
            "**Asha Patel** wrote:\n\nIt is *still* gone",
            "**Priya** noted, among staff:\n\nlook at the switch",
            "**Priya** answered Asha Patel:\n\nWe are on it.",
            "**Priya** set it to “in progress”.",
            "**Priya** set it to “resolved”. Reason: replaced",
        ]

    def test_one_message_is_one_note_however_often_it_is_brought(
        self, floor: Floor, told: tuple[Ticket, Alert]
    ) -> None:
        ticket, alert = told
        floor.member("Priya")
        assert floor.hears(alert, "once", "Priya", key="C:1") == "note"
        assert floor.hears(alert, "once", "Priya", key="C:1") == ""
        assert len(floor.entries(ticket)) == 1

    def test_a_mark_that_nobody_knows_sends_and_keeps_nothing(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        floor.member("Priya")
        assert floor.hears(alert, "!rpely Hello", "Priya") == "unknown"
        assert floor.hears(alert, "!reply", "Priya") == "refused"
        assert floor.entries(ticket) == []
        assert "rpely" in floor.asides("Priya")[0]

    def test_resolving_says_nothing_to_the_requester(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        floor.member("Priya")
        assert floor.hears(alert, "!resolve he had unplugged it", "Priya") == "resolved"
        assert floor.entries(ticket) == []
        assert floor.again(ticket).status == "resolved"

    def test_status_is_told_to_whoever_asks_alone(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        floor.member("Priya")
        assert floor.hears(alert, "!status", "Priya") == "status"
        assert floor.asides("Priya") == [f"{ticket.reference}: open, priority normal, nobody has it."]
        assert floor.thread(alert) == []

    def test_an_edited_note_is_a_new_note_and_an_edited_reply_is_not_sent_again(
        self, floor: Floor, told: tuple[Ticket, Alert]
    ) -> None:
        ticket, alert = told
        floor.member("Priya")
        floor.hears(alert, "the swich is dead", "Priya", key="C:1")
        floor.hears(alert, "the switch is dead", "Priya", key="C:1#2", kind_of_word="edited")
        floor.hears(alert, "!reply Restart it", "Priya", key="C:2")
        floor.hears(alert, "!reply Restart it twice", "Priya", key="C:2#2", kind_of_word="edited")
        floor.hears(alert, "!reply the switch is dead", "Priya", key="C:1#3", kind_of_word="edited")
        assert [entry[0::2] for entry in floor.entries(ticket)] == [
            ("internal", "the swich is dead"),
            ("internal", words.EDITED_NOTE.format(text="the switch is dead")),
            ("public", "Restart it"),
        ]
        assert floor.asides("Priya") == [words.EDITED_REPLY.format(name="Asha Patel"), words.EDITED_NO_REPLY]

    def test_what_is_deleted_there_stays_and_they_are_told(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        ticket, alert = told
        floor.member("Priya")
        floor.hears(alert, "a secret", "Priya", key="C:1")
        floor.hears(alert, "", "Priya", key="C:1#deleted", kind_of_word="deleted")
        assert len(floor.entries(ticket)) == 1
        assert ticket.reference in floor.asides("Priya")[0]

    def test_the_words_are_kept_on_the_ticket_alone(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        _, alert = told
        floor.member("Priya")
        floor.hears(alert, "kept there", "Priya")
        floor.hears(alert, "of a stranger", "Mallory")
        with floor.new() as session:
            assert {word.text for word in session.scalars(select(AlertWord))} == {""}


class TestConnecting:
    def test_a_code_works_once_and_for_an_hour(self, floor: Floor) -> None:
        from helpsage.alerts import places
        from helpsage.alerts.models import AlertPlace

        def make(session: Session) -> str:
            row = AlertPlace(name="#late", department_id=floor.department.id, created_at=floor.now)
            session.add(row)
            session.flush()
            return places.new_code(session, row)

        late = floor.do(make)
        floor.passes(minutes=61)
        assert floor.hears(None, late, "Ada", where="T:C9", kind_of_word="connect") == "refused"
        code = floor.do(make)
        assert floor.hears(None, code.lower(), "Ada", where="T:C9", kind_of_word="connect") == "connected"
        assert floor.hears(None, code, "Ada", where="T:C8", kind_of_word="connect") == "refused"
        assert floor.asides("Ada") == [words.BAD_CODE, words.CONNECTED_BY, words.BAD_CODE]

    def test_a_channel_is_one_place(self, floor: Floor) -> None:
        from helpsage.alerts import places
        from helpsage.alerts.models import AlertPlace

        floor.place()

        def make(session: Session) -> str:
            row = AlertPlace(name="#again", department_id=floor.department.id, created_at=floor.now)
            session.add(row)
            session.flush()
            return places.new_code(session, row)

        code = floor.do(make)
        assert floor.hears(None, code, "Ada", kind_of_word="connect") == "refused"
        assert floor.asides("Ada") == [words.ALREADY.format(name="#slack")]

    def test_a_place_that_was_removed_hears_and_is_told_nothing(self, floor: Floor, told: tuple[Ticket, Alert]) -> None:
        from helpsage.alerts.models import AlertPlace

        ticket, alert = told
        floor.member("Priya")

        def removed(session: Session) -> None:
            session.get_one(AlertPlace, alert.place_id).removed_at = floor.now

        floor.do(removed)
        assert floor.press(alert, "Priya") == "nothing"
        floor.act(lambda s: service.comment(s, s.get_one(Ticket, ticket.id), "Hello?", ASHA))
        assert floor.thread(alert) == []
