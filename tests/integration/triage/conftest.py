"""What the tests of triage share: people with tickets, and handling one as the worker does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments import service as departments
from helpsage.people import directory
from helpsage.people.models import Person
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from helpsage.triage import pipeline, reader, router, store, twins

REQUESTER = Actor("requester")
_keys = count()

Open = Callable[..., Ticket]


@pytest.fixture
def desk(session: Session) -> Session:
    """The session, on an installation with its teams."""
    departments.ensure_defaults(session)
    return session


@pytest.fixture
def person(desk: Session) -> Person:
    """Someone who asks."""
    return directory.add(desk, "Asha Patel", "asha@example.org")


@pytest.fixture
def opened(desk: Session, person: Person) -> Open:
    """Opens a ticket that came by mail, of the one person unless another is named, and handles it."""

    def open_one(
        subject: str,
        text: str,
        category: str = "general_issue",
        handled: bool = True,
        hours_ago: float = 0,
        **given: object,
    ) -> Ticket:
        new = NewTicket(
            subject,
            text,
            category,
            **{"channel": "email", "requester_id": person.id, "idempotency_key": f"t{next(_keys)}", **given},
        )
        ticket = service.open_ticket(desk, new, REQUESTER)
        if hours_ago:
            ticket.created_at = clock.now() - timedelta(hours=hours_ago)
            desk.flush()
        if handled:
            handle(desk, ticket)
        return ticket

    return open_one


def handle(session: Session, ticket: Ticket) -> None:
    """What the worker's two jobs do, in one transaction."""
    chosen = ticket.category if ticket.category != "general_issue" else None
    found = reader.read(ticket.subject, ticket.description, reader.prepared(session), chosen)
    router.route(session, ticket, pipeline.keep(session, ticket, found))
    if found.vector is not None:
        twins.remember(session, ticket, found.vector, store.encoder().version)
    pipeline.compare(session, ticket.id)
    session.flush()
    session.refresh(ticket)
