"""Which tickets a caller sees, and how: as staff, or as the person who asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.schema import described
from helpsage.schema.events import KeptTicket
from helpsage.tickets import service
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Ticket
from helpsage.web.api import answers
from helpsage.web.api.access import Caller


@dataclass(frozen=True)
class Seen:
    """A ticket, and whether all of it is shown."""

    ticket: Ticket
    as_staff: bool


def ticket(session: Session, who: Caller, reference: str) -> Seen:
    """The ticket of this reference.

    Raises:
        TicketNotFound: there is none, or it is not theirs to see: nobody can tell which.
    """
    found = service.by_reference(session, reference)
    if who.is_staff and permissions.may(who, Action.SEE_TICKET, found):
        return Seen(found, True)
    if found.requester_id == who.person_id:
        return Seen(found, False)
    raise TicketNotFound(reference)


def shown(session: Session, seen: Seen) -> KeptTicket:
    """As this caller reads it."""
    kept = described.ticket(session, seen.ticket)
    return kept if seen.as_staff else described.for_requester(kept)


def etag(kept: KeptTicket) -> str:
    """Of a ticket as it is shown: its version, and when its reading changed last."""
    return answers.etag(answers.tag(kept.version, kept.reading.changed_at if kept.reading is not None else None))


def listed(session: Session, who: Caller, tickets: Sequence[Ticket]) -> list[KeptTicket]:
    """The same of those that a query found for this caller."""
    kept = described.tickets(session, tickets)
    return kept if who.is_staff else [described.for_requester(one) for one in kept]
