"""Accounts in a real browser: mistakes, a forgotten password, one-time codes, logins elsewhere; clean for axe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.people import invitations
from helpsage.people.models import Account, Role
from tests.browser.looks import LOOKS, violations
from tests.integration.people.test_captcha import solve
from tests.integration.web.accounts.conftest import ASHA, App, Mailbox, mailbox, make, with_codes
from tests.integration.web.conftest import PASSWORD, database, web_url

__all__ = ["database", "mailbox", "make", "web_url", "with_codes"]

NEW = "nine yellow umbrellas"
Open = Callable[..., Page]


@pytest.fixture
def opened(web_url: str, database: Engine, new_page: Open) -> Open:
    """Opens a browser before the desk."""

    def one(**options: Any) -> Page:
        return new_page(base_url=web_url, **options)

    return one


@pytest.fixture
def page(opened: Open) -> Page:
    """A browser that is not logged in."""
    return opened()


@pytest.fixture
def asha(page: Page, make: Callable[..., Account]) -> Page:
    """A requester's browser, logged in."""
    make()
    log_in(page)
    page.wait_for_url("**/my")
    return page


def log_in(page: Page, password: str = PASSWORD, email: str = ASHA) -> None:
    """Fill in the login form and send it."""
    page.goto("/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def log_out(page: Page) -> None:
    """By the button on every page."""
    page.get_by_role("button", name="Log out", exact=True).first.click()
    expect(page.get_by_role("status")).to_have_text("You are logged out.")


def problem(page: Page, field: str) -> Locator:
    """What stands beside a field; it is read out with the field."""
    expect(page.locator(f"#{field}")).to_have_attribute("aria-invalid", "true")
    assert f"{field}-problem" in str(page.locator(f"#{field}").get_attribute("aria-describedby"))
    return page.locator(f"#{field}-problem")


# --- registering


def test_mistakes_stand_beside_their_fields_and_nothing_typed_is_lost(page: Page, mailbox: Mailbox) -> None:
    page.goto("/register")
    page.get_by_label("Your name").fill("\u200b")
    page.get_by_label("E-mail address").fill("asha..patel@student.example")
    page.get_by_label("Password").fill("short")
    page.get_by_role("button", name="Make an account").click()
    expect(problem(page, "name")).to_contain_text("name that should be shown")
    expect(problem(page, "email")).to_contain_text("name@example.org")
    expect(problem(page, "password")).to_contain_text("at least 10 characters")
    expect(page.get_by_label("E-mail address")).to_have_value("asha..patel@student.example")
    expect(page.get_by_label("Password")).to_have_value("")

    page.get_by_label("Your name").fill("<b>Asha</b> \U0001f469\U0001f3fd\u200d\U0001f52c")
    page.get_by_label("E-mail address").fill(ASHA)
    page.get_by_label("Password").fill("password1234")
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_label("Your name")).to_have_value("<b>Asha</b> \U0001f469\U0001f3fd\u200d\U0001f52c")
    expect(page.get_by_label("E-mail address")).to_have_value(ASHA)
    expect(problem(page, "password")).to_contain_text("among the first that are tried")
    expect(page.get_by_label("Password")).to_be_focused()
    assert mailbox.letters(ASHA) == []

    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    page.goto(mailbox.link(ASHA))
    page.get_by_role("button", name="Confirm my address").click()
    page.wait_for_url("**/my*")
    expect(page.locator(".who-name")).to_have_text("<b>Asha</b> \U0001f469\U0001f3fd\u200d\U0001f52c")


def test_the_link_asks_for_the_password_in_another_browser_and_works_once(opened: Open, mailbox: Mailbox) -> None:
    page, phone = opened(), opened()
    page.goto("/register")
    page.get_by_label("Your name").fill("Asha Patel")
    page.get_by_label("E-mail address").fill(ASHA)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Look into your mailbox")
    phone.goto(mailbox.link(ASHA))
    phone.get_by_label("The password you chose").fill("some other words")
    phone.get_by_role("button", name="Confirm my address").click()
    expect(problem(phone, "password")).to_contain_text("not the password you chose")
    phone.get_by_label("The password you chose").fill(PASSWORD)
    phone.get_by_role("button", name="Confirm my address").click()
    phone.wait_for_url("**/my*")
    page.goto(mailbox.link(ASHA))
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has been used")
    page.get_by_role("link", name="Ask for a new one").click()
    page.wait_for_url("**/register")


# --- logging in


def test_a_wrong_password_says_no_more_than_an_unknown_address(page: Page, make: Callable[..., Account]) -> None:
    make()
    log_in(page, "wrong words altogether")
    told = page.get_by_role("alert").inner_text()
    expect(page.get_by_label("E-mail address")).to_have_value(ASHA)
    expect(page.get_by_label("Password")).to_have_value("")
    expect(page.get_by_label("Password")).to_be_focused()
    log_in(page, email="nobody@student.example")
    expect(page.get_by_role("alert")).to_have_text(told)


