"""Figures: the same questions that the analytics pages ask."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import BeforeValidator, Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from helpsage.analytics import figures
from helpsage.analytics.figures import Measure, Scope, Sums
from helpsage.analytics.periods import Period, Step
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.people.permissions import Action
from helpsage.schema.ticket import Key
from helpsage.web.analytics import asked as addresses
from helpsage.web.analytics.asked import Address
from helpsage.web.analytics.words import DEFINITIONS
from helpsage.web.api import models, route, words
from helpsage.web.api.access import Caller, FiguresReader, require
from helpsage.web.api.answers import Asked, json
from helpsage.web.api.problems import Fault, Refused, in_address

router = route.router("analytics")

DAY_LENGTH = 10


def _written(day: object) -> object:
    if isinstance(day, str) and len(day) != DAY_LENGTH:
        raise ValueError("a day is written like 2026-03-31")
    return day


Day = Annotated[date | None, BeforeValidator(_written), Field(examples=["2026-03-31"])]


class PeriodAsked(Asked):
    """Which days, and whose tickets."""

    first: Day = Field(None, description="The last 30 days when both days are left out.")
    last: Day = Field(None, description="Included.")
    department: Key | None = None


Given = Annotated[PeriodAsked, Query()]


@router.get("/analytics/summary", response_model=models.Summary)
def get_summary(who: FiguresReader, asked: Given) -> Response:
    """A period at a glance."""
    with transaction() as session:
        period, scope = _read(session, who, asked)
        total = figures.total(figures.by_day(session, scope, period))
        now = figures.now(session, scope)
        told = models.Summary(
            first=period.first,
            last=period.last,
            figures=_figures(total),
            first_response=_times(session, scope, period, "answer", total.answer_average_s),
            resolution=_times(session, scope, period, "solve", total.solve_average_s),
            unresolved_now=now.unresolved,
            overdue_now=now.overdue,
        )
    return json(told)


@router.get("/analytics/days", response_model=models.DayList)
def list_days(who: FiguresReader, asked: Given) -> Response:
    """Every day of a period."""
    with transaction() as session:
        period, scope = _read(session, who, asked)
        days = figures.by_day(session, scope, period)
        items = [
            models.DayFigures(day=piece.first, figures=_figures(days.get(piece.first, Sums())))
            for piece in period.steps(Step.DAY)
        ]
    return json(models.DayList(first=period.first, last=period.last, items=items))


@router.get("/analytics/by/{dimension}", response_model=models.ValueList)
def list_values(
    who: FiguresReader,
    dimension: Annotated[Literal["category", "team", "agent", "channel", "priority"], Path()],
    asked: Given,
) -> Response:
    """A period, divided. Teams and agents go by their ids."""
    with transaction() as session:
        period, scope = _read(session, who, asked)
        sums = figures.by_value(session, scope, period, dimension)
        now = figures.now_by_value(session, scope, dimension)
    empty = figures.Now()
    items = [
        models.ValueFigures(
            value=value,
            figures=_figures(sums.get(value, Sums())),
            unresolved_now=now.get(value, empty).unresolved,
            overdue_now=now.get(value, empty).overdue,
        )
        for value in {**sums, **now}
    ]
    items.sort(key=lambda one: (-one.figures.opened, -one.unresolved_now, one.value))
    return json(models.ValueList(first=period.first, last=period.last, by=dimension, items=items))


@router.get("/analytics/definitions", response_model=models.DefinitionList)
def list_definitions(who: FiguresReader) -> Response:
    """What the figures mean, word for word as it stands on the pages."""
    require(who, Action.SEE_ANALYTICS)
    # Those with a place for numbers stand beside figures that only the pages show.
    found = {name: told for name, told in DEFINITIONS.items() if "{" not in told}
    items = [models.Definition(figure=name, definition=told) for name, told in found.items()]
    return json(models.DefinitionList(items=items))


def _read(session: Session, who: Caller, asked: PeriodAsked) -> tuple[Period, Scope]:
    """The days and the departments that count.

    Raises:
        Refused, permissions.Forbidden
    """
    require(who, Action.SEE_ANALYTICS)
    home = departments.by_key(session, asked.department) if asked.department is not None else None
    if asked.department is not None and home is None:
        raise in_address(words.NO_SUCH["department"], "department")
    given = Address(
        first=asked.first.isoformat() if asked.first is not None else "",
        last=asked.last.isoformat() if asked.last is not None else "",
        department=str(home.id) if home is not None else "",
    )
    read = addresses.read(session, who, given)
    if read.problem:
        raise Refused("invalid", faults=[Fault(detail=words.NO_PERIOD, parameter=name) for name in ("first", "last")])
    if read.department != given.department:
        raise in_address(words.NO_SUCH["department"], "department")
    return read.period, read.scope


def _times(session: Session, scope: Scope, period: Period, measure: Measure, average: float | None) -> models.Times:
    found = figures.percentiles(session, scope, period, measure)
    return models.Times(count=found.count, average_s=average, median_s=found.median_s, p90_s=found.p90_s)


def _figures(sums: Sums) -> models.Figures:
    return models.Figures(
        opened=sums.opened,
        answered=sums.answered,
        done=sums.done,
        rated=sums.rated,
        rating_average=sums.rating_average,
        satisfaction=sums.satisfaction,
    )
