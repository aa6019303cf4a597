"""The figures by category, team, agent, channel or priority, side by side, and what grows."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.analytics import figures
from helpsage.analytics.behind import What
from helpsage.analytics.figures import DIMENSIONS, Now, Percentiles, Sums
from helpsage.db.session import transaction
from helpsage.web.analytics import words
from helpsage.web.analytics.asked import Analyst, Asked, Given, read
from helpsage.web.analytics.charts import Chart, Row, Series, counted
from helpsage.web.analytics.names import names
from helpsage.web.analytics.page import render

router = APIRouter(include_in_schema=False)

#: Bars of the chart; the table below it has all of them.
MOST_BARS = 12
#: Lines of the table; the rest is shown on demand, and exported.
MOST_LINES = 25
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


def lines(
    session: Session, asked: Asked, dimension: str, with_trend: bool = True, whole: int | None = None
) -> list[Line]:
    """The figures of every value that had any, the one with most tickets opened first.

    Parameters:
        whole: only so many have their percentiles and their trend, which cost the most; None: all.
    """
    scope, period = asked.scope.whole, asked.period
    sums = figures.by_value(session, scope, period, dimension)
    before = figures.by_value(session, scope, period.before, dimension)
    now = figures.now_by_value(session, scope, dimension)
    values = [value for value in sums | now if sums.get(value, Sums()) != Sums() or now.get(value, Now()) != Now()]
    called = names(session, dimension, values)
    values.sort(key=lambda value: (-sums.get(value, Sums()).opened, called[value], value))
    shown = values[:whole]
    answer = figures.percentiles_by_value(session, scope, period, "answer", dimension, shown)
    solve = figures.percentiles_by_value(session, scope, period, "solve", dimension, shown)
    trends = figures.trends(session, scope, period, dimension, MOST_POINTS, shown) if with_trend else {}
    return [
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


@router.get("/analytics/by/{dimension}")
def breakdown(request: Request, who: Analyst, given: Given, dimension: str) -> Response:
    """One line a value."""
    if dimension not in DIMENSIONS:
        raise HTTPException(404)
    with transaction() as session:
        asked = read(session, who, given)
        whole = None if request.query_params.get("all") == "1" else MOST_LINES
        found = lines(session, asked, dimension, whole=whole)
        context = {
            "lines": found[:whole],
            "in_all": len(found),
            "all_href": asked.href(request.url.path, all="1"),
            "dimension": dimension,
            "title": words.DIMENSIONS[dimension],
            "charts": [_ranking(asked, dimension, found)],
            "rising": _rising(found),
            "What": What,
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
