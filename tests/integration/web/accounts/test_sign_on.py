"""Signing on with an identity provider that is a process of its own and does its part for real; and does it wrong."""

from __future__ import annotations

import html
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.people import accounts, sign_on
from helpsage.people.models import Account, ExternalIdentity, Role
from helpsage.settings import OidcProvider
from helpsage.web.accounts import elsewhere, words
from tests.integration.web.accounts.conftest import ASHA, App, Mailbox
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor

SIGN_ON = "/login/with/campus"


class Campus:
    """The provider's process."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        program = Path(__file__).parent / "provider.py"
        self.process = subprocess.Popen([sys.executable, str(program), str(port)], env=dict(os.environ))
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{self.url}/keys", timeout=1, trust_env=False)
                return
            except httpx.HTTPError:
                assert time.monotonic() < deadline
                assert self.process.poll() is None
                time.sleep(0.05)

    def behave(self, **how: Any) -> None:
        """From now on."""
        httpx.post(f"{self.url}/behave", json=how, trust_env=False).raise_for_status()

    def stop(self) -> None:
        """End the process."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


@pytest.fixture(scope="module")
def campus_program() -> Iterator[Campus]:
    """One for all tests of this file."""
    program = Campus()
    yield program
    program.stop()


@pytest.fixture
def campus(campus_program: Campus, web_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Campus]:
    """The provider, behaving, and known to the desk."""
    campus_program.behave()
    provider = OidcProvider(
        name="Campus",
        issuer=campus_program.url,
        client_id="help-sage",
        client_secret=SecretStr("only-for-tests"),
        trust_email=True,
    )
    monkeypatch.setattr(settings.get(), "oidc", {"campus": provider})
    elsewhere._client.cache_clear()
    yield campus_program
    elsewhere._client.cache_clear()


def at_campus(browser: Visitor, page: httpx.Response, user: str) -> httpx.Response:
    """Log in on the provider's page, and come back."""
    form = browser.form(page, "/authorize")
    return browser.post(str(page.url.copy_with(query=None)), data={**form.values, "user": user})


def sign_in(browser: Visitor, user: str, path: str = SIGN_ON) -> httpx.Response:
    return at_campus(browser, browser.get(path), user)


def connecting(browser: Visitor) -> str:
    """Where the button on the page of one's account leads."""
    found = re.search(r'href="(/login/with/campus\?purpose=link[^"]*)"', browser.get("/account").text)
    assert found is not None
    return html.unescape(found[1])


def known(engine: Engine, email: str = ASHA) -> Account | None:
    with Session(engine) as session:
        return accounts.by_email(session, email)


# --- the good way


def test_the_first_time_makes_an_account(visitor: Visitor, campus: Campus, database: Engine, mailbox: Mailbox) -> None:
    assert "Log in with Campus" in visitor.get("/login").text
    assert sign_in(visitor, "asha").url.path == "/my"
    account = known(database)
    assert account is not None
    assert (account.role, account.person.name, account.person.email, account.password_hash) == (
        "requester",
        "Asha Patel",
        ASHA,
        "",
    )
    assert "new way to log in" in mailbox.newest(ASHA).subject


def test_the_second_time_finds_it_by_the_providers_name_for_the_person(
    visitor: Visitor, campus: Campus, database: Engine
) -> None:
    sign_in(visitor, "asha")
    visitor.submit(visitor.form(visitor.get("/account"), "/logout"))
    campus.behave(claims={"email": "renamed@student.example"})
    assert sign_in(visitor, "asha").url.path == "/my"
    with Session(database) as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_a_verified_address_finds_the_account_that_is_there(
    visitor: Visitor, campus: Campus, database: Engine, make: Callable[..., Account], mailbox: Mailbox
) -> None:
    made = make(role=Role.AGENT)
    assert sign_in(visitor, "asha").url.path == "/agent"
    with Session(database) as session:
        [linked] = session.scalars(select(ExternalIdentity)).all()
        assert (linked.account_id, linked.subject) == (made.id, "u-1001")
    assert "new way to log in" in mailbox.newest(ASHA).subject


