"""Rules and words in a real browser: made, tried, put in another place; a letter's words, previewed."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect
from sqlalchemy import Engine

from tests.browser.test_settings import ada, database, enter, log_in, web_url, with_departments
from tests.integration.settings.conftest import Administrator
from tests.integration.settings.test_routing import read_ticket

__all__ = ["ada", "database", "log_in", "web_url", "with_departments"]


def test_a_rule_is_tried_made_and_moved_by_keyboard(
    new_page: Callable[..., Page], ada: Administrator, with_departments: Engine, web_url: str
) -> None:
    reference = read_ticket(with_departments, "low", "angry")
    page = enter(new_page(base_url=web_url), ada)
    page.goto("/settings/routing")
    page.get_by_role("link", name="New rule").click()
    page.get_by_role("textbox", name="Name").fill("Angry ones")
    page.get_by_role("checkbox", name="Angry").check()
    page.get_by_label("It goes").select_option("senior")
    page.get_by_role("button", name="What would it change?").click()
    expect(page.locator(".set-box").first).to_contain_text("1 of 1")
    expect(page.locator(".set-box").first).to_contain_text(reference)
    expect(page.get_by_role("textbox", name="Name")).to_have_value("Angry ones")
    page.get_by_role("button", name="Make the rule").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    page.goto("/settings/routing")
    rules = page.locator(".rules > li")
    expect(rules.first).to_contain_text("Angry ones")
    place = page.get_by_label("Place of “Angry ones”")
    place.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    expect(rules.nth(2)).to_contain_text("Angry ones")
    page.get_by_role("button", name="Undo").click()
    expect(rules.first).to_contain_text("Angry ones")


def test_a_letters_words_are_previewed_and_refused_beside_the_field(
    new_page: Callable[..., Page], ada: Administrator, web_url: str
) -> None:
    page = enter(new_page(base_url=web_url), ada)
    page.goto("/settings/notices")
    page.get_by_role("link", name="An agent answers").click()
    page.get_by_label("Subject").fill("News of {{ ticket.reference }}")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_role("region", name="How it reads")).to_contain_text("News of HS-1042")
    page.get_by_label("Subject").fill("News of {{ ticket.nothing }}")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#subject-problem")).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value("News of {{ ticket.nothing }}")
    page.get_by_label("Subject").fill("News of {{ ticket.reference }}")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
