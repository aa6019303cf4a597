"""A chat that nobody takes calls the agents who want to hear of it, once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpsage.departments.models import Department, Team, TeamMember
from helpsage.handoff import service
from helpsage.handoff.service import Agent
from helpsage.jobs import handoff as handoff_jobs
from helpsage.mail.models import Mail
from helpsage.notify import manner
from helpsage.notify.models import Delivery, Notice, Rhythm
from helpsage.people import preferences
from helpsage.people.models import Person
from helpsage.people.preferences import Channel, Event
from tests.integration.handoff.conftest import Desk


def wants(desk: Desk, agent: Agent) -> Agent:
    """Letters of chats that wait, which nobody gets unasked."""

    def work(session: Session) -> None:
        assert agent.actor.person_id is not None
        session.get_one(Person, agent.actor.person_id).email = f"{agent.name.lower()}@desk.example"
        preferences.choose(
            session, agent.actor.person_id, [(Event.WAITING, Channel.EMAIL)], [(Event.WAITING, Channel.EMAIL)]
        )

    desk.do(work)
    return agent


def waits(desk: Desk, seconds: float = 61) -> UUID:
    """A chat has waited for so long, and its job has run, twice."""
    conversation = desk.chat("hello")
    desk.asks(conversation)
    call(desk, conversation, seconds)
    return conversation


def call(desk: Desk, conversation: UUID, seconds: float = 61) -> None:
    desk.now += timedelta(seconds=seconds)
    desk.still_here()
    for _ in range(2):
        handoff_jobs.call(str(desk.handoff(conversation).id))


def letters(desk: Desk) -> list[tuple[str, str]]:
    with desk.new() as session:
        return [(each.recipient, each.subject) for each in session.scalars(select(Mail).order_by(Mail.created_at))]


def test_who_wants_to_hear_of_it_is_told_once(desk: Desk) -> None:
    wants(desk, desk.agent("Priya"))
    desk.agent("Sam")
    conversation = waits(desk)
    assert letters(desk) == [("priya@desk.example", "Somebody waits in the chat")]
    with desk.new() as session:
        letter = session.scalars(select(Mail)).one()
        assert f"/agent/chats/{desk.handoff(conversation).id}" in letter.text
    call(desk, conversation)
    assert len(letters(desk)) == 1


def test_it_is_looked_at_after_that_many_seconds_and_not_before(desk: Desk) -> None:
    wants(desk, desk.agent("Priya"))
    conversation = desk.chat("hello")
    asked_at = desk.now
    desk.asks(conversation)
    with desk.new() as session:
        asked = text(
            "select distinct scheduled_at from jobs.procrastinate_jobs where task_name = 'handoff.call'"
            " and args ->> 'handoff_id' = :id"
        )
        scheduled = session.scalars(asked, {"id": str(desk.handoff(conversation).id)}).one()
    assert scheduled == asked_at + timedelta(seconds=60)
    call(desk, conversation, 58)
    assert letters(desk) == []


def test_one_that_was_taken_or_ended_meanwhile_calls_nobody(desk: Desk) -> None:
    priya = wants(desk, desk.agent("Priya"))
    taken, left = desk.chat("hello"), desk.chat("hello")
    for conversation in (taken, left):
        desk.asks(conversation)
    desk.act(lambda s: service.accept(s, desk.handoff(taken).id, priya))
    desk.act(lambda s: service.leave(s, desk.handoff(left).id))
    for conversation in (taken, left):
        call(desk, conversation)
    assert letters(desk) == []


def test_one_that_waits_again_calls_if_it_has_not_yet_and_by_its_own_time(desk: Desk) -> None:
    priya = wants(desk, desk.agent("Priya"))
    desk.agent("Sam")
    conversation = desk.chat("hello")
    desk.asks(conversation)
    desk.act(lambda s: service.accept(s, desk.handoff(conversation).id, priya))
    desk.now += timedelta(seconds=300)
    desk.still_here()
    desk.act(lambda s: service.offer_again(s, desk.handoff(conversation).id))
    call(desk, conversation, 5)
    assert letters(desk) == [], "the first job tells of the second wait"
    call(desk, conversation, 56)
    assert len(letters(desk)) == 1


def test_who_is_away_takes_no_chats_or_works_elsewhere_is_not_called(desk: Desk) -> None:
    desk.agent("There")
    wants(desk, desk.agent("Away", away_since=desk.now))
    wants(desk, desk.agent("Silent", takes_chats=False))
    elsewhere = wants(desk, desk.agent("Elsewhere"))

    def moves(session: Session) -> None:
        home = Department(key="hr", name="Personnel", widget_key="hr", created_at=desk.now)
        session.add(home)
        session.flush()
        team = Team(department_id=home.id, name="Payroll", key="payroll", created_at=desk.now)
        session.add(team)
        session.flush()
        session.add(TeamMember(team_id=team.id, account_id=elsewhere.account_id))

    desk.do(moves)
    waits(desk)
    assert letters(desk) == []


def test_what_was_handed_to_one_calls_that_one(desk: Desk) -> None:
    priya, sam = wants(desk, desk.agent("Priya")), wants(desk, desk.agent("Sam"))
    conversation = desk.chat("hello")
    desk.asks(conversation)
    desk.act(lambda s: service.accept(s, desk.handoff(conversation).id, priya))
    desk.act(lambda s: service.transfer(s, desk.handoff(conversation).id, priya, account_id=sam.account_id))
    call(desk, conversation)
    assert [to for to, _ in letters(desk)] == ["sam@desk.example"]


def test_nobody_is_called_in_quiet_hours_or_by_a_digest(desk: Desk) -> None:
    def choose(name: str, **chosen: Any) -> None:
        agent = wants(desk, desk.agent(name))
        usual = {
            "rhythm": Rhythm.AT_ONCE,
            "digest_at": time(8),
            "time_zone": "UTC",
            "quiet_from": None,
            "quiet_to": None,
        }
        assert agent.actor.person_id is not None
        person_id = agent.actor.person_id
        desk.do(lambda s: manner.choose(s, person_id, **{**usual, **chosen}))

    choose("Asleep", quiet_from=time(9), quiet_to=time(12))
    choose("Digest", rhythm=Rhythm.HOURLY)
    waits(desk)
    assert letters(desk) == []
    with desk.new() as session:
        assert session.scalars(select(Notice)).all() == []


def test_a_letter_that_comes_too_late_is_dropped(desk: Desk) -> None:
    """Its place outside was away, and somebody has come meanwhile."""
    from helpsage.jobs import notify

    priya = desk.agent("Priya")
    conversation = waits(desk)
    handoff = desk.handoff(conversation)

    def late(session: Session) -> int:
        from helpsage.notify import targets
        from helpsage.notify.models import Target

        target = Target(
            name="telephone",
            person_id=priya.actor.person_id,
            service="json",
            address="sealed",
            created_at=datetime(2026, 3, 4, tzinfo=UTC),
        )
        session.add(target)
        session.flush()
        assert targets
        notice = Notice(
            event_id=1, person_id=priya.actor.person_id, handoff_id=handoff.id, event="waiting", template="staff_chat",
            because="chats", created_at=desk.now,
        )  # fmt: skip
        session.add(notice)
        session.flush()
        delivery = Delivery(notice_id=notice.id, channel="target", target_id=target.id, stage="waiting")
        session.add(delivery)
        session.flush()
        return delivery.id

    delivery_id = desk.do(late)
    desk.act(lambda s: service.accept(s, handoff.id, priya))
    with desk.new() as session, session.begin():
        assert notify._prepare(session, delivery_id) is None
        assert session.get_one(Delivery, delivery_id).stage == "dropped"
