"""What the demonstration promises, and by when its tickets are due."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.configuration import live
from helpsage.configuration import service as configuration
from helpsage.configuration.models import Configuration
from helpsage.configuration.service import Who
from helpsage.service_levels import alarms, levels
from helpsage.service_levels.document import SERVICE_LEVELS
from helpsage.tickets import lifecycle
from helpsage.tickets.models import Status, Ticket

FILE = Path(__file__).with_name("service_levels.yml")
#: Tickets settled at a time.
BATCH = 500


def promise(session: Session, who: Who, summary: str) -> None:
    """Set service levels, unless somebody here has set their own."""
    if session.get(Configuration, SERVICE_LEVELS.name) is None:
        configuration.save(session, SERVICE_LEVELS, live.seed(FILE), who, summary)


def settle(session: Session) -> None:
    """Give every ticket that is being worked on its due times. What is late already is late quietly."""
    known = levels.build(SERVICE_LEVELS.read(session))
    worked_on = [status.value for status in Status if status not in lifecycle.FINISHED]
    asked = select(Ticket).where(Ticket.status.in_(worked_on), Ticket.service_terms.is_(None))
    for ticket in session.scalars(asked.order_by(Ticket.id).execution_options(yield_per=BATCH)).all():
        alarms.take_up(session, ticket, known)
