"""Calendars and policies: what is promised to whom, as the settings pages keep it."""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from helpsage import settings
from helpsage.configuration.live import Live
from helpsage.service_levels import hours, words
from helpsage.service_levels.calendar import Calendar, Shift
from helpsage.service_levels.hours import DAYS, DaysOff, SingleDays
from helpsage.settings import ROOT
from helpsage.tickets.models import Priority

FILE = ROOT / "config" / "service_levels.yml"
NAME = "service_levels"
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_TITLE = 60
MOST_CALENDARS = 50
MOST_POLICIES = 200
MOST_SHIFTS = 6
MOST_DAYS = 400
#: Working time that is promised at most: a year around the clock.
LONGEST_TARGET = 366 * 24 * 60
MOST_REPEATS = 50


class Kind(enum.StrEnum):
    """What a ticket's clocks measure."""

    FIRST_RESPONSE = "first_response"
    RESOLUTION = "resolution"


class Who(enum.StrEnum):
    """Who is told."""

    #: Or the team, when nobody has the ticket or whoever has it is away.
    ASSIGNEE = "assignee"
    TEAM = "team"
    #: Of the ticket's department.
    LEADS = "leads"
    ADMINISTRATORS = "administrators"


class InvalidLevels(ValueError):
    """The levels cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Policy:
    """What is promised for some tickets, and what happens when it is not kept.

    Attributes:
        priorities, categories, departments: which tickets; an empty one means all. Departments by key.
        calendar: key of the calendar that measures.
        first_response, resolution: minutes of working time; 0 promises nothing.
        warn_at: percent of that time after which `warn` are told; 0: they are not.
        breach: who is told when it is over.
        escalate: whether the ticket is escalated then.
        hand_to: who gets it then: empty for as it is, `queue`, `team:<key>`, `account:<e-mail>`.
        repeat_every, repeat_most: minutes of working time until `breach` are told again, and how often.
    """

    key: str
    title: str
    priorities: frozenset[str]
    categories: frozenset[str]
    departments: frozenset[str]
    calendar: str
    first_response: int
    resolution: int
    warn_at: int = 0
    warn: tuple[Who, ...] = ()
    breach: tuple[Who, ...] = ()
    escalate: bool = False
    hand_to: str = ""
    repeat_every: int = 0
    repeat_most: int = 0

    def fits(self, priority: str, category: str, department: str | None) -> bool:
        """Whether it is for such a ticket."""
        return (
            (not self.priorities or priority in self.priorities)
            and (not self.categories or category in self.categories)
            and (not self.departments or department in self.departments)
        )

    def minutes(self, kind: Kind) -> int:
        """What it promises, in minutes of working time; 0: nothing."""
        return self.first_response if kind is Kind.FIRST_RESPONSE else self.resolution


@dataclass(frozen=True)
class Levels:
    """Everything, ready to be used.

    Attributes:
        promise: whether requesters read by when they are answered.
        policies: the first that fits counts.
    """

    promise: bool
    calendars: Mapping[str, Calendar]
    policies: tuple[Policy, ...]

    def policy_for(self, priority: str, category: str, department: str | None) -> Policy | None:
        """The first policy that fits such a ticket."""
        return next((each for each in self.policies if each.fits(priority, category, department)), None)

    def policy(self, key: str) -> Policy | None:
        """The policy of this key."""
        return next((each for each in self.policies if each.key == key), None)


def load() -> Levels:
    """The levels as they are now. A change on the settings pages is here within a second.

    Raises:
        InvalidLevels: the file does not say what it must.
    """
    return _LIVE.get()


def build(raw: Any) -> Levels:
    """Check the levels, wherever they come from, and make them ready to be used.

    Raises:
        InvalidLevels: they do not say what they must.
    """
    try:
        calendars = {key: _calendar(key, given) for key, given in raw["calendars"].items()}
        policies = tuple(_policy(given, calendars) for given in raw["policies"])
        promise = raw["promise"]
    except InvalidLevels:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InvalidLevels(f"{type(error).__name__}: {error}") from error
    keys = [policy.key for policy in policies]
    if len(calendars) > MOST_CALENDARS or len(policies) > MOST_POLICIES or not isinstance(promise, bool):
        raise InvalidLevels(words.TOO_MANY)
    if len(set(keys)) != len(keys):
        raise InvalidLevels(words.SAME_KEY)
    return Levels(promise, calendars, policies)


# --- calendars


def calendar_problems(given: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a calendar, by field (the days' short names for their hours)."""
    problems = _title_problem(given)
    if given["zone"] and not _is_zone(given["zone"]):
        problems["zone"] = words.NO_ZONE
    for day in DAYS:
        if wrong := _shifts_problem(given["hours"].get(day, [])):
            problems[day] = wrong
    if not problems and not any(given["hours"].get(day) for day in DAYS):
        problems["mon"] = words.NEVER_OPEN
    if unknown := [each for each in given["countries"] if not hours.is_country(each)]:
        problems["countries"] = words.NO_COUNTRY.format(written=unknown[0][:40])
    for name in ("days_off", "days_worked"):
        if wrong := _days_problem(given[name], years_only=name == "days_worked"):
            problems[name] = wrong
    if wrong := _single_days_problem(given.get("single_days", [])):
        problems["single_days"] = wrong
    return problems


