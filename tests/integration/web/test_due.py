"""Due times where agents look: in the queue, on the ticket; and being away."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from helpsage import clock
from helpsage.tickets import service
from helpsage.tickets.models import Status, Ticket
from helpsage.tickets.service import Actor
from tests.integration.web.conftest import Desk
from tests.integration.web.test_queue import references
from tests.integration.web.visitor import Visitor

AGENT = Actor("agent", "Priya")


def opened(desk: Desk, hours: float, priority: str) -> Ticket:
    """A ticket of so many hours ago. High: an answer in four hours, urgent: in one, normal: in a day."""
    with clock.frozen(clock.now() - timedelta(hours=hours)):
        return desk.ticket(priority=priority)


@pytest.fixture
def three(desk: Desk) -> dict[str, str]:
    """Late, due within four hours, due within a day."""
    made = {"later": opened(desk, 2, "normal"), "late": opened(desk, 2, "urgent"), "soon": opened(desk, 1, "high")}
    return {ticket.reference: name for name, ticket in made.items()}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("due=late", ["late"]),
        ("due=4&sort=due", ["late", "soon"]),
        ("due=24&sort=due", ["late", "soon", "later"]),
        ("sort=due", ["late", "soon", "later"]),
        ("sort=due&q=exam", ["late", "soon", "later"]),
        ("due=nonsense&sort=due", ["late", "soon", "later"]),
    ],
)
def test_what_is_due_is_found_and_comes_first(
    agent: Visitor, three: dict[str, str], query: str, found: list[str]
) -> None:
    page = agent.get(f"/agent?{query}").text
    assert [three[reference] for reference in references(page)] == found


def test_pages_by_due_time_follow_one_another(
    agent: Visitor, desk: Desk, three: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpsage.web.console import queue

    monkeypatch.setattr(queue, "PAGE_SIZE", 1)
    waiting = desk.ticket()
    desk.change(waiting, lambda session, ticket: service.change_status(session, ticket, Status.WAITING, AGENT))
    seen, address = [], "/agent?sort=due"
    while address:
        page = agent.get(address).text
        seen += references(page)
        more = re.search(r'href="([^"]+)" rel="next"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    assert [three.get(reference, "paused") for reference in seen] == ["late", "soon", "later", "paused"]


def test_the_queue_shows_how_long_there_is_left(agent: Visitor, desk: Desk, three: dict[str, str]) -> None:
    waiting = desk.ticket()
    desk.change(waiting, lambda session, ticket: service.change_status(session, ticket, Status.WAITING, AGENT))
    cells = re.findall(r'<td class="due">(.*?)</td>', agent.get("/agent?sort=due").text)
    assert "is-late" in cells[0]
    assert "late by 1 h" in cells[0]
    assert "in 2 h" in cells[1]
    assert "in 21 h" in cells[2]
    assert "paused" in cells[3]


def test_a_ticket_says_how_its_clocks_stand(agent: Visitor, desk: Desk) -> None:
    ticket = opened(desk, 1, "high")
    where = f"/agent/tickets/{ticket.reference}"

    def box() -> str:
        page = agent.get(where).text
        return re.sub(r"\s+", " ", page[page.index('id="due-box"') : page.index('id="facts"')])

    assert "First answer" in box()
    assert "in 2 h" in box()
    desk.change(ticket, lambda session, found: service.change_status(session, found, Status.WAITING, AGENT))
    assert re.search(r"Paused, (2 h 59 min|3 h) of working time left", box())
    desk.change(ticket, lambda session, found: service.reply(session, found, "Done", AGENT, status=Status.RESOLVED))
    assert box().count("In time") == 2


def test_a_ticket_that_was_late_says_so(agent: Visitor, desk: Desk) -> None:
    ticket = opened(desk, 5, "urgent")
    desk.change(ticket, lambda session, found: service.reply(session, found, "Done", AGENT))
    page = agent.get(f"/agent/tickets/{ticket.reference}").text
    assert re.search(r"Late, <time[^>]*>[^<]*</time>; it was due", page)


def test_somebody_says_that_they_are_away_and_back(agent: Visitor) -> None:
    tomorrow = f"{clock.now() + timedelta(days=1):%Y-%m-%dT%H:%M}"
    form = agent.form(agent.get("/agent/away"), "/agent/away")
    page = agent.submit(form, until=tomorrow, note="At the dentist")
    assert "You are away" in page.text
    assert "At the dentist" in page.text
    assert "Away until" in agent.get("/agent").text
    page = agent.post("/agent/away", data={"csrf": form.values["csrf"], "back": "1"})
    assert "Away until" not in page.text


@pytest.mark.parametrize("until", ["2020-01-01T09:00", "tomorrow"])
def test_a_return_that_does_not_lie_ahead_is_refused_with_what_was_typed(agent: Visitor, until: str) -> None:
    form = agent.form(agent.get("/agent/away"), "/agent/away")
    page = agent.submit(form, until=until, note="At the dentist")
    assert page.status_code == 422
    assert "A return lies ahead" in page.text
    assert 'value="At the dentist"' in page.text
    assert "Away until" not in agent.get("/agent").text
