"""Other programs hear what happens (`helpsage/webhooks`)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from helpsage.db.session import transaction
from helpsage.events.models import OutboxEvent
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.tickets import service
from helpsage.tickets.errors import TicketNotFound
from helpsage.webhooks import messages, sending


@app.task(name="webhooks.write", retry=BACKOFF)
def write(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """A message to each webhook that chose this event, as the ticket is now."""
    with transaction() as session:
        event = session.get(OutboxEvent, event_id)
        if event is None:
            return
        try:
            ticket = service.by_id(session, UUID(subject_id))
        except TicketNotFound:
            return
        messages.write(session, event_id, event.kind, event.created_at, ticket, payload)


@app.task(name="webhooks.work", retry=BACKOFF)
def work(webhook_id: str) -> None:
    """Send what is due to one webhook."""
    sending.work(UUID(webhook_id))


@app.periodic(cron="* * * * *")
@app.task(name="webhooks.due", retry=BACKOFF, lock="webhooks.due", queueing_lock="webhooks.due")
def due(timestamp: int) -> None:
    """Every minute: what failed and is to be tried again."""
    with transaction() as session:
        sending.wake_due(session)
