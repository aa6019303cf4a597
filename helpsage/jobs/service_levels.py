"""Service levels by the clock: warnings and breaches to the minute, and due times anew when a calendar is changed."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from procrastinate import JobContext
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.db.session import transaction
from helpsage.jobs import queue
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF, described
from helpsage.service_levels import alarms, clocks, levels
from helpsage.service_levels.document import SERVICE_LEVELS
from helpsage.tickets import lifecycle
from helpsage.tickets.models import Status, Ticket

log = logging.getLogger(__name__)

#: Tickets looked for at a time.
BATCH = 200
#: A program that missed the news of a change has read the levels by then; what it counted meanwhile is counted again.
AGAIN_AFTER = timedelta(seconds=90)
_WORKED_ON = [status.value for status in Status if status not in lifecycle.FINISHED]


@app.periodic(cron="* * * * *")
@app.task(
    name="service_levels.tick",
    retry=BACKOFF,
    lock="service_levels.tick",
    queueing_lock="service_levels.tick",
    pass_context=True,
)
def tick(context: JobContext, timestamp: int) -> None:
    """Every minute: warn and tell. A ticket that cannot be worked on holds up none of the others."""
    failed: dict[UUID, Exception] = {}
    while not context.should_abort():
        with transaction() as session:
            found = [each for each in alarms.waiting(session, BATCH + len(failed)) if each not in failed]
        if not found:
            break
        for ticket_id in found:
            try:
                with transaction() as session:
                    alarms.ring(session, ticket_id)
            except Exception as error:
                # The job ends with one of them only: here stands each, with its ticket.
                log.error("the clocks of ticket %s could not be worked on: %s", ticket_id, described(error))
                failed[ticket_id] = error
    if failed:
        raise next(iter(failed.values()))


@app.task(name="service_levels.recount", retry=BACKOFF, pass_context=True)
def recount(context: JobContext, event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """After a change of the levels: the due times of every ticket that is worked on, and once more a little later."""
    last: UUID | None = None
    while not context.should_abort():
        with transaction() as session:
            last = _recount(session, last, ask=bool(payload.get("anew")))
        if last is None:
            break
    if not payload.get("again"):
        with transaction() as session:
            arguments = {"event_id": event_id, "subject_id": subject_id, "payload": {**payload, "again": True}}
            queue.defer(
                session,
                "service_levels.recount",
                arguments,
                f"service_levels:{subject_id}",
                at=clock.now() + AGAIN_AFTER,
            )


def _recount(session: Session, after: UUID | None, ask: bool) -> UUID | None:
    """Settle the next tickets; returns the last one of them, None when that were all."""
    # From the database, not from this program's memory: the job may be faster than the news.
    known = levels.build(SERVICE_LEVELS.read(session))
    asked = select(Ticket).where(Ticket.status.in_(_WORKED_ON), Ticket.merged_into_id.is_(None))
    if after is not None:
        asked = asked.where(Ticket.id > after)
    found = list(session.scalars(asked.order_by(Ticket.id).limit(BATCH).with_for_update(of=Ticket)))
    for ticket in found:
        if ask or ticket.service_terms is not None:
            clocks.settle(session, ticket, known, ask=ask)
    return found[-1].id if len(found) == BATCH else None
