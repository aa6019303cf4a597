"""Many events in one job: each is done once, those of one ticket in their order, whatever fails on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import procrastinate.jobs
import pytest
from procrastinate import JobContext
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments import service as departments
from helpsage.departments.models import Team
from helpsage.events import dispatch, outbox
from helpsage.events.models import OutboxEvent
from helpsage.events.subscribers import SUBSCRIBERS
from helpsage.jobs import following, programs, queue, retries
from helpsage.jobs.app import app
from helpsage.jobs.queue import Job
from helpsage.notify import telling
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.triage import router
from helpsage.triage.models import ReadingRow, Routing
from helpsage.webhooks.models import Webhook
from helpsage.worker import program
from tests.integration.jobs.test_retries import do_all_jobs
from tests.integration.tickets.conftest import REQUESTER, new_ticket

NewSession = Callable[[], Session]


@pytest.fixture
def tickets(new_session: NewSession) -> list[UUID]:
    """Three of them, whose opening everybody knows of already; all of one shard."""
    with new_session() as session, session.begin():
        departments.ensure_defaults(session)
        opened: dict[int, list[UUID]] = {}
        while max(map(len, opened.values()), default=0) < 3:
            ticket = service.open_ticket(session, new_ticket(), REQUESTER)
            opened.setdefault(shard(ticket.id), []).append(ticket.id)
        session.execute(update(OutboxEvent).values(dispatched_at=clock.now()))
        return max(opened.values(), key=len)


def shard(ticket_id: UUID) -> int:
    return dispatch.zlib.crc32(ticket_id.bytes) % SUBSCRIBERS["ticket.noted"][0].shards


def happens(new_session: NewSession, *events: tuple[UUID, str]) -> None:
    """Somebody notes something; what it is has a name."""
    with new_session() as session, session.begin():
        for ticket_id, name in events:
            outbox.record(session, "ticket.noted", ticket_id, {"name": name})
    program.dispatch_all()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Whom everything is told. What is called "late" fails the first time."""
    heard: list[str] = []
    failed: set[str] = set()

    def tell(_session: Session, _event: int, _kind: str, _ticket: Ticket, payload: dict[str, str]) -> None:
        name = payload["name"]
        if name == "late" and name not in failed:
            failed.add(name)
            raise ValueError(name)
        heard.append(name)

    monkeypatch.setattr(telling, "tell", tell)
    return lambda: heard


def jobs(new_session: NewSession) -> list[tuple[str, str]]:
    with new_session() as session:
        asked = "select task_name, lock from jobs.procrastinate_jobs where status = 'todo' order by id"
        return [(row[0], row[1]) for row in session.execute(text(asked))]