def test_address_and_name_may_come_from_the_user_info(visitor: Visitor, campus: Campus, database: Engine) -> None:
    campus.behave(only_in_userinfo=True)
    assert sign_in(visitor, "asha").url.path == "/my"
    assert known(database) is not None


def test_keys_may_change(visitor: Visitor, campus: Campus, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_in(visitor, "asha")
    visitor.submit(visitor.form(visitor.get("/account"), "/logout"))
    monkeypatch.setattr("helpsage.people.oidc.KEYS_AGAIN_S", 0)
    campus.behave(rotate=True)
    assert sign_in(visitor, "asha").url.path == "/my"


def test_it_leads_back_to_where_it_began(visitor: Visitor, campus: Campus) -> None:
    assert sign_in(visitor, "asha", f"{SIGN_ON}?next=/account/password").url.path == "/account/password"


@pytest.mark.parametrize("away", ["//evil.example", "https://evil.example"])
def test_it_never_leads_to_another_site(visitor: Visitor, campus: Campus, away: str) -> None:
    back = sign_in(visitor, "asha", f"{SIGN_ON}?next={away}")
    assert (back.url.host, back.url.path) == ("127.0.0.1", "/my")


def test_our_own_codes_are_asked_for_all_the_same(
    visitor: Visitor, campus: Campus, make: Callable[..., Account], with_codes: Callable[[str], tuple[App, list[str]]]
) -> None:
    make()
    app, _ = with_codes(ASHA)
    asked = sign_in(visitor, "asha")
    assert asked.url.path == "/login/code"
    assert visitor.get("/account").url.path == "/login"
    assert visitor.submit(visitor.form(asked, "/login/code"), code=app.code()).url.path == "/my"


def test_unless_the_provider_asks_for_a_second_factor_itself(
    visitor: Visitor, campus: Campus, make: Callable[..., Account], with_codes: Callable[[str], tuple[App, list[str]]]
) -> None:
    make(role=Role.AGENT)
    with_codes(ASHA)
    settings.get().oidc["campus"].second_factor = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings.get(), "staff_two_factor", True)
        assert sign_in(visitor, "asha").url.path == "/agent"


# --- what is sent


