"""The pages of figures: who sees them, whose tickets they count, and that behind each stand exactly its tickets."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.people import accounts
from helpsage.people.models import Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor
from tests.integration.web.conftest import PASSWORD, Desk, make_account
from tests.integration.web.visitor import Visitor

AGENT = Actor("agent", "Priya")
PAGES = [
    "/analytics",
    "/analytics/by/category",
    "/analytics/by/team",
    "/analytics/by/agent",
    "/analytics/by/channel",
    "/analytics/by/priority",
    "/analytics/satisfaction",
    "/analytics/assistant",
    "/analytics/tickets",
    "/analytics/export/days.csv",
]


@pytest.fixture
def boss(web_url: str, database: Engine) -> Iterator[Visitor]:
    """An administrator's browser."""
    yield from logged_in(web_url, database, "olivia@desk.example", Role.ADMINISTRATOR)


@pytest.fixture
def lead(web_url: str, database: Engine) -> Iterator[Visitor]:
    """A lead who works in the second of two departments."""
    with Session(database) as session, session.begin():
        places = [Department(key=key, name=key, widget_key=key, is_default=key == "it") for key in ("it", "exams")]
        session.add_all(places)
        session.flush()
        team = Team(department_id=places[1].id, name="Exams", key="exams team")
        session.add(team)
        session.flush()
        account = accounts.create(session, "lee@desk.example", "Lee", PASSWORD, Role.LEAD)
        session.add(TeamMember(team_id=team.id, account_id=account.id))
    with Visitor(web_url) as browser:
        assert browser.log_in("lee@desk.example", PASSWORD).status_code == 200
        yield browser


def logged_in(web_url: str, database: Engine, email: str, role: Role) -> Iterator[Visitor]:
    make_account(database, email, email.partition("@")[0].title(), role)
    with Visitor(web_url) as browser:
        browser.log_in(email, PASSWORD)
        yield browser


def some_tickets(desk: Desk) -> list[Ticket]:
    """Open ones, answered ones, resolved and rated ones."""
    made = [desk.ticket(f"Ticket {n}", priority="urgent" if n % 2 else "low") for n in range(6)]
    for ticket in made[:4]:
        desk.change(ticket, lambda session, row: service.reply(session, row, "Looking into it", AGENT))
    for n, ticket in enumerate(made[:3]):
        desk.change(ticket, lambda session, row: service.change_status(session, row, "resolved", AGENT))
        desk.change(ticket, lambda session, row, n=n: service.rate(session, row, 3 + n, "Quick", Actor("requester")))
    return made


def links(page: str) -> list[tuple[str, int]]:
    """Every number that leads to tickets, and the number."""
    found = re.findall(r'<a[^>]*href="(/analytics/tickets\?[^"]*)"[^>]*>([\d,]+)</a>', page)
    return [(html.unescape(href), int(number.replace(",", ""))) for href, number in found]


def references(page: str) -> list[str]:
    return re.findall(r'<td class="ref">(HS-\d+)</td>', page)


def test_agents_and_strangers_do_not_see_figures(agent: Visitor, web_url: str) -> None:
    with Visitor(web_url) as stranger:
        for path in PAGES:
            assert agent.get(path).status_code == 403, path
            assert stranger.get(path).url.path == "/login", path


@pytest.mark.parametrize("days", ["", "?range=364", "?from=2020-02-29&to=2029-01-31"])
def test_every_page_opens_on_an_empty_desk(boss: Visitor, days: str) -> None:
    for path in PAGES:
        assert boss.get(f"{path}{days}").status_code == 200, path


@pytest.mark.parametrize(
    "path", ["/analytics", "/analytics/by/priority", "/analytics/by/category", "/analytics/satisfaction"]
)
def test_behind_each_figure_stand_exactly_its_tickets(boss: Visitor, desk: Desk, path: str) -> None:
    some_tickets(desk)
    found = links(boss.get(path).text)
    assert len(found) >= 3
    for href, number in found:
        page = boss.get(href)
        assert page.status_code == 200
        assert len(references(page.text)) == number, href


def test_pages_of_tickets_behind_a_figure_hold_each_once(boss: Visitor, desk: Desk) -> None:
    made = {desk.ticket(f"Ticket {n}").reference for n in range(55)}
    first = boss.get("/analytics/tickets?what=opened")
    older = re.search(r'href="([^"]*after=[^"]*)"', first.text)
    assert older is not None
    second = boss.get(html.unescape(older[1]))
    assert sorted(references(first.text) + references(second.text)) == sorted(made)


