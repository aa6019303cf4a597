"""A new password without the old one."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people import accounts, registration
from helpsage.people.models import Account
from helpsage.web.accounts import words
from tests.integration.web.accounts.conftest import ASHA, App, Mailbox
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor

NEW = "another good password"


def forget(browser: Visitor, email: str = ASHA):  # type: ignore[no-untyped-def]
    return browser.submit(browser.form(browser.get("/forgot"), "/forgot"), email=email)


def choose(browser: Visitor, link: str, password: str = NEW):  # type: ignore[no-untyped-def]
    return browser.submit(browser.form(browser.get(link), "/reset"), password=password)


@pytest.fixture
def other_browser(web_url: str) -> Iterator[Visitor]:
    with Visitor(web_url) as browser:
        yield browser


def test_a_new_password_by_mail(visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox) -> None:
    make()
    forget(visitor)
    page = choose(visitor, mailbox.link(ASHA))
    assert page.url.path == "/login"
    assert words.DONE["reset"] in page.text
    assert visitor.log_in(ASHA, PASSWORD).status_code == 401
    assert visitor.log_in(ASHA, NEW).url.path == "/my"
    assert mailbox.newest(ASHA).subject.startswith("Your password was changed")


def test_every_browser_is_logged_out(asha: Visitor, other_browser: Visitor, mailbox: Mailbox) -> None:
    forget(other_browser)
    choose(other_browser, mailbox.link(ASHA))
    assert asha.get("/account").url.path == "/login"


def test_it_opens_a_locked_account(
    visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox, database: Engine
) -> None:
    make()
    with Session(database) as session:
        for _ in range(accounts.FAILURES_PER_EMAIL):
            with pytest.raises(accounts.WrongCredentials):
                accounts.authenticate(session, ASHA, "wrong password", "192.0.2.1")
    assert "guess your password" in mailbox.newest(ASHA).subject
    forget(visitor)
    choose(visitor, mailbox.link(ASHA))
    assert visitor.log_in(ASHA, NEW).url.path == "/my"


def test_it_does_not_go_around_the_second_factor(
    visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox, with_codes: Callable[[str], tuple[App, list[str]]]
) -> None:
    make()
    with_codes(ASHA)
    forget(visitor)
    choose(visitor, mailbox.link(ASHA))
    assert visitor.log_in(ASHA, NEW).url.path == "/login/code"
    assert visitor.get("/account").url.path == "/login"


def test_an_unknown_address_gets_the_same_answer_and_a_letter(
    visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox
) -> None:
    make()
    known, unknown = forget(visitor), forget(visitor, "nobody@student.example")
    assert known.status_code == unknown.status_code == 200
    # The forms' token is another one in each answer.
    told, told_unknown = (re.sub(r'name="csrf" value="\w+"', "", page.text) for page in (known, unknown))
    assert told.replace(ASHA, "X") == told_unknown.replace("nobody@student.example", "X")
    [letter] = mailbox.letters("nobody@student.example")
    assert "no account" in letter.subject
    assert "token=" not in letter.text


def test_a_disabled_account_is_none(
    visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox, database: Engine
) -> None:
    made = make()
    with Session(database) as session, session.begin():
        accounts.disable(session, session.get_one(Account, made.id))
    forget(visitor)
    assert "no account" in mailbox.newest(ASHA).subject


def test_the_letter_goes_to_the_address_that_is_kept(
    visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox
) -> None:
    make()
    forget(visitor, "ASHA@Student.Example")
    assert mailbox.letters("ASHA@student.example") == []
    assert "new password" in mailbox.newest(ASHA).subject


def test_a_link_works_once(visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox) -> None:
    make()
    forget(visitor)
    forget(visitor)
    first, second = (letter.text for letter in mailbox.letters(ASHA))
    form = visitor.form(visitor.get(mailbox.link(ASHA)), "/reset")
    visitor.submit(form, password=NEW)
    assert visitor.submit(form, password="yet another password").status_code == 410
    # and its brother with it
    link = next(word for word in first.split() if "token=" in word)
    assert visitor.get(link).status_code == 410
    assert first != second
    assert visitor.log_in(ASHA, NEW).status_code == 200


def test_a_link_grows_old(visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox) -> None:
    make()
    forget(visitor)
    form = visitor.form(visitor.get(mailbox.link(ASHA)), "/reset")
    with clock.frozen(clock.now() + timedelta(minutes=31)):
        assert visitor.submit(form, password=NEW).status_code == 410


def test_a_poor_password_leaves_the_link_good(visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox) -> None:
    make()
    forget(visitor)
    link = mailbox.link(ASHA)
    refused = choose(visitor, link, "short")
    assert refused.status_code == 422
    assert 'id="password-problem"' in refused.text
    assert choose(visitor, link).url.path == "/login"


def test_a_link_of_another_kind_opens_nothing(visitor: Visitor, mailbox: Mailbox) -> None:
    form = visitor.form(visitor.get("/register"), "/register")
    visitor.submit(form, name="Asha", email=ASHA, password=PASSWORD)
    token = mailbox.link(ASHA).partition("token=")[2]
    assert visitor.get(f"/reset?token={token}").status_code == 404


def test_letters_have_their_number(
    visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    monkeypatch.setattr(registration, "PUZZLE_AFTER", 100)
    for email in (ASHA, "nobody@student.example"):
        answers = [forget(visitor, email).status_code for _ in range(registration.PER_EMAIL.most + 1)]
        assert answers == [200] * registration.PER_EMAIL.most + [429]


@pytest.mark.parametrize("email", ["", "asha", "a@b@c", "\x00@x.example"])
def test_no_address(visitor: Visitor, email: str) -> None:
    page = forget(visitor, email)
    assert page.status_code == 422
    assert "like name@example.org" in html.unescape(page.text)
