"""What fails is tried again, given up in the end, and can be replayed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from select import select as select_ready
from uuid import uuid4

import psycopg2
import pytest
from procrastinate.jobs import Job
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Message
from helpsage.events import outbox
from helpsage.events.models import DeadLetter
from helpsage.events.subscribers import SUBSCRIBERS
from helpsage.jobs import queue, retries
from helpsage.jobs.app import app
from helpsage.tickets import service
from helpsage.worker import program
from tests.integration.tickets.conftest import AGENT, REQUESTER, new_ticket

NewSession = Callable[[], Session]


DUE = "select count(*) from jobs.procrastinate_jobs where status = 'todo' and coalesce(scheduled_at, now()) <= now()"


async def do_all_jobs(new_session: NewSession) -> None:
    """As the worker does, until nothing is left to do now."""
    app.perform_import_paths()
    async with app.open_async():
        while True:
            with new_session() as session:
                if not session.scalar(text(DUE)):
                    return
            worker = program._worker(set())
            worker.wait = False
            await worker.run()


def job_rows(new_session: NewSession) -> list[tuple[str, int]]:
    with new_session() as session:
        return [tuple(row) for row in session.execute(text("select status, attempts from jobs.procrastinate_jobs"))]


def letters(new_session: NewSession) -> list[DeadLetter]:
    with new_session() as session:
        return list(session.scalars(select(DeadLetter)))


@pytest.fixture
def broken_reply(new_session: NewSession) -> None:
    """A job for a reply to a ticket that does not exist."""
    with new_session() as session, session.begin():
        arguments = {"event_id": 1, "subject_id": str(uuid4()), "payload": {"entry_id": str(uuid4())}}
        queue.defer(session, "chat.deliver_reply", arguments, "chat:x")


def test_every_subscriber_is_a_task() -> None:
    app.perform_import_paths()
    for subscriptions in SUBSCRIBERS.values():
        for subscription in subscriptions:
            assert isinstance(app.tasks[subscription.task].retry_strategy, retries.Backoff)


@pytest.mark.parametrize("attempts", range(retries.MOST_TRIES - 1))
def test_waits_twice_as_long_each_time(attempts: int) -> None:
    job = Job(id=1, queue="default", lock=None, queueing_lock=None, task_name="t", attempts=attempts)
    with clock.frozen(clock.now()):
        decision = retries.BACKOFF.get_retry_decision(exception=ValueError(), job=job)
        assert decision is not None
        assert decision.retry_at is not None
        wait = decision.retry_at - clock.now()
    assert timedelta(seconds=2**attempts) <= wait <= timedelta(seconds=1.25 * 2**attempts)


def test_gives_up_after_the_last_try() -> None:
    job = Job(id=1, queue="default", lock=None, queueing_lock=None, task_name="t", attempts=retries.MOST_TRIES - 1)
    assert retries.BACKOFF.get_retry_decision(exception=ValueError(), job=job) is None


async def test_failed_job_waits_for_its_next_try(new_session: NewSession, broken_reply: None) -> None:
    await do_all_jobs(new_session)
    assert job_rows(new_session) == [("todo", 1)]
    assert letters(new_session) == []


async def test_given_up_job_leaves_one_letter(
    new_session: NewSession, broken_reply: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT_S", 0)
    await do_all_jobs(new_session)
    assert job_rows(new_session) == [("failed", retries.MOST_TRIES)]
    (letter,) = letters(new_session)
    assert (letter.task, letter.attempts, letter.lock) == ("chat.deliver_reply", retries.MOST_TRIES, "chat:x")
    assert letter.error.startswith("helpsage.tickets.errors.TicketNotFound in by_id")
    assert letter.arguments["event_id"] == 1


async def test_replay_does_the_job_once_more(new_session: NewSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT_S", 0)
    with new_session() as session, session.begin():
        chat = conversations.ensure(session, f"web:{uuid4()}", "web")
        ticket = service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)
        service.reply(session, ticket, "hello", AGENT)
    program.dispatch_all()
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(conversations, "push", None)
        await do_all_jobs(new_session)
    (letter,) = (letter for letter in letters(new_session) if letter.task == "chat.deliver_reply")
    with new_session() as session, session.begin():
        retries.replay(session, letter.id)
        assert retries.replay(session, letter.id).replayed_at is not None
    await do_all_jobs(new_session)
    with new_session() as session:
        assert session.scalars(select(Message.text)).all() == ["hello"]
        assert letter.id not in {waiting.id for waiting in retries.waiting_letters(session)}


def test_unknown_letter(new_session: NewSession) -> None:
    with new_session() as session, pytest.raises(retries.DeadLetterNotFound):
        retries.replay(session, 4_711)


def test_letter_holds_nothing_that_people_wrote() -> None:
    with pytest.raises(ValueError, match="hunter2") as caught:
        int("my password is hunter2")
    assert "hunter2" not in retries.described(caught.value)


async def test_job_whose_worker_dies_every_time_is_given_up(new_session: NewSession, broken_reply: None) -> None:
    with new_session() as session, session.begin():
        doomed = "update jobs.procrastinate_jobs set status = 'doing', attempts = :tries"
        session.execute(text(doomed), {"tries": retries.MOST_TRIES - 1})
    async with app.open_async():
        for job in await app.job_manager.get_stalled_jobs():
            await program._take_up(job)
            await program._take_up(job)
    assert job_rows(new_session) == [("failed", retries.MOST_TRIES)]
    (letter,) = letters(new_session)
    assert letter.error == "its worker died"


async def test_job_handed_out_in_an_answer_that_was_lost_is_taken_up(
    new_session: NewSession, broken_reply: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts as ours and we never began it."""
    monkeypatch.setattr(program, "CARE_EVERY_S", 0.05)
    monkeypatch.setattr(program, "DEAD_AFTER_S", 3_600)
    async with app.open_async():
        worker = program._worker(set())
        worker.worker_id = await app.job_manager.register_worker()
        with new_session() as session, session.begin():
            ours = "update jobs.procrastinate_jobs set status = 'doing', worker_id = :worker"
            session.execute(text(ours), {"worker": worker.worker_id})
        await asyncio.wait_for(_until_todo(program._take_care(worker, set()), new_session), 20)
    assert job_rows(new_session) == [("todo", 1)]


