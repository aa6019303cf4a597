"""What happens on a ticket, by e-mail to its requester: to a proven address, and only what they want to hear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from helpsage import mail, settings
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.jobs import words
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.mail import templates
from helpsage.people import preferences
from helpsage.people.preferences import Channel, Event
from helpsage.tickets import lifecycle, service
from helpsage.tickets.models import Status, Ticket
from helpsage.tickets.words import shortened


@app.task(name="news.received", retry=BACKOFF)
def tell_of_receipt(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """The ticket is there, with its number."""
    with transaction() as session:
        _tell(session, service.by_id(session, UUID(subject_id)), event_id, Event.RECEIVED, "ticket_received", {})


@app.task(name="news.reply", retry=BACKOFF)
def tell_of_reply(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """An agent's words."""
    with transaction() as session:
        ticket = service.by_id(session, UUID(subject_id))
        entry = service.entry_by_id(session, UUID(payload["entry_id"]))
        if entry is None or entry.visibility != "public":
            return
        values = {"who": entry.author_name, "words": entry.body}
        _tell(session, ticket, event_id, Event.REPLIED, "ticket_replied", values)


@app.task(name="news.status", retry=BACKOFF)
def tell_of_status(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Where the ticket went, unless the requester did it, a reply says it, or it has moved on since."""
    status = Status(payload["to"])
    if payload.get("actor_kind") not in ("agent", "system"):
        return
    if payload.get("entry_id") is not None and status not in lifecycle.FINISHED:
        return
    with transaction() as session:
        ticket = service.by_id(session, UUID(subject_id))
        if ticket.status != status:
            return
        _tell(session, ticket, event_id, event_of(payload), "ticket_status", {"words": words.BY_MAIL[status]})


def event_of(payload: dict[str, Any]) -> Event:
    """What a change of status is to the person: the end (or the end of the end), or a step on the way."""
    ends = {Status(payload["from"]), Status(payload["to"])} & lifecycle.FINISHED
    return Event.FINISHED if ends else Event.PROGRESS


def _tell(
    session: Session, ticket: Ticket, event_id: int, event: Event, letter: str, values: Mapping[str, object]
) -> None:
    """Write the letter, once per event."""
    person = ticket.requester
    if person.email is None or not preferences.wants(session, person.id, event, Channel.EMAIL):
        return
    web_url = settings.get().web_url
    department = departments.by_id(session, ticket.department_id)
    known: dict[str, object] = {
        "name": person.name,
        "reference": ticket.reference,
        "subject_line": shortened(ticket.subject, words.SHOWN_SUBJECT),
        "link": f"{web_url}/my/tickets/{ticket.reference}",
        "choose": f"{web_url}/my/notifications",
    }
    if department is not None and (department.brand_name or not department.is_default):
        known["desk"] = department.brand_name or department.name
    subject, text, html = templates.filled(letter, {**known, **values})
    mail.send(
        session,
        person.email,
        subject,
        text,
        html,
        department_id=ticket.department_id,
        headers=_thread(ticket),
        key=f"news:{event_id}",
    )


def _thread(ticket: Ticket) -> dict[str, str]:
    """One name for all letters about one ticket, so that they are shown together (RFC 5322, section 3.6.4)."""
    return {"References": f"<ticket-{ticket.id}@help-sage.invalid>", "X-Ticket": ticket.reference}
