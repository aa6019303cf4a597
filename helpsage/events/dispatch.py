"""From the outbox to jobs, in one transaction: one job an event and subscriber, or one for many where that will do."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.events.models import OutboxEvent
from helpsage.events.subscribers import SUBSCRIBERS, Subscription
from helpsage.jobs import queue
from helpsage.jobs.queue import Job

BATCH = 500
#: The task that handles many events of a stream (`helpsage/jobs/following.py`).
FOLLOW = "events.follow"

_Event = Row[int, str, Any, Any]


def dispatch_waiting(session: Session, limit: int = BATCH) -> int:
    """Turn the oldest waiting events into jobs.

    One dispatcher works at a time, whichever worker it is in: were two to take turns (`skip locked`), the later events
    of a subject could be put in before the earlier ones. The second waits, and then sees what the first left.

    Returns:
        How many events; as many as `limit` means that there may be more.
    """
    session.execute(text("select pg_advisory_xact_lock(1003)"))
    columns = (OutboxEvent.id, OutboxEvent.kind, OutboxEvent.subject_id, OutboxEvent.payload)
    waiting = select(*columns).where(OutboxEvent.dispatched_at.is_(None)).order_by(OutboxEvent.id).limit(limit)
    events = session.execute(waiting.with_for_update()).all()
    if not events:
        return 0
    queue.defer_all(session, _jobs(session, events))
    ids = [event.id for event in events]
    session.execute(update(OutboxEvent).where(OutboxEvent.id.in_(ids)).values(dispatched_at=clock.now()))
    return len(events)


def lock_of(stream: str, subject_id: object) -> str:
    """Jobs of one subject in one stream run one after the other."""
    return f"{stream}:{subject_id}"


def _jobs(session: Session, events: Sequence[_Event]) -> list[Job]:
    """In the order of the events; what goes together stands where its first event does."""
    found: dict[object, Job] = {}
    interest = _Interest(session, events)
    for event in events:
        for subscription in SUBSCRIBERS.get(event.kind, ()):
            if not interest.in_event(subscription, event):
                continue
            told = {"event_id": event.id, "subject_id": str(event.subject_id), "payload": event.payload}
            if subscription.together:
                shard = f"{subscription.stream}:#{zlib.crc32(event.subject_id.bytes) % subscription.shards}"
                job = found.setdefault(shard, _of_many(subscription, shard))
                job.arguments["events"].append({"task": subscription.task, **told})
            else:
                lock = lock_of(subscription.stream, event.subject_id)
                found[event.id, subscription] = _job(subscription, subscription.task, told, lock)
    return list(found.values())


def _of_many(subscription: Subscription, shard: str) -> Job:
    return _job(subscription, FOLLOW, {"stream": subscription.stream, "events": []}, shard)


def _job(subscription: Subscription, task: str, arguments: dict[str, Any], lock: str) -> Job:
    return Job(task, arguments, lock, subscription.queue, priority=subscription.priority)


class _Interest:
    """Whether there is anything to do for who wants to know: each question is asked once for all events."""

    def __init__(self, session: Session, events: Sequence[_Event]) -> None:
        self._session = session
        self._events = events
        self._holds: dict[str, bool] = {}
        self._concerned: dict[str, set[UUID]] = {}

    def in_event(self, subscription: Subscription, event: _Event) -> bool:
        """Of a subscription to its kind."""
        if subscription.only_by and event.payload.get("actor_kind") != subscription.only_by:
            return False
        if subscription.only_if and not self._does_hold(subscription.only_if):
            return False
        return not subscription.only_for or event.subject_id in self._of_those(subscription.only_for)

    def _does_hold(self, condition: str) -> bool:
        if condition not in self._holds:
            self._holds[condition] = bool(self._session.scalar(text(f"select exists ({condition})")))
        return self._holds[condition]

    def _of_those(self, statement: str) -> set[UUID]:
        if statement not in self._concerned:
            subjects = sorted({str(event.subject_id) for event in self._events})
            self._concerned[statement] = set(self._session.scalars(text(statement), {"subjects": subjects}))
        return self._concerned[statement]
