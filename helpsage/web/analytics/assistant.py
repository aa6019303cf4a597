"""How far the assistant gets by itself, and where people leave it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from helpsage.analytics import figures
from helpsage.analytics.figures import OUTCOMES
from helpsage.analytics.periods import Period
from helpsage.db.session import transaction
from helpsage.web.analytics import words
from helpsage.web.analytics.asked import Analyst, Given, read
from helpsage.web.analytics.charts import Cell, Chart, Row, Series, counted, over_time, rows_are, shared
from helpsage.web.analytics.names import question
from helpsage.web.analytics.page import compared, render

router = APIRouter(include_in_schema=False)

MOST_ANSWERS = 30
#: Parts of the stacked bars, from the bottom.
STYLES = {"helped": "main", "ticket": "second", "left": "third", "not_helped": "fourth", "other": "soft"}


@router.get("/analytics/assistant")
def assistant(request: Request, who: Analyst, given: Given) -> Response:
    """Conversations by what came of them, questions at which people left, answers that helped and that did not."""
    with transaction() as session:
        asked = read(session, who, given)
        scope = asked.scope.whole
        days = figures.talks(session, scope, Period(asked.period.before.first, asked.period.last))
        now, before = figures.outcomes(days, asked.period), figures.outcomes(days, asked.period.before)
        left = figures.left_forms(session, scope, asked.period)
        answers = figures.answers(session, scope, asked.period)

        def course(_: int, piece: Period) -> list[Cell]:
            part = figures.outcomes(days, piece)
            return [counted(part[outcome]) for outcome in OUTCOMES]

        context = {
            "tiles": [
                compared(
                    "Conversations", sum(now.values()), sum(before.values()), counted(sum(now.values())),
                    words.number(sum(before.values())), words.DEFINITIONS["talks"],
                ),
                *(
                    compared(
                        words.OUTCOMES[outcome], *_shares(now, before, outcome),
                        shared(_shares(now, before, outcome)[0]), words.share(_shares(now, before, outcome)[1]),
                        words.DEFINITIONS[f"talk_{outcome}"], more_is=_MOODS[outcome],
                        more=(("conversations", words.number(now[outcome])),), is_share=True,
                    )
                    for outcome in OUTCOMES if outcome != "other"
                ),
            ],
            "charts": [
                Chart(
                    "talks", "What came of conversations",
                    " ".join(words.DEFINITIONS[name] for name in
                             ("talks", "talk_ticket", "talk_left", "talk_helped", "talk_not_helped", "talk_other")),
                    "stacked", "count", rows_are(asked.period),
                    [Series(words.OUTCOMES[outcome], STYLES[outcome]) for outcome in OUTCOMES],
                    over_time(asked.period, course),
                ),
                Chart(
                    "left", "Where people left the ticket form", words.DEFINITIONS["left"], "ranking", "count",
                    "Question", [Series("Left here")],
                    [Row(question(name), [counted(n)]) for name, n in left.items()],
                ),
            ],
            "answers": answers[:MOST_ANSWERS],
            "exports": [("assistant", "Conversations"), ("answers", "Answers")],
        }  # fmt: skip
        return render(request, session, who, asked, "assistant", "assistant", context)


_MOODS = {"helped": "good", "ticket": "", "left": "bad", "not_helped": "bad"}


def _shares(now: dict[str, int], before: dict[str, int], outcome: str) -> tuple[float | None, float | None]:
    return (
        figures.ratio(now[outcome], sum(now.values())),
        figures.ratio(before[outcome], sum(before.values())),
    )
