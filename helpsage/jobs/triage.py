"""Triage in the worker: reading new tickets, learning from corrections, and training the reader at night."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from procrastinate import JobContext

from helpsage.db.session import transaction
from helpsage.jobs.app import app
from helpsage.jobs.queue import LATER_QUEUE
from helpsage.jobs.retries import BACKOFF
from helpsage.triage import corrections, pipeline, retraining
from helpsage.triage.reading import Tag


@app.task(name="triage.read", retry=BACKOFF)
def read(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Follow `ticket.opened`."""
    pipeline.handle(UUID(subject_id))


def read_many(ticket_ids: Sequence[UUID]) -> None:
    """The same for many at once."""
    pipeline.handle_many(ticket_ids)


@app.task(name="triage.compare", retry=BACKOFF)
def compare(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Follow `ticket.routed`: tickets about the same are looked for."""
    with transaction() as session:
        pipeline.compare(session, UUID(subject_id))


@app.task(name="triage.learn_topic", retry=BACKOFF)
def learn_topic(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Follow `ticket.category_changed`: what an agent changes was read wrong."""
    with transaction() as session:
        corrections.learn(session, UUID(subject_id), Tag.TOPIC, payload)


@app.task(name="triage.learn_urgency", retry=BACKOFF)
def learn_urgency(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Follow `ticket.priority_changed`."""
    with transaction() as session:
        corrections.learn(session, UUID(subject_id), Tag.URGENCY, payload)


@app.periodic(cron="40 2 * * *")
@app.task(
    name="triage.train",
    queue=LATER_QUEUE,
    retry=BACKOFF,
    lock="triage.train",
    queueing_lock="triage.train",
    pass_context=True,
)
def train(context: JobContext, timestamp: int) -> None:
    """Every night: train the local reader anew from what was corrected, and use it unless it is worse."""
    retraining.run()
