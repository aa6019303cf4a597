"""The desk behind a real mail server: letters go out through it and come in by LMTP, and what it refuses for now, or
brings back, is not lost.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Connection
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage import mail, settings
from helpsage.departments import service as departments
from helpsage.intake import people, service
from helpsage.intake.models import Inbound
from helpsage.jobs.mail import deliver
from helpsage.mail import smtp, threading
from helpsage.mail.models import Mail, State
from helpsage.tickets.models import Ticket
from tests.integration.intake.conftest import ASHA, DESK, written
from tests.integration.intake.postfix import CAN_RUN, Postfix, free_port
from tests.integration.intake.test_listener import Start, records, start

__all__ = ["records", "start"]

if not CAN_RUN and not os.environ.get("CI"):
    pytest.skip("no postfix, or not the rights to start it: apt-get install postfix", allow_module_level=True)

PATIENCE_S = 60.0
Records = Callable[[], list[Inbound]]


class World:
    """Everybody else's mail server: takes letters, or says that there is no such mailbox."""

    def __init__(self) -> None:
        self.knows_everybody = True
        self.taken: list[tuple[str, EmailMessage]] = []

    async def handle_RCPT(
        self, server: SMTP, session: Connection, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if not self.knows_everybody:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Connection, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.taken.append((envelope.mail_from or "", letter))
        return "250 OK"


@pytest.fixture
def world() -> Iterator[World]:
    handler = World()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.port = controller.port  # type: ignore[attr-defined]
    yield handler
    controller.stop()


@pytest.fixture
def server(world: World, start: Start, monkeypatch: pytest.MonkeyPatch) -> Iterator[Postfix]:
    """It and the desk know each other."""
    running = Postfix(start("lmtp"), world.port)  # type: ignore[attr-defined]
    monkeypatch.setenv("HELPSAGE_SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("HELPSAGE_SMTP_PORT", str(running.port))
    monkeypatch.setenv("HELPSAGE_SMTP_STARTTLS", "false")
    settings.get.cache_clear()
    yield running
    running.remove()


def eventually(seen: Callable[[], bool], server: Postfix) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < deadline, server.log()
        time.sleep(0.05)


def ticket_by_mail(engine: Engine, server: Postfix, records: Records) -> Ticket:
    """Asha writes, and her letter becomes a ticket."""
    server.hand_over(written(), ASHA, DESK)
    eventually(lambda: len(records()) == 1, server)
    with Session(engine, expire_on_commit=False) as session, session.begin():
        departments.ensure_defaults(session)
        service.work(session, records()[0].id)
        return session.scalars(select(Ticket)).one()


def answer_to(engine: Engine, ticket: Ticket) -> Mail:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        here = session.get_one(Ticket, ticket.id)
        headers = threading.headers_for(session, here, "reply:1")
        return mail.send(session, ASHA, "Printer", "We are on our way.\n", headers=headers)


def test_a_letter_comes_in_and_its_answer_goes_out(
    clean_database: Engine, server: Postfix, world: World, records: Records
) -> None:
    ticket = ticket_by_mail(clean_database, server, records)
    answer = answer_to(clean_database, ticket)
    deliver(0, str(answer.id), {})
    eventually(lambda: len(world.taken) == 1, server)
    [(path, letter)] = world.taken
    assert letter["In-Reply-To"] == "<1@people.example>"
    assert threading.ticket_of_address(letter["Reply-To"].addresses[0].addr_spec) == ticket.number
    assert path == letter["Reply-To"].addresses[0].addr_spec


def test_a_letter_that_cannot_be_brought_comes_back_and_is_told_on_its_ticket(
    clean_database: Engine, server: Postfix, world: World, records: Records
) -> None:
    ticket = ticket_by_mail(clean_database, server, records)
    world.knows_everybody = False
    deliver(0, str(answer_to(clean_database, ticket).id), {})
    eventually(lambda: len(records()) == 2, server)
    with Session(clean_database) as session, session.begin():
        service.work(session, records()[1].id)
    returned = records()[1]
    assert (returned.ticket_id, returned.reason) == (ticket.id, "bounce")
    with Session(clean_database) as session:
        marked = people.bounce_of(session, ASHA)
        assert marked is not None
        assert marked.bounce.startswith("5.1.1")
        assert len(session.scalars(select(Ticket)).all()) == 1


def test_refused_for_now_and_then_taken(clean_database: Engine, server: Postfix, world: World) -> None:
    with Session(clean_database, expire_on_commit=False) as session, session.begin():
        letter = mail.send(session, ASHA, "Hello", "words")
    server.answer("defer")
    with pytest.raises(smtp.TryLater):
        deliver(0, str(letter.id), {})
    server.answer("")
    deliver(0, str(letter.id), {})
    eventually(lambda: len(world.taken) == 1, server)
    with Session(clean_database) as session:
        kept = session.get_one(Mail, letter.id)
        assert (kept.state, kept.attempts) == (State.SENT, 2)


def test_letters_wait_at_the_server_while_the_desk_is_away(
    clean_database: Engine, world: World, start: Start, records: Records
) -> None:
    port = free_port()
    server = Postfix(port, world.port)  # type: ignore[attr-defined]
    try:
        server.hand_over(written(), ASHA, DESK)
        eventually(lambda: "Connection refused" in server.log(), server)
        assert records() == []
        start("lmtp", port=port)
        eventually(lambda: len(records()) == 1, server)
    finally:
        server.remove()
