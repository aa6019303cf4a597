"""The check on the login page: shown after failures, used once, and replaced when its service is away."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from helpsage import settings
from helpsage.people import accounts
from helpsage.people.models import Account
from helpsage.web.accounts import words
from tests.integration.people.test_captcha import Judge, judge, solve
from tests.integration.web.accounts.conftest import ASHA
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor

__all__ = ["judge"]


@pytest.fixture
def failed(visitor: Visitor, make: Callable[..., Account]) -> Visitor:
    """A browser that has given too many wrong passwords for an account."""
    make()
    for _ in range(accounts.PUZZLE_AFTER_PER_EMAIL):
        visitor.log_in(ASHA, "wrong password")
    return visitor


def shown(browser: Visitor):  # type: ignore[no-untyped-def]
    """The login page with its puzzle, and the puzzle's answer."""
    page = browser.log_in(ASHA, PASSWORD)
    question = re.search(r'id="answer-help">([^<]+)<', page.text)
    assert question is not None
    return browser.form(page, "/login"), solve(html.unescape(question.group(1)))


def test_solved_and_in(failed: Visitor) -> None:
    form, answer = shown(failed)
    assert form.values["email"] == ASHA
    assert failed.submit(form, password=PASSWORD, answer=answer).url.path == "/my"


def test_unsolved_the_right_password_is_not_even_looked_at(failed: Visitor) -> None:
    form, _ = shown(failed)
    page = failed.submit(form, password=PASSWORD, answer="not this")
    assert page.status_code == 422
    assert words.UNSOLVED in page.text
    assert 'value="asha@student.example"' in page.text


def test_an_answer_is_used_up_by_a_wrong_password(failed: Visitor) -> None:
    form, answer = shown(failed)
    assert failed.submit(form, password="wrong password", answer=answer).status_code == 401
    assert failed.submit(form, password=PASSWORD, answer=answer).status_code == 422


def test_unknown_addresses_get_it_as_well(visitor: Visitor) -> None:
    for _ in range(accounts.PUZZLE_AFTER_PER_EMAIL):
        visitor.log_in("nobody@student.example", "wrong password")
    assert 'name="puzzle"' in visitor.log_in("nobody@student.example", PASSWORD).text


def test_it_is_made_for_those_who_do_not_see_it(failed: Visitor) -> None:
    page = failed.log_in(ASHA, PASSWORD).text
    picture = re.search(r'<img class="puzzle-picture"[^>]*alt="([^"]+)"', page)
    assert picture is not None
    assert "question" in picture.group(1)
    assert 'aria-describedby="answer-problem answer-help"' in page


@pytest.fixture
def hcaptcha(web_url: str, judge: Judge, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """The desk uses hCaptcha, whose machine is ours."""
    for name, value in {
        "captcha": "hcaptcha",
        "captcha_site_key": "site key",
        "captcha_secret": SecretStr("the secret"),
        "captcha_verify_url": judge.url,
    }.items():
        monkeypatch.setattr(settings.get(), name, value)
    return judge


def test_a_service_brings_its_widget_and_only_there_its_sources(failed: Visitor, hcaptcha: Judge) -> None:
    page = failed.log_in(ASHA, PASSWORD)
    assert 'class="h-captcha" data-sitekey="site key"' in page.text
    policy = page.headers["content-security-policy"]
    assert "script-src 'self' https://hcaptcha.com https://*.hcaptcha.com;" in policy
    assert "'unsafe-inline'" not in policy
    assert "hcaptcha" not in failed.get("/forgot").headers["content-security-policy"]


def test_a_service_says_yes(failed: Visitor, hcaptcha: Judge) -> None:
    form = failed.form(failed.log_in(ASHA, PASSWORD), "/login")
    page = failed.submit(form, password=PASSWORD, **{"h-captcha-response": "the right answer"})
    assert page.url.path == "/my"


def test_a_service_says_no(failed: Visitor, hcaptcha: Judge) -> None:
    form = failed.form(failed.log_in(ASHA, PASSWORD), "/login")
    page = failed.submit(form, password=PASSWORD, **{"h-captcha-response": "something else"})
    assert page.status_code == 422


def test_a_service_that_is_away_locks_nobody_out(failed: Visitor, hcaptcha: Judge) -> None:
    hcaptcha.status = 503
    form = failed.form(failed.log_in(ASHA, PASSWORD), "/login")
    page = failed.submit(form, password=PASSWORD, **{"h-captcha-response": "anything"})
    question = re.search(r'id="answer-help">([^<]+)<', page.text)
    assert question is not None
    form = failed.form(page, "/login")
    assert failed.submit(form, password=PASSWORD, answer=solve(html.unescape(question.group(1)))).url.path == "/my"


def test_switched_off(failed: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "captcha", "off")
    assert failed.log_in(ASHA, PASSWORD).url.path == "/my"
