"""Many events in one job: the work of each is small, and a job of its own costs more than that.

A job takes over the jobs that wait behind it for the same events' stream: batches grow with what there is to do.
Events of one subject are handled in their order, whatever fails. Each is done as its own job would do it; one that
fails becomes a job of its own, with all its tries, and what comes behind it for the same subject waits for that.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby, takewhile
from types import MappingProxyType
from typing import Any
from uuid import UUID

import procrastinate.jobs
from procrastinate import JobContext
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from helpsage.db.session import transaction
from helpsage.events.dispatch import FOLLOW, lock_of
from helpsage.jobs import queue, triage
from helpsage.jobs.app import app
from helpsage.jobs.queue import Job
from helpsage.jobs.retries import BACKOFF, described

log = logging.getLogger(__name__)

#: `{"task": ..., "event_id": ..., "subject_id": ..., "payload": ...}`
Event = dict[str, Any]

#: Tasks that do many subjects at once, each safe to do again; the others are done one after the other.
_AT_ONCE: Mapping[str, Callable[[Sequence[UUID]], None]] = MappingProxyType({"triage.read": triage.read_many})

_WAITING = text(
    "select lock from jobs.procrastinate_jobs where lock = any(cast(:locks as text[])) and status in ('todo', 'doing')"
)
#: Events that one job takes along: half a second's work at most, since other jobs wait for its place.
MOST_TOGETHER = 50
_BEHIND = text(
    """
    select id, attempts, args -> 'events' as events from jobs.procrastinate_jobs
    where lock = :lock and id > :id and status = 'todo' and task_name = :task
    order by id limit :most for update
    """
)
_LONGER = text(
    """
    update jobs.procrastinate_jobs set args = jsonb_set(args, '{events}', cast(:events as jsonb)) where id = :id
    """
)
_GONE = text("delete from jobs.procrastinate_jobs where id = any(:ids)")


@app.task(name=FOLLOW, retry=BACKOFF, pass_context=True)
def follow(context: JobContext, stream: str, events: list[Event]) -> None:
    """Handle events of a stream, the oldest first."""
    if context.job is not None and context.job.attempts:
        # The last try ended with its worker, or with the database: whichever of them it was is found out one by one.
        _hand_over(context, stream, events)
        return
    if context.job is not None:
        events = _with_those_behind(context.job, events)
    for task, some in groupby(_not_waiting(context, stream, events), key=lambda event: event["task"]):
        run = list(some)
        if not _at_once(task, run):
            _one_by_one(context, stream, run)


def _with_those_behind(job: procrastinate.jobs.Job, events: list[Event]) -> list[Event]:
    """Take over what waits for this job to end, so that the more there is to do the more is done at once.

    Nobody else can have begun it: it has our lock. From here on it is in our arguments, should this worker die.
    """
    with transaction() as session:
        behind = session.execute(_BEHIND, {"lock": job.lock, "id": job.id, "task": FOLLOW, "most": MOST_TOGETHER}).all()
        # What was tried before, and all behind it, is found out about one by one.
        untried = takewhile(lambda row: not row.attempts, behind)
        taken, more = [], list(events)
        for row in untried:
            if len(more) + len(row.events) > MOST_TOGETHER:
                break
            taken.append(row.id)
            more += row.events
        if not taken:
            return events
        session.execute(_LONGER, {"id": job.id, "events": json.dumps(more)})
        session.execute(_GONE, {"ids": taken})
    return more


def _not_waiting(context: JobContext, stream: str, events: Sequence[Event]) -> list[Event]:
    """Those that nothing of the same subject is before; the others are put behind it."""
    locks = {lock_of(stream, event["subject_id"]) for event in events}
    with transaction() as session:
        waiting = set(session.scalars(_WAITING, {"locks": sorted(locks)}))
        behind = [event for event in events if lock_of(stream, event["subject_id"]) in waiting]
        _put_in(session, context, stream, behind)
    return [event for event in events if lock_of(stream, event["subject_id"]) not in waiting]


def _at_once(task: str, events: Sequence[Event]) -> bool:
    """Whether all of them are done."""
    work = _AT_ONCE.get(task)
    if work is None or len(events) < 2:
        return False
    try:
        work([UUID(event["subject_id"]) for event in events])
    except OperationalError:
        raise
    except Exception as error:
        log.warning("%s of %s events is done one by one: %s", task, len(events), described(error))
        return False
    return True


def _one_by_one(context: JobContext, stream: str, events: Sequence[Event]) -> None:
    failed: set[str] = set()
    late: list[Event] = []
    for event in events:
        if event["subject_id"] in failed or context.should_abort():
            late.append(event)
            continue
        try:
            _do(context, event)
        except OperationalError:
            raise
        except Exception as error:
            log.warning("event %s is tried again by itself: %s", event["event_id"], described(error))
            failed.add(event["subject_id"])
            late.append(event)
    _hand_over(context, stream, late)


def _do(context: JobContext, event: Event) -> None:
    task = app.tasks[event["task"]]
    arguments = {name: event[name] for name in ("event_id", "subject_id", "payload")}
    if task.pass_context:
        task.func(context, **arguments)
    else:
        task.func(**arguments)


def _hand_over(context: JobContext, stream: str, events: Sequence[Event]) -> None:
    with transaction() as session:
        _put_in(session, context, stream, events)


def _put_in(session: Session, context: JobContext, stream: str, events: Sequence[Event]) -> None:
    """Each as a job of its own, of the queue that they came in."""
    queue_name = context.job.queue if context.job is not None else queue.DEFAULT_QUEUE
    jobs = []
    for event in events:
        arguments = {name: event[name] for name in ("event_id", "subject_id", "payload")}
        jobs.append(Job(event["task"], arguments, lock_of(stream, event["subject_id"]), queue_name))
    queue.defer_all(session, jobs)
