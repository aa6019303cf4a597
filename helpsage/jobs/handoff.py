"""Chats with a human: what follows when who answers has changed, and what is done by the clock."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from procrastinate import JobContext
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.conversations.models import Owner
from helpsage.db.session import transaction
from helpsage.events import outbox
from helpsage.handoff import filing, idle, service
from helpsage.handoff.models import Handoff
from helpsage.jobs import queue
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.notify import chats
from helpsage.tickets import service as tickets
from helpsage.tickets.errors import TicketNotFound

log = logging.getLogger(__name__)


@app.task(name="handoff.follow", retry=BACKOFF)
def follow(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Who answers has changed: those who wait have moved up, and a chat that is over is written on its ticket."""
    if payload.get("to") == Owner.QUEUED:
        with transaction() as session:
            _call_later(session, UUID(subject_id))
    if payload.get("from") == Owner.QUEUED:
        with transaction() as session:
            idle.tell_places(session)
    if payload.get("to") == Owner.BOT and payload.get("handoff_id"):
        with transaction() as session:
            over = session.get(Handoff, UUID(payload["handoff_id"]))
            if over is not None:
                filing.write_up(session, over)


@app.task(name="handoff.keep_files", retry=BACKOFF)
def keep_files(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """A chat became a ticket: that has the files which agents sent in it."""
    with transaction() as session:
        try:
            ticket = tickets.by_id(session, UUID(subject_id))
        except TicketNotFound:
            return
        filing.keep_files(session, ticket)


def _call_later(session: Session, conversation_id: UUID) -> None:
    waits = service.current(session, conversation_id)
    if waits is None or waits.waiting_since is None or waits.called_at is not None:
        return
    at = waits.waiting_since + timedelta(seconds=settings.get().chat_notice_seconds)
    queue.defer(session, "handoff.call", {"handoff_id": str(waits.id)}, f"handoff.call:{waits.id}", at=at)


@app.task(name="handoff.call", retry=BACKOFF)
def call(handoff_id: str) -> None:
    """A chat has waited for a while: tell agents of it, once, unless somebody has come."""
    with transaction() as session:
        found = session.get(Handoff, UUID(handoff_id), with_for_update=True)
        if found is None or found.called_at is not None or found.ended_at is not None or found.waiting_since is None:
            return
        patience = timedelta(seconds=settings.get().chat_notice_seconds)
        if clock.now() - found.waiting_since < patience:  # it was taken, and waits anew: that has a job of its own
            return
        found.called_at = clock.now()
        event = outbox.record(session, "conversation.waits", found.conversation_id, {"handoff_id": handoff_id})
        session.flush()
        chats.tell(session, event.id, found)


@app.periodic(cron="* * * * *")
@app.task(name="handoff.tick", retry=BACKOFF, lock="handoff.tick", queueing_lock="handoff.tick", pass_context=True)
def tick(context: JobContext, timestamp: int) -> None:
    """Every minute: who waited too long, who has gone, who moved up."""
    look_at_all(context)


def look_at_all(context: JobContext | None = None) -> None:
    """Look at each chat; one that cannot be dealt with is left for the next minute."""
    with transaction() as session:
        found = idle.due(session)
    for handoff_id in found:
        if context is not None and context.should_abort():
            return
        try:
            with transaction() as session:
                idle.look(session, handoff_id)
        except Exception:
            log.exception("a chat with a human could not be looked at")
