"""A board on loopback, and tickets."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from helpsage import clock, sealed, settings
from helpsage.boards import sync
from helpsage.boards.models import BoardCard, BoardRow
from helpsage.departments import service as departments
from helpsage.tickets import service
from helpsage.tickets.models import Entry, Ticket
from helpsage.tickets.service import Actor, NewTicket
from tests.vendors.todoist import TOKEN, Todoist

ASHA = Actor("requester", "Asha Patel")
PRIYA = Actor("agent", "Priya Raman")


class Desk:
    """The desk's side: each call is a transaction."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def ticket(self, subject: str = "Printer jams", **given: str) -> Ticket:
        """A new one."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            new = NewTicket(subject, f"{subject}, since today.", "login_error", "chat", priority="normal", **given)  # type: ignore[arg-type]
            return service.open_ticket(session, new, ASHA)

    def now(self, ticket: Ticket) -> Ticket:
        """As it is."""
        with Session(self.engine, expire_on_commit=False) as session:
            return session.get_one(Ticket, ticket.id)

    def move(self, ticket: Ticket, to: str) -> None:
        """To another status."""
        with Session(self.engine) as session, session.begin():
            service.change_status(session, session.get_one(Ticket, ticket.id), to, PRIYA)

    def reply(self, ticket: Ticket, words: str) -> None:
        """An agent's words."""
        with Session(self.engine) as session, session.begin():
            service.reply(session, session.get_one(Ticket, ticket.id), words, PRIYA)

    def note(self, ticket: Ticket, words: str) -> None:
        """For colleagues."""
        with Session(self.engine) as session, session.begin():
            service.note(session, session.get_one(Ticket, ticket.id), words, PRIYA)

    def comment(self, ticket: Ticket, words: str) -> None:
        """The requester's words."""
        with Session(self.engine) as session, session.begin():
            service.comment(session, session.get_one(Ticket, ticket.id), words, ASHA)

    def thread(self, ticket: Ticket) -> list[tuple[str, str, str]]:
        """Who can read it, who wrote it, and what."""
        with Session(self.engine) as session:
            asked = select(Entry).where(Entry.ticket_id == ticket.id).order_by(Entry.created_at, Entry.id)
            return [(each.visibility, each.author_name, each.body) for each in session.scalars(asked)]

    def card(self, ticket: Ticket) -> BoardCard:
        """Where it is on the board."""
        with Session(self.engine, expire_on_commit=False) as session:
            return session.scalars(select(BoardCard).where(BoardCard.ticket_id == ticket.id)).one()


@pytest.fixture
def todoist() -> Iterator[Todoist]:
    server = Todoist()
    yield server
    server.close()


@pytest.fixture
def desk(clean_database: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("HELPSAGE_SECRET", "only-for-tests")
    settings.get.cache_clear()
    with Session(clean_database) as session, session.begin():
        departments.ensure_defaults(session)
    yield Desk(clean_database)
    monkeypatch.undo()
    settings.get.cache_clear()


class Boards:
    """The board that is connected."""

    def __init__(self, engine: Engine, todoist: Todoist) -> None:
        self.engine = engine
        with Session(engine) as session, session.begin():
            row = BoardRow(
                kind="todoist",
                name="Work",
                token=sealed.seal(sync.PURPOSE, TOKEN),
                project_id="p1",
                created_at=clock.now(),
            )
            session.add(row)
            session.flush()
            self.id: UUID = row.id

    def look(self) -> None:
        """One look, as the worker's job."""
        sync.run(self.id)

    def row(self) -> BoardRow:
        """As it is."""
        with Session(self.engine, expire_on_commit=False) as session:
            return session.get_one(BoardRow, self.id)

    def set(self, **values: object) -> None:
        """Change its settings."""
        with Session(self.engine) as session, session.begin():
            session.execute(update(BoardRow).where(BoardRow.id == self.id).values(**values))


@pytest.fixture
def board(desk: Desk, todoist: Todoist, monkeypatch: pytest.MonkeyPatch) -> Boards:
    monkeypatch.setenv("HELPSAGE_TODOIST_ADDRESS", todoist.url)
    settings.get.cache_clear()
    return Boards(desk.engine, todoist)
