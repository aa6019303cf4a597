"""The first page of figures: what came in, what became of it, how long it took."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.analytics import figures
from helpsage.analytics.behind import What
from helpsage.analytics.figures import Measure, Percentiles, Sums
from helpsage.analytics.periods import Period
from helpsage.db.session import transaction
from helpsage.web.analytics import words
from helpsage.web.analytics.asked import Analyst, Asked, Given, read
from helpsage.web.analytics.charts import Cell, Chart, Row, Series, counted, lasting, over_time, rows_are, shared
from helpsage.web.analytics.page import Tile, compared, render

router = APIRouter(include_in_schema=False)


@router.get("/analytics")
def overview(request: Request, who: Analyst, given: Given) -> Response:
    """Everything, or one category, team, agent, channel or priority."""
    with transaction() as session:
        asked = read(session, who, given)
        days = figures.by_day(session, asked.scope, Period(asked.period.before.first, asked.period.last))
        context = {
            "tiles": _tiles(
                session, asked, figures.total(days, asked.period), figures.total(days, asked.period.before)
            ),
            "charts": [
                _volume(asked, days),
                _backlog(session, asked, days),
                _durations(session, asked, "answer"),
                _durations(session, asked, "solve"),
                _ages(session, asked),
            ],
            "exports": [("days", "Days")],
        }
        return render(request, session, who, asked, "overview", "overview", context)


def _tiles(session: Session, asked: Asked, now: Sums, before: Sums) -> list[Tile]:
    scope, period = asked.scope, asked.period
    present = figures.now(session, scope)
    tiles = [
        compared(
            words.OPENED, now.opened, before.opened, counted(now.opened, asked.behind(What.OPENED)),
            words.number(before.opened), words.DEFINITIONS["opened"],
        ),
        compared(
            words.RESOLVED, now.done, before.done, counted(now.done, asked.behind(What.RESOLVED)),
            words.number(before.done), words.DEFINITIONS["resolved"], more_is="good",
        ),
        Tile(
            words.BACKLOG, words.number(present.unresolved), words.DEFINITIONS["unresolved"],
            href=asked.behind(What.UNRESOLVED) if present.unresolved else "",
        ),
        Tile(
            words.OVERDUE, words.number(present.overdue), words.DEFINITIONS["overdue"],
            mood="bad" if present.overdue else "",
            href=asked.behind(What.OVERDUE) if present.overdue else "",
        ),
        _duration_tile(
            words.FIRST_ANSWER, words.DEFINITIONS["answer"], now.answer_average_s,
            figures.percentiles(session, scope, period, "answer"),
            figures.percentiles(session, scope, period.before, "answer"), asked.behind(What.ANSWERED),
        ),
        _duration_tile(
            words.RESOLUTION, words.DEFINITIONS["solve"], now.solve_average_s,
            figures.percentiles(session, scope, period, "solve"),
            figures.percentiles(session, scope, period.before, "solve"), asked.behind(What.RESOLVED),
        ),
        compared(
            words.SATISFACTION, now.satisfaction, before.satisfaction,
            shared(now.satisfaction, asked.behind(What.RATED)), words.share(before.satisfaction),
            words.DEFINITIONS["satisfaction"], more_is="good",
            more=((words.RATINGS, words.number(now.rated)),), is_share=True,
        ),
    ]  # fmt: skip
    return tiles if scope.dimension != "all" else [*tiles, _contained(session, asked)]


def _duration_tile(
    title: str, definition: str, average: float | None, now: Percentiles, before: Percentiles, href: str
) -> Tile:
    more = ((words.P90, words.duration(now.p90_s)), (words.AVERAGE, words.duration(average)))
    return compared(
        f"{title}, median", now.median_s, before.median_s, lasting(now.median_s, href), words.duration(before.median_s),
        definition, more_is="bad", more=more,
    )  # fmt: skip


def _contained(session: Session, asked: Asked) -> Tile:
    days = figures.talks(session, asked.scope, Period(asked.period.before.first, asked.period.last))
    now, before = (figures.outcomes(days, part) for part in (asked.period, asked.period.before))
    shares = [figures.ratio(part["helped"], sum(part.values())) for part in (now, before)]
    return compared(
        words.CONTAINED, shares[0], shares[1], shared(shares[0], asked.href("/analytics/assistant")),
        words.share(shares[1]), words.DEFINITIONS["talk_helped"], more_is="good",
        more=((words.CONVERSATIONS, words.number(sum(now.values()))),), is_share=True,
    )  # fmt: skip


def _volume(asked: Asked, days: Mapping[date, Sums]) -> Chart:
    earlier = asked.period.before.steps(asked.period.step)

    def cells(n: int, piece: Period) -> list[Cell]:
        now = figures.total(days, piece)
        before = figures.total(days, earlier[n]).opened if n < len(earlier) else None
        return [
            counted(now.opened, asked.behind(What.OPENED, piece)),
            counted(now.done, asked.behind(What.RESOLVED, piece)),
            counted(before),
        ]

    return Chart(
        id="volume",
        title="Tickets opened and resolved",
        definition=f"{words.DEFINITIONS['opened']} {words.DEFINITIONS['resolved']}",
        kind="line",
        unit="count",
        rows_are=rows_are(asked.period),
        series=[
            Series(words.OPENED),
            Series(words.RESOLVED, "second"),
            Series(words.BEFORE.format(title=words.OPENED), "before"),
        ],
        rows=over_time(asked.period, cells),
    )


def _backlog(session: Session, asked: Asked, days: Mapping[date, Sums]) -> Chart:
    within = {day: sums for day, sums in days.items() if day >= asked.period.first}
    ends = figures.backlog(session, asked.scope, asked.period, within)
    return Chart(
        id="backlog",
        title="Unresolved tickets",
        definition=words.DEFINITIONS["backlog"],
        kind="area",
        unit="count",
        rows_are=rows_are(asked.period),
        series=[Series(words.BACKLOG)],
        rows=over_time(
            asked.period,
            lambda n, piece: [counted(ends[n], asked.behind(What.BACKLOG, Period(piece.last, piece.last)))],
        ),
    )


def _durations(session: Session, asked: Asked, measure: Measure) -> Chart:
    found = figures.percentiles_by_step(session, asked.scope, asked.period, measure)
    what = What.ANSWERED if measure == "answer" else What.RESOLVED

    def cells(n: int, piece: Period) -> list[Cell]:
        href = asked.behind(what, piece)
        return [lasting(found[n].median_s, href), lasting(found[n].p90_s, href)]

    return Chart(
        id=measure,
        title="Time to the first answer" if measure == "answer" else "Time to the resolution",
        definition=f"{words.DEFINITIONS[measure]} {words.DEFINITIONS['percentiles']}",
        kind="line",
        unit="seconds",
        rows_are=rows_are(asked.period),
        series=[Series(words.MEDIAN), Series(words.P90, "second")],
        rows=over_time(asked.period, cells),
    )


def _ages(session: Session, asked: Asked) -> Chart:
    counts = figures.ages(session, asked.scope)
    return Chart(
        id="ages",
        title="How old unresolved tickets are",
        definition=words.DEFINITIONS["unresolved"],
        kind="bar",
        unit="count",
        rows_are="Age",
        series=[Series(words.BACKLOG)],
        rows=[Row(label, [counted(count)]) for label, count in zip(words.AGES, counts, strict=True)],
    )
