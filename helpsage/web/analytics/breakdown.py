"""The figures by category, team, agent, channel or priority, side by side, and what grows."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.analytics import figures
from helpsage.analytics.behind import What
from helpsage.analytics.figures import DIMENSIONS, Now, Percentiles, Scope, Sums
from helpsage.db.session import transaction
from helpsage.web.analytics import words
from helpsage.web.analytics.asked import Analyst, Asked, Given, read
from helpsage.web.analytics.charts import Chart, Row, Series, counted
from helpsage.web.analytics.names import names
from helpsage.web.analytics.page import overdue_means, render

router = APIRouter(include_in_schema=False)

#: Bars of the chart; the table below it has all of them.
MOST_BARS = 12
#: Points of a trend.
MOST_POINTS = 30


@dataclass(frozen=True)
class Line:
    """One value's figures."""

    value: str
    name: str
    sums: Sums
    before: Sums
    answer: Percentiles
    solve: Percentiles
    now: Now
    trend: list[int]
    #: The same days, this value only.
    href: str

    @property
    def grown(self) -> float | None:
        """Of the tickets opened."""
        return figures.change(self.sums.opened, self.before.opened)


def lines(session: Session, asked: Asked, dimension: str, with_trend: bool = True) -> list[Line]:
    """The figures of every value that had any, the one with most tickets opened first."""
    scope, period = Scope(asked.scope.departments), asked.period
    sums = figures.by_value(session, scope, period, dimension)
    before = figures.by_value(session, scope, period.before, dimension)
    answer = figures.percentiles_by_value(session, scope, period, "answer", dimension)
    solve = figures.percentiles_by_value(session, scope, period, "solve", dimension)
    now = figures.now_by_value(session, scope, dimension)
    values = [value for value in sums | now if sums.get(value, Sums()) != Sums() or now.get(value, Now()) != Now()]
    called = names(session, dimension, values)
    trends = figures.trends(session, scope, period, dimension, MOST_POINTS) if with_trend else {}
    made = [
        Line(
            value=value,
            name=called[value],
            sums=sums.get(value, Sums()),
            before=before.get(value, Sums()),
            answer=answer.get(value, Percentiles()),
            solve=solve.get(value, Percentiles()),
            now=now.get(value, Now()),
            trend=trends.get(value, []),
            href=asked.href("/analytics", by=dimension, value=value),
        )
        for value in values
    ]
    return sorted(made, key=lambda line: (-line.sums.opened, line.name, line.value))


@router.get("/analytics/by/{dimension}")
def breakdown(request: Request, who: Analyst, given: Given, dimension: str) -> Response:
    """One line a value."""
    if dimension not in DIMENSIONS:
        raise HTTPException(404)
    with transaction() as session:
        asked = read(session, who, given)
        found = lines(session, asked, dimension)
        context = {
            "lines": found,
            "dimension": dimension,
            "title": words.DIMENSIONS[dimension],
            "charts": [_ranking(asked, dimension, found)],
            "rising": _rising(found),
            "What": What,
            "overdue_means": overdue_means(),
            "exports": [(dimension, words.PAGES[dimension])],
        }
        return render(request, session, who, asked, dimension, "breakdown", context)


def _rising(found: list[Line]) -> list[Line]:
    """What grew most in tickets, of what grew by a tenth at least: small numbers that doubled do not count."""
    grew = [line for line in found if (line.grown or 0) >= 0.1]
    return sorted(grew, key=lambda line: line.before.opened - line.sums.opened)[:3]


def _ranking(asked: Asked, dimension: str, found: list[Line]) -> Chart:
    rows = [
        Row(
            line.name,
            [
                counted(line.sums.opened, asked.behind(What.OPENED, by=dimension, value=line.value)),
                counted(line.before.opened),
            ],
        )
        for line in found[:MOST_BARS]
    ]
    return Chart(
        id="ranking",
        title=f"Tickets opened by {words.DIMENSIONS[dimension].lower()}",
        definition=f"{words.DEFINITIONS['opened']} {words.DEFINITIONS['agent']}",
        kind="ranking",
        unit="count",
        rows_are=words.DIMENSIONS[dimension],
        series=[Series(words.OPENED), Series(words.BEFORE.format(title=words.OPENED), "before")],
        rows=rows,
    )
