"""Service levels in a real browser: a calendar, a policy, trying it; due times in the queue; being away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from tests.browser.looks import LOOKS, violations
from tests.browser.test_settings import ada, database, enter, log_in, web_url, with_departments
from tests.integration.settings.conftest import Administrator
from tests.integration.web.conftest import Desk

__all__ = ["ada", "database", "log_in", "web_url", "with_departments"]

HOME = "/settings/service-levels"
PAGES = (
    HOME, f"{HOME}?priority=urgent", f"{HOME}/calendars/always", f"{HOME}/calendars/new", f"{HOME}/policies/urgent",
    f"{HOME}/policies/new", "/agent?sort=due", "/agent/away",
)  # fmt: skip


def test_a_calendar_a_policy_and_what_a_ticket_would_get(
    new_page: Callable[..., Page], ada: Administrator, web_url: str
) -> None:
    page = enter(new_page(base_url=web_url), ada)
    page.goto("/settings")
    page.get_by_role("link", name="Service levels").first.click()
    page.get_by_role("link", name="New calendar").click()
    page.get_by_label("Title").fill("Berlin office")
    page.locator("#zone").fill("Europe/Berlin")
    page.get_by_label("Wednesday").fill("9 to 5")
    page.get_by_role("button", name="Make the calendar").click()
    expect(page.locator("#wed-problem")).to_contain_text("is no time")
    page.get_by_label("Wednesday").fill("09:00-12:00, 13:00-17:00")
    page.get_by_role("button", name="Make the calendar").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    page.goto(f"{HOME}/policies/new")
    page.get_by_label("Title").fill("Printers")
    page.get_by_role("checkbox", name="Normal").check()
    page.get_by_label("Measured with").select_option(label="Berlin office")
    page.get_by_label("First answer within").fill("2h")
    page.get_by_role("button", name="Make the policy").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    page.goto(HOME)
    page.locator("#try-priority").select_option("normal")
    page.locator("#try-at").fill("2026-06-17T09:30")
    page.get_by_role("button", name="By when would it be due?").click()
    # Half past eleven in Berlin: half an hour before lunch, an hour and a half behind it.
    expect(page.locator("#tried")).to_contain_text("Printers")
    expect(page.locator("#tried")).to_contain_text("Wed 17 Jun 2026, 14:30 CEST")


@pytest.mark.parametrize("look", ["desktop light", "phone dark"])
def test_everybody_can_use_the_pages(
    new_page: Callable[..., Page], ada: Administrator, database: Engine, web_url: str, look: str
) -> None:
    ticket = Desk(database).ticket(priority="urgent")
    options: dict[str, Any] = LOOKS[look]
    page = enter(new_page(base_url=web_url, **options), ada)
    for address in (*PAGES, f"/agent/tickets/{ticket.reference}"):
        page.goto(address)
        assert (address, violations(page)) == (address, [])
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (address, wide) == (address, 0)


def test_how_long_there_is_left_is_said_in_the_readers_words(
    new_page: Callable[..., Page], ada: Administrator, database: Engine, web_url: str
) -> None:
    ticket = Desk(database).ticket(priority="high")
    page = enter(new_page(base_url=web_url), ada)
    page.goto("/agent?sort=due")
    expect(page.locator("td.due time")).to_have_text("in 3 h")
    page.goto(f"/agent/tickets/{ticket.reference}")
    expect(page.locator("#due-box")).to_contain_text("in 23 h")
