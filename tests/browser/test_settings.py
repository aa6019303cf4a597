"""The settings pages in a real browser: a second department from nothing to its own chat, with and without scripts."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import LOOKS, violations
from tests.integration.settings.conftest import Administrator, ada, log_in, with_departments
from tests.integration.web.conftest import database, web_url

__all__ = ["ada", "database", "log_in", "web_url", "with_departments"]

PAGES = (
    "/settings", "/settings/departments", "/settings/departments/new", "/settings/departments/student-office",
    "/settings/teams", "/settings/teams/new", "/settings/people", "/settings/people/invite", "/settings/categories",
    "/settings/categories/wifi_problem", "/settings/questions/payment_method", "/settings/groups/network",
    "/settings/priorities?text=smoke", "/settings/replies", "/settings/replies/visit", "/settings/channels",
    "/settings/history?document=categories",
)  # fmt: skip


def enter(page: Page, who: Administrator) -> Page:
    """The browser has Ada's session."""
    token = who.cookies["helpsage_session"]
    page.context.add_cookies([{"name": "helpsage_session", "value": token, "url": str(who.base_url)}])
    return page


def test_from_nothing_to_a_second_departments_own_chat(
    new_page: Callable[..., Page], ada: Administrator, web_url: str
) -> None:
    page = enter(new_page(base_url=web_url), ada)
    page.goto("/settings")
    page.get_by_role("link", name="Departments").first.click()
    page.get_by_role("link", name="New department").click()
    page.get_by_role("textbox", name="Name of the desk").fill("Ask the Student Office")
    page.get_by_role("button", name="Make the department").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was saved yet")
    expect(page.get_by_role("textbox", name="Name of the desk")).to_have_value("Ask the Student Office")
    page.locator("#name").fill("Student Office")
    page.locator("#key").fill("student-office")
    page.locator("#colour").fill("#8a3ffc")
    page.get_by_role("button", name="Make the department").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved")
    page.get_by_role("link", name="Open it as a page").click()
    expect(page.locator(".brand")).to_contain_text("Ask the Student Office")
    brand = page.evaluate(
        "getComputedStyle(document.querySelector('help-sage-chat')).getPropertyValue('--brand').trim()"
    )
    assert brand == "#8a3ffc"
    page.goto("/chat")
    expect(page.locator(".brand")).not_to_contain_text("Student Office")


def test_a_change_is_undone_without_scripts(new_page: Callable[..., Page], ada: Administrator, web_url: str) -> None:
    page = enter(new_page(base_url=web_url, java_script_enabled=False), ada)
    page.goto("/settings/categories/wifi_problem")
    page.locator("#title").fill("Wireless")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wireless")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wi-Fi problem")


def test_trying_a_text_needs_no_saving(new_page: Callable[..., Page], ada: Administrator, web_url: str) -> None:
    page = enter(new_page(base_url=web_url), ada)
    page.goto("/settings/priorities")
    page.get_by_label("What someone writes").fill("there is smoke in the lab, no hurry")
    page.get_by_role("button", name="What would it get?").click()
    expect(page.locator(".set-tried")).to_contain_text("Urgent")
    expect(page.locator(".set-tried")).to_contain_text("smoke")


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_is_readable_by_everyone(
    new_page: Callable[..., Page], ada: Administrator, web_url: str, look: str
) -> None:
    ada.change("/settings/departments/new", name="Student Office", key="student-office", colour="#ffd400")
    ada.change("/settings/categories/wifi_problem", title="Wireless")
    page = enter(new_page(base_url=web_url, **LOOKS[look]), ada)
    width = page.viewport_size["width"] if page.viewport_size else 0
    for address in PAGES:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        assert violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_it_can_be_reached_by_keyboard_after_a_refusal(
    new_page: Callable[..., Page], ada: Administrator, web_url: str
) -> None:
    page = enter(new_page(base_url=web_url), ada)
    page.goto("/settings/teams/new")
    page.get_by_role("button", name="Make the team").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.locator("#name")).to_have_attribute("aria-invalid", "true")
