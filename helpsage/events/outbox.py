"""The outbox: what happened, written down in the transaction in which it happened (architecture rule 2)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.db.session import write
from helpsage.events.models import OutboxEvent


def record(session: Session, kind: str, subject_id: UUID, payload: dict[str, Any] | None = None) -> OutboxEvent:
    """Write an event down; the worker hears of it when the transaction commits.

    Parameters:
        kind: dotted past tense, `ticket.replied`.
        subject_id: what it happened to. Events of one subject are handled in order, so the writer holds the lock of
            the subject's row.
        payload: ids and plain values, as JSON. Words and personal data stay in their own tables.
    """
    event = OutboxEvent(kind=kind, subject_id=subject_id, payload=payload or {}, created_at=clock.now())
    session.add(event)
    write(session)
    return event
