"""Tickets, people, and what follows each event, run as the worker runs it: twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.departments import service as departments
from helpsage.events.models import OutboxEvent
from helpsage.events.subscribers import SUBSCRIBERS
from helpsage.jobs import notify
from helpsage.mail.models import Mail
from helpsage.people import accounts
from helpsage.people.models import Account, Person, Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from tests.integration.jobs.conftest import new_session, queue_database

__all__ = ["new_session", "queue_database"]

PRIYA = Actor("agent", "Priya <b>Raman</b>")
NewSession = Callable[[], Session]
Work = Callable[[Session], object]


class Desk:
    """The database, and a worker that does what follows each event."""

    def __init__(self, new_session: NewSession) -> None:
        self.new = new_session
        self.seen = 0
        with new_session() as session, session.begin():
            self.department = departments.ensure_defaults(session)

    def do(self, work: Work) -> Any:
        """In a transaction that commits."""
        with self.new() as session, session.begin():
            return work(session)

    def happen(self, work: Work = lambda session: None) -> list[Mail]:
        """Do something, run what tells of it (twice, as a queue may), and read the letters of it."""
        before = {letter.id for letter in self.letters()}
        self.do(work)
        for event in self.events():
            for _ in range(2):
                notify.tell(event.id, str(event.subject_id), event.payload)
        return [letter for letter in self.letters() if letter.id not in before]

    def events(self) -> list[OutboxEvent]:
        """Those that somebody is told of."""
        kinds = [kind for kind, tasks in SUBSCRIBERS.items() if any(one.task == "notify.tell" for one in tasks)]
        with self.new() as session:
            asked = select(OutboxEvent).where(OutboxEvent.kind.in_(kinds), OutboxEvent.id > self.seen)
            found = list(session.scalars(asked.order_by(OutboxEvent.id)))
        self.seen = found[-1].id if found else self.seen
        return found

    def letters(self) -> list[Mail]:
        """All of them, in order."""
        with self.new() as session:
            return list(session.scalars(select(Mail).order_by(Mail.created_at, Mail.id)))

    def person(self, name: str = "Asha Patel", email: str | None = "asha@uni.example") -> Person:
        """Someone who asks."""
        return self.do(lambda session: _added(session, Person(name=name, email=email)))  # type: ignore[no-any-return]

    def colleague(self, name: str, role: Role = Role.AGENT) -> Account:
        """Someone who answers."""
        email = f"{name.lower()}@desk.example"
        return self.do(lambda session: accounts.add(session, email, name, "", role))  # type: ignore[no-any-return]

    def ticket(self, person: Person, **given: Any) -> Ticket:
        """One that was told of already."""
        new = NewTicket("Printer jams", "It jams.", "printer_problem", "web", requester_id=person.id, **given)
        made: Ticket = self.do(lambda session: service.open_ticket(session, new, Actor("requester", person.name)))
        self.happen()
        return made


def _added(session: Session, row: Any) -> Any:
    session.add(row)
    session.flush()
    return row


def actor(account: Account) -> Actor:
    """As a ticket's log knows a colleague."""
    return Actor("agent", account.person.name, account.person_id)


@pytest.fixture
def desk(new_session: NewSession, queue_database: Engine) -> Desk:
    return Desk(new_session)
