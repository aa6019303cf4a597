"""What a worker does at the same time: dispatches the outbox, does jobs, takes up the jobs of dead workers, shows life.

One that has a queue to itself does the jobs of that alone (`helpsage/jobs/programs.py`).

When any of these fails, which is when PostgreSQL goes away, all are stopped and begun again once it answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import psycopg
import sqlalchemy.exc
from procrastinate import JobContext, exceptions, jobs
from procrastinate.worker import Worker
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.db.session import engine, transaction
from helpsage.events import dispatch, heartbeat
from helpsage.intake import drain
from helpsage.jobs.app import address, app
from helpsage.jobs.programs import EVERYTHING, Duty
from helpsage.jobs.retries import give_up, is_last_try, keep_dead_letters, tries_of

log = logging.getLogger(__name__)

#: The outbox is looked at again after this many seconds, should a notification ever be lost.
SWEEP_S = 30.0
#: Seconds after which records are looked for whose next try has come.
RETRY_LOOK_S = 1.0
#: Seconds from one look to the next at least. What comes alone is worked off at once; where much comes, what came
#: meanwhile is worked off together, which costs little more than one.
PACE_EVENTS_S, PACE_INBOUND_S = 0.1, 0.25
#: Notifications of one commit, and of those at the same moment, arrive within this many seconds.
GATHER_S = 0.01
#: A worker shows the queue that it lives ...
ALIVE_EVERY_S = 1.0
#: ... and is taken for dead when it has not for so long.
DEAD_AFTER_S = 5.0
#: How often the jobs of the dead are looked for.
CARE_EVERY_S = 1.0
#: How often jobs are looked for that nobody announced: retries whose time has come.
FETCH_EVERY_S = 0.25
HEARTBEAT_EVERY_S = 10.0
#: Seconds that running jobs get to end after SIGTERM.
GRACE_S = 10.0
RECONNECT_EVERY_S = 0.5

#: What a database that goes away looks like from here.
TROUBLE = (exceptions.ConnectorException, psycopg.Error, sqlalchemy.exc.OperationalError, OSError)


class Interrupted(OSError):
    """A part of the worker ended without being asked to."""


async def serve(stop: asyncio.Event, duty: Duty = EVERYTHING) -> None:
    """Do what is one's duty until `stop` is set."""
    app.perform_import_paths()  # type: ignore[no-untyped-call]
    while not stop.is_set():
        try:
            if await _database_answers(stop):
                await _work(stop, duty)
        except TROUBLE as error:
            log.warning("the worker lost its database and begins again: %s", type(error).__name__)
            await _pause(stop)
    log.info("the worker has stopped")


async def _database_answers(stop: asyncio.Event) -> bool:
    """Wait until PostgreSQL answers; False when we are told to stop first."""
    while not stop.is_set():
        try:
            await (await _connect()).close()
        except psycopg.OperationalError:
            await _pause(stop)
        else:
            return True
    return False


async def _pause(stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), RECONNECT_EVERY_S)


async def _connect() -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(address(), autocommit=True, connect_timeout=3)


async def _work(stop: asyncio.Event, duty: Duty) -> None:
    """Do everything at once until told to stop, or until a part fails.

    Raises:
        one of TROUBLE: what made a part fail.
    """
    async with app.open_async():
        running: set[int] = set()
        worker = _worker(running, duty)
        parts: list[Coroutine[Any, Any, Any]] = [
            worker.run(),  # type: ignore[no-untyped-call]
            stop.wait(),
            *([_dispatch(), _take_in()] if duty.takes_in else []),
            _take_care(worker, running),
            _show_life(duty.name),
        ]
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not stop.is_set():
                _raise_reason(done)
        finally:
            await _end(worker, tasks)
    if stop.is_set():
        with contextlib.suppress(*TROUBLE):
            await asyncio.to_thread(heartbeat.leave, duty.name)


def _raise_reason(done: set[asyncio.Task[Any]]) -> None:
    for task in done:
        task.result()
    raise Interrupted


