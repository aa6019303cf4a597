"""An administrator sets calendars and policies, tries them, and takes a change back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.events.models import OutboxEvent
from helpsage.people.models import Account, Role
from helpsage.service_levels.document import SERVICE_LEVELS
from tests.integration.settings.conftest import Administrator

HOME = "/settings/service-levels"
NEW_CALENDAR = f"{HOME}/calendars/new"
NEW_POLICY = f"{HOME}/policies/new"
BERLIN = {
    "title": "Berlin office",
    "zone": "Europe/Berlin",
    **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "09:00-12:00, 13:00-17:00"),
    "countries": "DE-BE",
}


def kept(engine: Engine) -> dict[str, Any]:
    with Session(engine) as session:
        return SERVICE_LEVELS.read(session)


@pytest.fixture
def berlin(ada: Administrator) -> str:
    page = ada.change(NEW_CALENDAR, **BERLIN)
    assert "Saved." in page.text
    return "berlin_office"


def policy(**given: Any) -> dict[str, Any]:
    """What is typed into the form."""
    return {
        "title": "Printers",
        "priorities": ["normal"],
        "categories": ["printer_problem"],
        "calendar": "berlin_office",
        "first_response": "1h",
        "resolution": "4h 30m",
        "warn_at": "50",
        "warn": ["assignee"],
        "breach": ["leads", "administrators"],
        **given,
    }


def test_a_calendar_is_made_as_it_is_typed(ada: Administrator, berlin: str, with_departments: Engine) -> None:
    made = kept(with_departments)["calendars"][berlin]
    assert (made["title"], made["zone"], made["countries"]) == ("Berlin office", "Europe/Berlin", ["DE-BE"])
    assert made["hours"]["mon"] == ["09:00-12:00", "13:00-17:00"]
    assert made["hours"]["sun"] == []
    page = ada.get(f"{HOME}/calendars/{berlin}").text
    assert "09:00-12:00, 13:00-17:00" in page
    assert "New Year" in page


def test_days_with_hours_of_their_own_are_kept_and_shown_ahead(ada: Administrator, with_departments: Engine) -> None:
    ada.change(NEW_CALENDAR, **BERLIN, single_days="12-23 09:00-12:00 Short day\n")
    assert kept(with_departments)["calendars"]["berlin_office"]["single_days"] == ["12-23 09:00-12:00 Short day"]
    page = ada.get(f"{HOME}/calendars/berlin_office").text
    assert "<bdi>09:00-12:00 Short day</bdi>" in page


def test_hours_of_a_single_day_that_are_none_are_refused_beside_the_field(ada: Administrator) -> None:
    page = ada.change(NEW_CALENDAR, **BERLIN, single_days="12-23 in the morning")
    assert page.status_code == 422
    assert 'id="single_days-problem"' in page.text
    assert "12-23 in the morning</textarea>" in page.text


def test_what_is_wrong_with_a_calendar_stands_beside_its_field(ada: Administrator, with_departments: Engine) -> None:
    page = ada.change(NEW_CALENDAR, **{**BERLIN, "mon": "9 to 5", "days_worked": "12-24"})
    assert page.status_code == 422
    assert "“9 to 5” is no time" in page.text
    assert 'id="mon-problem"' in page.text
    assert 'id="days_worked-problem"' in page.text
    # Nothing typed is lost.
    assert 'value="Berlin office"' in page.text
    assert 'value="9 to 5"' in page.text
    assert "berlin_office" not in kept(with_departments)["calendars"]


def test_a_night_shift_may_be_typed(ada: Administrator, with_departments: Engine) -> None:
    ada.change(NEW_CALENDAR, **{**BERLIN, "title": "Nights", "fri": "22:00-06:00", "sat": "00:00-24:00"})
    assert kept(with_departments)["calendars"]["nights"]["hours"]["fri"] == ["22:00-06:00"]


def test_a_new_policy_comes_first_and_counts(ada: Administrator, berlin: str, with_departments: Engine) -> None:
    assert "Saved." in ada.change(NEW_POLICY, **policy()).text
    first = kept(with_departments)["policies"][0]
    assert (first["key"], first["first_response"], first["resolution"]) == ("printers", 60, 270)
    assert (first["warn_at"], first["breach"]) == (50, ["leads", "administrators"])


def test_try_it_says_which_policy_and_by_when(ada: Administrator, berlin: str) -> None:
    ada.change(NEW_POLICY, **policy())
    asked = {"priority": "normal", "category": "printer_problem", "at": "2026-06-17T14:30"}
    page = ada.get(HOME, params=asked).text
    assert "Printers" in page[page.index('id="tried"') :][:300]
    # 14:30 UTC is 16:30 in Berlin.
    assert "Thu 18 Jun 2026, 09:30 CEST" in page
    assert "Thu 18 Jun 2026, 14:00 CEST" in page
    other = ada.get(HOME, params={**asked, "category": "double_charge"}).text
    assert "Normal" in other[other.index('id="tried"') :][:300]


def test_what_is_wrong_with_a_policy_stands_beside_its_field(
    ada: Administrator, berlin: str, with_departments: Engine
) -> None:
    wrong = {
        "warn_at": "150",
        "categories": ["nothing"],
        "departments": ["nowhere"],
        "hand_to": "account:nobody@desk.example",
        "breach": [],
    }
    page = ada.change(NEW_POLICY, **policy(**wrong))
    assert page.status_code == 422
    for field in wrong:
        assert f'id="{field}-problem"' in page.text
    page = ada.change(NEW_POLICY, **policy(first_response="soon", repeat_most="x"))
    assert 'id="first_response-problem"' in page.text
    assert 'value="soon"' in page.text
    assert kept(with_departments)["policies"][0]["key"] == "urgent"


def test_a_policy_that_is_never_reached_is_refused(ada: Administrator, with_departments: Engine) -> None:
    days = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "")
    ada.change(NEW_CALENDAR, **{**BERLIN, **days, "title": "Hardly", "wed": "09:00-09:01"})
    page = ada.change(NEW_POLICY, **policy(calendar="hardly", resolution="200h"))
    assert page.status_code == 422
    assert "within ten years" in page.text


def test_policies_change_places_and_it_can_be_undone(ada: Administrator, with_departments: Engine) -> None:
    page = ada.change(HOME, f"{HOME}/policies/high/move", to="up")
    assert [each["key"] for each in kept(with_departments)["policies"]][:2] == ["high", "urgent"]
    undo = next(line for line in page.text.splitlines() if 'action="/settings/history/' in line)
    action = undo.split('action="')[1].split('"')[0]
    ada.submit(ada.form(page, action))
    assert [each["key"] for each in kept(with_departments)["policies"]][:2] == ["urgent", "high"]


def test_a_calendar_in_use_stays(ada: Administrator, berlin: str, with_departments: Engine) -> None:
    ada.change(NEW_POLICY, **policy())
    page = ada.change(f"{HOME}/calendars/{berlin}", f"{HOME}/calendars/{berlin}/remove")
    assert page.status_code == 422
    assert "These policies use it: Printers" in page.text
    ada.change(f"{HOME}/policies/printers", f"{HOME}/policies/printers/remove")
    ada.change(f"{HOME}/calendars/{berlin}", f"{HOME}/calendars/{berlin}/remove")
    assert berlin not in kept(with_departments)["calendars"]


def test_whoever_was_overtaken_sees_it(
    ada: Administrator, log_in: Callable[..., Administrator], berlin: str, with_departments: Engine
) -> None:
    address = f"{HOME}/calendars/{berlin}"
    bob = log_in(Role.ADMINISTRATOR, "bob@desk.example", "Bob")
    form = ada.form(ada.get(address), address)
    bob.change(address, title="Headquarters")
    page = ada.submit(form, title="Berlin")
    assert page.status_code == 409
    assert "Someone else changed this meanwhile" in page.text
    assert kept(with_departments)["calendars"][berlin]["title"] == "Headquarters"


def test_open_tickets_are_counted_anew_after_each_change(
    ada: Administrator, berlin: str, with_departments: Engine
) -> None:
    ada.change(HOME, f"{HOME}/apply")
    with Session(with_departments) as session:
        asked = select(OutboxEvent.payload).where(OutboxEvent.kind == "service_levels.changed")
        assert list(session.scalars(asked.order_by(OutboxEvent.id))) == [{"anew": False}, {"anew": True}]


def test_requesters_are_told_only_when_that_is_wanted(ada: Administrator, with_departments: Engine) -> None:
    assert kept(with_departments)["promise"] is False
    ada.change(HOME, f"{HOME}/promise", promise="1")
    assert kept(with_departments)["promise"] is True


# --- who works what


def account(engine: Engine, email: str) -> Account:
    with Session(engine, expire_on_commit=False) as session:
        return session.scalars(select(Account).where(Account.email == email)).one()


def test_what_an_agent_takes_is_set_and_undone(
    ada: Administrator, log_in: Callable[..., Administrator], with_departments: Engine
) -> None:
    log_in(Role.AGENT, "priya@desk.example", "Priya")
    address = f"/settings/agents/{account(with_departments, 'priya@desk.example').id}"
    page = ada.change(address, capacity="4", languages="EN, de", categories=["printer_problem"])
    assert "Changed what Priya works on" in page.text
    form = ada.form(ada.get(address), address)
    assert (form.values["capacity"], form.values["languages"]) == ("4", "de, en")
    undo = page.text.split('action="/settings/history/')[1].split('"')[0]
    ada.submit(ada.form(page, f"/settings/history/{undo}"))
    assert ada.form(ada.get(address), address).values["capacity"] == ""


def test_what_an_agent_cannot_take(ada: Administrator, with_departments: Engine) -> None:
    address = f"/settings/agents/{account(with_departments, 'ada@desk.example').id}"
    for typed in ({"capacity": "many"}, {"capacity": "1001"}, {"languages": "German"}):
        page = ada.change(address, **typed)
        assert page.status_code == 422
        assert f'id="{next(iter(typed))}-problem"' in page.text


def test_a_requester_is_no_agent(
    ada: Administrator, log_in: Callable[..., Administrator], with_departments: Engine
) -> None:
    log_in(Role.REQUESTER, "asha@campus.example", "Asha")
    address = f"/settings/agents/{account(with_departments, 'asha@campus.example').id}"
    assert ada.get(address).status_code == 404


def test_how_a_teams_tickets_find_somebody(ada: Administrator) -> None:
    index = ada.get("/settings/teams").text
    address = "/settings/teams/" + index.split('href="/settings/teams/')[2].split('"')[0]

    def shown() -> tuple[str, str]:
        form = ada.form(ada.get(address), address)
        return form.values["assignment"], form.values["returns_after"]

    assert ada.change(address, assignment="luck", returns_after="x").status_code == 422
    assert shown() == ("pull", "60")
    ada.change(address, assignment="round_robin", returns_after="0")
    assert shown() == ("round_robin", "0")
    ada.change(address, returns_after="")
    assert shown() == ("round_robin", "")
