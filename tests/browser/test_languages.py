"""The chat and the pages for people in another language than English."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.chat import PATIENCE_MS, Chat
from tests.browser.looks import violations
from tests.stack import Stack


def test_the_chat_speaks_what_the_browser_asks_for_and_what_is_chosen(
    live: Stack, new_page: Callable[..., Page]
) -> None:
    chat = Chat(new_page(locale="es-ES"), live.web_url).open_panel()
    expect(chat.input).to_have_attribute("placeholder", "Escriba su mensaje…")
    assert violations(chat.page) == []
    chat.root.get_by_label("Idioma").select_option("de")
    expect(chat.input).to_have_attribute("placeholder", "Schreiben Sie Ihre Nachricht…")
    chat.wait_until_connected()
    chat.input.fill("hello")
    chat.input.press("Enter")
    expect(chat.chips.first).to_have_text("Ein Problem melden", timeout=PATIENCE_MS)
    chat.page.reload()
    chat.root.locator(".launcher").click()
    expect(chat.input).to_have_attribute("placeholder", "Schreiben Sie Ihre Nachricht…")


def test_the_login_in_hindi_and_a_choice_at_its_foot(live: Stack, new_page: Callable[..., Page]) -> None:
    page = new_page(locale="hi-IN")
    page.goto(f"{live.web_url}/login")
    expect(page.get_by_role("heading", name="लॉग इन")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
