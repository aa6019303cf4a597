"""Places for alerts are made, given a code, changed and removed on their pages."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from helpsage.alerts import places
from helpsage.alerts.models import AlertPlace
from helpsage.departments import service as departments
from tests.integration.settings.conftest import Administrator
from tests.integration.settings.test_notices import undo

NEW = "/settings/alerts/new"
INSTALLATION = {
    "key": "main",
    "kind": "slack",
    "name": "Our Slack",
    "department": "",
    "enabled": True,
    "options": {},
    "secrets": {},
}


@pytest.fixture
def whose(with_departments: Engine) -> str:
    """The default department; an application is connected."""
    with Session(with_departments) as session, session.begin():
        session.execute(
            text("insert into configuration (name, content) values ('channels', cast(:content as jsonb))"),
            {"content": json.dumps({"installations": [INSTALLATION]})},
        )
        home = departments.default(session)
        assert home is not None
        return f"department:{home.id}"


@pytest.fixture
def address(ada: Administrator, whose: str) -> str:
    """The page of a place that was just made."""
    page = ada.change(NEW, name="#helpdesk", whose=whose, tickets="all", chats="1")
    assert page.status_code == 200, page.text
    made = re.search(r'action="(/settings/alerts/[0-9a-f-]{36})"', page.text)
    assert made is not None
    return made[1]


def kept(engine: Engine) -> AlertPlace:
    with Session(engine, expire_on_commit=False) as session:
        return session.scalars(select(AlertPlace)).one()


def test_a_code_is_shown_once_and_connects(ada: Administrator, with_departments: Engine, address: str) -> None:
    assert "not connected yet" in ada.get(address).text
    page = ada.change(address, f"{address}/code")
    shown = re.search(r"<code>connect ([A-Z2-9]{4}-[A-Z2-9]{4})</code>", page.text)
    assert shown is not None
    assert shown[1] not in ada.get(address).text
    with Session(with_departments) as session, session.begin():
        assert shown[1] not in str(kept(with_departments).code_hash)
        places.connect(session, shown[1], "main", "T0:C1", {"channel": "C1"})
    assert "Our Slack, since" in ada.get(address).text
    assert "Our Slack" in ada.get("/settings/alerts").text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"whose": ""}, "whose"),
        ({"whose": "team:00000000-0000-0000-0000-000000000000"}, "whose"),
        ({"tickets": "some"}, "tickets"),
        ({"tickets": "none", "chats": ""}, "tickets"),
    ],
)
def test_places_that_cannot_be(ada: Administrator, whose: str, changes: dict[str, str], field: str) -> None:
    page = ada.change(NEW, **{"name": "#helpdesk", "whose": whose, "tickets": "all", "chats": "1", **changes})
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text


def test_it_is_changed_removed_and_undone(ada: Administrator, with_departments: Engine, address: str) -> None:
    ada.change(address, tickets="urgent")
    assert kept(with_departments).tickets == "urgent"
    gone = ada.change(address, f"{address}/remove")
    assert kept(with_departments).removed_at is not None
    assert "None yet" in gone.text
    undo(ada, gone)
    assert kept(with_departments).removed_at is None


def test_what_was_removed_does_not_come_back_where_another_is(
    ada: Administrator, with_departments: Engine, address: str
) -> None:
    with Session(with_departments) as session, session.begin():
        place = session.scalars(select(AlertPlace)).one()
        places.connect(session, places.new_code(session, place), "main", "T0:C1", {"channel": "C1"})
    gone = ada.change(address, f"{address}/remove")
    with Session(with_departments) as session, session.begin():
        first = session.scalars(select(AlertPlace)).one()
        other = AlertPlace(name="#other", department_id=first.department_id)
        session.add(other)
        session.flush()
        places.connect(session, places.new_code(session, other), "main", "T0:C1", {"channel": "C1"})
    undo(ada, gone)
    with Session(with_departments) as session:
        asked = select(AlertPlace).where(AlertPlace.name == "#helpdesk")
        assert session.scalars(asked).one().removed_at is not None


def test_a_stale_form_is_not_saved_over(ada: Administrator, with_departments: Engine, address: str) -> None:
    old = ada.form(ada.get(address), address)
    ada.change(address, name="#desk")
    refused = ada.post(old.action, data={**old.values, "name": "#mine"})
    assert refused.status_code == 409
    assert kept(with_departments).name == "#desk"
