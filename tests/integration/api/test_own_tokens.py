"""Making, looking at and revoking tokens, on the pages and from the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from helpsage import clock
from helpsage.cli.__main__ import build
from helpsage.mail.models import Mail
from helpsage.people.models import Account, LoginSession, Role
from helpsage.privacy import export
from helpsage.tokens.models import Token
from tests.integration.api.conftest import Desk
from tests.integration.settings.conftest import Administrator, log_in, with_departments
from tests.integration.web.visitor import Visitor

__all__ = ["log_in", "with_departments"]

LogIn = Callable[..., Administrator]


def shown(page: str) -> str:
    """The token on a page that shows one."""
    found = re.search(r"hs[ps]_[A-Za-z0-9_-]{43}", page)
    assert found is not None
    return found[0]


def test_one_makes_uses_and_revokes_a_token(desk: Desk, log_in: LogIn) -> None:
    browser = log_in(Role.REQUESTER, "asha@x.example", "Asha Patel")
    form = browser.form(browser.get("/account/tokens"), "/account/tokens/new")
    made = browser.post(form.action, data={**form.values, "name": "Phone", "scopes": ["tickets:read"], "days": "30"})
    written = shown(made.text)
    assert desk.program(written).get("/tickets").status_code == 200
    page = browser.get("/account/tokens")
    assert written not in page.text
    assert "Last used" in page.text
    with Session(desk.engine) as session:
        token = session.query(Token).one()
        letters = [letter.subject for letter in session.query(Mail).all()]
    assert any("token" in subject for subject in letters)
    browser.submit(browser.form(page, f"/account/tokens/{token.id}/revoke"))
    assert desk.program(written).get("/tickets").status_code == 401


def test_a_token_is_made_only_by_whoever_has_just_proven_to_be_there(desk: Desk, log_in: LogIn) -> None:
    browser = log_in()
    form = browser.form(browser.get("/account/tokens"), "/account/tokens/new")
    with Session(desk.engine) as session, session.begin():
        session.execute(update(LoginSession).values(authenticated_at=clock.now().replace(year=2020)))
    for address, values in (
        ("/account/tokens/new", form.values),
        ("/settings/tokens/new", form.values),
    ):
        sent = browser.post(address, data={**values, "name": "x", "scopes": ["tickets:read"]}, follow_redirects=False)
        assert sent.headers["location"].startswith("/account/confirm?next="), address
    with Session(desk.engine) as session:
        assert session.query(Token).count() == 0


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"name": "", "scopes": ["tickets:read"]}, "name of 1 to 80"),
        ({"name": "x", "scopes": []}, "at least one of the list"),
        ({"name": "x", "scopes": ["webhooks:write"]}, "at least one of the list"),
        ({"name": "x", "scopes": ["tickets:read"], "days": "1e9"}, "number of days"),
    ],
    ids=["name", "none", "scope beyond the role", "days"],
)
def test_what_stands_in_the_way_is_said_and_nothing_typed_is_lost(
    desk: Desk, log_in: LogIn, sent: dict[str, object], problem: str
) -> None:
    browser = log_in(Role.REQUESTER, "asha@x.example")
    form = browser.form(browser.get("/account/tokens"), "/account/tokens/new")
    answer = browser.post(form.action, data={**form.values, **sent})
    assert answer.status_code == 422
    assert problem in answer.text
    assert form.values["days"] == "90"
    with Session(desk.engine) as session:
        assert session.query(Token).count() == 0


def test_nobody_revokes_somebody_elses(desk: Desk, log_in: LogIn) -> None:
    written = desk.token(desk.account("ben@x.example"))
    with Session(desk.engine) as session:
        token = session.query(Token).one()
    browser = log_in(Role.REQUESTER, "asha@x.example")
    csrf = browser.form(browser.get("/account/tokens"), "/account/tokens/new").values["csrf"]
    assert browser.post(f"/account/tokens/{token.id}/revoke", data={"csrf": csrf}).status_code == 404
    assert desk.program(written).get("/me").status_code == 200


def test_administrators_make_tokens_for_programs_and_end_anybodys(desk: Desk, log_in: LogIn) -> None:
    browser = log_in()
    library = str(desk.homes["library"].id)
    form = browser.form(browser.get("/settings/tokens/new"), "/settings/tokens/new")
    values = {**form.values, "name": "Till", "scopes": ["tickets:read"], "department": library}
    written = shown(browser.post(form.action, data=values).text)
    assert desk.program(written).get("/me").json()["kind"] == "service"
    desk.token(desk.account("ben@x.example"), name="Ben's script")
    page = browser.get("/settings/tokens")
    assert "Till" in page.text
    assert "Library" in page.text
    with Session(desk.engine) as session:
        tokens = session.query(Token).all()
    for token in tokens:
        browser.submit(browser.form(page, f"/settings/tokens/{token.id}/revoke"))
    assert desk.program(written).get("/me").status_code == 401
    assert browser.get("/settings/tokens").text.count("Revoked") == 2


def test_a_leads_way_to_other_peoples_tokens_is_closed(log_in: LogIn) -> None:
    browser: Visitor = log_in(Role.LEAD, "lena@desk.example")
    assert browser.get("/settings/tokens").status_code == 403


def test_from_the_command_line(desk: Desk) -> None:
    desk.account("ada@desk.example", Role.ADMINISTRATOR)
    run = CliRunner()
    made = run.invoke(build(), ["token", "create", "ada@desk.example", "--name", "Nightly", "--scope", "tickets:read"])
    assert made.exit_code == 0, made.output
    written = made.output.strip()
    assert desk.program(written).get("/tickets").status_code == 200
    (listed,) = [json.loads(line) for line in run.invoke(build(), ["token", "list", "--json"]).output.splitlines()]
    assert (listed["name"], listed["state"], listed["scopes"]) == ("Nightly", "good", ["tickets:read"])
    assert written not in json.dumps(listed)
    assert run.invoke(build(), ["token", "revoke", listed["id"]]).exit_code == 0
    assert desk.program(written).get("/tickets").status_code == 401
    nobody = run.invoke(build(), ["token", "create", "nobody@x.example", "--name", "x"])
    assert isinstance(nobody.exception, RuntimeError)


def test_what_is_kept_about_a_person_names_their_tokens(desk: Desk) -> None:
    account = desk.account("asha@x.example")
    desk.token(account, name="Phone")
    with Session(desk.engine) as session, session.begin():
        facts = export._account(session, session.get_one(Account, account.id))
    assert [token["name"] for token in facts["programs"]] == ["Phone"]
