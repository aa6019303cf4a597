"""How it went, asked after closing: once a ticket, not again soon, and only what the person clicks and then sends."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.notify.models import SatisfactionRequest
from helpsage.tickets import service
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Ticket

#: A link in a letter is good for so long.
GOOD_FOR = timedelta(days=60)
SCORES = range(1, 6)


class BadLink(Exception):
    """The link was not made here, or too long ago."""


def ask(session: Session, ticket: Ticket, event_id: int) -> bool:
    """Whether this event (the closing) asks the person. The first one that comes decides, and writes it down: the same
    event may then ask on every way.
    """
    configured = settings.get()
    if not configured.satisfaction or ticket.rating is not None:
        return False
    # One after the other for a person, so that two tickets that are closed at once do not both ask.
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:key, 1013))"), {"key": str(ticket.requester_id)}
    )
    asked = session.get(SatisfactionRequest, ticket.id)
    if asked is not None:
        return asked.event_id == event_id and asked.skipped_at is None
    if _asked_lately(session, ticket.requester_id, timedelta(days=configured.satisfaction_rest_days)):
        return False
    session.add(
        SatisfactionRequest(ticket_id=ticket.id, person_id=ticket.requester_id, event_id=event_id, asked_at=clock.now())
    )
    session.flush()
    return True


def _asked_lately(session: Session, person_id: UUID, rest: timedelta) -> bool:
    asked = select(SatisfactionRequest.ticket_id).where(
        SatisfactionRequest.person_id == person_id, SatisfactionRequest.asked_at > clock.now() - rest
    )
    return session.scalar(asked.limit(1)) is not None


def link(ticket: Ticket) -> str:
    """The page that asks; `?score=4` chooses a score there."""
    made = [ticket.id.hex, int(clock.now().timestamp())]
    return f"{settings.get().web_url}/rate/{_signer().dumps(made)}"


def ticket_of(session: Session, token: str) -> Ticket:
    """Which ticket a link is about.

    Raises:
        BadLink
    """
    try:
        ticket_id, made = _signer().loads(token)
        if clock.now().timestamp() - made > GOOD_FOR.total_seconds():
            raise BadLink
        return service.by_id(session, UUID(ticket_id))
    except (BadSignature, ValueError, TypeError, AttributeError, TicketNotFound) as error:
        raise BadLink from error


def rate(session: Session, ticket: Ticket, score: int, comment: str) -> None:
    """Keep what was said.

    Raises:
        AlreadyRated, InvalidRating, InvalidText: as `tickets.service.rate`.
    """
    service.rate(session, ticket, score, comment, Actor("requester", ticket.requester.name, ticket.requester_id))


def skip(session: Session, ticket: Ticket) -> None:
    """They would rather not say: this ticket is not asked about again."""
    asked = session.get(SatisfactionRequest, ticket.id)
    if asked is not None and asked.skipped_at is None:
        asked.skipped_at = clock.now()


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(settings.get().derived("satisfaction"), salt="rate")
