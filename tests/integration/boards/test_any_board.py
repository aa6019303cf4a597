"""Tickets and cards are kept the same whichever program the board is in: the sync knows only the interface."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from helpsage import clock, sealed
from helpsage.boards import kinds, sync
from helpsage.boards.models import BoardRow
from tests.integration.boards.conftest import Desk
from tests.integration.boards.kinds import NAMES, People, people_at


@pytest.fixture(params=NAMES)
def people(desk: Desk, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    with people_at(request.param, monkeypatch) as found:
        monkeypatch.setitem(kinds.KINDS, found.kind.name, found.kind)
        yield found


@pytest.fixture
def board_id(desk: Desk, people: People) -> UUID:
    """A board that is connected."""
    with Session(desk.engine) as session, session.begin():
        token = sealed.seal(sync.PURPOSE, people.token)
        row = BoardRow(kind=people.kind.name, name="Work", token=token, project_id="p1", created_at=clock.now())
        session.add(row)
        session.flush()
        return row.id


def test_both_ways_and_no_echo(desk: Desk, people: People, board_id: UUID) -> None:
    ticket = desk.ticket()
    desk.reply(ticket, "Which floor?")
    sync.run(board_id)
    card_id = desk.card(ticket).external_id
    assert card_id is not None
    assert people.title(card_id) == f"{ticket.reference}: Printer jams"
    assert people.comments(card_id) == ["**Priya Raman** (agent):\nWhich floor?"]
    people.move(card_id, "Escalated")
    people.say(card_id, "A new one is on its way.")
    for _ in range(3):
        sync.run(board_id)
    assert desk.now(ticket).status == "escalated"
    assert [body for _, _, body in desk.thread(ticket)] == ["Which floor?", "A new one is on its way."]
    assert len(people.comments(card_id)) == 2
    version = desk.now(ticket).version
    sync.run(board_id)
    assert desk.now(ticket).version == version


def test_done_resolves_undone_reopens_and_gone_is_left_alone(desk: Desk, people: People, board_id: UUID) -> None:
    ticket = desk.ticket()
    sync.run(board_id)
    card_id = str(desk.card(ticket).external_id)
    people.finish(card_id)
    sync.run(board_id)
    assert desk.now(ticket).status == "resolved"
    people.finish(card_id, False)
    sync.run(board_id)
    assert desk.now(ticket).status == "open"
    people.delete(card_id)
    sync.run(board_id)
    sync.run(board_id)
    assert desk.card(ticket).state == "gone"
    assert desk.now(ticket).status == "open"


def test_days_away_and_a_forgotten_cursor_lose_nothing(desk: Desk, people: People, board_id: UUID) -> None:
    one, two = desk.ticket("One"), desk.ticket("Two")
    sync.run(board_id)
    first, second = str(desk.card(one).external_id), str(desk.card(two).external_id)
    people.go_away()
    sync.run(board_id)
    people.finish(first)
    people.say(second, "Not forgotten.")
    three = desk.ticket("Three")
    people.go_away(False)
    people.forget()
    with clock.frozen(clock.now() + timedelta(days=4)):
        sync.run(board_id)
    assert desk.now(one).status == "resolved"
    assert [body for _, _, body in desk.thread(two)] == ["Not forgotten."]
    assert people.title(str(desk.card(three).external_id)).endswith("Three")


def test_when_both_moved_the_desk_stands_and_says_so(desk: Desk, people: People, board_id: UUID) -> None:
    ticket = desk.ticket()
    sync.run(board_id)
    card_id = str(desk.card(ticket).external_id)
    people.finish(card_id)
    desk.move(ticket, "escalated")
    sync.run(board_id)
    assert desk.now(ticket).status == "escalated"
    assert "Changed at the same time" in desk.card(ticket).conflict
    people.move(card_id, "In progress")
    sync.run(board_id)
    assert desk.now(ticket).status == "in_progress", "the card is open there again, and follows"
    assert desk.card(ticket).conflict == ""
