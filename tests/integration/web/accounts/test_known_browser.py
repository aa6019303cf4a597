"""Whoever tries passwords locks others out only where they could be the same: not in the browser one always uses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from helpsage import settings
from helpsage.people.accounts import FAILURES_PER_EMAIL
from helpsage.people.models import Account
from tests.integration.web.accounts.conftest import ASHA
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor

MARK = "helpsage_browser"


@pytest.fixture(autouse=True)
def without_puzzles(web_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "captcha", "off")


@pytest.fixture
def stranger(web_url: str) -> Iterator[Visitor]:
    with Visitor(web_url) as browser:
        yield browser


def try_until_locked(browser: Visitor) -> None:
    for _ in range(FAILURES_PER_EMAIL):
        assert browser.log_in(ASHA, "wrong words altogether").status_code == 401
    assert browser.log_in(ASHA, PASSWORD).status_code == 429


def log_out(browser: Visitor) -> None:
    browser.submit(browser.form(browser.get("/account"), "/logout"))


def test_strangers_do_not_lock_out_the_browser_of_the_owner(asha: Visitor, stranger: Visitor) -> None:
    log_out(asha)
    try_until_locked(stranger)
    assert asha.log_in(ASHA, PASSWORD).url.path == "/my"
    assert stranger.log_in(ASHA, PASSWORD).status_code == 429, "that opens nothing for strangers"


def test_its_own_tries_are_counted_all_the_same(asha: Visitor, stranger: Visitor) -> None:
    log_out(asha)
    try_until_locked(asha)
    assert stranger.log_in(ASHA, PASSWORD).url.path == "/my"


@pytest.mark.parametrize("torn", [lambda mark: "x", lambda mark: mark[:-2]], ids=["nonsense", "cut off"])
def test_a_torn_mark_is_none(asha: Visitor, stranger: Visitor, torn: Callable[[str], str]) -> None:
    log_out(asha)
    try_until_locked(stranger)
    mark = asha.cookies[MARK]
    asha.cookies.clear()
    asha.cookies.set(MARK, torn(mark))
    assert asha.log_in(ASHA, PASSWORD).status_code == 429
    asha.cookies.clear()
    asha.cookies.set(MARK, mark)
    assert asha.log_in(ASHA, PASSWORD).url.path == "/my"


def test_the_mark_of_another_account_helps_nobody(
    asha: Visitor, stranger: Visitor, make: Callable[..., Account]
) -> None:
    make("mallory@student.example", "Mallory")
    stranger.log_in("mallory@student.example", PASSWORD)
    log_out(stranger)
    assert MARK in stranger.cookies
    try_until_locked(stranger)
    log_out(asha)
    assert asha.log_in(ASHA, PASSWORD).url.path == "/my"
