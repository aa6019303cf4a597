"""The web program on a real port, with a real database behind it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.conversations import service as conversations
from helpsage.people import accounts
from helpsage.people.models import Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from helpsage.web.app import create_app
from tests.integration.web.visitor import Visitor

PASSWORD = "correct horse battery staple"
EMAIL = "priya@desk.example"


@pytest.fixture(scope="session")
def web_url(database_url: str) -> Iterator[str]:
    """Address of the running web program."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HELPSAGE_SECRET", "only-for-tests")
        patch.setenv("HELPSAGE_WEB_PORT", str(port))
        patch.setenv("HELPSAGE_PUBLIC_URL", f"http://127.0.0.1:{port}")
        # Nobody listens there.
        patch.setenv("HELPSAGE_ASSISTANT_PORT", "1")
        patch.setenv("HELPSAGE_ACTIONS_PORT", "2")
        settings.get.cache_clear()
        server = uvicorn.Server(
            uvicorn.Config(create_app(), access_log=False, log_config=None, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        thread.join(60)
    settings.get.cache_clear()


@pytest.fixture
def database(web_url: str, clean_database: Engine) -> Engine:
    """The database that the web program works on, empty."""
    return clean_database


@pytest.fixture
def visitor(web_url: str, database: Engine) -> Iterator[Visitor]:
    """A browser that is not logged in."""
    with Visitor(web_url) as browser:
        yield browser


@pytest.fixture
def agent(web_url: str, database: Engine) -> Iterator[Visitor]:
    """An agent's browser, logged in."""
    make_account(database, EMAIL, "Priya Raman", Role.AGENT)
    with Visitor(web_url) as browser:
        assert browser.log_in(EMAIL, PASSWORD).status_code == 200
        yield browser


@dataclass
class Desk:
    """Makes what a test needs, committed."""

    engine: Engine

    def ticket(self, subject: str = "Exam fee charged twice", **given: object) -> Ticket:
        """A ticket that began in a chat."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            conversation = conversations.ensure(session, f"web:{subject}:{time.monotonic_ns()}", "web")
            conversations.push(session, conversation.id, "person", text="I was charged twice")
            new = NewTicket(
                **{
                    "subject": subject,
                    "description": "The bank shows two payments.",
                    "category": "double_charge",
                    "channel": "web",
                    "priority": "high",
                    "conversation_id": conversation.id,
                    "requester_name": "Asha Patel",
                    **given,
                }
            )
            return service.open_ticket(session, new, Actor("assistant", "Help Sage"))

    def change(self, ticket: Ticket, work: Callable[[Session, Ticket], object]) -> None:
        """Let somebody else do something with the ticket."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            work(session, service.by_id(session, ticket.id))

    def now(self, ticket: Ticket) -> Ticket:
        """The ticket as it is in the database."""
        with Session(self.engine, expire_on_commit=False) as session:
            return service.by_id(session, ticket.id)

    def thread(self, ticket: Ticket) -> list[tuple[str, str]]:
        """Visibility and words of each entry."""
        with Session(self.engine) as session:
            return [(entry.visibility, entry.body) for entry in service.thread(session, ticket)]


@pytest.fixture
def desk(database: Engine) -> Desk:
    """What stands in the database."""
    return Desk(database)


def make_account(engine: Engine, email: str, name: str, role: Role) -> None:
    """An account with the test's password."""
    with Session(engine) as session, session.begin():
        accounts.create(session, email, name, PASSWORD, role)
