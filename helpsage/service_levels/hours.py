"""Hours, days off and durations as administrators write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, lru_cache

import holidays

from helpsage.service_levels.calendar import MINUTES_A_DAY, Shift

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHIFT = re.compile(r"(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)")
_NEXT_SHIFT = re.compile(r"\s*,\s*(\d{1,2}:\d\d\s*[-–]\s*\d{1,2}:\d\d)(?=[,\s]|$)")
_DAY_OFF = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)(?:\s+(.*))?")
_SINGLE = re.compile(r"((?:\d{4}-)?\d\d-\d\d)\s+(\d{1,2}:\d\d\s*[-–].*)")
_DURATION = re.compile(r"(?:(\d{1,5})\s*h(?:ours?)?)?\s*(?:(\d{1,6})\s*m(?:in(?:utes)?)?)?", re.IGNORECASE)
LONGEST_NAME = 60


def shift(written: str) -> Shift:
    """`09:00-12:30`; `22:00-06:00` ends the next day, `00:00-24:00` is the whole day.

    Raises:
        ValueError: anything else.
    """
    found = _SHIFT.fullmatch(written.strip())
    if found is None:
        raise ValueError(written)
    begin, end = (_minutes(found[n], found[n + 1]) for n in (1, 3))
    if begin == end:
        raise ValueError(written)
    return Shift(begin, end if end > begin else end + MINUTES_A_DAY)


def _minutes(hours: str, minutes: str) -> int:
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > MINUTES_A_DAY:
        raise ValueError(f"{hours}:{minutes}")
    return total


@dataclass(frozen=True)
class DayOff:
    """A day on which nobody works; without a year, every year."""

    year: int | None
    month: int
    day: int
    called: str = ""


def day_off(written: str) -> DayOff:
    """`2026-12-24 Christmas Eve`, or `12-24 Christmas Eve` for every year.

    Raises:
        ValueError: anything else, or a day that there is not.
    """
    found = _DAY_OFF.fullmatch(written.strip())
    if found is None:
        raise ValueError(written)
    called = (found[4] or "").strip()
    if len(called) > LONGEST_NAME or (called and not called.isprintable()):
        raise ValueError(written)
    # 2024 has every day that a year can have.
    day = date(int(found[1] or 2024), int(found[2]), int(found[3]))
    return DayOff(int(found[1]) if found[1] else None, day.month, day.day, called)


@dataclass(frozen=True)
class DaysOff:
    """Public holidays and days of one's own, without those that are worked all the same."""

    countries: tuple[str, ...] = ()
    own: frozenset[date] = frozenset()
    #: Month and day.
    yearly: frozenset[tuple[int, int]] = frozenset()
    worked: frozenset[date] = frozenset()

    def __contains__(self, day: object) -> bool:
        if not isinstance(day, date) or day in self.worked:
            return False
        if day in self.own or (day.month, day.day) in self.yearly:
            return True
        return any(day in public_holidays(country, day.year) for country in self.countries)


@dataclass(frozen=True)
class SingleDay:
    """A day with hours of its own; without a year, every year."""

    year: int | None
    month: int
    day: int
    shifts: tuple[Shift, ...]
    called: str = ""


def single_day(written: str) -> SingleDay:
    """`2026-12-23 09:00-12:00, 13:00-15:00 Before Christmas`, or `12-23 09:00-12:00` for every year.

    Raises:
        ValueError: anything else, or a day that there is not.
    """
    found = _SINGLE.fullmatch(written.strip())
    if found is None:
        raise ValueError(written)
    shifts, rest = [], f", {found[2]}"
    while piece := _NEXT_SHIFT.match(rest):
        shifts.append(shift(piece[1]))
        rest = rest[piece.end() :]
    if rest.startswith(","):
        raise ValueError(written)
    day = day_off(f"{found[1]} {rest}")
    return SingleDay(day.year, day.month, day.day, tuple(sorted(shifts)), day.called)


@dataclass(frozen=True)
class SingleDays:
    """Days with hours of their own; one with a year counts before one of every year."""

    dated: Mapping[date, tuple[Shift, ...]] = field(default_factory=dict)
    #: By month and day.
    yearly: Mapping[tuple[int, int], tuple[Shift, ...]] = field(default_factory=dict)

    def get(self, day: date, /) -> tuple[Shift, ...] | None:
        """The shifts of this day; None for a day like others."""
        found = self.dated.get(day)
        return found if found is not None else self.yearly.get((day.month, day.day))


@lru_cache(maxsize=2_000)
def public_holidays(country: str, year: int) -> dict[date, str]:
    """The public holidays of a country, or of a part of it (`DE-BE`), with their names."""
    code, _, part = country.partition("-")
    return dict(holidays.country_holidays(code, subdiv=part or None, years=year, expand=False))


@cache
def countries() -> dict[str, list[str]]:
    """The countries whose public holidays are known, with their parts."""
    return {code: list(parts) for code, parts in holidays.list_supported_countries(include_aliases=False).items()}


def is_country(written: str) -> bool:
    """Whether there are public holidays of this: `DE`, `DE-BE`."""
    code, dash, part = written.partition("-")
    return code in countries() and (not dash or part in countries()[code])


def minutes_of(written: str) -> int:
    """Minutes of `4h`, `90m`, `4h 30m`; a bare number is hours, and nothing at all is 0.

    Raises:
        ValueError: anything else.
    """
    text = written.strip()
    if text.isdecimal():
        return int(text) * 60
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(written)
    return int(found[1] or 0) * 60 + int(found[2] or 0)


def written_minutes(minutes: int) -> str:
    """The same the other way round: 270 is `4h 30m`, 0 is nothing."""
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours}h"] * bool(hours) + [f"{rest}m"] * bool(rest))
