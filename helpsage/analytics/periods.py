"""Days that are asked about, the same number of days before them, and the steps in which a chart shows them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
#: A chart has no more steps than a reader can tell apart.
MOST_DAYS, MOST_WEEKS = 45, 60
#: Ten years, and the ten before them; it keeps mistyped years from costing anything.
LONGEST_DAYS = 7_400


class Step(enum.StrEnum):
    """How finely a chart divides its days."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class InvalidPeriod(ValueError):
    """The end is before the beginning, or the time between is too long."""


@dataclass(frozen=True)
class Period:
    """Whole days, the first and the last included.

    Raises:
        InvalidPeriod
    """

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first or self.days > LONGEST_DAYS:
            raise InvalidPeriod(f"{self.first} to {self.last}")

    @classmethod
    def ending(cls, last: date, days: int) -> Period:
        """So many days up to this one."""
        return cls(last - (days - 1) * ONE_DAY, last)

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days, just before.

        Raises:
            InvalidPeriod: there is no time before the year 1.
        """
        try:
            return Period(self.first - self.days * ONE_DAY, self.first - ONE_DAY)
        except OverflowError as error:
            raise InvalidPeriod("before the year 1") from error

    @property
    def step(self) -> Step:
        """The finest that a chart of this length can show."""
        if self.days <= MOST_DAYS:
            return Step.DAY
        return Step.WEEK if self.days <= MOST_WEEKS * 7 else Step.MONTH

    def steps(self, step: Step | None = None) -> list[Period]:
        """The period in pieces: days, seven days each up to the last one, or calendar months.

        Seven days, and not weeks from Monday: so the period before has the same pieces. The first piece can be shorter.
        """
        pieces, first = [], self.first
        while first <= self.last:
            last = min(self._end_of(step or self.step, first), self.last)
            pieces.append(Period(first, last))
            first = last + ONE_DAY
        return pieces

    def _end_of(self, step: Step, day: date) -> date:
        match step:
            case Step.DAY:
                return day
            case Step.WEEK:
                return day + ((self.last - day).days % 7) * ONE_DAY
            case _:
                return _end_of_month(day)

    def whole_months(self) -> tuple[list[date], list[date]]:
        """The months that lie wholly within, by their first days; and the days that are in none of them."""
        months = [piece.first for piece in self.steps(Step.MONTH) if piece.is_whole_month]
        covered = set(months)
        every = (self.first + n * ONE_DAY for n in range(self.days))
        return months, [day for day in every if day.replace(day=1) not in covered]

    @property
    def is_whole_month(self) -> bool:
        """From the first day of a month to its last."""
        return self.first.day == 1 and self.last == _end_of_month(self.first)

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """The moment the first day begins, and the moment after the last one."""
        begin, end = self.first, self.last + ONE_DAY
        return datetime.combine(begin, time(), zone), datetime.combine(end, time(), zone)


def _end_of_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1) - ONE_DAY
