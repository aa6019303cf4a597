"""People with accounts, logged in, before the running web program."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.people import accounts, sessions
from helpsage.people.models import Role
from helpsage.tickets import requester, service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from tests.integration.web.conftest import PASSWORD, database, web_url
from tests.integration.web.visitor import Form, Visitor

__all__ = ["database", "web_url"]

PRIYA = Actor("agent", "Priya Raman")


class Browser(Visitor):
    """A person's browser, logged in."""

    person_id: UUID
    account_id: UUID

    def ticket_form(self, ticket: Ticket, kind: str) -> Form:
        """A form of a ticket's page."""
        address = f"/my/tickets/{ticket.reference}"
        return self.form(self.get(address), f"{address}/{kind}")

    def send_files(self, form: Form, files: list[tuple[str, bytes]] | None = None, **values: str) -> httpx.Response:
        """Send a form with files in it."""
        sent = [("files", (name, content)) for name, content in files or []]
        return self.post(form.action, data={**form.values, **values}, files=sent or [("files", ("", b""))])


def without_numbers(page: httpx.Response) -> str:
    """What a page says, without the number of its request and without the form's token, new in each answer."""
    return re.sub(r'number \w+|name="csrf" value="\w+"', "", page.text)


def problem(page: httpx.Response, field: str) -> str:
    """The words beside a field, which point at it."""
    found = re.search(rf'<p class="wrong" id="{re.escape(field)}-problem">(.*?)</p>', page.text, re.DOTALL)
    assert found, f"nothing is wrong with {field}"
    assert f"{field}-problem" in "".join(re.findall(r'aria-describedby="([^"]*)"', page.text)), "read out with it"
    return html.unescape(found[1])


@pytest.fixture
def enter(
    web_url: str, database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Browser]]:
    """Makes an account and logs a browser in."""
    monkeypatch.setattr(settings.get(), "var", tmp_path)
    made: list[Browser] = []

    def one(email: str, name: str, role: Role = Role.REQUESTER) -> Browser:
        browser = Browser(web_url)
        made.append(browser)
        with Session(database) as session, session.begin():
            account = accounts.create(session, email, name, PASSWORD, role)
            session.flush()
            browser.person_id, browser.account_id = account.person_id, account.id
            browser.cookies.set("helpsage_session", sessions.open_session(session, account))
        return browser

    yield one
    for browser in made:
        browser.close()


@pytest.fixture
def asha(enter: Callable[..., Browser]) -> Browser:
    """Who asks."""
    return enter("asha@uni.example", "Asha Patel")


@pytest.fixture
def mallory(enter: Callable[..., Browser]) -> Browser:
    """Somebody else who asks."""
    return enter("mallory@uni.example", "Mallory Grey")


@dataclass
class Desk:
    """What stands in the database, and what staff do with it."""

    engine: Engine

    def ticket(self, owner: Browser, subject: str = "Printer jams", **given: object) -> Ticket:
        """A ticket of somebody's."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            known = {"description": "It jams on every page.", "category": "printer_problem", "channel": "portal"}
            new = NewTicket(subject=subject, requester_id=owner.person_id, **{**known, **given})  # type: ignore[arg-type]
            return service.open_ticket(session, new, Actor("requester", "Asha Patel", owner.person_id))

    def change(self, ticket: Ticket, work: Callable[[Session, Ticket], object]) -> None:
        """Let somebody else do something with it."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            work(session, service.by_id(session, ticket.id))

    def reply(self, ticket: Ticket, body: str, status: str | None = None) -> None:
        """An agent answers."""
        self.change(ticket, lambda session, found: service.reply(session, found, body, PRIYA, status=status))

    def now(self, ticket: Ticket) -> Ticket:
        """The ticket as it is."""
        with Session(self.engine, expire_on_commit=False) as session:
            return service.by_id(session, ticket.id)

    def words(self, ticket: Ticket) -> list[str]:
        """What was said in the open."""
        with Session(self.engine) as session:
            return [entry.body for entry in service.thread(session, ticket, public_only=True)]

    def tickets(self, owner: Browser) -> list[Ticket]:
        """All tickets of somebody's."""
        with Session(self.engine, expire_on_commit=False) as session:
            return requester.own_tickets(session, owner.person_id, requester.Wanted(), limit=100).tickets


@pytest.fixture
def desk(database: Engine) -> Desk:
    """Everybody else."""
    return Desk(database)
