"""The pages of figures in a real browser: drawn, clicked, read without a picture, clean for axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from helpsage.people.models import Role
from helpsage.tickets import service
from helpsage.tickets.service import Actor
from tests.browser.looks import LOOKS, violations
from tests.integration.web.conftest import PASSWORD, Desk, database, desk, make_account, web_url

__all__ = ["database", "desk", "web_url"]

EMAIL = "olivia@desk.example"
PATHS = (
    "/analytics",
    "/analytics/by/category",
    "/analytics/satisfaction",
    "/analytics/assistant",
    "/analytics/tickets?what=resolved",
    "/analytics?from=2026-05-02&to=2026-05-01",
)
AGENT = Actor("agent", "Priya")


@pytest.fixture
def filled(web_url: str, database: Engine, desk: Desk) -> str:
    """A desk with some tickets and an administrator; gives its address."""
    make_account(database, EMAIL, "Olivia", Role.ADMINISTRATOR)
    for n in range(4):
        ticket = desk.ticket(f"Ticket {n}", category="printer_problem" if n % 2 else "double_charge")
        desk.change(ticket, lambda session, row: service.reply(session, row, "Looking into it", AGENT))
        if n < 3:
            desk.change(ticket, lambda session, row: service.change_status(session, row, "resolved", AGENT))
            desk.change(
                ticket, lambda session, row, n=n: service.rate(session, row, 5 - n, "Quick", Actor("requester"))
            )
    return web_url


@pytest.fixture
def enter(filled: str, new_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a browser in which the administrator is logged in."""

    def opened(**options: Any) -> Page:
        page = new_page(base_url=filled, **options)
        page.goto("/login?next=/analytics")
        page.get_by_label("E-mail address").fill(EMAIL)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/analytics")
        return page

    return opened


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(enter: Callable[..., Page], look: str) -> None:
    page = enter(reduced_motion="reduce", **LOOKS[look])
    for path in PATHS:
        page.goto(path)
        assert violations(page) == [], path
        wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
        assert not wide, path


def test_every_chart_is_drawn_and_keeps_its_table(enter: Callable[..., Page]) -> None:
    page = enter()
    figures = page.locator("figure[data-chart]:has(table)")
    expect(figures.first).to_be_visible()
    for figure in figures.all():
        canvas = figure.locator("canvas")
        expect(canvas).to_be_visible()
        assert canvas.evaluate(
            "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v, i) => i % 4 === 3 && v)"
        )
        expect(figure.locator("table")).to_be_hidden()
    figures.first.get_by_text("As a table").click()
    expect(figures.first.get_by_role("columnheader", name="Opened", exact=True)).to_be_visible()


def test_a_click_on_a_bar_shows_the_tickets_behind_it(enter: Callable[..., Page]) -> None:
    page = enter()
    page.goto("/analytics/by/category")
    canvas = page.locator("#chart-ranking canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    canvas.click(position={"x": box["width"] / 2, "y": box["height"] / 5})
    page.wait_for_url("**/analytics/tickets?*what=opened*")
    expect(page.locator("td.ref")).to_have_count(2)


def test_without_scripts_the_tables_say_it_all(enter: Callable[..., Page]) -> None:
    page = enter(java_script_enabled=False)
    table = page.locator("#chart-volume table")
    expect(table).to_be_visible()
    table.get_by_role("link", name="4").click()
    expect(page.locator("td.ref")).to_have_count(4)


def test_other_days_keep_the_place(enter: Callable[..., Page]) -> None:
    page = enter()
    page.goto("/analytics?by=category&value=printer_problem")
    page.get_by_role("link", name="Last 7 days").click()
    expect(page.locator(".focus")).to_contain_text("Printer problem")
    page.get_by_label("From", exact=True).fill("2026-01-01")
    page.get_by_label("To", exact=True).fill("2026-01-31")
    page.get_by_role("button", name="Show").click()
    expect(page.locator(".focus")).to_contain_text("Printer problem")
    expect(page.get_by_role("heading", level=1)).to_have_text("Figures, 1–31 Jan 2026")


def test_on_a_phone_the_open_tab_is_in_view_and_the_account_within_reach(enter: Callable[..., Page]) -> None:
    page = enter(**LOOKS["phone light"])
    page.goto("/analytics/assistant")
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Olivia").click()
    page.get_by_role("heading", level=1, name="My account").wait_for()
