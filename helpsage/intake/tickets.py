"""The lane of the API: a ticket as another program hands it in, already in the schema."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from helpsage import attachments
from helpsage.attachments import Received
from helpsage.departments import service as departments
from helpsage.intake import people
from helpsage.intake.made import Homes, Made, Plain
from helpsage.intake.models import Inbound
from helpsage.people import directory
from helpsage.people.models import Person
from helpsage.schema import ticket as schema
from helpsage.tickets import service, tags
from helpsage.tickets.service import Actor, NewTicket

CHANNEL = "api"
UNSORTED = "general_issue"
#: Of `meta`: who asked for a priority, when it was the person with the problem.
REQUESTER = "requester"


def work(session: Session, record: Inbound) -> Made:
    """One ticket of one request."""
    asked = schema.Ticket.model_validate_json(record.raw)
    person = _person(session, record, asked)
    new = replace(
        _new(departments.ids_by_key(session), record, asked),
        requester_id=person.id,
        requester_name=asked.requester.name,
    )
    actor = Actor("requester", person.name, person.id)
    ticket = service.open_ticket(session, new, actor)
    uploader = record.meta.get("uploaded_by")
    for number, file in enumerate(record.meta.get("attachments", ())):
        by = directory.get(session, UUID(str(uploader))) if uploader else None
        key = f"{record.lane}:{record.id}:{number}"
        attachments.attach(session, Received(**file), ticket.id, None, by.id if by is not None else None, key)
    if asked.tags and not ticket.tags:
        tags.change(session, ticket, actor, add=asked.tags)
    return Made(ticket.id, person_id=person.id)


def plain(homes: Homes, record: Inbound) -> Plain | None:
    """What a request about somebody known by an address is made into; None when there is more to do."""
    asked = schema.Ticket.model_validate_json(record.raw)
    if asked.tags or record.meta.get("person_id"):
        return None
    return Plain(asked.requester.email.lower(), asked.requester.name, _new(homes, record, asked))


def _new(homes: Homes, record: Inbound, asked: schema.Ticket) -> NewTicket:
    """What is known of the ticket, apart from whose it is."""
    weighed = record.meta.get("asked_by") == REQUESTER
    return NewTicket(
        subject=asked.subject,
        description=asked.description,
        category=asked.category or UNSORTED,
        channel=CHANNEL,
        priority=None if weighed else asked.priority,
        priority_reason="asked for" if asked.priority else "",
        urgency=asked.priority if weighed else None,
        department_id=homes(asked.department or ""),
        details=asked.details,
        idempotency_key=f"{record.lane}:{record.key}",
    )


def _person(session: Session, record: Inbound, asked: schema.Ticket) -> Person:
    """The token's owner, or whom it names."""
    known = record.meta.get("person_id")
    found = directory.get(session, UUID(str(known))) if known else None
    return found or people.by_mail(session, asked.requester.email.lower(), asked.requester.name)
