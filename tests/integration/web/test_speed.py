"""What keeps pages quick: few questions to the database, and nobody waits for a connection without being told."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.attachments import service as attachments
from helpsage.db.session import POOL_SIZE, SPARE
from helpsage.intake.models import MailIdentity
from helpsage.mailroom import keeping
from helpsage.people import directory
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.triage import labels, twins
from helpsage.triage.models import ReadingRow, Routing
from helpsage.triage.reading import Tag
from tests.integration.web.conftest import Desk
from tests.integration.web.visitor import Visitor


@contextlib.contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    ("path", "most"), [("/agent", 7), ("/agent?status=all&priority=high", 7), ("/agent/tickets/{reference}", 11)]
)
def test_how_often_a_page_asks_the_database(agent: Visitor, desk: Desk, database: Engine, path: str, most: int) -> None:
    reference = desk.ticket().reference
    with counted(database) as sent:
        assert agent.get(path.format(reference=reference)).status_code == 200
    assert len(sent) <= most, sent


def full(desk: Desk) -> Ticket:
    """A ticket that has everything a ticket's page can show."""
    with Session(desk.engine, expire_on_commit=False) as session, session.begin():
        asha = directory.add(session, "Asha Patel", "asha@x.example")
        ben = directory.add(session, "Ben Okafor")
    ticket = desk.ticket(requester_id=asha.id)
    related = desk.ticket("The same person asks", requester_id=asha.id)
    other = desk.ticket("The same trouble of another", requester_id=ben.id)

    def fill(session: Session, found: Ticket) -> None:
        reply = service.reply(session, found, "Could you send the bill?", service.Actor("agent", "Ravi"))
        for name in ("one.txt", "two.txt"):
            attachments.store(session, found.id, reply.id, name, "text/plain", io.BytesIO(name.encode()))
        attachments.store(session, found.id, None, "report.txt", "text/plain", io.BytesIO(b"report"))
        for number, entry in enumerate((None, reply)):
            letter = f"Message-ID: <{number}@x.example>\r\nFrom: writer{number}@x.example\r\n\r\nSince today."
            record = keeping.keep(session, letter.encode(), {})
            record.sender, record.ticket_id, record.state = f"writer{number}@x.example", found.id, "done"
            record.entry_id = entry.id if entry is not None else None
        session.add(
            MailIdentity(
                address="asha@x.example", person_id=asha.id, bounced_at=clock.now(), bounce="550 the mailbox is full"
            )
        )
        numbers = {f"{tag}_confidence": 0.9 for tag in ("topic", "urgency", "tone", "language")}
        read = {"topic": "double_charge", "urgency": "high", "tone": "calm", "language": "en"}
        session.add(ReadingRow(ticket_id=found.id, reader="local", **read, **numbers))
        session.add(Routing(ticket_id=found.id, rule="fees", title="Fees first", move="front", because=["it is a fee"]))
        session.flush()
        labels.put(session, found.id, Tag.URGENCY, "low", None)
        labels.put(session, found.id, Tag.TONE, "angry", None)
        for each in (related, other):
            twins.link(session, found, service.by_id(session, each.id), service.Actor("agent", "Ravi"))

    desk.change(ticket, fill)
    return ticket


def test_a_ticket_that_has_everything_is_drawn_with_as_few(agent: Visitor, desk: Desk, database: Engine) -> None:
    ticket = full(desk)
    with counted(database) as sent:
        html = agent.get(f"/agent/tickets/{ticket.reference}").text
    assert len(sent) <= 11, sent
    for once in ("one.txt</", "two.txt</", "report.txt</", "writer0@x.example", "writer1@x.example", "550 the mailbox"):
        assert html.count(once) == 1, once
    assert "Fees first" in html
    assert html.count("corrected</") == 2
    # Of the same person, and perhaps the same; the other one is somebody else's.
    assert html.count("The same trouble of another</") == 1
    assert html.count("The same person asks</") >= 2


def test_who_finds_no_free_connection_is_asked_to_come_again(
    agent: Visitor, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database.pool, "_timeout", 0.2)
    with contextlib.ExitStack() as held:
        for _ in range(POOL_SIZE + SPARE):
            held.enter_context(database.connect())
        answer = agent.get("/agent")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "So many people are here just now" in answer.text
    assert agent.get("/agent").status_code == 200
