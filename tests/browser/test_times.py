"""Times are told as people say them, with the whole moment on hover, in the zone of whoever reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import update

from helpsage.tickets.models import Ticket
from tests.browser.test_portal import let_in
from tests.integration.portal.conftest import Browser, Desk, asha, desk, enter
from tests.integration.web.conftest import database, web_url

__all__ = ["asha", "database", "desk", "enter", "web_url"]

CHANGED = datetime(2026, 3, 14, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "shown", "whole"),
    [
        ("UTC", "2026-03-14T10:30:40Z", "just now", "Saturday 14 March 2026 at 10:30"),
        ("UTC", "2026-03-14T10:52:00Z", "22 min ago", "Saturday 14 March 2026 at 10:30"),
        ("America/Los_Angeles", "2026-03-15T00:30:00Z", "14 h ago", "Saturday 14 March 2026 at 03:30"),
        ("Pacific/Auckland", "2026-03-15T00:30:00Z", "yesterday, 23:30", "Saturday 14 March 2026 at 23:30"),
        ("Asia/Kolkata", "2026-03-17T00:30:00Z", "Sat 16:00", "Saturday 14 March 2026 at 16:00"),
        ("Asia/Kolkata", "2026-05-17T00:30:00Z", "14 Mar", "Saturday 14 March 2026 at 16:00"),
        ("Asia/Kolkata", "2027-05-17T00:30:00Z", "14 Mar 2026", "Saturday 14 March 2026 at 16:00"),
    ],
)
def test_in_the_readers_zone(
    new_page: Callable[..., Page], asha: Browser, desk: Desk, zone: str, now: str, shown: str, whole: str
) -> None:
    ticket = desk.ticket(asha)
    desk.change(
        ticket,
        lambda session, _: session.execute(update(Ticket).where(Ticket.id == ticket.id).values(updated_at=CHANGED)),
    )
    page = new_page(base_url=str(asha.base_url), timezone_id=zone)
    let_in(page.context, asha)
    page.clock.set_fixed_time(now)
    page.goto("/my")
    time = page.locator(".card time").last
    expect(time).to_have_text(shown)
    assert (time.get_attribute("title") or "").replace(",", "") == whole
    page.goto("about:blank")  # lets go of the stream


def test_without_scripts_times_are_in_words_with_the_zone_on_hover(
    new_page: Callable[..., Page], asha: Browser, desk: Desk
) -> None:
    desk.ticket(asha)
    page = new_page(base_url=str(asha.base_url), java_script_enabled=False)
    let_in(page.context, asha)
    page.goto("/my")
    time = page.locator(".card time").last
    expect(time).to_have_text("just now")
    assert (time.get_attribute("title") or "").endswith(" UTC")


def test_days_are_filtered_in_the_readers_zone(new_page: Callable[..., Page], asha: Browser, desk: Desk) -> None:
    """The page's script tells the zone; from then on days begin there."""
    ticket = desk.ticket(asha)
    late = CHANGED.replace(hour=20)  # two in the morning of the fifteenth in Kolkata
    desk.change(
        ticket,
        lambda session, _: session.execute(update(Ticket).where(Ticket.id == ticket.id).values(created_at=late)),
    )
    page = new_page(base_url=str(asha.base_url), timezone_id="Asia/Kolkata")
    let_in(page.context, asha)
    page.goto("/my")
    for day, count in (("2026-03-14", 0), ("2026-03-15", 1)):
        page.goto(f"/my?from={day}&to={day}")
        expect(page.locator(".card")).to_have_count(count)
    page.goto("about:blank")
