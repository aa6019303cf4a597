"""One's own account: password, address, name, where one is logged in."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people import accounts, directory, sessions
from helpsage.people.models import Account, LoginSession, Person
from helpsage.tickets import service
from helpsage.tickets.service import Actor, NewTicket
from helpsage.web.accounts import words
from tests.integration.web.accounts.conftest import ASHA, Mailbox
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor

NEW = "another good password"


def send(browser: Visitor, path: str, **typed: str):  # type: ignore[no-untyped-def]
    return browser.submit(browser.form(browser.get(path), path), **typed)


@pytest.fixture
def elsewhere(web_url: str, asha: Visitor) -> Iterator[Visitor]:
    """The same account in a second browser."""
    with Visitor(web_url) as browser:
        browser.headers["User-Agent"] = (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1"
        )
        assert browser.log_in(ASHA, PASSWORD).status_code == 200
        yield browser


# --- password


def test_another_password(asha: Visitor, elsewhere: Visitor, mailbox: Mailbox) -> None:
    page = send(asha, "/account/password", old=PASSWORD, password=NEW)
    assert words.DONE["password"] in page.text
    assert elsewhere.get("/account").url.path == "/login"
    assert elsewhere.log_in(ASHA, PASSWORD).status_code == 401
    assert elsewhere.log_in(ASHA, NEW).status_code == 200
    assert mailbox.newest(ASHA).subject.startswith("Your password was changed")


def test_not_without_the_present_one(asha: Visitor) -> None:
    page = send(asha, "/account/password", old="not this one", password=NEW)
    assert page.status_code == 422
    assert 'id="old-problem"' in page.text
    for number in range(accounts.FAILURES_PER_EMAIL):
        page = send(asha, "/account/password", old=f"guess number {number}", password=NEW)
    assert page.status_code == 429
    assert int(page.headers["retry-after"]) > 0


def test_a_poor_one_is_refused_beside_its_field(asha: Visitor) -> None:
    page = send(asha, "/account/password", old=PASSWORD, password="short")
    assert page.status_code == 422
    assert 'id="password-problem"' in page.text


# --- address


def test_another_address(asha: Visitor, mailbox: Mailbox, database: Engine) -> None:
    page = send(asha, "/account/email", email="asha@new.example", password=PASSWORD)
    assert words.DONE["email-asked"] in page.text
    assert "wants to change your e-mail address" in mailbox.newest(ASHA).subject
    confirm = asha.get(mailbox.link("asha@new.example"))
    page = asha.submit(asha.form(confirm, "/account/email/confirm"))
    assert words.DONE["email"] in page.text
    assert "asha@new.example" in page.text
    assert "was changed" in mailbox.newest(ASHA).subject
    with Session(database) as session:
        account = accounts.by_email(session, "asha@new.example")
        assert account is not None
        assert account.person.email == "asha@new.example"
        assert accounts.by_email(session, ASHA) is None


def test_a_reset_link_in_the_old_mailbox_opens_nothing_any_more(asha: Visitor, mailbox: Mailbox) -> None:
    """People change their address because somebody else reads the old one."""
    asha.submit(asha.form(asha.get("/forgot"), "/forgot"), email=ASHA)
    reset = mailbox.link(ASHA)
    send(asha, "/account/email", email="asha@new.example", password=PASSWORD)
    asha.submit(asha.form(asha.get(mailbox.link("asha@new.example")), "/account/email/confirm"))
    assert asha.get(reset).status_code == 410


def test_a_change_of_address_that_was_asked_for_ends_with_the_password(asha: Visitor, mailbox: Mailbox) -> None:
    """Whoever knew the old one may have asked for it."""
    send(asha, "/account/email", email="mallory@evil.example", password=PASSWORD)
    send(asha, "/account/password", old=PASSWORD, password="another good password")
    assert asha.get(mailbox.link("mallory@evil.example")).status_code == 410


def test_until_the_link_is_opened_the_old_one_stays(asha: Visitor, database: Engine) -> None:
    send(asha, "/account/email", email="asha@new.example", password=PASSWORD)
    with Session(database) as session:
        assert accounts.by_email(session, "asha@new.example") is None


def test_the_link_moves_nobody_elses_account(
    asha: Visitor, mailbox: Mailbox, web_url: str, make: Callable[..., Account], database: Engine
) -> None:
    send(asha, "/account/email", email="asha@new.example", password=PASSWORD)
    link = mailbox.link("asha@new.example")
    make("ben@student.example", "Ben")
    with Visitor(web_url) as ben:
        ben.log_in("ben@student.example", PASSWORD)
        refused = ben.submit(ben.form(ben.get(link), "/account/email/confirm"))
    assert refused.status_code == 404
    with Session(database) as session:
        assert accounts.by_email(session, "asha@new.example") is None
        assert accounts.by_email(session, "ben@student.example") is not None


def test_a_link_opened_before_logging_in_leads_there_and_back(asha: Visitor, mailbox: Mailbox, web_url: str) -> None:
    send(asha, "/account/email", email="asha@new.example", password=PASSWORD)
    with Visitor(web_url) as browser:
        login = browser.get(mailbox.link("asha@new.example"))
        back = browser.submit(browser.form(login, "/login"), email=ASHA, password=PASSWORD)
        assert back.url.path == "/account/email/confirm"
        assert "token=" in str(back.url)


def test_a_taken_address_is_not_told_here(asha: Visitor, mailbox: Mailbox, make: Callable[..., Account]) -> None:
    make("ben@student.example", "Ben")
    page = send(asha, "/account/email", email="ben@student.example", password=PASSWORD)
    assert words.DONE["email-asked"] in page.text
    assert "already has an account" in mailbox.newest("ben@student.example").subject
    assert "token=" not in mailbox.newest("ben@student.example").text


def test_an_address_that_was_taken_meanwhile(asha: Visitor, mailbox: Mailbox, make: Callable[..., Account]) -> None:
    send(asha, "/account/email", email="ben@student.example", password=PASSWORD)
    form = asha.form(asha.get(mailbox.link("ben@student.example")), "/account/email/confirm")
    make("ben@student.example", "Ben")
    page = asha.submit(form)
    assert page.status_code == 409
    assert words.EMAIL_TAKEN in page.text


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": ASHA.upper()}, "email"),
        ({"email": "x@y.example", "password": "no"}, "password"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(asha: Visitor, typed: dict[str, str], field: str) -> None:
    page = send(asha, "/account/email", **{"password": PASSWORD, **typed})
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text
    assert asha.form(page, "/account/email").values["email"] == typed["email"]


def test_whoever_wrote_from_the_new_address_before_becomes_the_same_person(
    asha: Visitor, mailbox: Mailbox, database: Engine
) -> None:
    with Session(database) as session, session.begin():
        known = Person(name="A.P.", email="asha@new.example")
        session.add(known)
        session.flush()
        new = NewTicket("Old one", "By mail.", "general_issue", "email", requester_id=known.id)
        number = service.open_ticket(session, new, Actor("system")).reference
    send(asha, "/account/email", email="asha@new.example", password=PASSWORD)
    asha.submit(asha.form(asha.get(mailbox.link("asha@new.example")), "/account/email/confirm"))
    with Session(database) as session:
        account = accounts.by_email(session, "asha@new.example")
        assert account is not None
        assert service.by_reference(session, number).requester_id == account.person_id
        assert directory.with_proven_email(session, "asha@new.example") is account.person


# --- name


def test_another_name(asha: Visitor) -> None:
    page = asha.submit(asha.form(asha.get("/account"), "/account/name"), name=" Asha  P. ")
    assert words.DONE["name"] in page.text
    assert 'value="Asha P."' in page.text


def test_no_name(asha: Visitor) -> None:
    page = asha.submit(asha.form(asha.get("/account"), "/account/name"), name=" ")
    assert page.status_code == 422
    assert 'id="name-problem"' in page.text


# --- where one is logged in


def test_logins_are_listed_and_one_is_ended(asha: Visitor, elsewhere: Visitor) -> None:
    page = asha.get("/account")
    assert "Safari on iPhone" in page.text
    assert page.text.count("This one") == 1
    [ending] = [
        form
        for form in forms(asha, page)
        if form.action.startswith("/account/sessions/") and form.action.endswith("end")
    ]
    assert words.DONE["session"] in asha.submit(ending).text
    assert elsewhere.get("/account").url.path == "/login"
    assert asha.get("/account").status_code == 200


def forms(browser: Visitor, page):  # type: ignore[no-untyped-def]
    from tests.integration.web.visitor import _Forms

    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


def test_all_others_are_ended(asha: Visitor, elsewhere: Visitor) -> None:
    page = asha.submit(asha.form(asha.get("/account"), "/account/sessions/others"))
    assert words.DONE["sessions"] in page.text
    assert elsewhere.get("/account").url.path == "/login"


def test_nobody_ends_somebody_elses(
    asha: Visitor, web_url: str, make: Callable[..., Account], database: Engine
) -> None:
    made = make("ben@student.example", "Ben")
    with Visitor(web_url) as ben:
        ben.log_in("ben@student.example", PASSWORD)
        with Session(database) as session:
            [his] = sessions.open_sessions(session, made.id)
        csrf = asha.form(asha.get("/account"), "/account/name").values["csrf"]
        asha.post(f"/account/sessions/{his.id}/end", data={"csrf": csrf})
        assert ben.get("/account").status_code == 200
        assert asha.post("/account/sessions/nonsense/end", data={"csrf": csrf}).status_code == 400


def test_the_list_shows_nothing_that_opens_a_session(asha: Visitor, database: Engine) -> None:
    page = asha.get("/account").text
    with Session(database) as session:
        for kept in session.query(LoginSession).all():
            assert kept.token_hash not in page
    assert all(value not in page for value in dict(asha.cookies).values())


# --- proving once more who one is


def test_what_matters_asks_again_after_a_while(asha: Visitor) -> None:
    assert asha.get("/account/two-factor").url.path == "/account/two-factor"
    with clock.frozen(clock.now() + sessions.FRESH + timedelta(seconds=1)):
        asked = asha.get("/account/two-factor")
        assert asked.url.path == "/account/confirm"
        wrong = asha.submit(asha.form(asked, "/account/confirm"), confirm_password="not this one")
        assert wrong.status_code == 422
        assert 'id="confirm_password-problem"' in wrong.text
        back = asha.submit(asha.form(wrong, "/account/confirm"), confirm_password=PASSWORD)
        assert back.url.path == "/account/two-factor"


@pytest.mark.parametrize("path", ["/account/two-factor", "/account/two-factor/off", "/account/two-factor/codes"])
def test_no_form_goes_around_it(asha: Visitor, path: str) -> None:
    csrf = asha.form(asha.get("/account"), "/account/name").values["csrf"]
    with clock.frozen(clock.now() + sessions.FRESH + timedelta(seconds=1)):
        assert asha.post(path, data={"csrf": csrf}).url.path == "/account/confirm"


@pytest.mark.parametrize("elsewhere_address", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_it_never_leads_to_another_site(asha: Visitor, elsewhere_address: str) -> None:
    form = asha.form(asha.get("/account/confirm"), "/account/confirm")
    form.values["next"] = elsewhere_address
    assert asha.submit(form, confirm_password=PASSWORD).url.host == "127.0.0.1"


@pytest.mark.parametrize(
    "path",
    [
        "/account",
        "/account/password",
        "/account/email",
        "/account/two-factor",
        "/account/confirm",
        "/account/email/confirm",
    ],
)
def test_a_stranger_sees_nothing_of_it(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).url.path == "/login"


def test_odd_words_do_no_harm(asha: Visitor) -> None:
    for typed in ("\x00", "😀" * 150, "<b>x</b>", "' or 1=1 --"):
        page = asha.submit(asha.form(asha.get("/account"), "/account/name"), name=typed)
        assert page.status_code in (200, 422)
        assert "<b>x</b>" not in page.text
    assert "' or 1=1 --" in html.unescape(asha.get("/account").text)
