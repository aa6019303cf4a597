"""Days that people choose or read begin where their own clock strikes midnight."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.analytics import upkeep
from helpsage.assignment.models import Availability
from helpsage.web import zones
from tests.integration.web.analytics.test_pages import boss, links, references
from tests.integration.web.conftest import Desk
from tests.integration.web.visitor import Visitor

__all__ = ["boss"]

#: A quarter to midnight on the first of July in London, and past midnight in Kolkata.
LATE = datetime(2026, 7, 1, 22, 45, tzinfo=UTC)


@pytest.fixture
def late(desk: Desk) -> str:
    """Reference of a ticket that was opened then."""
    with clock.frozen(LATE):
        return desk.ticket().reference


def in_zone(browser: Visitor, name: str) -> Visitor:
    browser.cookies.set(zones.COOKIE, name)
    return browser


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Europe/London", "2026-07-01"), ("Asia/Kolkata", "2026-07-02"), ("America/Los_Angeles", "2026-07-01")],
)
def test_the_queue_filters_by_days_of_the_viewer(agent: Visitor, late: str, zone: str, day: str) -> None:
    in_zone(agent, zone)
    for chosen, shown in ((day, True), (other(day, 1), False), (other(day, -1), False)):
        page = agent.get(f"/agent?status=all&since={chosen}&until={chosen}").text
        assert (late in page) is shown, chosen
    assert f"({zone.rpartition('/')[2].replace('_', ' ')} time)" in page


def other(day: str, days: int) -> str:
    return (datetime.fromisoformat(day) + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize("nonsense", ["", "Nowhere/Atlantis", "../../etc/passwd", "%00", "x" * 3_000])
def test_a_zone_that_nobody_knows_is_the_desks(agent: Visitor, late: str, nonsense: str) -> None:
    agent.cookies.set(zones.COOKIE, nonsense)
    page = agent.get("/agent?status=all&since=2026-07-01&until=2026-07-01")
    assert page.status_code == 200
    assert "(UTC)" in page.text
    assert late in page.text


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_there_is(agent: Visitor, desk: Desk, day: str) -> None:
    """East of Greenwich the first day begins before there is any; the last one has no later day."""
    desk.ticket()
    for zone in ("Pacific/Auckland", "America/Los_Angeles"):
        assert in_zone(agent, zone).get(f"/agent?since={day}&until={day}").status_code == 200


def test_a_day_of_23_hours_and_one_of_25(agent: Visitor, desk: Desk) -> None:
    """London: 29 March and 25 October 2026."""
    in_zone(agent, "Europe/London")
    for day, begin, hours in (
        ("2026-03-29", datetime(2026, 3, 29, 0, tzinfo=UTC), 23),
        ("2026-10-25", datetime(2026, 10, 24, 23, tzinfo=UTC), 25),
    ):
        edges = {
            begin - timedelta(seconds=1): False,
            begin: True,
            begin + timedelta(hours=hours, seconds=-1): True,
            begin + timedelta(hours=hours): False,
        }
        for at, inside in edges.items():
            with clock.frozen(at):
                reference = desk.ticket().reference
            page = agent.get(f"/agent?status=all&since={day}&until={day}").text
            assert (reference in page) is inside, at


def test_where_midnight_is_skipped_the_day_begins_after_it(agent: Visitor, desk: Desk) -> None:
    """Cairo, 24 April 2026: midnight is one o'clock at once, at 22:00 UTC."""
    in_zone(agent, "Africa/Cairo")
    for at, inside in (
        (datetime(2026, 4, 23, 21, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 4, 23, 22, tzinfo=UTC), True),
    ):
        with clock.frozen(at):
            reference = desk.ticket().reference
        assert (reference in agent.get("/agent?status=all&since=2026-04-24&until=2026-04-24").text) is inside


def test_being_back_is_a_moment_of_ones_own_clock(agent: Visitor, database: Engine) -> None:
    in_zone(agent, "Asia/Kolkata")
    with clock.frozen(datetime(2026, 7, 1, 8, tzinfo=UTC)):
        page = agent.get("/agent/away")
        assert "Kolkata time" in page.text
        agent.submit(agent.form(page, "/agent/away"), until="2026-07-02T09:00", note="")
    with Session(database) as session:
        assert session.scalars(select(Availability.away_until)).one() == datetime(2026, 7, 2, 3, 30, tzinfo=UTC)


# --- figures


def test_figures_are_in_the_days_of_the_viewer_and_lead_to_their_tickets(boss: Visitor, late: str) -> None:
    in_zone(boss, "Asia/Kolkata")
    july = "from=2026-07-02&to=2026-07-02"
    first = boss.get(f"/analytics?{july}").text
    assert "Days begin at midnight, UTC." in first
    assert "Days in Kolkata time are being counted" in first
    upkeep.add_zone("Asia/Kolkata")  # as the worker does
    page = boss.get(f"/analytics?{july}").text
    assert "Days begin at midnight, Kolkata time." in page
    assert "being counted" not in page
    opened = [(href, number) for href, number in links(page) if "what=opened" in href]
    assert {number for _, number in opened} == {1}
    for href, _ in opened:
        behind = boss.get(href).text
        assert references(behind) == [late]
        queue = next(part.split('"')[0] for part in behind.split('href="')[1:] if part.startswith("/agent?"))
        assert late in boss.get(queue.replace("&amp;", "&")).text
    rows = list(csv.DictReader(io.StringIO(boss.get(f"/analytics/export/days.csv?{july}").text.removeprefix("\ufeff"))))
    assert [(row["day"], row["opened"]) for row in rows] == [("2026-07-02", "1")]
    assert references(boss.get("/analytics/tickets?what=opened&from=2026-07-01&to=2026-07-01").text) == []


def test_looking_from_somewhere_new_asks_the_worker_for_its_days(boss: Visitor, database: Engine) -> None:
    in_zone(boss, "Europe/London").get("/analytics")
    in_zone(boss, "Nowhere/Atlantis").get("/analytics")
    with database.connect() as connection:
        asked = "select args from jobs.procrastinate_jobs where task_name = 'figures.add_zone' order by id desc limit 1"
        assert connection.execute(text(asked)).scalar_one() == {"name": "Europe/London"}
