"""The form lane: a message from a web page, ours or anybody's."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.orm import Session

from helpsage.departments import service as departments
from helpsage.intake import people
from helpsage.intake.made import Homes, Made, Plain
from helpsage.intake.models import Inbound
from helpsage.people import directory
from helpsage.people.models import Person
from helpsage.tickets import categories, service
from helpsage.tickets.service import Actor, NewTicket
from helpsage.tickets.words import LONGEST_BODY, LONGEST_SUBJECT

CHANNEL = "form"
UNSORTED = "general_issue"


class Message(BaseModel):
    """What a form sends. `id` names it: sent again, it is the same message."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    message: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_BODY)]
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    email: Annotated[str, StringConstraints(max_length=254)] = ""
    subject: Annotated[str, StringConstraints(max_length=LONGEST_SUBJECT)] = ""
    category: Annotated[str, StringConstraints(max_length=80)] = ""
    #: Address of the page on which the form stands.
    page: Annotated[str, StringConstraints(max_length=2_000)] = ""
    id: Annotated[str, StringConstraints(max_length=200)] = ""
    #: People do not see this field: whoever fills it in is a program.
    website: str = Field("", max_length=2_000)


def work(session: Session, record: Inbound) -> Made:
    """One ticket of one message."""
    sent = Message.model_validate(json.loads(record.raw))
    if sent.website and not record.forced:
        return Made(ignored="honeypot")
    person = _person(session, record, sent)
    new = replace(_new(departments.ids_by_key(session), record, sent), requester_id=person.id, requester_name=sent.name)
    ticket = service.open_ticket(session, new, Actor("requester", person.name, person.id))
    return Made(ticket.id, person_id=person.id)


def plain(homes: Homes, record: Inbound) -> Plain | None:
    """What a message of somebody who was not logged in is made into; None when it may be a program's."""
    sent = Message.model_validate(json.loads(record.raw))
    if sent.website or record.meta.get("person_id"):
        return None
    return Plain(sent.email.lower(), sent.name, _new(homes, record, sent))


def _new(homes: Homes, record: Inbound, sent: Message) -> NewTicket:
    """What is known of the ticket, apart from whose it is."""
    known = categories.catalogue().categories
    return NewTicket(
        subject=sent.subject,
        description=sent.message,
        category=sent.category if sent.category in known else UNSORTED,
        channel=CHANNEL,
        department_id=homes(str(record.meta.get("department", ""))),
        details={"page": sent.page} if sent.page else {},
        idempotency_key=f"{record.lane}:{record.key}",
    )


def _person(session: Session, record: Inbound, sent: Message) -> Person:
    """Whoever was logged in, else the one known by the address: answers go there, and to nobody who only typed it."""
    known = record.meta.get("person_id")
    found = directory.get(session, UUID(str(known))) if known else None
    return found or people.by_mail(session, sent.email.lower(), sent.name)
