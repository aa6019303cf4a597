"""axe-core (WCAG 2.2 A and AA) finds nothing, in light and dark, on desktop and phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.chat import Chat
from tests.browser.conftest import log_in
from tests.browser.looks import LOOKS, violations
from tests.browser.test_story import PROBLEM
from tests.stack import Stack


@pytest.fixture(params=LOOKS)
def page(request: pytest.FixtureRequest, new_page: Callable[..., Page]) -> Page:
    """One look."""
    return new_page(reduced_motion="reduce", **LOOKS[request.param])


def test_the_widget(page: Page, live: Stack) -> None:
    chat = Chat(page, live.web_url).open_panel()
    assert violations(page) == [], "before anything was said"
    chat.say("how do I connect to the wifi?")
    assert violations(page) == [], "with quick replies"
    chat.choose("Yes")
    chat.report(PROBLEM)
    chat.page.context.set_offline(True)
    chat.write("written offline")
    chat.root.locator(".line.down").wait_for()
    assert violations(page) == [], "with a ticket card, offline"


def test_the_chat_page(page: Page, live: Stack) -> None:
    Chat(page, live.web_url).open_page().say("how do I connect to the wifi?")
    assert violations(page) == []


@pytest.mark.parametrize("path", ["/", "/login", "/nowhere"])
def test_pages_for_everyone(page: Page, live: Stack, path: str) -> None:
    page.goto(live.web_url + path)
    assert violations(page) == []


def test_the_agents_pages(page: Page, live: Stack, chat: Chat) -> None:
    reference = chat.open_page().report(PROBLEM)
    log_in(page, live)
    page.goto(f"{live.web_url}/agent?status=all")
    assert violations(page) == [], "the queue"
    page.goto(f"{live.web_url}/agent?q=nothing-has-this-word")
    assert violations(page) == [], "an empty queue"
    page.goto(f"{live.web_url}/agent/tickets/{reference}")
    page.get_by_text("Add an internal note").click()
    page.get_by_label("Internal note").fill("Ask **facilities**.")
    page.get_by_role("button", name="Save note").click()
    page.locator(".entry.is-note").wait_for()
    page.get_by_label("Reply to").fill("On our way.")
    page.get_by_role("button", name="Send reply").click()
    page.locator(".entry.from-agent.is-public").wait_for()
    page.get_by_text("The chat that led here").click()
    assert violations(page) == [], "a ticket"
    page.get_by_role("button", name="Send reply").click()
    page.locator("#reply-problem").wait_for()
    assert violations(page) == [], "a refused form"
