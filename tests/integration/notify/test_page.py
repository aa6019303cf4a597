"""What I am told of, and when: chosen on one page by requesters and by staff."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.notify import manner
from helpsage.people import accounts, preferences
from helpsage.people.models import Account, Role
from helpsage.people.preferences import Channel, Event
from tests.integration.web.conftest import database, web_url
from tests.integration.web.visitor import Visitor

__all__ = ["database", "web_url"]

PAGE = "/my/notifications"


@pytest.fixture
def people(database: Engine) -> dict[Role, Account]:
    with Session(database, expire_on_commit=False) as session, session.begin():
        return {
            role: accounts.add(session, f"{role.value}@x.example", role.value, "", role)
            for role in (Role.REQUESTER, Role.AGENT)
        }


@pytest.fixture
def browsers(web_url: str, database: Engine, people: dict[Role, Account]) -> Iterator[dict[Role, Visitor]]:
    opened = {}
    for role, account in people.items():
        opened[role] = Visitor(web_url)
        with Session(database) as session, session.begin():
            token = accounts.open_session(session, session.get_one(Account, account.id))
        opened[role].cookies.set("helpsage_session", token)
    yield opened
    for browser in opened.values():
        browser.close()


def test_each_sees_what_concerns_them(browsers: dict[Role, Visitor]) -> None:
    assert "A ticket is given to me" not in browsers[Role.REQUESTER].get(PAGE).text
    assert "A ticket is given to me" in browsers[Role.AGENT].get(PAGE).text


def test_what_is_not_shown_is_not_changed(
    browsers: dict[Role, Visitor], people: dict[Role, Account], database: Engine
) -> None:
    """A requester who becomes an agent later still hears of what becomes theirs."""
    browser = browsers[Role.REQUESTER]
    form = browser.form(browser.get(PAGE), PAGE)
    browser.post(PAGE, data={"csrf": form.values["csrf"], "replied-email": "1"})
    with Session(database) as session:
        chosen = preferences.of_person(session, people[Role.REQUESTER].person_id)
    assert chosen[(Event.REPLIED, Channel.EMAIL)]
    assert not chosen[(Event.FINISHED, Channel.EMAIL)]
    assert chosen[(Event.ASSIGNED, Channel.EMAIL)]
    assert chosen[(Event.REPLIED, Channel.TARGET)]


def test_quiet_hours_and_digests_are_kept(
    browsers: dict[Role, Visitor], people: dict[Role, Account], database: Engine
) -> None:
    browser = browsers[Role.AGENT]
    given = {"rhythm": "daily", "digest_at": "09:30", "time_zone": "Asia/Kolkata", "quiet_from": "22:00",
             "quiet_to": "07:00"}  # fmt: skip
    page = browser.submit(browser.form(browser.get(PAGE), PAGE), **given)
    assert "Saved" in page.text
    with Session(database) as session:
        kept = manner.of_person(session, people[Role.AGENT].person_id)
        assert (kept.rhythm, f"{kept.digest_at:%H:%M}", kept.time_zone) == ("daily", "09:30", "Asia/Kolkata")
        assert (f"{kept.quiet_from:%H:%M}", f"{kept.quiet_to:%H:%M}") == ("22:00", "07:00")
    assert 'value="22:00"' in browser.get(PAGE).text


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"quiet_from": "22:00", "quiet_to": ""}, "quiet"),
        ({"quiet_from": "22:00", "quiet_to": "22:00"}, "quiet"),
        ({"quiet_from": "25:00", "quiet_to": "07:00"}, "quiet"),
        ({"digest_at": "late"}, "digest_at"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
    ],
)
def test_what_does_not_fit_together_is_said_and_nothing_typed_is_lost(
    browsers: dict[Role, Visitor], given: dict[str, str], field: str
) -> None:
    browser = browsers[Role.AGENT]
    page = browser.submit(browser.form(browser.get(PAGE), PAGE), rhythm="hourly", **given)
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text
    assert '<option value="hourly" selected>' in page.text