async def test_events_of_many_tickets_are_one_job(
    new_session: NewSession, tickets: list[UUID], told: Callable[[], list[str]]
) -> None:
    happens(new_session, *((ticket_id, str(place)) for place, ticket_id in enumerate(tickets)))
    assert jobs(new_session) == [(dispatch.FOLLOW, f"notify:#{shard(tickets[0])}")]
    await do_all_jobs(new_session)
    assert told() == ["0", "1", "2"]


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What each job that ran was at."""
    found: list[list[str]] = []
    real = following._not_waiting

    def not_waiting(context: JobContext, stream: str, events: Sequence[following.Event]) -> list[following.Event]:
        found.append([event["payload"]["name"] for event in events])
        return real(context, stream, events)

    monkeypatch.setattr(following, "_not_waiting", not_waiting)
    return found


async def test_a_job_takes_over_what_waits_behind_it(
    new_session: NewSession, tickets: list[UUID], told: Callable[[], list[str]], batches: list[list[str]]
) -> None:
    one, other, _ = tickets
    for event in ((one, "a"), (one, "b"), (other, "c")):
        happens(new_session, event)
    assert len(jobs(new_session)) == 3
    await do_all_jobs(new_session)
    assert told() == ["a", "b", "c"]
    assert batches == [["a", "b", "c"]]


async def test_a_job_takes_over_no_more_than_fits(
    new_session: NewSession,
    tickets: list[UUID],
    told: Callable[[], list[str]],
    batches: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(following, "MOST_TOGETHER", 2)
    for name in ("a", "b", "c"):
        happens(new_session, (tickets[0], name))
    await do_all_jobs(new_session)
    assert told() == ["a", "b", "c"]
    assert batches == [["a", "b"], ["c"]]


def test_what_somebody_in_a_chat_waits_for_comes_first(new_session: NewSession, tickets: list[UUID]) -> None:
    with new_session() as session, session.begin():
        for kind in ("ticket.opened", "ticket.routed", "ticket.noted", "ticket.replied"):
            outbox.record(session, kind, tickets[0], {})
    program.dispatch_all()
    with new_session() as session:
        first = text("select task_name from jobs.procrastinate_jobs order by priority desc, id limit 1")
        assert session.scalar(first) == "chat.deliver_reply"


def test_reading_and_comparing_take_no_place_of_what_people_wait_for(new_session: NewSession) -> None:
    with new_session() as session, session.begin():
        for _ in range(200):
            subject = uuid4()
            outbox.record(session, "ticket.opened", subject, {})
            outbox.record(session, "ticket.routed", subject, {})
    program.dispatch_all()
    with new_session() as session:
        asked = "select queue_name, count(distinct lock) from jobs.procrastinate_jobs where lock ~ :streams group by 1"
        found = session.execute(text(asked), {"streams": "^(triage|twins):"})
        taken = {row.queue_name: row.count for row in found}
    assert set(taken) == {programs.READER.queue, programs.BACKGROUND.queue}
    assert taken["reading"] <= programs.READER.concurrency
    assert taken["later"] < programs.BACKGROUND.concurrency


async def test_what_a_job_took_over_is_not_lost_with_its_worker(
    new_session: NewSession, tickets: list[UUID], told: Callable[[], list[str]]
) -> None:
    for name in ("a", "b"):
        happens(new_session, (tickets[0], name))
    (first, _) = await app_jobs()
    following._with_those_behind(first, first.task_kwargs["events"])  # and here it dies
    with new_session() as session, session.begin():
        session.execute(text("update jobs.procrastinate_jobs set attempts = 1"))
    await do_all_jobs(new_session)
    assert told() == ["a", "b"]


async def test_what_was_tried_before_is_not_taken_over_and_not_overtaken(
    new_session: NewSession, tickets: list[UUID], told: Callable[[], list[str]], batches: list[list[str]]
) -> None:
    for name in ("a", "b", "c"):
        happens(new_session, (tickets[0], name))
    with new_session() as session, session.begin():
        second = "select id from jobs.procrastinate_jobs order by id offset 1 limit 1"
        session.execute(text(f"update jobs.procrastinate_jobs set attempts = 1 where id = ({second})"))
    await do_all_jobs(new_session)
    assert told() == ["a", "b", "c"]
    assert batches[0] == ["a"]


async def app_jobs() -> list[procrastinate.jobs.Job]:
    async with app.open_async():
        return sorted(await app.job_manager.list_jobs_async(), key=lambda job: job.id or 0)


async def test_one_that_fails_is_tried_by_itself_and_its_ticket_waits_for_it(
    new_session: NewSession, tickets: list[UUID], told: Callable[[], list[str]]
) -> None:
    one, other, _ = tickets
    happens(new_session, (one, "a"), (one, "late"), (other, "b"), (one, "behind"), (other, "c"))
    await do_all_jobs(new_session)
    assert told() == ["a", "b", "c", "late", "behind"]


async def test_what_comes_meanwhile_stands_behind_one_that_waits_for_its_next_try(
    new_session: NewSession, tickets: list[UUID], told: Callable[[], list[str]]
) -> None:
    one, other, _ = tickets
    with new_session() as session, session.begin():
        waits = Job("notify.tell", {"event_id": 1, "subject_id": str(one), "payload": {}}, f"notify:{one}")
        queue.defer_all(session, [replace(waits, at=clock.now() + timedelta(hours=1))])
    happens(new_session, (one, "last"), (other, "d"))
    async with app.open_async():
        worker = program._worker(set())
        worker.wait = False
        await worker.run()
    assert told() == ["d"]
    assert jobs(new_session) == [("notify.tell", f"notify:{one}")] * 2


async def test_one_that_fails_each_time_is_a_dead_letter_of_its_own(
    new_session: NewSession, tickets: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT_S", 0)
    real = telling.tell

    def tell(session: Session, event_id: int, kind: str, ticket: Ticket, payload: dict[str, str]) -> None:
        if payload["name"] == "never":
            raise ValueError
        real(session, event_id, kind, ticket, payload)

    monkeypatch.setattr(telling, "tell", tell)
    happens(new_session, (tickets[0], "never"), (tickets[1], "well"))
    await do_all_jobs(new_session)
    with new_session() as session:
        (letter,) = retries.waiting_letters(session)
    assert (letter.task, letter.lock, letter.attempts) == ("notify.tell", f"notify:{tickets[0]}", retries.MOST_TRIES)


async def test_after_a_death_each_event_has_a_job_of_its_own(
    new_session: NewSession, tickets: list[UUID], told: Callable[[], list[str]]
) -> None:
    happens(new_session, (tickets[0], "a"), (tickets[1], "b"), (tickets[0], "c"))
    with new_session() as session, session.begin():
        session.execute(text("update jobs.procrastinate_jobs set attempts = 1"))
    await do_all_jobs(new_session)
    assert sorted(told()) == ["a", "b", "c"]
    assert told().index("a") < told().index("c")


def test_what_nobody_would_hear_is_no_job(new_session: NewSession, tickets: list[UUID]) -> None:
    def streams(kind: str) -> set[str]:
        with new_session() as session, session.begin():
            session.execute(text("truncate jobs.procrastinate_jobs cascade"))
            outbox.record(session, kind, tickets[0], {})
        program.dispatch_all()
        return {lock.partition(":")[0] for _, lock in jobs(new_session)}

    assert streams("ticket.routed") == {"twins"}
    with new_session() as session, session.begin():
        session.add(Webhook(name="Board", url="https://board.example/in", events=["ticket.routed"], secrets=[]))
    assert streams("ticket.routed") == {"twins", "webhooks"}
    with new_session() as session, session.begin():
        session.execute(update(Team).values(assignment="round_robin"))
    assert streams("ticket.routed") == {"twins", "webhooks", "assignment"}
    with new_session() as session, session.begin():
        session.execute(update(Webhook).values(disabled_at=clock.now()))
        session.execute(update(Team).values(archived_at=clock.now() - timedelta(days=1)))
    assert streams("ticket.routed") == {"twins"}


async def test_many_are_read_at_once_and_one_that_cannot_be_holds_up_no_other(
    new_session: NewSession, tickets: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = router.route_all

    def route_all(session: Session, read: Sequence[tuple[Ticket, ReadingRow]]) -> list[Routing]:
        if tickets[1] in [ticket.id for ticket, _ in read]:
            raise ValueError
        return real(session, read)

    monkeypatch.setattr(router, "route_all", route_all)
    with new_session() as session, session.begin():
        for ticket_id in tickets:
            outbox.record(session, "ticket.opened", ticket_id, {})
    program.dispatch_all()
    await do_all_jobs(new_session)
    with new_session() as session:
        assert set(session.scalars(select(Routing.ticket_id))) == {tickets[0], tickets[2]}
        left = text("select args from jobs.procrastinate_jobs where task_name = 'triage.read'")
        (arguments,) = session.scalars(left)
    assert json.loads(json.dumps(arguments))["subject_id"] == str(tickets[1])
