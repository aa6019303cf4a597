"""Task boards are connected, tried, changed and removed on their pages; tokens are never shown again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage import clock, sealed, settings
from helpsage.boards import sync
from helpsage.boards.models import BoardRow
from tests.integration.settings.conftest import Administrator
from tests.integration.settings.test_notices import undo
from tests.vendors.todoist import TOKEN, Todoist

NEW = "/settings/boards/new"


@pytest.fixture
def todoist(monkeypatch: pytest.MonkeyPatch) -> Iterator[Todoist]:
    server = Todoist()
    monkeypatch.setenv("HELPSAGE_TODOIST_ADDRESS", server.url)
    settings.get.cache_clear()
    yield server
    server.close()
    monkeypatch.undo()
    settings.get.cache_clear()


@pytest.fixture
def address(ada: Administrator, todoist: Todoist) -> str:
    """The page of a board that was just connected."""
    page = ada.change(NEW, name="Work", token=TOKEN, project="p1", department="", remarks="reply")
    assert page.status_code == 200
    made = re.search(r'action="(/settings/boards/[0-9a-f-]{36})"', page.text)
    assert made is not None
    return made[1]


def kept(engine: Engine) -> BoardRow:
    with Session(engine, expire_on_commit=False) as session:
        return session.scalars(select(BoardRow)).one()


def test_the_token_shows_the_projects_to_choose_from(ada: Administrator, todoist: Todoist) -> None:
    page = ada.change(NEW, name="Work", token=TOKEN, then="projects")
    assert '<option value="p1"' in page.text
    assert "Elsewhere" in page.text
    assert TOKEN in ada.form(page, NEW).values.values(), "what was typed is still there"


def test_a_connected_board_is_looked_at(ada: Administrator, with_departments: Engine, address: str) -> None:
    row = kept(with_departments)
    assert sealed.unseal(sync.PURPOSE, row.token) == TOKEN
    with Session(with_departments) as session, session.begin():
        assert sync.due(session) == [row.id]
    assert TOKEN not in ada.get(address).text
    assert TOKEN not in ada.get("/settings/history").text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"token": ""}, "token"),
        ({"token": "wrong"}, "token"),
        ({"project": ""}, "project"),
        ({"department": "00000000-0000-0000-0000-000000000000"}, "department"),
        ({"remarks": "shout"}, "remarks"),
    ],
)
def test_boards_that_cannot_be(ada: Administrator, todoist: Todoist, changes: dict[str, str], field: str) -> None:
    given = {"name": "Work", "token": TOKEN, "project": "p1", "department": "", "remarks": "reply", **changes}
    if given["token"] == "wrong":
        given["then"] = "projects"
    page = ada.change(NEW, **given)
    assert page.status_code == 422
    assert f'id="{field}-problem"' in page.text


def test_it_is_changed_switched_removed_and_undone(ada: Administrator, with_departments: Engine, address: str) -> None:
    ada.change(address, name="Plans", notes="1")
    assert (kept(with_departments).name, kept(with_departments).notes) == ("Plans", True)
    ada.change(address, f"{address}/switch")
    assert kept(with_departments).disabled_at is not None
    ada.change(address, f"{address}/switch")
    assert kept(with_departments).disabled_at is None
    gone = ada.change(address, f"{address}/remove")
    assert "None yet" in gone.text
    undo(ada, gone)
    assert kept(with_departments).removed_at is None


def test_a_stale_form_is_not_saved_over(ada: Administrator, with_departments: Engine, address: str) -> None:
    old = ada.form(ada.get(address), address)
    ada.change(address, name="Plans")
    refused = ada.post(old.action, data={**old.values, "name": "Mine"})
    assert refused.status_code == 409
    assert kept(with_departments).name == "Plans"


@pytest.mark.parametrize("how", ["a new token", "a test"])
def test_a_stopped_board_goes_on(
    ada: Administrator, with_departments: Engine, address: str, todoist: Todoist, how: str
) -> None:
    with Session(with_departments) as session, session.begin():
        row = session.scalars(select(BoardRow)).one()
        row.broken_at, row.trouble = clock.now(), "the token is not accepted (401)"
    assert "not accepted" in ada.get(address).text
    if how == "a test":
        assert "It works: 2 projects" in ada.change(address, f"{address}/test").text
    else:
        ada.change(address, token=TOKEN)
    assert kept(with_departments).broken_at is None


def test_a_test_that_fails_says_why(ada: Administrator, address: str, todoist: Todoist) -> None:
    todoist.trouble = lambda method, path: (403, {}, b"{}")
    assert "the token is not accepted (403)" in ada.change(address, f"{address}/test").text


def test_a_removed_board_has_no_page(ada: Administrator, address: str) -> None:
    ada.change(address, f"{address}/remove")
    assert ada.get(address).status_code == 404
