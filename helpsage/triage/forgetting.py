"""What triage keeps of a person's words: told when they ask for their data, gone when they ask for that."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session

from helpsage.triage.models import ReadingRow, TicketMeaning, Twin

TAGS = ("topic", "urgency", "tone", "language")


def forget(session: Session, ticket_id: UUID) -> None:
    """Remove the evidence, the vector and what twins had in common. The tags stay: they count in figures."""
    gone = {f"{tag}_evidence": "" for tag in TAGS}
    for statement in (
        update(ReadingRow).where(ReadingRow.ticket_id == ticket_id).values(gone),
        update(Twin).where(or_(Twin.ticket_id == ticket_id, Twin.other_id == ticket_id)).values(because=[]),
        delete(TicketMeaning).where(TicketMeaning.ticket_id == ticket_id),
    ):
        session.execute(statement.execution_options(synchronize_session="fetch"))


def told(session: Session, ticket_id: UUID) -> dict[str, Any]:
    """How a ticket was read, for its person: automatic decisions about them, with their reasons (GDPR, article 15)."""
    reading = session.get(ReadingRow, ticket_id)
    if reading is None:
        return {}
    return {
        tag: {
            "value": getattr(reading, tag),
            "confidence": getattr(reading, f"{tag}_confidence"),
            "evidence": getattr(reading, f"{tag}_evidence"),
            "version": getattr(reading, f"{tag}_version"),
        }
        for tag in TAGS
    }