def test_what_the_browser_carries_over(visitor: Visitor, campus: Campus) -> None:
    first = visitor.get(SIGN_ON, follow_redirects=False)
    asked = parse_qs(urlsplit(first.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert len(asked["state"][0]) >= 32
    assert len(asked["nonce"][0]) >= 32
    cookie = next(value for value in first.headers.get_list("set-cookie") if "sign_on" in value)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert not any(asked[name][0] in cookie for name in ("state", "nonce", "code_challenge"))


# --- what goes wrong


def refused(page: httpx.Response, kind: str, status: int) -> None:
    assert words.SIGN_ON[kind].format(name="Campus") in html.unescape(page.text)
    assert page.status_code == status


@pytest.mark.parametrize(
    "how",
    [
        {"claims": {"nonce": "of another attempt"}},
        {"claims": {"nonce": None}},
        {"claims": {"aud": "somebody-else"}},
        {"claims": {"aud": ["help-sage", "somebody-else"]}},
        {"claims": {"aud": ["help-sage", "somebody-else"], "azp": "somebody-else"}},
        {"claims": {"azp": "somebody-else"}},
        {"claims": {"iss": "http://evil.example"}},
        {"claims": {"exp": 1_000_000_000}},
        {"claims": {"exp": None}},
        {"claims": {"iat": 9_999_999_999}},
        {"claims": {"sub": None}},
        {"signature": "none"},
        {"signature": "shared"},
        {"signature": "foreign"},
        {"signature": "garbage"},
        {"state": "of another browser"},
        {"answer_issuer": "http://evil.example"},
    ],
    ids=lambda how: str(how)[:60],
)
def test_a_token_that_is_not_for_this_attempt_opens_nothing(
    visitor: Visitor, campus: Campus, how: dict[str, Any], database: Engine, make: Callable[..., Account]
) -> None:
    make()
    campus.behave(**how)
    refused(sign_in(visitor, "asha"), "failed", 400)
    assert visitor.get("/account").url.path == "/login"
    with Session(database) as session:
        assert session.scalar(select(func.count()).select_from(ExternalIdentity)) == 0


def test_user_info_about_somebody_else_is_not_used(
    visitor: Visitor, campus: Campus, make: Callable[..., Account]
) -> None:
    make()
    campus.behave(only_in_userinfo=True, userinfo={"sub": "u-1001", "email": ASHA})
    refused(sign_in(visitor, "ben"), "unvouched", 403)


def test_an_unverified_address_finds_nobodys_account(
    visitor: Visitor, campus: Campus, make: Callable[..., Account], database: Engine
) -> None:
    make()
    refused(sign_in(visitor, "mallory"), "unvouched", 403)
    assert visitor.get("/account").url.path == "/login"


def test_nor_does_an_address_of_a_provider_that_is_not_trusted_with_them(
    visitor: Visitor, campus: Campus, make: Callable[..., Account]
) -> None:
    make()
    settings.get().oidc["campus"].trust_email = False
    refused(sign_in(visitor, "asha"), "unvouched", 403)


def test_no_address_at_all(visitor: Visitor, campus: Campus) -> None:
    refused(sign_in(visitor, "nomail"), "unvouched", 403)


def test_the_person_says_no(visitor: Visitor, campus: Campus) -> None:
    refused(sign_in(visitor, "nobody"), "denied", 403)


def test_the_provider_is_away_for_the_second_half(visitor: Visitor, campus: Campus) -> None:
    campus.behave(down=True)
    refused(sign_in(visitor, "asha"), "unavailable", 503)


def test_the_provider_is_away(visitor: Visitor, campus: Campus) -> None:
    settings.get().oidc["campus"].issuer = "http://127.0.0.1:9"
    refused(visitor.get(SIGN_ON), "unavailable", 503)


def test_a_description_of_another_issuer_is_not_believed(visitor: Visitor, campus: Campus) -> None:
    campus.behave(configured_issuer="http://evil.example")
    refused(visitor.get(SIGN_ON), "failed", 400)


def test_the_answer_cannot_be_played_again(visitor: Visitor, campus: Campus, web_url: str) -> None:
    page = visitor.get(SIGN_ON)
    form = visitor.form(page, "/authorize")
    at = httpx.post(f"{campus.url}/authorize", data={**form.values, "user": "asha"}, trust_env=False)
    back = at.headers["location"]
    assert visitor.get(back).url.path == "/my"
    refused(visitor.get(back), "failed", 400)


def test_somebody_elses_answer_logs_nobody_in(visitor: Visitor, campus: Campus, web_url: str) -> None:
    """Login CSRF: the attacker's own answer, put into the victim's browser."""
    with Visitor(web_url) as attacker:
        form = attacker.form(attacker.get(SIGN_ON), "/authorize")
        at = httpx.post(f"{campus.url}/authorize", data={**form.values, "user": "ben"}, trust_env=False)
    refused(visitor.get(at.headers["location"]), "failed", 400)
    visitor.get(SIGN_ON)
    refused(visitor.get(at.headers["location"]), "failed", 400)
    assert visitor.get("/account").url.path == "/login"


def test_a_disabled_account_stays_out(
    visitor: Visitor, campus: Campus, make: Callable[..., Account], database: Engine
) -> None:
    made = make()
    with Session(database) as session, session.begin():
        accounts.disable(session, session.get_one(Account, made.id))
    refused(sign_in(visitor, "asha"), "disabled", 403)


def test_an_unknown_provider(visitor: Visitor, campus: Campus) -> None:
    assert visitor.get("/login/with/elsewhere").status_code == 404
    assert visitor.get("/login/with/elsewhere/callback?code=x&state=y").status_code == 404


# --- connecting and removing


def test_connected_to_an_account_whatever_the_address(asha: Visitor, campus: Campus, database: Engine) -> None:
    assert "Not connected" in asha.get("/account").text
    page = sign_in(asha, "nomail", connecting(asha))
    assert words.DONE["linked"] in page.text
    asha.submit(asha.form(page, "/logout"))
    assert sign_in(asha, "nomail").url.path == "/my"


def test_what_opens_another_account_cannot_be_connected(
    asha: Visitor, campus: Campus, web_url: str, make: Callable[..., Account]
) -> None:
    with Visitor(web_url) as ben:
        sign_in(ben, "ben")
    refused(sign_in(asha, "ben", connecting(asha)), "taken", 409)


def test_no_other_site_connects_its_own_login_to_an_account(asha: Visitor, campus: Campus, database: Engine) -> None:
    """It would lead the browser there while the attacker is logged in at the provider: their login would open this."""
    assert asha.get(f"{SIGN_ON}?purpose=link").status_code == 403
    assert asha.get(f"{SIGN_ON}?purpose=link&csrf=guessed").status_code == 403


def test_who_logs_in_meanwhile_is_not_connected(asha: Visitor, campus: Campus, make: Callable[..., Account]) -> None:
    make("ben@desk.example", "Ben Okafor")
    there = asha.get(connecting(asha))
    asha.submit(asha.form(asha.get("/account"), "/logout"))
    asha.log_in("ben@desk.example", PASSWORD)
    refused(at_campus(asha, there, "nomail"), "failed", 400)
    assert "Not connected" in asha.get("/account").text


def test_removed(asha: Visitor, campus: Campus, mailbox: Mailbox) -> None:
    page = sign_in(asha, "asha", connecting(asha))
    page = asha.submit(asha.form(page, "/account/ways/campus/remove"))
    assert words.DONE["unlinked"] in page.text
    assert "One way to log in less" in mailbox.newest(ASHA).subject


def test_the_last_way_in_stays(visitor: Visitor, campus: Campus, database: Engine) -> None:
    sign_in(visitor, "asha")
    page = visitor.submit(visitor.form(visitor.get("/account"), "/account/ways/campus/remove"))
    assert words.DONE["last-way"] in page.text
    account = known(database)
    assert account is not None
    with Session(database) as session:
        assert sign_on.identities(session, account) == {campus.url}


def test_without_a_password_one_is_chosen_after_asking_the_provider_again(
    visitor: Visitor, campus: Campus, database: Engine
) -> None:
    from datetime import timedelta

    from helpsage import clock

    sign_in(visitor, "asha")
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        form = visitor.form(visitor.get("/account/password"), "/account/password")
        asked = visitor.submit(form, password="another good password")
        assert asked.url.path == "/account/confirm"
        assert "Confirm with Campus" in asked.text
        campus.behave(claims={"auth_time": int(time.time()) - 3600, "exp": int(time.time()) + 9999})
        refused(sign_in(visitor, "asha", f"{SIGN_ON}?purpose=confirm&next=/account/password"), "failed", 400)
        now = int(clock.now().timestamp())
        campus.behave(claims={"auth_time": now, "exp": now + 300, "iat": now})
        refused(sign_in(visitor, "ben", f"{SIGN_ON}?purpose=confirm&next=/account/password"), "other", 403)
        assert known(database, "ben@student.example") is None
        assert (
            sign_in(visitor, "asha", f"{SIGN_ON}?purpose=confirm&next=/account/password").url.path
            == "/account/password"
        )
        form = visitor.form(visitor.get("/account/password"), "/account/password")
        page = visitor.submit(form, password="another good password")
        assert words.DONE["password"] in page.text
        visitor.submit(visitor.form(page, "/logout"))
        assert visitor.log_in(ASHA, "another good password").url.path == "/my"


def test_a_password_still_works_beside_it(asha: Visitor, campus: Campus) -> None:
    page = sign_in(asha, "asha", connecting(asha))
    asha.submit(asha.form(page, "/logout"))
    assert asha.log_in(ASHA, PASSWORD).url.path == "/my"