def _calendar(key: str, given: Mapping[str, Any]) -> Calendar:
    problems = calendar_problems(given) if KEY.fullmatch(key) else {"": words.INVALID_KEY}
    if problems:
        where, why = next(iter(problems.items()))
        raise InvalidLevels(f"{given['title'] or key}: {where}: {why}")
    own = [hours.day_off(each) for each in given["days_off"]]
    days_off = DaysOff(
        countries=tuple(given["countries"]),
        own=frozenset(date(each.year, each.month, each.day) for each in own if each.year is not None),
        yearly=frozenset((each.month, each.day) for each in own if each.year is None),
        worked=frozenset(date.fromisoformat(each[:10]) for each in given["days_worked"]),
    )
    shifts = {number: _shifts(given["hours"].get(day, [])) for number, day in enumerate(DAYS)}
    return Calendar(
        ZoneInfo(given["zone"] or settings.get().time_zone),
        shifts,
        days_off,
        _single_days(given.get("single_days", [])),
    )


def _shifts(written: list[str]) -> tuple[Shift, ...]:
    return tuple(sorted(hours.shift(each) for each in written))


def _shifts_problem(written: list[str]) -> str:
    if len(written) > MOST_SHIFTS:
        return words.TOO_MANY_SHIFTS.format(most=MOST_SHIFTS)
    try:
        shifts = _shifts(written)
    except ValueError as error:
        return words.NO_SHIFT.format(written=str(error)[:40])
    overlap = any(later.begin < earlier.end for earlier, later in itertools.pairwise(shifts))
    return words.OVERLAP if overlap else ""


def _days_problem(written: list[str], years_only: bool) -> str:
    if len(written) > MOST_DAYS:
        return words.TOO_MANY_DAYS.format(most=MOST_DAYS)
    for each in written:
        try:
            day = hours.day_off(each)
        except ValueError:
            return words.NO_DAY.format(written=each[:40])
        if years_only and day.year is None:
            return words.NO_YEAR.format(written=each[:40])
    return ""


def _single_days(written: list[str]) -> SingleDays:
    days = [hours.single_day(each) for each in written]
    return SingleDays(
        dated={date(each.year, each.month, each.day): each.shifts for each in days if each.year is not None},
        yearly={(each.month, each.day): each.shifts for each in days if each.year is None},
    )


def _single_days_problem(written: list[str]) -> str:
    if len(written) > MOST_DAYS:
        return words.TOO_MANY_DAYS.format(most=MOST_DAYS)
    seen = set()
    for each in written:
        try:
            day = hours.single_day(each)
        except ValueError:
            return words.NO_SINGLE_DAY.format(written=each[:60])
        which = (day.year, day.month, day.day)
        if which in seen:
            return words.TWICE.format(written=each[:60])
        seen.add(which)
        if len(day.shifts) > MOST_SHIFTS:
            return words.TOO_MANY_SHIFTS.format(most=MOST_SHIFTS)
        if any(later.begin < earlier.end for earlier, later in itertools.pairwise(day.shifts)):
            return f"“{each[:60]}”: {words.OVERLAP}"
    return ""


def _is_zone(name: str) -> bool:
    try:
        return bool(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


# --- policies


def policy_problems(given: Mapping[str, Any], calendars: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with a policy, by field."""
    problems = _title_problem(given)
    if given["calendar"] not in calendars:
        problems["calendar"] = words.CHOOSE
    for name in ("priorities", "categories", "departments"):
        if not all(isinstance(each, str) and 0 < len(each) <= 80 for each in given[name]):
            problems[name] = words.CHOOSE
    if not set(given["priorities"]) <= {each.value for each in Priority}:
        problems["priorities"] = words.CHOOSE
    for name in ("first_response", "resolution", "repeat_every"):
        if not _within(given[name], LONGEST_TARGET):
            problems[name] = words.NO_DURATION
    if not problems and not given["first_response"] and not given["resolution"]:
        problems["first_response"] = words.NO_TARGET
    if not _within(given["warn_at"], 99):
        problems["warn_at"] = words.NO_PERCENT
    if not _within(given["repeat_most"], MOST_REPEATS):
        problems["repeat_most"] = words.NO_REPEATS.format(most=MOST_REPEATS)
    for name, needed in (("warn", given["warn_at"]), ("breach", True)):
        if not set(given[name]) <= {each.value for each in Who}:
            problems[name] = words.CHOOSE
        elif needed and not given[name]:
            problems[name] = words.NOBODY
    if not re.fullmatch(r"|queue|(?:team|account):[^\x00-\x1f]{1,254}", given["hand_to"]):
        problems["hand_to"] = words.CHOOSE
    return problems


def _policy(given: Mapping[str, Any], calendars: Mapping[str, Calendar]) -> Policy:
    problems = policy_problems(given, calendars) if KEY.fullmatch(given["key"]) else {"": words.INVALID_KEY}
    if problems:
        where, why = next(iter(problems.items()))
        raise InvalidLevels(f"{given['title'] or given['key']}: {where}: {why}")
    return Policy(
        key=given["key"],
        title=given["title"],
        priorities=frozenset(given["priorities"]),
        categories=frozenset(given["categories"]),
        departments=frozenset(given["departments"]),
        calendar=given["calendar"],
        first_response=given["first_response"],
        resolution=given["resolution"],
        warn_at=given["warn_at"],
        warn=tuple(Who(each) for each in given["warn"]),
        breach=tuple(Who(each) for each in given["breach"]),
        escalate=bool(given["escalate"]),
        hand_to=given["hand_to"],
        repeat_every=given["repeat_every"],
        repeat_most=given["repeat_most"],
    )


def _title_problem(given: Mapping[str, Any]) -> dict[str, str]:
    title = given["title"]
    fits = isinstance(title, str) and title.strip() and len(title) <= LONGEST_TITLE and title.isprintable()
    return {} if fits else {"title": words.LINE.format(longest=LONGEST_TITLE)}


def _within(number: Any, most: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= most


_LIVE = Live(NAME, FILE, build)
