"""Who changes who may do what, or where words of tickets go, proves first that it is them; what they wrote is kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people import invitations, sessions
from helpsage.people.models import Account, Role
from tests.integration.settings.conftest import Administrator
from tests.integration.settings.test_people import BO, account, bo
from tests.integration.web.conftest import PASSWORD

__all__ = ["bo"]

LATE = sessions.FRESH + timedelta(seconds=1)
INVITE = "/settings/people/invite"
CHARLIE = "charlie@desk.example"
ID = "5f0c1f6e-6d0a-4a54-9c0e-0b6f6f3f9a11"
#: Forms that are not done without it.
CAREFUL = (
    INVITE,
    f"/settings/people/{ID}",
    f"/settings/people/{ID}/chats/{ID}",
    "/settings/webhooks/new",
    f"/settings/webhooks/{ID}",
    f"/settings/webhooks/{ID}/key",
    "/settings/channels/new/slack",
    "/settings/channels/slack",
    "/settings/boards/new",
    f"/settings/boards/{ID}",
    "/settings/notices/targets/new",
    f"/settings/notices/targets/{ID}",
    "/settings/intake/secret",
)


@pytest.fixture
def late() -> Iterator[None]:
    """A quarter of an hour after the login."""
    with clock.frozen(clock.now() + LATE):
        yield


def asks(page: httpx.Response, action: str) -> bool:
    return page.status_code == 403 and f'action="/account/confirm?again={action}"' in page.text


def invited(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return [one.email for one in invitations.waiting(session)]


@pytest.mark.parametrize("action", CAREFUL)
def test_late_forms_are_held_until_it_is_proven_who_sits_there(ada: Administrator, late: None, action: str) -> None:
    csrf = ada.form(ada.get("/settings/people/invite"), INVITE).values["csrf"]
    assert asks(ada.post(action, data={"csrf": csrf, "lane": "form", "department": "it"}), action)


def test_what_was_written_survives_a_wrong_password_and_is_done_after_the_right_one(
    ada: Administrator, late: None, with_departments: Engine
) -> None:
    name = 'Charlie "<b>O\'Neil</b>" & co, 株式会社'
    asked = ada.change(INVITE, email=CHARLIE, name=name, role="lead")
    assert asks(asked, INVITE)
    assert invited(with_departments) == []
    action = f"/account/confirm?again={INVITE}"
    wrong = ada.submit(ada.form(asked, action), confirm_password="not this one")
    assert wrong.status_code == 422
    assert 'id="confirm_password-problem"' in wrong.text
    assert PASSWORD not in wrong.text
    done = ada.submit(ada.form(wrong, action), confirm_password=PASSWORD)
    assert (done.status_code, done.url.path) == (200, INVITE)
    with Session(with_departments) as session:
        (made,) = invitations.waiting(session)
        assert (made.email, made.name, made.role) == (CHARLIE, name, Role.LEAD)


def test_for_some_minutes_it_is_not_asked_again(ada: Administrator, late: None, with_departments: Engine) -> None:
    asked = ada.change(INVITE, email=CHARLIE)
    ada.submit(ada.form(asked, f"/account/confirm?again={INVITE}"), confirm_password=PASSWORD)
    assert ada.change(INVITE, email="dora@desk.example").status_code == 200
    assert len(invited(with_departments)) == 2


def test_lists_go_along_whole(ada: Administrator, bo: Account, late: None, with_departments: Engine) -> None:
    """A form may have the same field several times: the teams of a person."""
    with Session(with_departments) as session:
        from helpsage.departments import service as departments

        teams = sorted(str(one.id) for one in departments.teams(session))[:2]
    address = f"/settings/people/{bo.id}"
    asked = ada.change(address, role="lead", teams=teams)
    assert account(with_departments, BO).role == Role.AGENT
    form = ada.form(asked, f"/account/confirm?again={address}")
    fields = {**form.values, "teams": teams, "confirm_password": PASSWORD}
    assert asked.text.count('type="hidden" name="teams"') == len(teams)
    page = ada.post(form.action, data=fields)
    assert (page.status_code, page.url.path) == (200, address)
    assert account(with_departments, BO).role == Role.LEAD


def test_an_old_role_is_not_brought_back_without_it(ada: Administrator, bo: Account, with_departments: Engine) -> None:
    address = f"/settings/people/{bo.id}"
    page = ada.change(address, role="lead")
    undo = next(part.split('"')[0] for part in page.text.split('action="')[1:] if part.startswith("/settings/history/"))
    form = ada.form(page, undo)
    with clock.frozen(clock.now() + LATE):
        assert asks(ada.submit(form), undo)
    assert account(with_departments, BO).role == Role.LEAD


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/", "/\\evil.example"])
def test_a_form_is_never_sent_on_to_another_site(ada: Administrator, late: None, elsewhere: str) -> None:
    csrf = ada.form(ada.get(INVITE), INVITE).values["csrf"]
    page = ada.post("/account/confirm", params={"again": elsewhere}, data={"csrf": csrf, "confirm_password": PASSWORD})
    assert page.url.host == "127.0.0.1"


def test_no_form_has_a_field_of_the_page_that_asks(ada: Administrator) -> None:
    """It would be mistaken for the password."""
    for action in (INVITE, "/settings/webhooks/new", "/settings/boards/new", "/settings/notices/targets/new"):
        fields = ada.form(ada.get(action), action).values
        assert not {"confirm_password", "confirm_code"} & set(fields)
