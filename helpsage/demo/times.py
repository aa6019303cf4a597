"""When things happen: in the seasons, on the days and at the hours of a university; answers in hours of work."""

from __future__ import annotations

import bisect
import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

#: Share of each hour of a day, in the desk's own zone (taken as UTC).
_HOURS = (1, 1, 1, 1, 1, 2, 4, 8, 15, 20, 22, 20, 15, 17, 20, 21, 18, 14, 11, 10, 10, 8, 5, 3)
#: Share of each weekday, Monday first.
_WEEKDAYS = (20, 19, 18, 17, 14, 6, 6)
OPENS, CLOSES = 8, 18


@dataclass(frozen=True)
class Season:
    """A part of the year with what it multiplies."""

    begins: tuple[int, int]
    ends: tuple[int, int]
    factors: Mapping[str, float]

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Season:
        """From `pools.yml`: days are written as month.day."""
        factors = {name: float(value) for name, value in given.items() if name not in ("name", "from", "to")}
        return cls(_day(given["from"]), _day(given["to"]), factors)

    def holds(self, day: date) -> bool:
        """Whether a day lies in it."""
        return self.begins <= (day.month, day.day) <= self.ends


def _day(written: object) -> tuple[int, int]:
    month, _, day = f"{written}".partition(".")
    return int(month), int(day)


class Calendar:
    """How likely each day and each category is."""

    def __init__(self, seasons: Sequence[Season], weights: Mapping[str, float]) -> None:
        self._seasons = seasons
        self._weights = weights
        self._names = list(weights)
        self._by_season: dict[tuple[int, ...], list[float]] = {}

    def volume(self, day: date) -> float:
        """Relative number of tickets on a day."""
        usual = float(_WEEKDAYS[day.weekday()])
        return usual * math.prod(s.factors.get("all", 1.0) for s in self._seasons if s.holds(day))

    def category(self, chance: random.Random, day: date) -> str:
        """A category that is likely on this day."""
        active = tuple(number for number, season in enumerate(self._seasons) if season.holds(day))
        if active not in self._by_season:
            shares = (self._share(name, active) for name in self._names)
            self._by_season[active] = list(itertools.accumulate(shares))
        sums = self._by_season[active]
        return self._names[bisect.bisect(sums, chance.random() * sums[-1])]

    def _share(self, name: str, active: tuple[int, ...]) -> float:
        return self._weights[name] * math.prod(self._seasons[number].factors.get(name, 1.0) for number in active)


def arrivals(chance: random.Random, calendar: Calendar, until: datetime, days: int, count: int) -> list[datetime]:
    """Moments at which `count` tickets come in within `days` before `until`, in order."""
    first = (until - timedelta(days=days)).date()
    all_days = [first + timedelta(days=number) for number in range(days + 1)]
    chosen = chance.choices(all_days, [calendar.volume(day) for day in all_days], k=count)
    moments = [_moment(chance, day) for day in chosen]
    return sorted(moment if moment < until else _earlier(chance, until) for moment in moments)


def _moment(chance: random.Random, day: date) -> datetime:
    hour = chance.choices(range(24), _HOURS)[0]
    return datetime.combine(day, time(hour, chance.randrange(60), chance.randrange(60)), UTC) + timedelta(
        microseconds=chance.randrange(1_000_000)
    )


def _earlier(chance: random.Random, until: datetime) -> datetime:
    return until - timedelta(minutes=1 + chance.randrange(600))


def working(start: datetime, hours: float) -> datetime:
    """The moment after so many hours of work: Monday to Friday, 8 to 18."""
    moment, left = _open(start), timedelta(hours=hours)
    while True:
        closes = moment.replace(hour=CLOSES, minute=0, second=0, microsecond=0)
        if moment + left <= closes:
            return moment + left
        left -= closes - moment
        moment = _open(closes + timedelta(minutes=1))


def _open(moment: datetime) -> datetime:
    """This moment when the desk is open, else when it opens next."""
    if moment.hour >= CLOSES:
        moment = moment.replace(hour=0, minute=0, second=0) + timedelta(days=1)
    while moment.weekday() >= 5:
        moment = moment.replace(hour=0, minute=0, second=0) + timedelta(days=1)
    return moment if moment.hour >= OPENS else moment.replace(hour=OPENS, minute=moment.minute, second=moment.second)


def spread(chance: random.Random, median: float, sigma: float = 0.9) -> float:
    """A duration around a median, long to the right as durations of people are (log-normal)."""
    return median * math.exp(chance.gauss(0.0, sigma))