async def test_lost_job_whose_successor_waits_makes_way(new_session: NewSession) -> None:
    """As with work that is due every few seconds: two of it cannot wait, so the lost one could never be put back."""
    async with app.open_async():
        tick = app.configure_task("boards.tick", lock="boards.tick", queueing_lock="boards.tick")
        lost_id = await tick.defer_async(timestamp=1)
        worker_id = await app.job_manager.register_worker()
        lost = await app.job_manager.fetch_job(queues=None, worker_id=worker_id)
        assert lost is not None
        assert lost.id == lost_id
        await tick.defer_async(timestamp=2)
        await program._take_up(lost)
        following = await app.job_manager.fetch_job(queues=None, worker_id=worker_id)
    assert following is not None
    assert following.task_kwargs == {"timestamp": 2}
    assert job_rows(new_session) == [("doing", 0)]


async def _until_todo(care: object, new_session: NewSession) -> None:
    task = asyncio.ensure_future(care)  # type: ignore[arg-type]
    try:
        while job_rows(new_session)[0][0] != "todo":
            await asyncio.sleep(0.02)
    finally:
        task.cancel()


def test_dispatched_once_and_in_order(new_session: NewSession) -> None:
    subject = uuid4()
    with new_session() as session, session.begin():
        for number in range(5):
            outbox.record(session, "ticket.replied", subject, {"n": number})
        outbox.record(session, "nobody.listens", subject)
    program.dispatch_all()
    program.dispatch_all()
    with new_session() as session:
        rows = session.execute(text("select lock, args from jobs.procrastinate_jobs order by id"))
        numbers: dict[str, list[int]] = {}
        for lock, arguments in rows:
            events = arguments.get("events", [arguments])
            numbers.setdefault(lock.partition(":")[0], []).extend(event["payload"]["n"] for event in events)
    # There is no webhook, and no place where a team is told: those streams have nothing to do.
    streams = {subscription.stream for subscription in SUBSCRIBERS["ticket.replied"]} - {"webhooks", "alerts"}
    assert numbers == {stream: [0, 1, 2, 3, 4] for stream in streams}


def test_job_that_ends_calls_for_the_next_with_its_lock(new_session: NewSession) -> None:
    listener = psycopg2.connect(settings.get().libpq_url())
    listener.autocommit = True
    running = text("update jobs.procrastinate_jobs set status = 'doing' where id in (:a, :b)")
    with new_session() as session, session.begin():
        first, _ = (queue.defer(session, "chat.deliver_reply", {}, "chat:x") for _ in range(2))
        alone = queue.defer(session, "chat.deliver_reply", {}, "chat:y")
        session.execute(running, {"a": first, "b": alone})
    try:
        listener.cursor().execute("listen procrastinate_any_queue_v1")
        with new_session() as session, session.begin():
            for job in (alone, first):
                session.execute(text("select jobs.procrastinate_finish_job_v1(:id, 'succeeded', true)"), {"id": job})
        select_ready([listener], [], [], 10)
        listener.poll()
        assert [json.loads(notice.payload)["job_id"] for notice in listener.notifies] == [first]
    finally:
        listener.close()


def test_event_of_a_rolled_back_change_is_never_told(new_session: NewSession) -> None:
    with new_session() as session:
        outbox.record(session, "ticket.replied", uuid4())
        session.rollback()
    program.dispatch_all()
    assert job_rows(new_session) == []