def test_a_lead_counts_the_tickets_of_their_department_only(lead: Visitor, desk: Desk, database: Engine) -> None:
    with Session(database) as session:
        own, other = (
            session.execute(text("select id from department where key = :key"), {"key": key}).scalar_one()
            for key in ("exams", "it")
        )
    mine = desk.ticket("Mine", department_id=own)
    desk.ticket("Theirs", department_id=other)
    page = lead.get("/analytics").text
    assert {number for href, number in links(page) if "what=opened" in href} == {1}
    assert references(lead.get("/analytics/tickets").text) == [mine.reference]
    # Asking for the other department by its id changes nothing.
    assert references(lead.get(f"/analytics/tickets?department={other}").text) == [mine.reference]


def test_one_category_can_be_looked_at_alone(boss: Visitor, desk: Desk) -> None:
    desk.ticket("Charged twice")
    printer = desk.ticket("Printer", category="printer_problem")
    page = boss.get("/analytics?by=category&value=printer_problem").text
    assert "Printer problem" in page
    href, number = next((href, number) for href, number in links(page) if "what=opened" in href)
    assert number == 1
    assert references(boss.get(href).text) == [printer.reference]


def test_a_wrong_range_is_told_beside_the_days(boss: Visitor) -> None:
    page = boss.get("/analytics?from=2026-05-02&to=2026-05-01").text
    assert 'id="days-problem"' in page
    assert page.count('aria-invalid="true"') == 2


@pytest.mark.parametrize(
    "query",
    ["from=nonsense&to=", "from=0001-01-01&to=0001-01-05", "range=nonsense", "department=nonsense", "by=team&value=x",
     "by=nonsense&value=%00", "by=category&value=' or 1=1 --", "value=x"],
)  # fmt: skip
def test_odd_addresses_are_read_kindly(boss: Visitor, query: str) -> None:
    for path in ("/analytics", "/analytics/by/agent", "/analytics/tickets", "/analytics/export/team.csv"):
        assert boss.get(f"{path}?{query}").status_code == 200, path


def test_what_cannot_be_answered_is_refused(boss: Visitor) -> None:
    answers = {
        "/analytics/by/nonsense": 404,
        "/analytics/export/nonsense.csv": 404,
        "/analytics/tickets?after=x": 400,
        "/analytics/tickets?what=nonsense": 400,
        "/analytics/tickets?rating=9": 400,
    }
    assert {path: boss.get(path).status_code for path in answers} == answers


def test_days_as_csv(boss: Visitor, desk: Desk) -> None:
    some_tickets(desk)
    answer = boss.get("/analytics/export/days.csv?range=7")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 7
    last = rows[-1]
    assert last["day"] == clock.now().date().isoformat()
    assert (last["opened"], last["first_answers"], last["resolved"], last["ratings"]) == ("6", "4", "3", "3")
    assert (last["rating_average"], last["satisfied_share"]) == ("4", "0.6667")


def test_a_name_is_never_a_formula(boss: Visitor, desk: Desk, database: Engine) -> None:
    with Session(database) as session, session.begin():
        account = accounts.create(session, "eve@desk.example", '=HYPERLINK("x")', PASSWORD, Role.AGENT)
        account_id = account.id
    ticket = desk.ticket()
    desk.change(ticket, lambda session, row: service.assign(session, row, account_id, AGENT))
    rows = list(csv.DictReader(io.StringIO(boss.get("/analytics/export/agent.csv").text.removeprefix("\ufeff"))))
    assert [row["name"] for row in rows] == ['\'=HYPERLINK("x")']


def test_words_of_people_are_text_and_nothing_else(boss: Visitor, desk: Desk) -> None:
    ticket = desk.ticket("<script>alert(1)</script>")
    desk.change(ticket, lambda session, row: service.change_status(session, row, "resolved", AGENT))
    desk.change(ticket, lambda session, row: service.rate(session, row, 1, "<img src=x onerror=a>", Actor("requester")))
    for path in ("/analytics/satisfaction", "/analytics/tickets?what=rated"):
        page = boss.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_what_is_overdue_depends_on_the_priority(boss: Visitor, desk: Desk, database: Engine) -> None:
    with clock.frozen(clock.now() - timedelta(hours=5)):
        urgent, low = desk.ticket(priority="urgent"), desk.ticket(priority="low")
    assert references(boss.get("/analytics/tickets?what=overdue").text) == [urgent.reference]
    assert low.reference in references(boss.get("/analytics/tickets?what=unresolved").text)
