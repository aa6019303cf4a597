"""Teams are told of tickets and chats where they talk, and what they say there is heard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from helpsage import clock, settings
from helpsage.alerts import files, hearing, telling
from helpsage.alerts.models import AlertWord, Aside
from helpsage.db.session import transaction
from helpsage.events.models import OutboxEvent
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.tickets import service
from helpsage.tickets.errors import TicketNotFound

#: Words for one person alone are worth nothing after that.
ASIDES_LAST = timedelta(minutes=10)


@app.task(name="alerts.tell", retry=BACKOFF)
def tell(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Tell the places of a ticket's team what happened to it."""
    with transaction() as session:
        event = session.get(OutboxEvent, event_id)
        if event is None:  # forgotten: it was told weeks ago
            return
        try:
            ticket = service.by_id(session, UUID(subject_id))
        except TicketNotFound:
            return
        telling.of_ticket(session, event_id, event.kind, ticket, payload)


@app.task(name="alerts.tell_chat", retry=BACKOFF)
def tell_chat(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Tell them that a chat waits, was taken, or is over."""
    with transaction() as session:
        telling.of_chat(session, event_id, UUID(subject_id), payload)


@app.task(name="alerts.tell_words", retry=BACKOFF)
def tell_words(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Show what somebody wrote in a chat with a human under its card."""
    with transaction() as session:
        telling.person_wrote(session, int(payload["message_id"]))


@app.task(name="alerts.tell_answer", retry=BACKOFF)
def tell_answer(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Show what an agent answered under the chat's card, unless it was written there."""
    with transaction() as session:
        telling.agent_said(session, int(payload["message_id"]))


@app.task(name="alerts.hear", retry=BACKOFF)
def hear(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Do what somebody said or pressed in a place of their team's."""
    word_id = int(payload["word_id"])
    with transaction() as session:
        wanted = hearing.wanted(session, word_id)
    # The application's server may be slow: nothing is locked meanwhile.
    brought = files.bring(wanted) if wanted is not None else hearing.NOTHING
    with transaction() as session:
        hearing.hear(session, word_id, brought)


@app.periodic(cron="7 * * * *")
@app.task(name="alerts.tidy", retry=BACKOFF, lock="alerts.tidy", queueing_lock="alerts.tidy")
def tidy(timestamp: int) -> None:
    """Forget what was heard long ago, and what was to be told to one person alone and could not be."""
    now = clock.now()
    with transaction() as session:
        session.execute(delete(Aside).where(Aside.created_at < now - ASIDES_LAST))
        days = timedelta(days=settings.get().inbound_retention_days)
        session.execute(delete(AlertWord).where(AlertWord.received_at < now - days))
