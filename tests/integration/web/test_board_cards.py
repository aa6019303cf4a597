"""A ticket's page shows its cards on task boards, and how they do."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.boards import words
from helpsage.boards.models import BoardCard, BoardRow
from helpsage.tickets.models import Ticket
from tests.integration.web.conftest import Desk
from tests.integration.web.visitor import Visitor

THERE = "https://app.todoist.com/app/task/printer-jams-6X4Vw2Hf"


def on_a_board(desk: Desk, ticket: Ticket, board: dict[str, Any] | None = None, **card: Any) -> None:
    """The ticket's card on a board of this name, brought over."""
    with Session(desk.engine) as session, session.begin():
        row = BoardRow(kind="todoist", name="Plans & works", token="sealed", project_id="p1", **(board or {}))
        session.add(row)
        session.flush()
        as_it_is = {"external_id": "t1", "url": THERE, "state": "on", "version": ticket.version, **card}
        session.add(BoardCard(board_id=row.id, ticket_id=ticket.id, **as_it_is))


def test_the_card_is_one_click_away(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    on_a_board(desk, ticket)
    html = agent.get(f"/agent/tickets/{ticket.reference}").text
    assert f'href="{THERE}" target="_blank" rel="noopener noreferrer"' in html
    assert "Plans &amp; works" in html
    assert words.CARD_IS_RIGHT in html


def test_without_a_board_nothing_is_said_of_one(agent: Visitor, desk: Desk) -> None:
    assert "On the board" not in agent.get(f"/agent/tickets/{desk.ticket().reference}").text


@pytest.mark.parametrize(
    ("board", "card", "said", "linked"),
    [
        ({}, {"version": 0}, words.CARD_IS_BEHIND, True),
        ({}, {"state": "pending", "external_id": None, "url": ""}, words.CARD_IS_BEHIND, False),
        ({}, {"state": "gone"}, words.CARD_IS_GONE, False),
        ({}, {"conflict": "Changed at the same time: here stands."}, "Changed at the same time: here stands.", True),
        ({"broken_at": clock.now()}, {}, words.CARD_RESTS, True),
        ({"disabled_at": clock.now()}, {}, words.CARD_RESTS, True),
        ({}, {"url": "javascript:alert(1)"}, words.CARD_IS_RIGHT, False),
    ],
    ids=["behind", "being made", "gone", "quarrel", "stopped", "off", "no address of the web"],
)
def test_how_it_does_is_said(
    agent: Visitor, desk: Desk, board: dict[str, Any], card: dict[str, Any], said: str, linked: bool
) -> None:
    ticket = desk.ticket()
    on_a_board(desk, ticket, board, **card)
    html = agent.get(f"/agent/tickets/{ticket.reference}").text
    assert said in html
    assert ("Open the card" in html) is linked


def test_a_board_that_was_removed_is_not_shown(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    on_a_board(desk, ticket, {"removed_at": clock.now()})
    assert "On the board" not in agent.get(f"/agent/tickets/{ticket.reference}").text
