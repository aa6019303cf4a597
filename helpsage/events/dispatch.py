"""From the outbox to jobs: each event becomes one job a subscriber, in one transaction."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.events.models import OutboxEvent
from helpsage.events.subscribers import SUBSCRIBERS
from helpsage.jobs import queue

BATCH = 200


def dispatch_waiting(session: Session, limit: int = BATCH) -> int:
    """Turn the oldest waiting events into jobs.

    One dispatcher works at a time, whichever worker it is in: were two to take turns (`skip locked`), the later events
    of a subject could be put in before the earlier ones. The second waits, and then sees what the first left.

    Returns:
        How many events; as many as `limit` means that there may be more.
    """
    session.execute(text("select pg_advisory_xact_lock(1003)"))
    waiting = select(OutboxEvent).where(OutboxEvent.dispatched_at.is_(None)).order_by(OutboxEvent.id).limit(limit)
    events = session.scalars(waiting.with_for_update()).all()
    for event in events:
        for subscription in SUBSCRIBERS.get(event.kind, ()):
            arguments = {"event_id": event.id, "subject_id": str(event.subject_id), "payload": event.payload}
            queue.defer(session, subscription.task, arguments, f"{subscription.stream}:{event.subject_id}")
        event.dispatched_at = clock.now()
    session.flush()
    return len(events)