def test_after_three_failures_a_puzzle_is_asked_for(page: Page, make: Callable[..., Account]) -> None:
    make()
    for _ in range(3):
        log_in(page, "wrong words altogether")
        expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("img", name="Letters to copy")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Copy these letters").fill("no idea")
    page.get_by_role("button", name="Log in").click()
    expect(problem(page, "answer")).to_contain_text("once more")
    expect(page.get_by_label("E-mail address")).to_have_value(ASHA)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Copy these letters").fill(solve(page.locator("#answer-help").inner_text()))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/my")


def test_a_page_of_somebody_logged_out_leads_to_the_login_and_back(page: Page, make: Callable[..., Account]) -> None:
    make()
    page.goto("/account/password")
    page.wait_for_url("**/login?next=*")
    page.get_by_label("E-mail address").fill(ASHA)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/account/password")


def test_staying_logged_in_outlives_the_browser(opened: Open, make: Callable[..., Account]) -> None:
    make()
    page = opened()
    page.goto("/login")
    page.get_by_label("Stay logged in").check()
    page.get_by_label("E-mail address").fill(ASHA)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/my")
    [kept] = [cookie for cookie in page.context.cookies() if "session" in str(cookie.get("name"))]
    assert kept["httpOnly"]
    assert kept["sameSite"] == "Lax"
    assert kept["expires"] > 0
    log_out(page)
    log_in(page)
    page.wait_for_url("**/my")
    [short] = [cookie for cookie in page.context.cookies() if "session" in str(cookie.get("name"))]
    assert short["expires"] == -1
    assert short["value"] != kept["value"]


def test_a_forgotten_password_without_scripts(opened: Open, make: Callable[..., Account], mailbox: Mailbox) -> None:
    make()
    page = opened(java_script_enabled=False)
    page.goto("/login")
    page.get_by_role("link", name="Forgot the password?").click()
    page.get_by_label("E-mail address").fill(ASHA)
    page.get_by_role("button", name="Send the link").click()
    expect(page.locator("main")).to_contain_text(f"We have sent a letter to {ASHA}")
    link = mailbox.link(ASHA)
    page.goto(link)
    page.get_by_label("New password").fill(ASHA)
    page.get_by_role("button", name="Set the new password").click()
    expect(problem(page, "password")).to_contain_text("Your address or your name is no password")
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set the new password").click()
    expect(page.get_by_role("status")).to_contain_text("Your new password is set")
    log_in(page)
    expect(page.get_by_role("alert")).to_be_visible()
    log_in(page, NEW)
    page.wait_for_url("**/my")
    page.goto(link)
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has been used")


# --- one-time codes


def test_one_time_codes_from_the_picture_to_the_recovery_code(asha: Page) -> None:
    asha.goto("/account")
    expect(asha.get_by_text("Off: your password alone opens your account")).to_be_visible()
    asha.get_by_role("link", name="Set up").click()
    picture = asha.get_by_role("img", name="Picture for the authenticator app")
    assert picture.evaluate("image => image.complete && image.naturalWidth") > 100
    app = App(asha.locator(".key").inner_text().replace(" ", ""))
    asha.get_by_label("Code").fill("000000")
    asha.get_by_role("button", name="Turn on").click()
    expect(problem(asha, "code")).to_contain_text("not right")
    assert asha.locator(".key").inner_text().replace(" ", "") == app.secret, "the app need not scan again"
    asha.get_by_label("Code").fill(app.code())
    asha.get_by_role("button", name="Turn on").click()
    codes = asha.locator(".codes code").all_inner_texts()
    assert len(set(codes)) == 10
    asha.get_by_role("link", name="I have kept them").click()
    expect(asha.get_by_text("On, 10 recovery codes left")).to_be_visible()

    log_out(asha)
    log_in(asha)
    asha.wait_for_url("**/login/code")
    asha.goto("/account")
    asha.wait_for_url("**/login?next=*")
    asha.goto("/login/code")
    asha.get_by_label("Code").fill("123456")
    asha.get_by_role("button", name="Go on").click()
    expect(problem(asha, "code")).to_contain_text("not right")
    asha.get_by_label("Code").fill(app.code())
    asha.get_by_role("button", name="Go on").click()
    asha.wait_for_url("**/my")

    log_out(asha)
    log_in(asha)
    asha.get_by_label("Code").fill(f" {codes[0].upper()} ")
    asha.get_by_role("button", name="Go on").click()
    asha.wait_for_url("**/my")
    asha.goto("/account")
    expect(asha.get_by_text("On, 9 recovery codes left")).to_be_visible()
    log_out(asha)
    log_in(asha)
    asha.get_by_label("Code").fill(codes[0])
    asha.get_by_role("button", name="Go on").click()
    expect(problem(asha, "code")).to_contain_text("used already")


