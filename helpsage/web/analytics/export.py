"""The figures as CSV, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.analytics import figures
from helpsage.analytics.figures import DIMENSIONS, OUTCOMES, Percentiles, Sums
from helpsage.analytics.periods import Step
from helpsage.db.session import transaction
from helpsage.web.analytics import words
from helpsage.web.analytics.asked import Asked, Exporter, Given, days_of, read
from helpsage.web.analytics.breakdown import lines

router = APIRouter(include_in_schema=False)

#: A spreadsheet takes words that begin so for a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Table = Iterable[Sequence[object]]


@router.get("/analytics/export/{what}.csv")
def export(request: Request, who: Exporter, given: Given, what: str) -> Response:
    """Days, one dimension, conversations or answers; durations are seconds, shares go from 0 to 1."""
    with transaction() as session:
        asked = read(session, who, given)
        if what in DIMENSIONS:
            table = _values(session, asked, what)
        elif what in _TABLES:
            table = _TABLES[what](session, asked)
        else:
            raise HTTPException(404)
        days = days_of(asked.period)
        return answer(table, f"{what}-{days['from']}-{days['to']}.csv")


def answer(table: Table, name: str) -> Response:
    """A file to keep."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows([[_cell(value) for value in row] for row in table])
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    # With a byte order mark spreadsheets read UTF-8.
    return Response("\ufeff" + written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


def _days(session: Session, asked: Asked) -> Table:
    days = figures.by_day(session, asked.scope, asked.period)
    every = asked.period.steps(Step.DAY)
    yield ["day", *words.EXPORTED_SUMS]
    for piece in every:
        yield [piece.first.isoformat(), *_summed(days.get(piece.first, Sums()))]


def _values(session: Session, asked: Asked, dimension: str) -> Table:
    columns = [*words.EXPORTED_SUMS, *words.EXPORTED_PERCENTILES, "unresolved_now", "overdue_now", "opened_before"]
    yield [dimension, "name", *columns]
    for line in lines(session, asked, dimension, with_trend=False):
        spread = [*_spread(line.answer), *_spread(line.solve)]
        now = [line.now.unresolved, line.now.overdue, line.before.opened]
        yield [line.value, line.name, *_summed(line.sums), *spread, *now]


def _talks(session: Session, asked: Asked) -> Table:
    days = figures.talks(session, asked.scope.whole, asked.period)
    yield ["day", *OUTCOMES]
    for piece in asked.period.steps(Step.DAY):
        found = days.get(piece.first, {})
        yield [piece.first.isoformat(), *(found.get(outcome, 0) for outcome in OUTCOMES)]


def _answers(session: Session, asked: Asked) -> Table:
    yield ["answer", "helped", "did_not_help"]
    for answered in figures.answers(session, asked.scope.whole, asked.period):
        yield [answered.key, answered.helped, answered.not_helped]


def _summed(sums: Sums) -> list[Any]:
    return [
        sums.opened, sums.answered, sums.answer_average_s, sums.done, sums.solve_average_s,
        sums.rated, sums.rating_average, sums.satisfaction,
    ]  # fmt: skip


def _spread(found: Percentiles) -> list[float | None]:
    return [found.median_s, found.p90_s]


_TABLES = {"days": _days, "assistant": _talks, "answers": _answers}
