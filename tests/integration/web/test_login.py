"""Only staff get in; a form counts only when it came from a page of ours."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from helpsage import clock
from helpsage.people import accounts, sessions
from helpsage.people.models import Role
from helpsage.web.accounts import words
from tests.integration.web.conftest import EMAIL, PASSWORD, make_account
from tests.integration.web.visitor import Visitor


@pytest.mark.parametrize("path", ["/agent", "/agent/tickets/HS-1001", "/agent?status=all&q=wifi"])
def test_a_stranger_is_sent_to_the_login_and_back(visitor: Visitor, database: Engine, path: str) -> None:
    make_account(database, EMAIL, "Priya", Role.AGENT)
    page = visitor.get(path)
    assert page.url.path == "/login"
    form = visitor.form(page, "/login")
    back = visitor.submit(form, email=EMAIL, password=PASSWORD)
    assert str(back.url).endswith(path)


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx", ""])
def test_the_login_never_leads_to_another_site(visitor: Visitor, database: Engine, elsewhere: str) -> None:
    make_account(database, EMAIL, "Priya", Role.AGENT)
    form = visitor.form(visitor.get("/login"), "/login")
    form.values["next"] = elsewhere
    back = visitor.submit(form, email=EMAIL, password=PASSWORD)
    assert back.url.path == "/agent"
    assert back.url.host == "127.0.0.1"


def test_a_wrong_password_and_an_unknown_address_look_alike(visitor: Visitor, database: Engine) -> None:
    make_account(database, EMAIL, "Priya", Role.AGENT)
    wrong = visitor.log_in(EMAIL, "not this one at all")
    unknown = visitor.log_in("nobody@desk.example", PASSWORD)
    assert wrong.status_code == unknown.status_code == 401
    assert words.WRONG_CREDENTIALS in wrong.text
    assert words.WRONG_CREDENTIALS in unknown.text
    assert visitor.get("/agent").url.path == "/login"


def test_after_some_failures_a_puzzle_is_asked_for_and_then_guessing_is_stopped(
    visitor: Visitor, database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_account(database, EMAIL, "Priya", Role.AGENT)
    for _ in range(accounts.PUZZLE_AFTER_PER_EMAIL):
        assert visitor.log_in(EMAIL, "not this one at all").status_code == 401
    unsolved = visitor.log_in(EMAIL, PASSWORD)
    assert unsolved.status_code == 422
    assert words.UNSOLVED in unsolved.text
    monkeypatch.setattr(accounts, "PUZZLE_AFTER_PER_EMAIL", 1_000)
    for _ in range(accounts.FAILURES_PER_EMAIL - accounts.FAILURES_PER_EMAIL // 2):
        visitor.log_in(EMAIL, "not this one at all")
    monkeypatch.setattr(accounts, "FAILURES_PER_EMAIL", accounts.FAILURES_PER_EMAIL // 2)
    refused = visitor.log_in(EMAIL, PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


def test_a_requester_gets_in_but_not_to_the_agents_pages(visitor: Visitor, database: Engine) -> None:
    make_account(database, "student@desk.example", "Asha", Role.REQUESTER)
    assert visitor.log_in("student@desk.example", PASSWORD).url.path == "/my"
    assert visitor.get("/agent").status_code == 403


def test_without_staying_logged_in_the_browser_forgets_when_it_is_closed(visitor: Visitor, database: Engine) -> None:
    make_account(database, EMAIL, "Priya", Role.AGENT)
    form = visitor.form(visitor.get("/login"), "/login")
    page = visitor.submit(form, email=EMAIL, password=PASSWORD)
    cookie = next(value for value in page.history[0].headers.get_list("set-cookie") if "session" in value)
    assert "Max-Age" not in cookie
    visitor.submit(visitor.form(visitor.get("/account"), "/logout"))
    csrf = visitor.form(visitor.get("/login"), "/login").values["csrf"]
    page = visitor.submit(form, email=EMAIL, password=PASSWORD, remember="1", csrf=csrf)
    cookie = next(value for value in page.history[0].headers.get_list("set-cookie") if "session" in value)
    assert f"Max-Age={30 * 24 * 3600}" in cookie


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(visitor: Visitor, database: Engine) -> None:
    make_account(database, EMAIL, "Priya", Role.AGENT)
    page = visitor.log_in(EMAIL, PASSWORD)
    cookie = next(value for value in page.history[0].headers.get_list("set-cookie") if "session" in value)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


def test_logging_in_gives_a_token_that_was_not_there_before(visitor: Visitor, database: Engine) -> None:
    make_account(database, EMAIL, "Priya", Role.AGENT)
    visitor.cookies.set("helpsage_session", "planted-by-somebody", domain="127.0.0.1", path="/")
    visitor.log_in(EMAIL, PASSWORD)
    assert "planted-by-somebody" not in str(visitor.cookies.jar)


def test_logging_out_ends_the_session_on_the_server(agent: Visitor) -> None:
    kept = dict(agent.cookies)
    form = agent.form(agent.get("/agent"), "/logout")
    assert agent.submit(form).url.path == "/login"
    agent.cookies.update(kept)
    assert agent.get("/agent").url.path == "/login"


def test_an_idle_session_ends(agent: Visitor) -> None:
    later = clock.now() + sessions.IDLE * 1.01
    with clock.frozen(later):
        assert agent.get("/agent").url.path == "/login"


def test_a_disabled_account_is_out_at_once(agent: Visitor, database: Engine) -> None:
    from sqlalchemy.orm import Session

    with Session(database) as session, session.begin():
        account = accounts.by_email(session, EMAIL)
        assert account is not None
        accounts.disable(session, account)
    assert agent.get("/agent").url.path == "/login"


def test_a_form_without_its_token_is_refused(visitor: Visitor, database: Engine) -> None:
    make_account(database, EMAIL, "Priya", Role.AGENT)
    form = visitor.form(visitor.get("/login"), "/login")
    form.values["csrf"] = ""
    assert visitor.submit(form, email=EMAIL, password=PASSWORD).status_code == 403


def test_another_browsers_token_is_refused(visitor: Visitor, web_url: str, database: Engine) -> None:
    make_account(database, EMAIL, "Priya", Role.AGENT)
    with Visitor(web_url) as other:
        stolen = other.form(other.get("/login"), "/login").values["csrf"]
    form = visitor.form(visitor.get("/login"), "/login")
    form.values["csrf"] = stolen
    assert visitor.submit(form, email=EMAIL, password=PASSWORD).status_code == 403


def test_a_form_sent_from_another_site_is_refused(visitor: Visitor, database: Engine) -> None:
    make_account(database, EMAIL, "Priya", Role.AGENT)
    form = visitor.form(visitor.get("/login"), "/login")
    visitor.headers["Sec-Fetch-Site"] = "cross-site"
    assert visitor.submit(form, email=EMAIL, password=PASSWORD).status_code == 403


def test_without_a_cookie_there_is_no_token_to_match(visitor: Visitor, database: Engine) -> None:
    form = visitor.form(visitor.get("/login"), "/login")
    visitor.cookies.clear()
    assert visitor.submit(form, email=EMAIL, password=PASSWORD).status_code == 403
