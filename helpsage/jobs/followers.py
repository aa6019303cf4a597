"""What happens on a ticket, by e-mail to the colleagues who follow it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from helpsage import mail, settings
from helpsage.db.session import transaction
from helpsage.jobs import words
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.people import permissions
from helpsage.people.models import Account
from helpsage.people.permissions import Action
from helpsage.tickets import followers, service
from helpsage.tickets.models import Change, Status, Ticket
from helpsage.tickets.words import shortened


@app.task(name="followers.tell", retry=BACKOFF)
def tell(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """One letter to each follower who may still see the ticket, except to whoever did it; once per event."""
    with transaction() as session:
        ticket = service.by_id(session, UUID(subject_id))
        told = _told(session, payload)
        if told is None:
            return
        line, said, actor_id = told
        for account_id in sorted(followers.followers(session, ticket.id)):
            account = session.get_one(Account, account_id)
            if account.person_id != actor_id and _may_hear(session, account, ticket):
                _write(session, ticket, account, event_id, line, said)


def _told(session: Session, payload: dict[str, Any]) -> tuple[str, str, UUID | None] | None:
    """One line that says what happened, the words that were written, and who did it."""
    entry = service.entry_by_id(session, UUID(payload["entry_id"])) if payload.get("entry_id") else None
    if payload.get("change_id") is None:
        if entry is None:
            return None
        line = words.FOLLOWED[entry.visibility].format(who=entry.author_name or words.SOMEBODY)
        return line, entry.body, entry.author_id
    change = session.get(Change, int(payload["change_id"]))
    if change is None or entry is not None:  # what was said with it is told by itself
        return None
    line = words.FOLLOWED_STATUS.format(who=change.actor_name or words.SOMEBODY, to=words.CALLED[Status(payload["to"])])
    return line, change.reason, change.actor_id


def _may_hear(session: Session, account: Account, ticket: Ticket) -> bool:
    if account.disabled_at is not None:
        return False
    return permissions.may(permissions.viewer_of(session, account), Action.SEE_TICKET, ticket)


def _write(session: Session, ticket: Ticket, account: Account, event_id: int, line: str, said: str) -> None:
    values = {
        "name": account.person.name,
        "line": line,
        "words": said,
        "reference": ticket.reference,
        "subject_line": shortened(ticket.subject, words.SHOWN_SUBJECT),
        "link": f"{settings.get().web_url}/agent/tickets/{ticket.reference}",
    }
    mail.send_letter(
        session, account.email, "followed_ticket", values, ticket.department_id, key=f"follow:{event_id}:{account.id}"
    )
