"""Quiet hours, digests, and letters that can be stopped."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.departments.models import TeamMember
from helpsage.events import outbox
from helpsage.jobs import notify
from helpsage.mail.models import Mail
from helpsage.notify import manner, unsubscribe
from helpsage.notify.models import Delivery, Rhythm
from helpsage.people import preferences
from helpsage.people.models import Person
from helpsage.people.preferences import Channel, Event
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from tests.integration.notify.conftest import PRIYA, Desk

NIGHT = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)


@pytest.fixture
def asha(desk: Desk) -> Person:
    return desk.person()


@pytest.fixture
def ticket(desk: Desk, asha: Person) -> Ticket:
    return desk.ticket(asha)


def choose(desk: Desk, person_id: Any, rhythm: Rhythm = Rhythm.AT_ONCE, quiet: bool = False) -> None:
    begins, ends = (time(22), time(7)) if quiet else (None, None)
    desk.do(lambda session: manner.choose(session, person_id, rhythm, time(8), "UTC", begins, ends))


def reply(ticket: Ticket, words: str = "words"):  # type: ignore[no-untyped-def]
    return lambda session: service.reply(session, service.by_id(session, ticket.id), words, PRIYA)


def look(desk: Desk, at: datetime) -> list[Mail]:
    """What the job of every minute sends at this moment, run twice."""
    before = {letter.id for letter in desk.letters()}
    with clock.frozen(at):
        notify.due(0)
        notify.due(0)
    return [letter for letter in desk.letters() if letter.id not in before]


def test_what_comes_at_night_waits_for_the_morning(desk: Desk, ticket: Ticket) -> None:
    choose(desk, ticket.requester_id, quiet=True)
    with clock.frozen(NIGHT):
        assert desk.happen(reply(ticket, "Good night.")) == []
    assert look(desk, MORNING - timedelta(minutes=1)) == []
    [letter] = look(desk, MORNING)
    assert "Good night." in letter.text
    assert look(desk, MORNING + timedelta(hours=1)) == []


def test_what_cannot_wait_reaches_staff_at_night(desk: Desk, ticket: Ticket) -> None:
    ravi = desk.colleague("Ravi")
    desk.happen(lambda session: service.assign(session, service.by_id(session, ticket.id), ravi.id, PRIYA))
    choose(desk, ravi.person_id, Rhythm.DAILY, quiet=True)
    payload = {"actor_kind": "system", "accounts": [str(ravi.id)]}
    with clock.frozen(NIGHT):
        letters = desk.happen(lambda session: outbox.record(session, "ticket.breached", ticket.id, payload))
        assert [letter.recipient for letter in letters] == ["ravi@desk.example"]
        assert desk.happen(lambda session: outbox.record(session, "ticket.due_soon", ticket.id, payload)) == []


def test_a_digest_tells_everything_once_in_one_letter(desk: Desk, ticket: Ticket, asha: Person) -> None:
    other = desk.ticket(asha)
    choose(desk, asha.id, Rhythm.DAILY)
    with clock.frozen(NIGHT):
        assert desk.happen(reply(ticket, "one")) == []
        assert desk.happen(reply(other, "two")) == []
        solved = lambda session: service.change_status(session, service.by_id(session, other.id), "resolved", PRIYA)  # noqa: E731
        assert desk.happen(solved) == []
    assert look(desk, MORNING) == []
    [letter] = look(desk, MORNING + timedelta(hours=1))
    assert "3 things happened" in letter.subject
    assert letter.text.count(ticket.reference) >= 1
    assert f"/my/tickets/{other.reference}" in (letter.html or "")
    assert "Priya &lt;b&gt;Raman&lt;/b&gt; answered" in (letter.html or "")
    assert look(desk, MORNING + timedelta(days=1)) == []
    with clock.frozen(MORNING + timedelta(days=1)):
        assert desk.happen(reply(other, "three")) == []
    [letter] = look(desk, MORNING + timedelta(days=1, hours=1))
    assert "one thing happened" in letter.subject
    assert ticket.reference not in letter.text


@pytest.mark.parametrize("chosen", [{"rhythm": Rhythm.DAILY}, {"quiet": True}], ids=["digest", "held"])
def test_what_is_not_wanted_any_more_when_its_time_comes_is_dropped(
    desk: Desk, ticket: Ticket, asha: Person, chosen: dict[str, Any]
) -> None:
    choose(desk, asha.id, **chosen)
    with clock.frozen(NIGHT):
        desk.happen(reply(ticket))
    desk.do(lambda session: preferences.choose(session, asha.id, ()))
    assert look(desk, NIGHT + timedelta(days=2)) == []
    with desk.new() as session:
        assert session.scalars(select(Delivery.stage).order_by(Delivery.id.desc())).first() == "dropped"


def test_a_flood_becomes_a_digest(desk: Desk, ticket: Ticket, asha: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "notices_an_hour", 3)
    letters = [letter for number in range(6) for letter in desk.happen(reply(ticket, f"answer {number}"))]
    assert len(letters) == 2  # the receipt was the first of three
    [digest] = look(desk, clock.now() + timedelta(minutes=61))
    assert "4 things happened" in digest.subject


def test_every_letter_can_be_stopped_and_names_how(desk: Desk, ticket: Ticket, asha: Person) -> None:
    [letter] = desk.happen(reply(ticket))
    link = re.fullmatch(r"<(.+)>", letter.headers["List-Unsubscribe"])
    assert link is not None
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link[1] in letter.text
    token = link[1].rpartition("/")[2]
    with desk.new() as session, session.begin():
        assert unsubscribe.person_of(session, token).id == asha.id
        unsubscribe.stop(session, asha.id)
    assert desk.happen(reply(ticket)) == []
    desk.do(lambda session: unsubscribe.start_again(session, asha.id))
    assert len(desk.happen(reply(ticket))) == 1


@pytest.mark.parametrize("token", ["", "x", "a.b", "IjEi.zzzz", "\x00", "é"])
def test_a_link_that_is_not_ours_stops_nobodys_letters(session: Session, token: str) -> None:
    with pytest.raises(unsubscribe.BadLink):
        unsubscribe.person_of(session, token)


def test_who_knows_a_persons_id_cannot_make_their_link(desk: Desk, asha: Person) -> None:
    made_up = URLSafeSerializer("not the desk's secret", salt="notices").dumps(asha.id.hex)
    _, _, signature = unsubscribe.link(uuid4()).rpartition("/")[2].rpartition(".")
    borrowed = f"{made_up.rpartition('.')[0]}.{signature}"
    for token in (made_up, borrowed):
        with desk.new() as session, pytest.raises(unsubscribe.BadLink):
            unsubscribe.person_of(session, token)


def test_letters_stop_and_places_and_chat_go_on(desk: Desk, asha: Person) -> None:
    desk.do(lambda session: unsubscribe.stop(session, asha.id))
    with desk.new() as session:
        chosen = preferences.of_person(session, asha.id)
    assert not any(wanted for (_, channel), wanted in chosen.items() if channel is Channel.EMAIL)
    assert chosen[(Event.FINISHED, Channel.CHAT)]


def test_a_colleague_hears_of_new_tickets_when_they_want(desk: Desk, asha: Person) -> None:
    ravi = desk.colleague("Ravi")
    first = desk.ticket(asha)
    desk.do(lambda session: session.add(TeamMember(team_id=first.team_id, account_id=ravi.id)))
    desk.ticket(asha)
    assert {letter.recipient for letter in desk.letters()} == {"asha@uni.example"}
    desk.do(lambda session: preferences.choose(session, ravi.person_id, [(Event.TEAM, Channel.EMAIL)]))
    desk.ticket(asha)
    assert {letter.recipient for letter in desk.letters()} == {"asha@uni.example", "ravi@desk.example"}
