"""A real server on loopback that takes webhooks, well or badly; and a worker's hands."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.events.models import OutboxEvent
from helpsage.events.subscribers import SUBSCRIBERS
from helpsage.jobs import webhooks as jobs
from helpsage.tickets import service as tickets
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from helpsage.webhooks import service
from helpsage.webhooks.models import Message, Stage, Webhook
from tests.integration.jobs.conftest import new_session, queue_database

__all__ = ["new_session", "queue_database"]

PRIYA = Actor("agent", "Priya Raman")


@dataclass
class Got:
    """A request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Other:
    """The other side.

    Attributes:
        answers: statuses of the next answers; then 200 for ever.
        then: does something with the connection instead of answering.
    """

    url: str = ""
    got: list[Got] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"thank you"
    then: Callable[[socket.socket], None] | None = None


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Iterator[Other]:
    state = Other()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.got.append(Got(self.path, dict(self.headers.items()), body))
            if state.then is not None:
                self.close_connection = True
                state.then(self.connection)
                return
            self.send_response(state.answers.pop(0) if state.answers else 200)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(state.body)))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever hangs up has their reasons."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/hook"
    monkeypatch.setattr(settings.get(), "webhook_networks", ["127.0.0.0/8"])
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def reset(connection: socket.socket) -> None:
    """Hang up as a program that crashes does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class Hands:
    """Does what the worker does, when the test says so."""

    def __init__(self, new_session: Callable[[], Session]) -> None:
        self.new = new_session
        self.seen = 0

    def do(self, work: Callable[[Session], Any]) -> Any:
        """In a transaction that commits."""
        with self.new() as session, session.begin():
            return work(session)

    def webhook(self, url: str, *events: str) -> tuple[Webhook, str]:
        """A webhook and its key."""
        chosen = events or ("ticket.opened", "ticket.replied", "ticket.status_changed")
        return self.do(lambda session: service.add(session, "Ours", url, chosen))  # type: ignore[no-any-return]

    def ticket(self) -> Ticket:
        """A new one."""
        new = NewTicket("Printer jams", "It jams.", "printer_problem", "web", requester_name="Asha")
        return self.do(lambda session: tickets.open_ticket(session, new, Actor("requester", "Asha")))  # type: ignore[no-any-return]

    def reply(self, ticket: Ticket, words: str) -> None:
        """An agent answers."""
        self.do(lambda session: tickets.reply(session, tickets.by_id(session, ticket.id), words, PRIYA))

    def write(self) -> None:
        """Make messages of what happened (twice, as a queue may)."""
        kinds = [kind for kind, tasks in SUBSCRIBERS.items() if any(one.task == "webhooks.write" for one in tasks)]
        with self.new() as session:
            asked = select(OutboxEvent).where(OutboxEvent.kind.in_(kinds), OutboxEvent.id > self.seen)
            events = list(session.scalars(asked.order_by(OutboxEvent.id)))
        for event in events:
            self.seen = event.id
            for _ in range(2):
                jobs.write(event.id, str(event.subject_id), event.payload)

    def work(self, webhook: Webhook) -> None:
        """Write, then send what is due."""
        self.write()
        jobs.work(str(webhook.id))

    def messages(self, stage: Stage | None = None) -> list[Message]:
        """The oldest first."""
        with self.new() as session:
            return list(reversed(service.messages(session, stage=stage)))

    def make_due(self) -> None:
        """The time until the next try has passed."""
        with self.new() as session, session.begin():
            for message in session.scalars(select(Message).where(Message.stage == Stage.WAITING.value)):
                message.due_at = message.created_at


@pytest.fixture
def hands(new_session: Callable[[], Session], queue_database: Engine) -> Hands:
    return Hands(new_session)
