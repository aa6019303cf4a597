"""The worker's part: to the minute, none held up by another, and everything counted anew when the levels change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.configuration import service as configuration
from helpsage.configuration.service import Who
from helpsage.events import dispatch
from helpsage.events.models import OutboxEvent
from helpsage.jobs import service_levels as jobs
from helpsage.service_levels import alarms, levels
from helpsage.service_levels.document import SERVICE_LEVELS, apply_to_open
from helpsage.service_levels.levels import Levels
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from tests.integration.service_levels.conftest import at, content, on, policy
from tests.integration.tickets.conftest import REQUESTER, new_ticket

NewSession = Callable[[], Session]
HERE: Any = SimpleNamespace(should_abort=lambda: False)
ADA = Who(name="Ada")


@pytest.fixture
def new_session(clean_database: Engine) -> Iterator[NewSession]:
    """Sessions that commit, and no job left behind."""
    yield lambda: Session(clean_database, expire_on_commit=False)
    with clean_database.begin() as connection:
        connection.execute(text("truncate jobs.procrastinate_jobs cascade"))


def opened(new_session: NewSession, **known: Any) -> Ticket:
    with on(at(10)), new_session() as session, session.begin():
        return service.open_ticket(session, new_ticket(**{"priority": "normal", **known}), REQUESTER)


def now(new_session: NewSession, ticket: Ticket) -> Ticket:
    with new_session() as session:
        return session.get_one(Ticket, ticket.id)


def told(new_session: NewSession, ticket: Ticket) -> list[str]:
    kinds = ("ticket.due_soon", "ticket.breached")
    with new_session() as session:
        asked = select(OutboxEvent.kind).where(OutboxEvent.subject_id == ticket.id, OutboxEvent.kind.in_(kinds))
        return list(session.scalars(asked.order_by(OutboxEvent.id)))


def test_every_ticket_is_told_of_once_however_often_the_worker_looks(
    new_session: NewSession, use: Callable[..., Levels]
) -> None:
    tickets = [opened(new_session) for _ in range(3)]
    with on(at(11)):
        jobs.tick(HERE, timestamp=0)
        jobs.tick(HERE, timestamp=0)
    assert [told(new_session, ticket) for ticket in tickets] == [["ticket.breached"]] * 3


def test_a_ticket_that_fails_holds_up_none(
    new_session: NewSession, use: Callable[..., Levels], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = opened(new_session), opened(new_session)
    ring = alarms.ring

    def failing(session: Session, ticket_id: Any) -> None:
        ring(session, ticket_id)
        if ticket_id == broken.id:
            raise ZeroDivisionError

    monkeypatch.setattr(alarms, "ring", failing)
    with on(at(11)), pytest.raises(ZeroDivisionError):
        jobs.tick(HERE, timestamp=0)
    assert told(new_session, whole) == ["ticket.breached"]
    # Nothing of what failed stays, and it is done with the next try.
    assert told(new_session, broken) == []
    monkeypatch.setattr(alarms, "ring", ring)
    with on(at(11, 1)):
        jobs.tick(HERE, timestamp=0)
    assert told(new_session, broken) == ["ticket.breached"]


def test_each_of_several_that_fail_stands_in_the_log(
    new_session: NewSession,
    use: Callable[..., Levels],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = [opened(new_session) for _ in range(2)]

    def failing(session: Session, ticket_id: Any) -> None:
        raise ZeroDivisionError if ticket_id == broken[0].id else LookupError

    monkeypatch.setattr(alarms, "ring", failing)
    with on(at(11)), pytest.raises((ZeroDivisionError, LookupError)):
        jobs.tick(HERE, timestamp=0)
    for ticket, error in zip(broken, ("ZeroDivisionError", "LookupError"), strict=True):
        assert [line for line in caplog.messages if str(ticket.id) in line and error in line]


def test_two_workers_at_once_tell_once(new_session: NewSession, use: Callable[..., Levels]) -> None:
    ticket = opened(new_session)
    with on(at(11)), new_session() as one, one.begin(), new_session() as other, other.begin():
        other.execute(text("set local lock_timeout = '100ms'"))
        alarms.ring(one, ticket.id)
        # The second waits for the first, and then finds nothing to do.
        with pytest.raises(OperationalError, match="lock timeout"):
            alarms.ring(other, ticket.id)
    with on(at(11)):
        jobs.tick(HERE, timestamp=0)
    assert told(new_session, ticket) == ["ticket.breached"]


def save(new_session: NewSession, *policies: dict[str, Any], **office: Any) -> None:
    """As the settings pages do it, followed by the job that this brings."""
    with new_session() as session, session.begin():
        configuration.save(session, SERVICE_LEVELS, content(*policies, **office), ADA, "Changed")
    recount(new_session)


def recount(new_session: NewSession) -> None:
    with new_session() as session, session.begin():
        event = session.scalars(
            select(OutboxEvent).where(OutboxEvent.kind == "service_levels.changed").order_by(OutboxEvent.id.desc())
        ).first()
    assert event is not None
    jobs.recount(HERE, event_id=event.id, subject_id=str(event.subject_id), payload=event.payload)


def test_a_calendar_that_changes_moves_open_tickets_and_a_policy_does_not(
    new_session: NewSession, use: Callable[..., Levels], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 2)
    usual = policy("usual", calendar="office")
    use(usual)
    tickets = [opened(new_session) for _ in range(5)]
    assert {ticket.resolution_due_at for ticket in tickets} == {at(15)}
    save(new_session, policy("usual", calendar="office", resolution=60), zone="America/New_York")
    # Nine there is one in the afternoon in UTC: three hours, lunch, one more.
    assert {now(new_session, ticket).resolution_due_at for ticket in tickets} == {at(18)}
    save(new_session, usual, days_off=["2026-06-17"])
    assert {now(new_session, ticket).resolution_due_at for ticket in tickets} == {at(12, day=18)}


def test_policies_count_for_open_tickets_when_that_is_wanted(
    new_session: NewSession, use: Callable[..., Levels]
) -> None:
    ticket = opened(new_session)
    with new_session() as session, session.begin():
        configuration.save(session, SERVICE_LEVELS, content(policy("usual", resolution=600)), ADA, "Changed")
        apply_to_open(session)
    recount(new_session)
    assert now(new_session, ticket).resolution_due_at == at(20)


def test_the_change_is_followed_by_its_job_and_once_more_later(
    new_session: NewSession, use: Callable[..., Levels]
) -> None:
    with new_session() as session, session.begin():
        configuration.save(session, SERVICE_LEVELS, content(policy("usual")), ADA, "Changed")
        dispatch.dispatch_waiting(session)
    recount(new_session)
    with new_session() as session:
        asked = "select args -> 'payload', scheduled_at from jobs.procrastinate_jobs order by id"
        first, later = session.execute(text(asked)).all()
    assert (first[0], first[1]) == ({"anew": False}, None)
    assert later[0] == {"anew": False, "again": True}
    assert later[1] > clock.now() + timedelta(seconds=30)


def test_due_times_are_what_a_program_that_knew_the_change_would_say(
    new_session: NewSession, use: Callable[..., Levels]
) -> None:
    """Counted by the database's document, not by what this process has in memory."""
    use(policy("usual", calendar="office"))
    ticket = opened(new_session)
    with new_session() as session, session.begin():
        session.execute(update(Ticket).values(resolution_due_at=None))
    save(new_session, policy("usual", calendar="office"), days_off=["2026-06-17"])
    assert levels.load().calendars["office"].days_off != ()
    assert now(new_session, ticket).resolution_due_at == at(12, day=18)
