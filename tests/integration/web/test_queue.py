"""The queue shows what is asked for, page by page."""

from __future__ import annotations

import re

import pytest

from helpsage.tickets import service
from helpsage.tickets.service import Actor
from helpsage.web.console.queue import PAGE_SIZE
from tests.integration.web.conftest import EMAIL, Desk
from tests.integration.web.visitor import Visitor


def references(html: str) -> list[str]:
    """The tickets of a page, in order."""
    return re.findall(r'<td class="ref">(HS-\d+)</td>', html)


def test_an_empty_queue_says_so(agent: Visitor) -> None:
    assert "New tickets appear by themselves" in agent.get("/agent").text


def test_the_last_changed_comes_first_and_finished_ones_are_elsewhere(agent: Visitor, desk: Desk) -> None:
    first, second, done = desk.ticket(), desk.ticket(), desk.ticket()
    desk.change(done, lambda session, ticket: service.close(session, ticket, Actor("agent")))
    assert references(agent.get("/agent").text) == [second.reference, first.reference]
    assert references(agent.get("/agent?status=closed").text) == [done.reference]
    assert len(references(agent.get("/agent?status=all").text)) == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("priority=urgent", ["printer"]),
        ("category=printer_problem", ["printer"]),
        ("q=eats paper", ["printer"]),
        ("q=payments", ["fee"]),
        ("who=nobody", ["printer", "fee"]),
        ("who=mine", []),
        ("priority=urgent&category=double_charge", []),
        ("priority=nonsense&category=nonsense&status=nonsense&who=nonsense", ["printer", "fee"]),
        ("q=%00", ["printer", "fee"]),
        ("q=' or 1=1 --", []),
    ],
)
def test_filters(agent: Visitor, desk: Desk, query: str, found: list[str]) -> None:
    fee = desk.ticket("Exam fee")
    printer = desk.ticket("The printer eats paper", category="printer_problem", priority="urgent", description="Help")
    names = {fee.reference: "fee", printer.reference: "printer"}
    page = agent.get(f"/agent?{query}")
    assert page.status_code == 200
    assert [names[reference] for reference in references(page.text)] == found


def test_a_reference_finds_its_ticket(agent: Visitor, desk: Desk) -> None:
    desk.ticket()
    wanted = desk.ticket()
    assert references(agent.get("/agent", params={"q": wanted.reference.lower()}).text) == [wanted.reference]


def test_counts_stand_beside_each_status(agent: Visitor, desk: Desk) -> None:
    for _ in range(3):
        desk.ticket()
    html = agent.get("/agent?status=resolved").text
    assert re.search(r'To do <span class="count">3</span>', html)
    assert re.search(r'Resolved <span class="count">0</span>', html)


def test_every_ticket_is_on_exactly_one_page(agent: Visitor, desk: Desk) -> None:
    made = [desk.ticket(f"Ticket {i}").reference for i in range(PAGE_SIZE + 5)]
    first = agent.get("/agent?priority=high")
    older = re.search(r'href="([^"]*after=[^"]*)"', first.text)
    assert older is not None
    second = agent.get(older[1].replace("&amp;", "&"))
    assert references(first.text) + references(second.text) == made[::-1]
    assert "priority=high" in older[1]


def test_a_mistyped_cursor_is_a_clear_refusal(agent: Visitor) -> None:
    assert agent.get("/agent?after=nonsense").status_code == 400


def test_mine_shows_what_i_took(agent: Visitor, desk: Desk) -> None:
    desk.ticket()
    taken = desk.ticket()
    agent.act(taken.reference, "take")
    assert references(agent.get("/agent?who=mine").text) == [taken.reference]
    assert EMAIL in agent.get("/agent").text
