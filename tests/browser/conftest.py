"""A real browser (the system's Chromium) before the real programs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.chat import Chat
from tests.stack import Stack

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
DESKTOP = {"width": 1440, "height": 900}
#: Milliseconds that something may take to appear, on a machine that runs the other half of the tests beside.
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; tests are skipped where there is none, but never in CI.

    It closes with its module: while it is open its event loop runs in this thread, and no asynchronous test can.
    """
    path = os.environ.get("HELPSAGE_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine (looked for " + ", ".join(NAMES) + ", HELPSAGE_CHROMIUM)")
    assert path is not None, "no Chromium: .ci/run installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Makes pages, each of a browser of its own. An error in a page's script fails the test."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def make(**options: Any) -> Page:
        context = chromium.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if _is_refusal(message.text) else None)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not problems


def _is_refusal(text: str) -> bool:
    """A part that our own content security policy does not allow."""
    return "Content Security Policy" in text


@pytest.fixture
def chat(live: Stack, new_page: Callable[..., Page]) -> Chat:
    """A person, new to this desk."""
    return Chat(new_page(), live.web_url)


@pytest.fixture
def agent(live: Stack, new_page: Callable[..., Page]) -> Page:
    """An agent, logged in."""
    return log_in(new_page(), live)


def log_in(page: Page, live: Stack) -> Page:
    """Through the login page."""
    page.goto(f"{live.web_url}/login")
    page.get_by_label("E-mail address").fill(live.agent.email)
    page.get_by_label("Password").fill(live.agent.password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/agent")
    return page
