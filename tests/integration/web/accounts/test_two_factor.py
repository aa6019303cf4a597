"""One-time codes: set up, asked for, each once, a clock that is a little off, and lost phones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.people import accounts, sessions, two_factor
from helpsage.people.errors import TooManyAttempts, WrongCode
from helpsage.people.models import Account, LoginSession, Role, TwoFactor
from helpsage.people.two_factor import STEP_S
from helpsage.web.accounts import words
from tests.integration.web.accounts.conftest import ASHA, App, Mailbox
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor

WithCodes = Callable[[str], tuple[App, list[str]]]


@pytest.fixture(autouse=True)
def still() -> Iterator[None]:
    """The middle of a step: no test falls into two."""
    now = datetime.now(UTC).timestamp()
    with clock.frozen(datetime.fromtimestamp(now - now % STEP_S + STEP_S / 2, UTC)):
        yield


def set_up(browser: Visitor):  # type: ignore[no-untyped-def]
    page = browser.get("/account/two-factor")
    secret = re.search(r'<code class="key">([A-Z2-7 ]+)</code>', page.text)
    assert secret is not None
    app = App(secret.group(1).replace(" ", ""))
    return app, browser.submit(browser.form(page, "/account/two-factor"), code=app.code())


def test_turned_on_and_then_asked_for(asha: Visitor, mailbox: Mailbox) -> None:
    app, page = set_up(asha)
    codes = re.findall(r"<li><code>([a-z0-9]{5}-[a-z0-9]{5})</code></li>", page.text)
    assert len(set(codes)) == 10
    assert mailbox.has(ASHA, "codes are on")
    asha.submit(asha.form(asha.get("/account"), "/logout"))
    asked = asha.log_in(ASHA, PASSWORD)
    assert asked.url.path == "/login/code"
    assert asha.get("/account").url.path == "/login"
    assert asha.submit(asha.form(asked, "/login/code"), code=app.code()).url.path == "/my"


def test_the_picture_and_the_key_are_shown_until_it_is_on(asha: Visitor) -> None:
    page = asha.get("/account/two-factor")
    assert "data:image/svg+xml" in page.text
    again = asha.get("/account/two-factor")
    assert re.findall(r'class="key">([^<]+)', page.text) == re.findall(r'class="key">([^<]+)', again.text)
    set_up(asha)
    assert 'class="key"' not in asha.get("/account/two-factor").text


def test_a_wrong_code_turns_nothing_on(asha: Visitor) -> None:
    page = asha.submit(asha.form(asha.get("/account/two-factor"), "/account/two-factor"), code="000000")
    assert page.status_code == 422
    assert words.WRONG_CODE in page.text
    asha.submit(asha.form(asha.get("/account"), "/logout"))
    assert asha.log_in(ASHA, PASSWORD).url.path == "/my"


def test_the_password_alone_opens_nothing(
    visitor: Visitor, make: Callable[..., Account], with_codes: WithCodes
) -> None:
    make("priya@desk.example", "Priya", Role.AGENT)
    with_codes("priya@desk.example")
    visitor.log_in("priya@desk.example", PASSWORD)
    for path in ("/agent", "/my", "/account", "/account/two-factor"):
        assert visitor.get(path).url.path == "/login"
    csrf = visitor.form(visitor.get("/login"), "/login").values["csrf"]
    assert visitor.post("/account/two-factor/off", data={"csrf": csrf}).url.path == "/login"


def test_the_token_before_the_code_is_not_the_one_after(
    visitor: Visitor, make: Callable[..., Account], with_codes: WithCodes
) -> None:
    make()
    app, _ = with_codes(ASHA)
    asked = visitor.log_in(ASHA, PASSWORD)
    before = dict(visitor.cookies)
    visitor.submit(visitor.form(asked, "/login/code"), code=app.code())
    assert dict(visitor.cookies) != before
    visitor.cookies.clear()
    visitor.cookies.update(before)
    assert visitor.get("/account").url.path == "/login"


def test_the_way_back_goes_along(visitor: Visitor, make: Callable[..., Account], with_codes: WithCodes) -> None:
    make()
    app, _ = with_codes(ASHA)
    login = visitor.get("/account/email")
    asked = visitor.submit(visitor.form(login, "/login"), email=ASHA, password=PASSWORD)
    assert visitor.submit(visitor.form(asked, "/login/code"), code=app.code()).url.path == "/account/email"


def test_whoever_waits_too_long_begins_again(
    visitor: Visitor, make: Callable[..., Account], with_codes: WithCodes
) -> None:
    make()
    app, _ = with_codes(ASHA)
    asked = visitor.log_in(ASHA, PASSWORD)
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        page = visitor.submit(visitor.form(asked, "/login/code"), code=app.code(0))
    assert page.url.path == "/login"


def test_guessing_codes_is_stopped(visitor: Visitor, make: Callable[..., Account], with_codes: WithCodes) -> None:
    make()
    app, _ = with_codes(ASHA)
    form = visitor.form(visitor.log_in(ASHA, PASSWORD), "/login/code")
    for number in range(two_factor.TRIES.most):
        assert visitor.submit(form, code=f"00000{number}").status_code == 422
    refused = visitor.submit(form, code=app.code())
    assert refused.status_code == 429
    assert visitor.get("/account").url.path == "/login"


def test_a_recovery_code_works_once_and_is_told(
    visitor: Visitor, make: Callable[..., Account], with_codes: WithCodes, mailbox: Mailbox
) -> None:
    make()
    _, codes = with_codes(ASHA)
    form = visitor.form(visitor.log_in(ASHA, PASSWORD), "/login/code")
    assert visitor.submit(form, code=f" {codes[0].upper()} ").url.path == "/my"
    assert mailbox.has(ASHA, "recovery code was used")
    assert "9 recovery codes left" in visitor.get("/account").text
    visitor.submit(visitor.form(visitor.get("/account"), "/logout"))
    form = visitor.form(visitor.log_in(ASHA, PASSWORD), "/login/code")
    assert visitor.submit(form, code=codes[0]).status_code == 422
    assert visitor.submit(form, code=codes[1].replace("-", "")).url.path == "/my"


def test_new_recovery_codes_replace_the_old(asha: Visitor, with_codes: WithCodes, database: Engine) -> None:
    _, old = with_codes(ASHA)
    page = asha.submit(asha.form(asha.get("/account/two-factor"), "/account/two-factor/codes"))
    new = re.findall(r"<code>([a-z0-9]{5}-[a-z0-9]{5})</code>", page.text)
    with Session(database) as session, session.begin():
        account = accounts.by_email(session, ASHA)
        assert account is not None
        with pytest.raises(WrongCode):
            two_factor.check(session, account, old[0])
        two_factor.check(session, account, new[0])


def test_turned_off(asha: Visitor, with_codes: WithCodes, mailbox: Mailbox) -> None:
    with_codes(ASHA)
    page = asha.submit(asha.form(asha.get("/account/two-factor"), "/account/two-factor/off"))
    assert words.DONE["two-factor-off"] in page.text
    assert mailbox.has(ASHA, "codes are off")
    asha.submit(asha.form(page, "/logout"))
    assert asha.log_in(ASHA, PASSWORD).url.path == "/my"


def test_turning_it_on_ends_the_other_browsers(asha: Visitor, web_url: str) -> None:
    with Visitor(web_url) as other:
        other.log_in(ASHA, PASSWORD)
        set_up(asha)
        assert other.get("/account").url.path == "/login"


def test_with_codes_on_a_password_does_not_confirm(asha: Visitor, with_codes: WithCodes) -> None:
    app, _ = with_codes(ASHA)
    with clock.frozen(clock.now() + timedelta(minutes=16)):
        asked = asha.get("/account/two-factor")
        form = asha.form(asked, "/account/confirm")
        assert "confirm_password" not in form.values
        assert asha.submit(form, confirm_password=PASSWORD, confirm_code="").status_code == 422
        assert asha.submit(form, confirm_code=app.code(0)).url.path == "/account/two-factor"


# --- the clock


@pytest.fixture
def account(database: Engine, make: Callable[..., Account]) -> Account:
    return make()


def check(engine: Engine, code: str) -> None:
    with Session(engine) as session, session.begin():
        account = accounts.by_email(session, ASHA)
        assert account is not None
        two_factor.check(session, account, code)


def confirmed(engine: Engine) -> App:
    """An app whose codes were turned on long ago."""
    with Session(engine) as session, session.begin():
        account = accounts.by_email(session, ASHA)
        assert account is not None
        app = App(two_factor.begin(session, account))
        kept = session.get_one(TwoFactor, account.id)
        kept.confirmed_at = clock.now()
    return app


@pytest.mark.parametrize("off", [-1, 0, 1])
def test_a_clock_may_be_off_by_one_step(database: Engine, account: Account, off: int) -> None:
    check(database, confirmed(database).code(off))


@pytest.mark.parametrize("off", [-3, -2, 2, 3])
def test_but_not_by_more(database: Engine, account: Account, off: int) -> None:
    app = confirmed(database)
    with pytest.raises(WrongCode):
        check(database, app.code(off))


def test_a_code_works_once(database: Engine, account: Account) -> None:
    app = confirmed(database)
    check(database, app.code(0))
    with pytest.raises(WrongCode):
        check(database, app.code(0))


def test_an_older_code_than_the_last_one_is_refused(database: Engine, account: Account) -> None:
    app = confirmed(database)
    check(database, app.code(1))
    for off in (0, -1):
        with pytest.raises(WrongCode):
            check(database, app.code(off))


def test_two_at_once_with_one_code_are_one(database: Engine, account: Account) -> None:
    import threading

    code = confirmed(database).code(0)
    together, outcomes = threading.Barrier(4), []

    def enter() -> None:
        together.wait()
        try:
            check(database, code)
            outcomes.append("in")
        except (WrongCode, TooManyAttempts):
            outcomes.append("out")

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["in", "out", "out", "out"]


@pytest.mark.parametrize("code", ["", "0", "abcdef", "١٢٣٤٥٦", "000000000000", "\x00", "aaaaa-aaaaa", "x" * 5000])
def test_odd_codes_are_wrong(database: Engine, account: Account, code: str) -> None:
    confirmed(database)
    with pytest.raises(WrongCode):
        check(database, code)


def test_the_secret_is_not_kept_in_the_clear(database: Engine, account: Account) -> None:
    with Session(database) as session, session.begin():
        secret = two_factor.begin(session, session.get_one(Account, account.id))
        assert secret not in session.get_one(TwoFactor, account.id).secret


# --- required of staff


@pytest.fixture
def required(web_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "staff_two_factor", True)


def test_staff_set_it_up_before_anything_else(visitor: Visitor, make: Callable[..., Account], required: None) -> None:
    make("priya@desk.example", "Priya", Role.AGENT)
    page = visitor.log_in("priya@desk.example", PASSWORD)
    assert page.url.path == "/account/two-factor"
    for path in ("/agent", "/agent/tickets/HS-1001", "/my"):
        assert visitor.get(path).url.path == "/account/two-factor"
    app, page = set_up(visitor)
    assert visitor.get("/agent").url.path == "/agent"
    assert "cannot be turned off" in visitor.get("/account/two-factor").text
    csrf = visitor.form(visitor.get("/account"), "/logout").values["csrf"]
    assert visitor.post("/account/two-factor/off", data={"csrf": csrf}).status_code == 409
    visitor.post("/logout", data={"csrf": csrf})
    asked = visitor.log_in("priya@desk.example", PASSWORD)
    assert visitor.submit(visitor.form(asked, "/login/code"), code=app.code()).url.path == "/agent"


def test_requesters_need_none(visitor: Visitor, make: Callable[..., Account], required: None) -> None:
    make()
    assert visitor.log_in(ASHA, PASSWORD).url.path == "/my"


def test_a_login_from_before_has_to_show_it(
    visitor: Visitor, make: Callable[..., Account], with_codes: WithCodes
) -> None:
    make("priya@desk.example", "Priya", Role.AGENT)
    visitor.log_in("priya@desk.example", PASSWORD)
    app, _ = with_codes("priya@desk.example")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings.get(), "staff_two_factor", True)
        asked = visitor.get("/agent")
        assert asked.url.path == "/account/confirm"
        assert visitor.submit(visitor.form(asked, "/account/confirm"), confirm_code=app.code()).url.path == "/agent"


# --- a key that somebody else may have seen


def test_a_key_that_was_shown_and_not_used_is_not_shown_for_long(database: Engine, account: Account) -> None:
    with Session(database) as session, session.begin():
        shown = two_factor.begin(session, account)
        assert two_factor.begin(session, account) == shown
        with clock.frozen(clock.now() + timedelta(minutes=16)):
            assert two_factor.begin(session, account) != shown


def test_nor_after_the_password_has_changed(asha: Visitor) -> None:
    """Whoever knew the old one may have looked at it, to know every code to come."""
    first = re.search(r'class="key">([^<]+)<', asha.get("/account/two-factor").text)
    form = asha.form(asha.get("/account/password"), "/account/password")
    asha.submit(form, old=PASSWORD, password="another good password")
    second = re.search(r'class="key">([^<]+)<', asha.get("/account/two-factor").text)
    assert first is not None
    assert second is not None
    assert first[1] != second[1]


# --- lost


def test_an_administrator_resets_lost_codes(
    visitor: Visitor, make: Callable[..., Account], with_codes: WithCodes, database: Engine, mailbox: Mailbox
) -> None:
    ben = make("ben@desk.example", "Ben Okafor", Role.AGENT)
    with_codes("ben@desk.example")
    with Session(database) as session, session.begin():
        token = sessions.open_session(session, session.get_one(Account, ben.id), two_factor=True)
    make("olivia@desk.example", "Olivia Grant", Role.ADMINISTRATOR)
    visitor.log_in("olivia@desk.example", PASSWORD)
    person = f"/settings/people/{ben.id}"
    assert f"{person}/two-factor" in visitor.get(person).text
    done = visitor.submit(visitor.form(visitor.get(f"{person}/two-factor"), f"{person}/two-factor"))
    assert done.url.path == person
    assert f"{person}/two-factor" not in done.text
    assert mailbox.has("ben@desk.example", "codes are off")
    with Session(database) as session:
        assert sessions.find_session(session, token) is None
        assert not two_factor.is_on(session, session.get_one(Account, ben.id))


def test_resetting_lost_codes_asks_first_who_sits_there(
    visitor: Visitor, make: Callable[..., Account], with_codes: WithCodes, database: Engine
) -> None:
    ben = make("ben@desk.example", "Ben Okafor", Role.AGENT)
    with_codes("ben@desk.example")
    make("olivia@desk.example", "Olivia Grant", Role.ADMINISTRATOR)
    visitor.log_in("olivia@desk.example", PASSWORD)
    path = f"/settings/people/{ben.id}/two-factor"
    form = visitor.form(visitor.get(path), path)
    with Session(database) as session, session.begin():
        session.execute(update(LoginSession).values(authenticated_at=clock.now() - timedelta(hours=1)))
    assert visitor.get(path).url.path == "/account/confirm"
    assert visitor.submit(form).url.path == "/account/confirm"
    with Session(database) as session:
        assert two_factor.is_on(session, session.get_one(Account, ben.id))
