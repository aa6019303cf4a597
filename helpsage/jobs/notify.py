"""People are told of what happens, by one mechanism for all ways (`helpsage/notify`)."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from procrastinate import JobContext
from sqlalchemy.orm import Session

from helpsage import clock, sealed
from helpsage.db.session import transaction
from helpsage.events.models import OutboxEvent
from helpsage.handoff.models import Handoff
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF, Backoff, is_last_try
from helpsage.notify import saying, sending, targets, telling, words
from helpsage.notify.models import Delivery, Notice, Stage, Target
from helpsage.tickets import service
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Ticket

#: A place outside may be away for hours: 1 s, 2 s, 4 s ... and then every hour.
PUSH_BACKOFF = Backoff(most_tries=20, longest_wait_s=3_600.0)

log = logging.getLogger(__name__)


@app.task(name="notify.tell", retry=BACKOFF)
def tell(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """One notice to each person and target that an event concerns."""
    with transaction() as session:
        event = session.get(OutboxEvent, event_id)
        if event is None:  # forgotten: it was told weeks ago, or never will be of use
            return
        try:
            ticket = service.by_id(session, UUID(subject_id))
        except TicketNotFound:
            return
        telling.tell(session, event_id, event.kind, ticket, payload)


@app.task(name="notify.push", retry=PUSH_BACKOFF, pass_context=True)
def push(context: JobContext, delivery_id: int) -> None:
    """Call a place outside. It may hear of one thing twice when the worker dies in between: better than not at all.

    Raises:
        NotSent: to be tried again.
    """
    with transaction() as session:
        prepared = _prepare(session, delivery_id)
    if prepared is None:
        return
    address, title, body = prepared
    problem = ""
    try:
        targets.send(address, title, body)
    except targets.InvalidTarget as error:
        problem = str(error)
    except targets.NotSent as error:
        last = is_last_try(context.job, PUSH_BACKOFF.most_tries)
        _note(delivery_id, str(error), Stage.FAILED if last else Stage.WAITING)
        raise
    _note(delivery_id, problem, Stage.FAILED if problem else Stage.SENT)


@app.periodic(cron="* * * * *")
@app.task(name="notify.due", retry=BACKOFF, lock="notify.due", queueing_lock="notify.due")
def due(timestamp: int) -> None:
    """Every minute: what quiet hours held back, and digests whose time has come."""
    for work in (sending.hand_over_due, sending.send_digests):
        handled = sending.BATCH
        while handled == sending.BATCH:
            with transaction() as session:
                handled = work(session)


def _prepare(session: Session, delivery_id: int) -> tuple[str, str, str] | None:
    """Address, title and text; None when there is nothing to send any more."""
    delivery = session.get(Delivery, delivery_id)
    if delivery is None or delivery.stage != Stage.WAITING or delivery.target_id is None:
        return None
    target = session.get_one(Target, delivery.target_id)
    if target.removed_at is not None:
        sending.drop(delivery, words.GONE)
        return None
    notice: Notice = delivery.notice
    handoff = session.get_one(Handoff, notice.handoff_id) if notice.handoff_id is not None else None
    if handoff is not None and handoff.waiting_since is None:
        sending.drop(delivery, words.TAKEN_MEANWHILE)
        return None
    try:
        address = targets.address_of(target)
    except sealed.Unreadable:
        delivery.stage, delivery.error, delivery.done_at = Stage.FAILED.value, words.UNREADABLE, clock.now()
        target.error, target.failed_at = words.UNREADABLE, clock.now()
        return None
    if handoff is not None:
        return address, *saying.chat_outside(session, handoff)
    return address, *saying.outside(session, notice, session.get_one(Ticket, notice.ticket_id))


def _note(delivery_id: int, problem: str, stage: Stage) -> None:
    with transaction() as session:
        delivery = session.get_one(Delivery, delivery_id)
        target = session.get_one(Target, delivery.target_id)
        delivery.stage, delivery.error = stage.value, problem
        target.error = problem
        if problem:
            target.failed_at = clock.now()
            log.warning("target %s: %s", target.id, problem)
        else:
            target.worked_at = clock.now()
        if stage is not Stage.WAITING:
            delivery.done_at = clock.now()