# --- logged-in browsers


def test_another_browser_is_seen_and_logged_out(asha: Page, opened: Open) -> None:
    other = opened(user_agent="Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0")
    log_in(other)
    other.wait_for_url("**/my")
    asha.goto("/account")
    logins = asha.get_by_role("region", name="Where you are logged in").get_by_role("listitem")
    expect(logins).to_have_count(2)
    expect(logins.filter(has_text="This one")).to_contain_text("Chrome")
    asha.get_by_role("button", name="Log out Firefox on Windows").click()
    expect(asha.get_by_role("status")).to_have_text("That browser is logged out.")
    expect(logins).to_have_count(1)
    other.reload()
    other.wait_for_url("**/login*")


def test_a_new_password_logs_every_other_browser_out(asha: Page, opened: Open, mailbox: Mailbox) -> None:
    other = opened()
    log_in(other)
    other.wait_for_url("**/my")
    asha.goto("/account/password")
    asha.get_by_label("Present password").fill("not this one")
    asha.get_by_label("New password").fill(NEW)
    asha.get_by_role("button", name="Save the new password").click()
    expect(problem(asha, "old")).to_contain_text("not the password of this account")
    asha.get_by_label("Present password").fill(PASSWORD)
    asha.get_by_label("New password").fill(NEW)
    asha.get_by_role("button", name="Save the new password").click()
    expect(asha.get_by_role("status")).to_contain_text("Your password is changed")
    other.reload()
    other.wait_for_url("**/login*")
    assert "password was changed" in mailbox.newest(ASHA).subject


# --- how it looks


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest, opened: Open) -> Page:
    """One look."""
    return opened(reduced_motion="reduce", **LOOKS[request.param])


def is_well(page: Page, what: str) -> None:
    """Clean for axe, and no wider than the screen."""
    assert violations(page) == [], what
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what} is wider than the screen"


def test_the_pages_before_logging_in(
    look: Page, make: Callable[..., Account], mailbox: Mailbox, database: Engine
) -> None:
    make()
    for path in ("/login", "/register", "/forgot", "/reset?token=torn"):
        look.goto(path)
        is_well(look, path)
    look.goto("/register")
    look.get_by_label("Your name").fill("W" * 200)
    look.get_by_label("E-mail address").fill(f"{'w' * 60}@{'w' * 60}.example")
    look.get_by_label("Password").fill("short")
    look.get_by_role("button", name="Make an account").click()
    problem(look, "password")
    is_well(look, "registering with mistakes")
    look.get_by_label("Password").fill(PASSWORD)
    look.get_by_role("button", name="Make an account").click()
    is_well(look, "the letter is on its way")
    look.goto(mailbox.link(f"{'w' * 60}@{'w' * 60}.example"))
    is_well(look, "confirming the address")
    look.goto("/forgot")
    look.get_by_label("E-mail address").fill(ASHA)
    look.get_by_role("button", name="Send the link").click()
    look.goto(mailbox.link(ASHA))
    is_well(look, "choosing a new password")
    with Session(database) as session, session.begin():
        invitations.invite(session, "ben@desk.example", "Ben Okafor", Role.AGENT)
    look.goto(mailbox.link("ben@desk.example"))
    is_well(look, "an invitation")
    for _ in range(3):
        log_in(look, "wrong words altogether")
    look.get_by_label("Copy these letters").wait_for()
    is_well(look, "logging in with a puzzle")


def test_the_pages_of_an_account(
    look: Page, make: Callable[..., Account], with_codes: Callable[[str], tuple[App, list[str]]], mailbox: Mailbox
) -> None:
    make(role=Role.ADMINISTRATOR)
    log_in(look)
    look.wait_for_url("**/agent")
    for path in ("/account", "/account/password", "/account/email", "/account/two-factor", "/account/confirm"):
        look.goto(path)
        is_well(look, path)
    look.goto("/account/email")
    look.get_by_label("New e-mail address").fill("patel@student.example")
    look.get_by_label("Password").fill(PASSWORD)
    look.get_by_role("button", name="Send the link").click()
    look.goto(mailbox.link("patel@student.example"))
    is_well(look, "confirming a new address")
    look.goto("/agent/mail")
    is_well(look, "the letters")
    look.get_by_role("link", name="Confirm").first.click()
    is_well(look, "a letter")
    with_codes(ASHA)
    look.goto("/account/two-factor")
    is_well(look, "one-time codes are on")
    look.get_by_role("button", name="Make new recovery codes").click()
    is_well(look, "recovery codes")
    log_out(look)
    log_in(look)
    look.wait_for_url("**/login/code")
    is_well(look, "the one-time code")
