"""What agents change on tickets tells what the reader should have said; and what they say on the ticket's page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.tickets import details
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import TicketError
from helpsage.tickets.models import Change, Ticket
from helpsage.triage import labels, urgency, words
from helpsage.triage.models import ReadingRow
from helpsage.triage.reading import Tag, Tone, Urgency

#: A priority that is changed later tells what became of the problem, not how its first words should have been read.
FRESH = timedelta(days=2)
BY_AGENT = "agent"


class InvalidCorrection(TicketError):
    """No such tag."""


def learn(session: Session, ticket_id: UUID, tag: Tag, payload: Mapping[str, Any]) -> None:
    """Keep as an example what an agent changed: the category of a ticket, or its priority while it was fresh."""
    ticket = session.get(Ticket, ticket_id)
    if ticket is None or payload.get("actor_kind") != BY_AGENT or session.get(ReadingRow, ticket_id) is None:
        return
    if tag is Tag.TOPIC:
        labels.put(session, ticket_id, tag, payload["to"], _who(session, ticket_id, "category"))
    elif clock.now() - ticket.created_at <= FRESH:
        right = urgency.of_priority(payload["to"])
        labels.put(session, ticket_id, tag, right, _who(session, ticket_id, "priority"))


def _who(session: Session, ticket_id: UUID, action: str) -> UUID | None:
    made = select(Change.actor_id).where(Change.ticket_id == ticket_id, Change.action == action)
    return session.scalar(made.order_by(Change.id.desc()).limit(1))


def correct(
    session: Session, ticket: Ticket, tag: Tag, right: str, actor: Actor, expected_version: int | None = None
) -> None:
    """Say on the ticket's page what a tag should have been. A topic is the ticket's category from now on, a tone its
    tone; its priority is changed by itself.

    Raises:
        InvalidCorrection, helpsage.tickets.details.UnknownCategory, TicketNotFound, StaleTicket
    """
    if tag is Tag.TOPIC:
        details.change_category(session, ticket, right, actor, words.CORRECTED, expected_version)
    elif right not in list(Urgency if tag is Tag.URGENCY else Tone):
        raise InvalidCorrection(right)
    elif tag is Tag.TONE:
        ticket.tone = right
    labels.put(session, ticket.id, tag, right, actor.person_id)


def withdraw(session: Session, ticket: Ticket, tag: Tag, actor: Actor) -> None:
    """Take a correction back: the reading counts again, and nothing is learned from it."""
    reading = session.get(ReadingRow, ticket.id)
    labels.withdraw(session, ticket.id, tag)
    if reading is None:
        return
    if tag is Tag.TOPIC and reading.topic is not None:
        details.change_category(session, ticket, reading.topic, actor, words.CORRECTED)
    elif tag is Tag.TONE:
        ticket.tone = reading.tone
