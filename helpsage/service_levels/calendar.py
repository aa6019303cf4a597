"""Working time: how much of it lies between two moments, and when so much of it will have passed.

Pure functions. Moments are aware; what comes out is in UTC. A shift belongs to the day on which it begins, and lasts
from the first moment at which the clock on the wall shows its beginning, or a later time, to the first at which it
shows its end. So a night shift is an hour shorter when the clocks go forward and an hour longer when they go back, a
time that a change of the clocks leaves out is the moment of that change, and a day off takes away the shifts that begin
on it. Hours of a single day take the place of its shifts, be it a day off or not.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60
#: Beyond this nothing is promised: a calendar that is open less than that is taken for one that never is.
HORIZON = timedelta(days=3660)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
#: Days that a calendar keeps ready.
_KEPT_DAYS = 4_000

Span = tuple[datetime, datetime]


class NeverOpen(ValueError):
    """So much working time does not pass within ten years."""


@dataclass(frozen=True, order=True)
class Shift:
    """From one time of the day to another.

    Attributes:
        begin: minutes after midnight, 0 to 1,439.
        end: minutes after the same midnight, later than `begin` and at most a day later: 1,800 is six in the morning
            of the next day.

    Raises:
        ValueError: anything else.
    """

    begin: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.begin < MINUTES_A_DAY or not self.begin < self.end <= self.begin + MINUTES_A_DAY:
            raise ValueError(f"no shift: {self.begin} to {self.end}")


class SingleDays(Protocol):
    """Days with hours of their own; a mapping from days to shifts is one."""

    def get(self, day: date, /) -> tuple[Shift, ...] | None:
        """The shifts of this day; None for a day like others, none at all for a closed one."""


@dataclass(frozen=True, eq=False)
class Calendar:
    """When somebody works.

    Attributes:
        zone: of the times of the shifts.
        shifts: by weekday, 0 for Monday. They may touch or overlap: no moment counts twice.
        days_off: days on which no shift begins.
        single_days: days with hours of their own, which count instead of the weekday's, on days off too.
    """

    zone: ZoneInfo
    shifts: Mapping[int, tuple[Shift, ...]]
    days_off: Container[date] = frozenset()
    single_days: SingleDays | Mapping[date, tuple[Shift, ...]] = field(default_factory=dict)
    _spans: dict[date, tuple[Span, ...]] = field(default_factory=dict, repr=False)

    def spans(self, day: date) -> tuple[Span, ...]:
        """The shifts that begin on this day, as moments, the earliest first."""
        known = self._spans.get(day)
        if known is None:
            if len(self._spans) >= _KEPT_DAYS:
                self._spans.clear()
            known = self._spans[day] = self._spans_of(day)
        return known

    def _spans_of(self, day: date) -> tuple[Span, ...]:
        shifts = self.single_days.get(day)
        if shifts is None:
            shifts = self.shifts.get(day.weekday(), ())
            if not shifts or day in self.days_off:
                return ()
        return tuple((shown(day, each.begin, self.zone), shown(day, each.end, self.zone)) for each in sorted(shifts))


def add(calendar: Calendar, start: datetime, working: timedelta) -> datetime:
    """The first moment, from `start` on, at which so much working time has passed. Without any it is `start` itself.

    Raises:
        NeverOpen
    """
    start = start.astimezone(UTC)
    if working <= timedelta(0):
        return start
    left = working
    for begin, end in _open(calendar, start, start + HORIZON):
        if end - begin >= left:
            return begin + left
        left -= end - begin
    raise NeverOpen


def between(calendar: Calendar, a: datetime, b: datetime) -> timedelta:
    """The working time from `a` to `b`; none when `b` is not later."""
    until = b.astimezone(UTC)
    passed = timedelta(0)
    for begin, end in _open(calendar, a.astimezone(UTC), until):
        if begin >= until:
            break
        passed += min(end, until) - begin
    return passed


def opens(calendar: Calendar, at: datetime) -> datetime:
    """The first moment, from `at` on, at which it is open: `at` itself while it is.

    Raises:
        NeverOpen
    """
    at = at.astimezone(UTC)
    for begin, _ in _open(calendar, at, at + HORIZON):
        return begin
    raise NeverOpen


def _open(calendar: Calendar, since: datetime, until: datetime) -> Iterator[Span]:
    """What is open from `since` on, in pieces that follow one another; those of days behind `until` are left out."""
    # A shift of the day before may still run; another day on top, for places that once left one out.
    day = since.astimezone(calendar.zone).date() - 2 * _DAY
    last = until.astimezone(calendar.zone).date()
    reached = since
    while day <= last:
        for begin, end in calendar.spans(day):
            if end > reached:
                piece = max(begin, reached)
                reached = end
                if end > piece:
                    yield piece, end
        day += _DAY


def shown(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The first moment at which the clock shows this time, so many minutes after the day's midnight, or a later one."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    # Of a time that is shown twice, fold 0 is the first (PEP 495).
    moment = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    # A time that is left out lies, with the offset from after the change, before it; and the other way round.
    return _change(zone, wall.replace(tzinfo=zone, fold=1).astimezone(UTC), moment)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The moment between these two at which the clocks are changed."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) // 2
        middle = middle.replace(microsecond=0)
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
