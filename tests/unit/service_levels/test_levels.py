"""What administrators may write for calendars and policies, and what it comes to."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
import yaml

from helpsage.service_levels import hours, levels
from helpsage.service_levels.calendar import Shift
from helpsage.service_levels.hours import DayOff, DaysOff

OFFICE: dict[str, Any] = {
    "title": "Office",
    "zone": "Europe/Berlin",
    "hours": {"mon": ["09:00-12:30", "13:30-18:00"]},
    "countries": ["DE-BE"],
    "days_off": ["12-24 Christmas Eve"],
    "days_worked": ["2026-10-03"],
}
POLICY: dict[str, Any] = {
    "key": "printers",
    "title": "Printers",
    "priorities": ["high"],
    "categories": [],
    "departments": [],
    "calendar": "office",
    "first_response": 60,
    "resolution": 240,
    "warn_at": 75,
    "warn": ["assignee"],
    "breach": ["leads"],
    "escalate": False,
    "hand_to": "",
    "repeat_every": 0,
    "repeat_most": 0,
}


def shipped() -> dict[str, Any]:
    content = yaml.safe_load(levels.FILE.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": " "}, "title"),
        ({"zone": "Berlin"}, "zone"),
        ({"zone": "../etc/passwd"}, "zone"),
        ({"hours": {"mon": ["9 to 5"]}}, "mon"),
        ({"single_days": ["2026-12-23"]}, "single_days"),
        ({"single_days": ["2026-02-30 09:00-12:00"]}, "single_days"),
        ({"single_days": ["12-23 09:00-12:00, noon"]}, "single_days"),
        ({"single_days": ["12-23 09:00-12:00, 11:00-13:00"]}, "single_days"),
        ({"single_days": ["12-23 09:00-12:00", "12-23 09:00-13:00 again"]}, "single_days"),
        ({"hours": {"tue": ["09:00-09:00"]}}, "tue"),
        ({"hours": {"tue": ["09:00-25:00"]}}, "tue"),
        ({"hours": {"tue": ["09:60-10:00"]}}, "tue"),
        ({"hours": {"sun": ["09:00-13:00", "12:00-17:00"]}}, "sun"),
        ({"hours": {"sun": ["08:00-09:00"] * 7}}, "sun"),
        ({"hours": {}}, "mon"),
        ({"countries": ["ZZ"]}, "countries"),
        ({"countries": ["DE-XX"]}, "countries"),
        ({"days_off": ["2026-02-30"]}, "days_off"),
        ({"days_off": ["Christmas"]}, "days_off"),
        ({"days_worked": ["12-24"]}, "days_worked"),
    ],
    ids=range(20),
)
def test_a_calendar_that_cannot_be(changed: dict[str, Any], field: str) -> None:
    assert list(levels.calendar_problems({**OFFICE, **changed})) == [field]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": "x" * 61}, "title"),
        ({"calendar": "gone"}, "calendar"),
        ({"priorities": ["mad"]}, "priorities"),
        ({"first_response": -1}, "first_response"),
        ({"first_response": True}, "first_response"),
        ({"resolution": levels.LONGEST_TARGET + 1}, "resolution"),
        ({"first_response": 0, "resolution": 0}, "first_response"),
        ({"warn_at": 100}, "warn_at"),
        ({"warn": []}, "warn"),
        ({"breach": []}, "breach"),
        ({"breach": ["everyone"]}, "breach"),
        ({"hand_to": "nobody"}, "hand_to"),
        ({"repeat_most": 51}, "repeat_most"),
    ],
    ids=range(13),
)
def test_a_policy_that_cannot_be(changed: dict[str, Any], field: str) -> None:
    assert list(levels.policy_problems({**POLICY, **changed}, {"office": {}})) == [field]


def test_what_can_be_has_no_problems() -> None:
    assert levels.calendar_problems(OFFICE) == {}
    assert levels.policy_problems(POLICY, {"office": {}}) == {}


def test_the_file_that_is_shipped_is_used() -> None:
    known = levels.build(shipped())
    assert [each.key for each in known.policies] == ["urgent", "high", "normal", "low"]
    assert known.promise is False


@pytest.mark.parametrize(
    "broken",
    [{}, {"promise": "yes"}, {"policies": None}, {"policies": [POLICY]}, {"calendars": {"Bad key": OFFICE}}],
    ids=["empty", "no answer", "no list", "calendar missing", "key"],
)
def test_a_document_that_is_none_is_refused(broken: dict[str, Any]) -> None:
    content = {**shipped(), **broken} if broken else {}
    with pytest.raises(levels.InvalidLevels):
        levels.build(content)


def test_two_policies_of_one_key_are_refused() -> None:
    content = shipped()
    content["policies"].append(content["policies"][0])
    with pytest.raises(levels.InvalidLevels):
        levels.build(content)


@pytest.mark.parametrize(
    ("written", "shift"),
    [
        ("09:00-12:30", Shift(540, 750)),
        ("9:00 – 12:30", Shift(540, 750)),
        ("22:00-06:00", Shift(1320, 1800)),
        ("00:00-24:00", Shift(0, 1440)),
    ],
)
def test_shifts(written: str, shift: Shift) -> None:
    assert hours.shift(written) == shift


@pytest.mark.parametrize(
    ("written", "minutes"),
    [("4h", 240), ("90m", 90), ("4h 30m", 270), ("4h30m", 270), ("2", 120), ("", 0), ("1 hour", 60), ("10 min", 10)],
)
def test_durations(written: str, minutes: int) -> None:
    assert hours.minutes_of(written) == minutes
    assert hours.minutes_of(hours.written_minutes(minutes)) == minutes


@pytest.mark.parametrize("written", ["soon", "-1h", "1.5h", "4h x"])
def test_what_is_no_duration(written: str) -> None:
    with pytest.raises(ValueError, match=re.escape(written)):
        hours.minutes_of(written)


def test_days_off() -> None:
    assert hours.day_off("2026-12-24 Christmas Eve") == DayOff(2026, 12, 24, "Christmas Eve")
    assert hours.day_off("02-29") == DayOff(None, 2, 29)


@pytest.mark.parametrize(
    ("day", "is_off"),
    [
        (date(2026, 3, 8), True),
        (date(2026, 10, 3), False),
        (date(2027, 10, 3), True),
        (date(2030, 12, 24), True),
        (date(2026, 7, 1), True),
        (date(2027, 7, 1), False),
        (date(2026, 6, 17), False),
    ],
    ids=["Berlin only", "worked", "the next year", "every year", "once", "not again", "any day"],
)
def test_public_holidays_and_own_days(day: date, is_off: bool) -> None:
    days = DaysOff(("DE-BE",), frozenset({date(2026, 7, 1)}), frozenset({(12, 24)}), frozenset({date(2026, 10, 3)}))
    assert (day in days) is is_off


def test_a_single_day_is_read_with_its_hours_and_its_name() -> None:
    day = hours.single_day("2026-12-23 09:00-12:00, 13:00-15:00 Before Christmas")
    assert (day.year, day.month, day.day, day.called) == (2026, 12, 23, "Before Christmas")
    assert day.shifts == (Shift(540, 720), Shift(780, 900))


def test_hours_with_a_year_count_before_those_of_every_year() -> None:
    content = shipped()
    days = ["12-23 09:00-12:00", "2026-12-23 10:00-11:00"]
    content["calendars"]["always"] = {**OFFICE, "single_days": days}
    calendar = levels.build(content).calendars["always"]
    assert calendar.single_days.get(date(2026, 12, 23)) == (Shift(600, 660),)
    assert calendar.single_days.get(date(2027, 12, 23)) == (Shift(540, 720),)
    assert calendar.single_days.get(date(2026, 12, 22)) is None
