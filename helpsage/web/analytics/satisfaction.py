"""What people thought of the help they got."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from helpsage.analytics import behind, figures
from helpsage.analytics.behind import What
from helpsage.analytics.periods import Period
from helpsage.db.session import transaction
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.web.analytics import words
from helpsage.web.analytics.asked import Analyst, Given, read
from helpsage.web.analytics.charts import Cell, Chart, Row, Series, counted, over_time, rows_are, shared
from helpsage.web.analytics.page import compared, render

router = APIRouter(include_in_schema=False)

#: Words of people that are shown.
MOST_COMMENTS = 20


@router.get("/analytics/satisfaction")
def satisfaction(request: Request, who: Analyst, given: Given) -> Response:
    """Ratings, their course, and the words that came with them."""
    with transaction() as session:
        asked = read(session, who, given)
        days = figures.by_day(session, asked.scope, Period(asked.period.before.first, asked.period.last))
        now, before = figures.total(days, asked.period), figures.total(days, asked.period.before)
        scores = figures.ratings(session, asked.scope, asked.period)
        visible = permissions.visible_tickets(who, Action.SEE_ANALYTICS)
        rated = behind.tickets(session, asked.scope, asked.period, What.RATED, visible, limit=200).tickets

        def course(_: int, piece: Period) -> list[Cell]:
            sums = figures.total(days, piece)
            return [shared(sums.satisfaction, asked.behind(What.RATED, piece))]

        context = {
            "tiles": [
                compared(
                    words.SATISFACTION, now.satisfaction, before.satisfaction, shared(now.satisfaction),
                    words.share(before.satisfaction), words.DEFINITIONS["satisfaction"], more_is="good", is_share=True,
                ),
                compared(
                    "Ratings", now.rated, before.rated, counted(now.rated, asked.behind(What.RATED)),
                    words.number(before.rated), words.DEFINITIONS["ratings"],
                    more=(("of the resolved", words.share(figures.ratio(now.rated, now.done))),),
                ),
                compared(
                    "Average rating", now.rating_average, before.rating_average,
                    Cell(now.rating_average, _score(now.rating_average)), _score(before.rating_average),
                    words.DEFINITIONS["ratings"], more_is="good",
                ),
            ],
            "charts": [
                Chart(
                    "scores", "Ratings", words.DEFINITIONS["ratings"], "bar", "count", "Rating", [Series("Ratings")],
                    [
                        Row(str(score), [counted(n, asked.behind(What.RATED, rating=str(score)))])
                        for score, n in scores.items()
                    ],
                ),
                Chart(
                    "course", "Satisfied, over time", words.DEFINITIONS["satisfaction"], "line", "share",
                    rows_are(asked.period), [Series(words.SATISFACTION)], over_time(asked.period, course),
                ),
            ],
            "comments": [ticket for ticket in rated if ticket.rating_comment][:MOST_COMMENTS],
            "exports": [("days", "Days")],
        }  # fmt: skip
        return render(request, session, who, asked, "satisfaction", "satisfaction", context)


def _score(average: float | None) -> str:
    return "–" if average is None else f"{average:.2f}"