async def _end(worker: Worker, tasks: list[asyncio.Task[Any]]) -> None:
    """Let running jobs finish, then stop the rest. Errors on the way are those of a database that is gone."""
    worker.stop()  # type: ignore[no-untyped-call]
    with contextlib.suppress(*TROUBLE, TimeoutError):
        await asyncio.wait_for(asyncio.shield(tasks[0]), GRACE_S + 5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _worker(running: set[int], duty: Duty = EVERYTHING) -> Worker:
    """A worker that notes in `running` what it is at."""

    async def note_running(call_next: Callable[[], Awaitable[Any]], context: JobContext, _worker: Worker) -> Any:
        job_id = context.job.id or 0
        running.add(job_id)
        try:
            return await call_next()
        finally:
            running.discard(job_id)

    return Worker(
        app,
        queues=[duty.queue] if duty.queue is not None else None,
        concurrency=duty.concurrency,
        fetch_job_polling_interval=FETCH_EVERY_S,
        shutdown_graceful_timeout=GRACE_S,
        delete_jobs=jobs.DeleteJobCondition.SUCCESSFUL,
        install_signal_handlers=False,
        update_heartbeat_interval=ALIVE_EVERY_S,
        stalled_worker_timeout=DEAD_AFTER_S,
        task_middleware=[keep_dead_letters],
        worker_middleware=[note_running],
    )


# --- the outbox


async def _dispatch() -> None:
    """Turn events into jobs as they are written; the notification comes with their commit."""
    connection = await _connect()
    try:
        await connection.execute("listen outbox")
        while True:
            began = time.monotonic()
            await asyncio.to_thread(dispatch_all)
            await _heard(connection, SWEEP_S, began + PACE_EVENTS_S)
            # A connection that died without a word would otherwise stay silent for ever.
            await connection.execute("select 1")
    finally:
        await connection.close()


def dispatch_all() -> None:
    """Turn every waiting event into jobs."""
    while True:
        with transaction() as session:
            handled = dispatch.dispatch_waiting(session)
        if handled < dispatch.BATCH:
            return


async def _heard(connection: psycopg.AsyncConnection[Any], timeout_s: float, not_before: float) -> None:
    """Wait for a notification, and for those that come with it or before the time.

    Parameters:
        not_before: moment of the monotonic clock.
    """
    async for _ in connection.notifies(timeout=timeout_s, stop_after=1):
        pass
    await asyncio.sleep(max(GATHER_S, not_before - time.monotonic()))
    async for _ in connection.notifies(timeout=0):
        pass


# --- what came in


async def _take_in() -> None:
    """Work off what came in; the notification comes with the commit of whoever brought it."""
    connection = await _connect()
    try:
        await connection.execute("listen inbound")
        while True:
            began = time.monotonic()
            await _drain_all()
            await _heard(connection, RETRY_LOOK_S, began + PACE_INBOUND_S)
            await connection.execute("select 1")
    finally:
        await connection.close()


async def _drain_all() -> None:
    """Until nothing is due: all shards in one batch, or side by side where one batch would not hold it all."""
    found = engine()
    while True:
        began = time.monotonic()
        with Session(found) as session:
            due = drain.waiting(session)
        if not due:
            return
        crowded = sum(due.values()) > drain.BATCH
        together = [[shard] for shard in due] if crowded else [list(due)]
        done = sum(await asyncio.gather(*(asyncio.to_thread(drain.drain_shards, found, some) for some in together)))
        if not done:
            return
        if not crowded:
            await asyncio.sleep(max(0.0, began + PACE_INBOUND_S - time.monotonic()))


# --- the jobs of the dead


async def _take_care(worker: Worker, running: set[int]) -> None:
    """Take up again what a dead worker was at, and what we were given in an answer that never reached us."""
    suspects: set[int] = set()
    while True:
        await asyncio.sleep(CARE_EVERY_S)
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_S):
            await _take_up(job)
        if worker.worker_id is None:
            continue
        ours = await app.job_manager.list_jobs_async(status="doing", worker_id=worker.worker_id)
        lost = {job.id: job for job in ours if job.id is not None and job.id not in running}
        # Seen twice: a job that was only just fetched, or only just done, is not lost.
        for job_id in suspects & lost.keys():
            await _take_up(lost[job_id])
        suspects = set(lost) - suspects


async def _take_up(job: jobs.Job) -> None:
    log.warning("job %s (%s) was lost and is taken up again", job.id, job.task_name)
    with contextlib.suppress(exceptions.ConnectorException):  # somebody else has just taken it up, or it ended
        if is_last_try(job, tries_of(app.tasks.get(job.task_name))):
            await asyncio.to_thread(give_up, job, "its worker died")
            await app.job_manager.finish_job(job, jobs.Status.FAILED, delete_job=False)
        else:
            await _again(job)


async def _again(job: jobs.Job) -> None:
    """Try a job once more, unless the next of its kind waits already, which does the same and waits for our lock."""
    try:
        await app.job_manager.retry_job(job, retry_at=clock.now())
    except exceptions.UniqueViolation:
        await app.job_manager.finish_job(job, jobs.Status.SUCCEEDED, delete_job=True)


# --- signs of life


async def _show_life(program: str) -> None:
    while True:
        await asyncio.to_thread(heartbeat.beat, program)
        await asyncio.sleep(HEARTBEAT_EVERY_S)
