"""A chart is a table: the script draws what the table says, and whoever cannot see the drawing reads the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from helpsage.analytics.periods import Period, Step
from helpsage.web.analytics import words


@dataclass(frozen=True)
class Cell:
    """One value."""

    #: None where there is nothing to draw.
    value: float | None
    shown: str
    #: The tickets behind it.
    href: str = ""


@dataclass(frozen=True)
class Series:
    """One column."""

    title: str
    #: How it is drawn: main, second, before or soft.
    style: str = "main"


@dataclass(frozen=True)
class Row:
    """One step of time, or one value."""

    label: str
    cells: list[Cell]
    #: Machine-readable day, when the row is one.
    day: date | None = None


@dataclass(frozen=True)
class Chart:
    """A drawing with its table."""

    id: str
    title: str
    definition: str
    #: line, bar, stacked or ranking (horizontal bars).
    kind: str
    #: count, seconds or share.
    unit: str
    #: What the rows are.
    rows_are: str
    series: list[Series]
    rows: list[Row] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(cell.value for row in self.rows for cell in row.cells)


def counted(value: float | None, href: str = "") -> Cell:
    """A number of tickets or conversations; nothing stands behind a zero."""
    return Cell(value, words.number(value), href if value else "")


def lasting(seconds: float | None, href: str = "") -> Cell:
    """A duration."""
    return Cell(seconds, words.duration(seconds), href if seconds is not None else "")


def shared(value: float | None, href: str = "") -> Cell:
    """A share."""
    return Cell(value, words.share(value), href if value is not None else "")


def over_time(period: Period, cells: Callable[[int, Period], list[Cell]]) -> list[Row]:
    """A row a step of the period."""
    return [Row(label(piece, period), cells(n, piece), piece.first) for n, piece in enumerate(period.steps())]


def label(piece: Period, within: Period) -> str:
    """A step as readers call it."""
    year = "" if within.first.year == within.last.year else f" {piece.first.year}"
    match within.step:
        case Step.DAY:
            return f"{piece.first:%-d %b}{year}"
        case Step.WEEK:
            return f"{span(piece, year=False)}{year}"
        case _:
            return f"{piece.first:%b} {piece.first.year}"


def span(period: Period, year: bool = True) -> str:
    """From when to when."""
    ending = f" {period.last.year}" if year else ""
    if period.days == 1:
        return f"{period.first:%-d %b}{ending}"
    beginning = f" {period.first.year}" if year and period.first.year != period.last.year else ""
    if (period.first.year, period.first.month) == (period.last.year, period.last.month):
        return f"{period.first:%-d}–{period.last:%-d %b}{ending}"
    return f"{period.first:%-d %b}{beginning} – {period.last:%-d %b}{ending}"


def rows_are(period: Period) -> str:
    """What the steps of a period are."""
    return period.step.value.capitalize()
