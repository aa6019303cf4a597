"""Ways in, open: an address of the desk, and letters as people's programs write them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.departments import service as departments
from helpsage.intake import lanes, service
from helpsage.intake.models import Inbound, Lane
from helpsage.mailroom import keeping
from helpsage.people import accounts, directory
from helpsage.people.models import Person, Role
from helpsage.tickets.models import Entry, Ticket

DESK = "help@desk.example"
ASHA = "asha@people.example"
PRIYA = "priya@desk-staff.example"


def written(
    text: str = "The printer on floor 2 jams.",
    subject: str = "Printer",
    sender: str = f"Asha Patel <{ASHA}>",
    to: str = DESK,
    message_id: str = "<1@people.example>",
    **headers: str,
) -> EmailMessage:
    """A letter."""
    letter = EmailMessage(policy=SMTP)
    letter["From"], letter["To"], letter["Subject"] = sender, to, subject
    letter["Date"] = "Fri, 20 Nov 2026 10:00:00 +0000"
    if message_id:
        letter["Message-ID"] = message_id
    for name, value in headers.items():
        letter[name.replace("_", "-")] = value
    letter.set_content(text)
    return letter


@pytest.fixture
def desk(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[lanes.Lanes]:
    """The desk's address is open."""
    monkeypatch.setenv("HELPSAGE_MAIL_FROM", "no-reply@desk.example")
    monkeypatch.setenv("HELPSAGE_SECRET", "only-for-tests")
    settings.get.cache_clear()
    opened = lanes.build({"addresses": [{"address": DESK}, {"address": "books@desk.example", "department": "library"}]})
    monkeypatch.setattr(lanes.lanes, "get", lambda: opened)
    monkeypatch.setattr(lanes.lanes, "_kept", (0, opened))
    yield opened
    monkeypatch.undo()
    settings.get.cache_clear()


class Post:
    """Brings letters and works them off."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def bring(self, letter: EmailMessage | bytes, **meta: Any) -> Inbound:
        """Keep it, without working it off."""
        raw = letter if isinstance(letter, bytes) else letter.as_bytes()
        return keeping.keep(self.session, raw, meta)

    def take(self, letter: EmailMessage | bytes, **meta: Any) -> Inbound:
        """Keep it and work it off."""
        record = self.bring(letter, **meta)
        service.work(self.session, record.id)
        return record

    def ticket(self, letter: EmailMessage | bytes, **meta: Any) -> Ticket:
        """The ticket it became, or was written on."""
        return self.session.get_one(Ticket, self.take(letter, **meta).ticket_id)

    def ticket_of(self, record: Inbound) -> Ticket:
        """The ticket of a record."""
        return self.session.get_one(Ticket, record.ticket_id)

    def tickets(self) -> list[Ticket]:
        """All there are, in order."""
        return list(self.session.scalars(select(Ticket).order_by(Ticket.number)))

    def thread(self, ticket: Ticket) -> list[tuple[str, str, str]]:
        """Visibility, kind of author and words of each entry."""
        asked = select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.created_at)
        return [(entry.visibility, entry.author_kind, entry.body) for entry in self.session.scalars(asked)]


@pytest.fixture
def post(session: Session, desk: lanes.Lanes) -> Post:
    departments.ensure_defaults(session)
    return Post(session)


@pytest.fixture
def agent(session: Session) -> Person:
    """Somebody who works here."""
    account = accounts.create(session, PRIYA, "Priya Raman", "correct horse battery staple", Role.ADMINISTRATOR)
    return account.person


@pytest.fixture
def proven(session: Session) -> Person:
    """Asha, who has proven her address."""
    person = directory.add(session, "Asha Patel")
    person.email = ASHA
    session.flush()
    return person


Accept = Callable[..., Inbound]


@pytest.fixture
def accept(session: Session) -> Accept:
    """Keep a record of another lane."""

    def kept(lane: Lane, key: str, raw: str, **meta: Any) -> Inbound:
        return service.accept(session, lane, key, raw.encode(), "application/json", meta)

    return kept
