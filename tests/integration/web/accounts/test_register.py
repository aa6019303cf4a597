"""Making an account by a link; the same answer for known and unknown addresses; links that are old, used or torn."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from pwdlib import PasswordHash
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.people import accounts, registration
from helpsage.people.models import Account
from helpsage.web.accounts import words
from tests.integration.web.accounts.conftest import ASHA, Mailbox
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor


def ask(browser: Visitor, **typed: str):  # type: ignore[no-untyped-def]
    given = {"name": "Asha Patel", "email": ASHA, "password": PASSWORD, **typed}
    return browser.submit(browser.form(browser.get("/register"), "/register"), **given)


def account(engine: Engine, email: str = ASHA) -> Account | None:
    with Session(engine) as session:
        return accounts.by_email(session, email)


@pytest.fixture
def other_browser(web_url: str) -> Iterator[Visitor]:
    with Visitor(web_url) as browser:
        yield browser


def test_ask_confirm_and_be_in(visitor: Visitor, mailbox: Mailbox, database: Engine) -> None:
    page = ask(visitor)
    assert page.status_code == 200
    assert ASHA in page.text
    assert account(database) is None
    confirm = visitor.get(mailbox.link(ASHA))
    done = visitor.submit(visitor.form(confirm, "/register/confirm"))
    assert done.url.path == "/my"
    made = account(database)
    assert made is not None
    assert (made.role, made.person.name, made.person.email) == ("requester", "Asha Patel", ASHA)
    assert made.verified_at is not None


def test_opening_the_link_alone_uses_nothing_up(visitor: Visitor, mailbox: Mailbox, database: Engine) -> None:
    ask(visitor)
    for _ in range(3):
        assert visitor.get(mailbox.link(ASHA)).status_code == 200
    assert account(database) is None


def test_in_another_browser_the_password_is_asked_for(
    visitor: Visitor, other_browser: Visitor, mailbox: Mailbox, database: Engine
) -> None:
    """Whoever asked with somebody else's address must not get the account when that somebody opens the link."""
    ask(visitor, password="chosen by a stranger")
    form = other_browser.form(other_browser.get(mailbox.link(ASHA)), "/register/confirm")
    refused = other_browser.submit(form, password="what the owner believes it to be")
    assert refused.status_code == 422
    assert words.WRONG_CHOSEN in html.unescape(refused.text)
    assert account(database) is None
    done = other_browser.submit(form, password="chosen by a stranger")
    assert done.url.path == "/my"


def test_guessing_the_password_of_a_link_is_stopped(visitor: Visitor, other_browser: Visitor, mailbox: Mailbox) -> None:
    ask(visitor)
    form = other_browser.form(other_browser.get(mailbox.link(ASHA)), "/register/confirm")
    for number in range(registration.PER_LINK.most):
        assert other_browser.submit(form, password=f"guess number {number}").status_code == 422
    assert other_browser.submit(form, password=PASSWORD).status_code == 429


def test_a_known_address_gets_the_same_answer_and_another_letter(
    visitor: Visitor, mailbox: Mailbox, make: Callable[..., Account], database: Engine
) -> None:
    make()
    known, unknown = ask(visitor, name="Somebody else"), ask(visitor, email="new@student.example")
    assert known.status_code == unknown.status_code == 200
    assert plain(known.text.replace(ASHA, "X")) == plain(unknown.text.replace("new@student.example", "X"))
    assert "already have an account" in mailbox.newest(ASHA).subject
    assert "token=" not in mailbox.newest(ASHA).text
    kept = account(database)
    assert kept is not None
    assert kept.person.name == "Asha Patel"


def plain(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf" not in line)


def test_known_and_unknown_addresses_take_the_same_time(
    visitor: Visitor, make: Callable[..., Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearly all of the time goes into making a hash: both make one."""
    make()
    made: list[str] = []
    make_hash = PasswordHash.hash

    def noted(self: PasswordHash, password: str) -> str:
        made.append(make_hash(self, password))
        return made[-1]

    monkeypatch.setattr(PasswordHash, "hash", noted)
    form = visitor.form(visitor.get("/register"), "/register")
    for email in (ASHA, "new@student.example"):
        made.clear()
        assert visitor.submit(form, name="Asha", email=email, password=PASSWORD).status_code == 200
        assert len(made) == 1


def test_no_more_letters_than_fit_whoever_is_behind_the_address(
    visitor: Visitor, make: Callable[..., Account], mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    monkeypatch.setattr(registration, "PUZZLE_AFTER", 100)
    for email in (ASHA, "new@student.example"):
        answers = [ask(visitor, email=email).status_code for _ in range(registration.PER_EMAIL.most + 1)]
        assert answers == [200] * registration.PER_EMAIL.most + [429]
        assert len(mailbox.letters(email)) == registration.PER_EMAIL.most


def test_after_some_letters_a_puzzle_is_asked_for(visitor: Visitor) -> None:
    for number in range(registration.PUZZLE_AFTER):
        assert ask(visitor, email=f"new{number}@student.example").status_code == 200
    refused = ask(visitor, email="more@student.example", answer="not this")
    assert refused.status_code == 422
    assert words.UNSOLVED in html.unescape(refused.text)
    assert 'value="more@student.example"' in refused.text


# --- links


def test_a_link_works_once(visitor: Visitor, mailbox: Mailbox, database: Engine) -> None:
    ask(visitor)
    link = mailbox.link(ASHA)
    form = visitor.form(visitor.get(link), "/register/confirm")
    visitor.submit(form)
    visitor.submit(visitor.form(visitor.get("/account"), "/logout"))
    form.values["csrf"] = visitor.form(visitor.get("/login"), "/login").values["csrf"]
    again = visitor.submit(form)
    assert again.status_code == 410
    assert words.LINKS["used"][0] in again.text
    assert visitor.get(link).status_code == 410
    with Session(database) as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_the_second_of_two_links_is_used_up_with_the_first(visitor: Visitor, mailbox: Mailbox) -> None:
    ask(visitor)
    first = mailbox.link(ASHA)
    ask(visitor)
    visitor.submit(visitor.form(visitor.get(mailbox.link(ASHA)), "/register/confirm"))
    assert visitor.get(first).status_code == 410


def test_a_link_grows_old(visitor: Visitor, mailbox: Mailbox) -> None:
    ask(visitor)
    with clock.frozen(clock.now() + timedelta(hours=24, minutes=1)):
        page = visitor.get(mailbox.link(ASHA))
    assert page.status_code == 410
    assert words.LINKS["expired"][0] in page.text


@pytest.mark.parametrize("token", ["", "torn", "%00", "x" * 5000, "é", "' or 1=1 --"])
def test_a_torn_link(visitor: Visitor, token: str) -> None:
    page = visitor.get(f"/register/confirm?token={token}")
    assert page.status_code == 404
    assert words.LINKS["unknown"][0] in page.text


# --- bad input


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("email", "", "like name@example.org"),
        ("email", "asha", "like name@example.org"),
        ("email", "asha@student.example\r\nBcc: all@example.org", "like name@example.org"),
        ("email", "a" * 70 + "@student.example", "like name@example.org"),
        ("name", "", "name that should be shown"),
        ("name", "   ", "name that should be shown"),
        ("name", "\u200b\u2060", "name that should be shown"),
        ("name", "x" * 201, "at most 200 characters"),
        ("password", "short", "at least 10 characters"),
        ("password", "x" * 1001, "at most 1,000 characters"),
        ("password", "password123", "first that are tried"),
        ("password", "aaaaaaaaaaaaaa", "first that are tried"),
        ("password", "asha@student.example", "is no password"),
    ],
)
def test_the_reason_stands_beside_the_field_and_nothing_typed_is_lost(
    visitor: Visitor, field: str, typed: str, said: str, mailbox: Mailbox
) -> None:
    page = ask(visitor, **{field: typed})
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text
    assert said in html.unescape(page.text)
    kept = visitor.form(page, "/register").values
    wanted = {"name": "Asha Patel", "email": ASHA, field: typed}
    assert kept["name"].strip() == wanted["name"].strip()
    assert kept["email"].split() == wanted["email"].split()
    assert PASSWORD not in page.text
    assert mailbox.letters(ASHA) == []


def test_everything_that_is_wrong_is_said_at_once(visitor: Visitor) -> None:
    page = ask(visitor, name="", email="", password="")
    for field in ("name", "email", "password"):
        assert f'id="{field}-problem"' in page.text


def test_html_in_every_field_is_text(visitor: Visitor, mailbox: Mailbox, database: Engine) -> None:
    hostile = "<script>alert(1)</script>"
    page = ask(visitor, name=hostile, email="<img src=x>@student.example")
    assert hostile not in page.text
    assert "<img src=x>" not in page.text
    ask(visitor, name=hostile)
    done = visitor.submit(visitor.form(visitor.get(mailbox.link(ASHA)), "/register/confirm"))
    assert hostile not in done.text
    assert hostile not in visitor.get("/account").text
    made = account(database)
    assert made is not None
    assert made.person.name == hostile


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("José\u0301  Núñez", "Jose\u0301\u0301 Núñez"),
        ("Asha\u202egnp.exe", "Ashagnp.exe"),
        ("李 小龙", "李 小龙"),
        ("👩🏽\u200d💻 Priya", "👩🏽\u200d💻 Priya"),
        ("Asha\nPatel\x00", "Asha Patel"),
    ],
)
def test_odd_names(visitor: Visitor, mailbox: Mailbox, database: Engine, typed: str, kept: str) -> None:
    import unicodedata

    ask(visitor, name=typed)
    visitor.submit(visitor.form(visitor.get(mailbox.link(ASHA)), "/register/confirm"))
    made = account(database)
    assert made is not None
    assert made.person.name == unicodedata.normalize("NFC", kept)


def test_sent_twice_is_two_letters_and_one_account(visitor: Visitor, mailbox: Mailbox, database: Engine) -> None:
    form = visitor.form(visitor.get("/register"), "/register")
    for _ in range(2):
        visitor.submit(form, name="Asha", email=ASHA, password=PASSWORD)
    confirm = visitor.form(visitor.get(mailbox.link(ASHA)), "/register/confirm")
    visitor.submit(confirm)
    with Session(database) as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_where_people_cannot_register_there_is_no_page(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "registration", False)
    assert visitor.get("/register").status_code == 404
    assert "/register" not in visitor.get("/login").text
