"""Whatever happens to tickets, and whenever it is folded, the figures are what a naive count over all tickets gives."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.analytics import figures, spreads, upkeep
from helpsage.analytics.figures import DIMENSIONS, Measure, Now, Percentiles, Scope, Sums
from helpsage.analytics.periods import Period
from helpsage.tickets.models import Ticket
from tests.integration.analytics.conftest import FIRST, Places, Row, moment, write

EXAMPLES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
QUARTER = Period(FIRST, date(2026, 4, 30))


def rows_of(seed: int, places: Places, count: int) -> list[Row]:
    """Tickets of every kind over four months."""
    dice = random.Random(seed)
    return [one_row(dice, places) for _ in range(count)]


def one_row(dice: random.Random, places: Places) -> Row:
    answered = dice.choice([None, dice.lognormvariate(8, 2)])
    done = dice.choice([None, dice.lognormvariate(11, 2), 0.0])
    place = dice.choice([None, 0, 1])
    return Row(
        opened=dice.uniform(-20, 110),
        answered_after=answered,
        done_after=done,
        category=dice.choice(["wifi_problem", "login_error", "refund_request"]),
        priority=dice.choice(["low", "normal", "high", "urgent"]),
        channel=dice.choice(["web", "email"]),
        department=None if place is None else places.departments[place],
        team=None if place is None else dice.choice([None, places.teams[place]]),
        agent=dice.choice([None, *places.agents]),
        rating=dice.choice([None, 1, 2, 3, 4, 5]),
        merged=dice.random() < 0.1,
    )


def naive(rows: Iterable[Row], period: Period, dimension: str, value: str, scope: Scope) -> Sums:
    """Count one by one."""
    found = Sums()
    for row in rows:
        if row.merged or row.of(dimension) != value:
            continue
        if scope.departments is not None and row.place not in scope.departments:
            continue
        if within(row.created_at, period):
            found += Sums(opened=1)
        if within(row.first_response_at, period):
            found += Sums(answered=1, answer_s=int(row.answered_after or 0))
        if within(row.resolved_at, period):
            found += Sums(done=1, solve_s=int(row.done_after or 0))
            if row.rating is not None:
                found += Sums(rated=1, rating_sum=row.rating, satisfied=int(row.rating >= 4))
    return found


def within(at: datetime | None, period: Period) -> bool:
    return at is not None and period.first <= at.date() <= period.last


def nearest_rank(durations: list[float], share: float) -> float:
    """The exact percentile."""
    return sorted(durations)[math.ceil(share * len(durations)) - 1]


def change_some(session: Session, dice: random.Random, places: Places, rows: list[Row]) -> list[Row]:
    """Some tickets change, some go."""
    kept = []
    for row in rows:
        fate = dice.random()
        if fate < 0.2:
            session.execute(delete(Ticket).where(Ticket.id == row.id, ~Ticket.id.in_(_survivors(rows))))
            if row.id not in _survivors(rows):
                continue
        if fate > 0.6:
            fresh = one_row(dice, places)
            fresh.id, fresh.merged = row.id, row.merged
            changed = fresh.values(places.requester, None)
            del changed["merged_into_id"]
            session.execute(update(Ticket).where(Ticket.id == row.id).values(**changed))
            row = fresh
        kept.append(row)
    return kept


def _survivors(rows: list[Row]) -> set[object]:
    """The ticket in which merged ones go on must stay."""
    return {next((row.id for row in rows if not row.merged), rows[0].id)} if rows else set()


@EXAMPLES
@given(seed=st.integers(0, 2**32), count=st.integers(0, 40), days=st.tuples(st.integers(0, 119), st.integers(0, 119)))
def test_sums_are_those_of_a_naive_count(
    session: Session, places: Places, seed: int, count: int, days: tuple[int, int]
) -> None:
    dice = random.Random(seed)
    period = Period(FIRST + timedelta(min(days)), FIRST + timedelta(max(days)))
    with session.begin_nested() as savepoint:
        rows = rows_of(seed, places, count)
        write(session, places, rows)
        if dice.random() < 0.5:
            upkeep.fold(session, batch=dice.choice([1, 7, 1000]))
        rows = change_some(session, dice, places, rows)
        for folded in (False, True):
            if folded:
                while upkeep.fold(session, batch=13) == 13:
                    pass
            for departments in (None, frozenset({places.departments[0]}), frozenset({figures.NOWHERE})):
                scope = Scope(departments)
                assert figures.total(figures.by_day(session, scope, period)) == naive(rows, period, "all", "", scope)
                for dimension in DIMENSIONS:
                    trends = figures.trends(session, scope, period, dimension, points=7)
                    for value, sums in figures.by_value(session, scope, period, dimension).items():
                        assert sums == naive(rows, period, dimension, value, scope), (dimension, value, folded)
                        assert sum(trends.get(value, [])) == sums.opened
        savepoint.rollback()


@EXAMPLES
@given(seed=st.integers(0, 2**32), count=st.integers(0, 60))
def test_percentiles_are_off_by_less_than_two_per_cent(session: Session, places: Places, seed: int, count: int) -> None:
    dice = random.Random(seed)
    measures: tuple[Measure, ...] = ("answer", "solve")
    with session.begin_nested() as savepoint:
        rows = rows_of(seed, places, count)
        write(session, places, rows)
        if dice.random() < 0.7:
            upkeep.fold(session)
        rows = change_some(session, dice, places, rows)
        for period in (QUARTER, Period(date(2026, 1, 20), date(2026, 3, 9)), Period(FIRST, FIRST)):
            for measure in measures:
                found = figures.percentiles_by_value(session, Scope(), period, measure, "category")
                found["everything"] = figures.percentiles(session, Scope(), period, measure)
                for category in ("wifi_problem", "login_error", "refund_request", "everything"):
                    chosen = [row for row in rows if category in (row.category, "everything") and not row.merged]
                    exact = durations(chosen, period, measure)
                    assert_close(found.get(category, Percentiles()), exact)
        savepoint.rollback()


def durations(rows: list[Row], period: Period, measure: Measure) -> list[float]:
    if measure == "answer":
        return [int(row.answered_after or 0) for row in rows if within(row.first_response_at, period)]
    return [int(row.done_after or 0) for row in rows if within(row.resolved_at, period)]


def assert_close(found: Percentiles, exact: list[float]) -> None:
    assert found.count == len(exact)
    if not exact:
        assert found == Percentiles()
        return
    for share, value in ((0.5, found.median_s), (0.9, found.p90_s)):
        expected = nearest_rank(exact, share)
        assert value == pytest.approx(expected, rel=spreads.ERROR * 1.0001, abs=1.0)


@EXAMPLES
@given(seed=st.integers(0, 2**32))
def test_the_backlog_and_the_present_are_those_of_a_naive_count(session: Session, places: Places, seed: int) -> None:
    with session.begin_nested() as savepoint:
        rows = rows_of(seed, places, 50)
        write(session, places, rows)
        upkeep.fold(session, batch=20)
        for period in (Period(FIRST, date(2026, 2, 10)), QUARTER):
            for scope in (Scope(), Scope(dimension="priority", value="high"), Scope(dimension="team")):
                mine = [row for row in rows if not row.merged and row.of(scope.dimension) == scope.value]
                found = figures.backlog(session, scope, period, figures.by_day(session, scope, period))
                ends = [
                    datetime.combine(piece.last + timedelta(1), datetime.min.time(), UTC) for piece in period.steps()
                ]
                assert found == [sum(unresolved(row, end) for row in mine) for end in ends]
        with clock.frozen(moment(115)):
            for dimension in DIMENSIONS:
                present = figures.now_by_value(session, Scope(), dimension)
                for value, counted in present.items():
                    mine = [row for row in rows if not row.merged and row.of(dimension) == value]
                    waiting = [row for row in mine if row.resolved_at is None]
                    assert counted == Now(len(waiting), sum(overdue(row, moment(115)) for row in waiting))
            assert sum(figures.ages(session, Scope())) == figures.now(session, Scope()).unresolved
        savepoint.rollback()


def unresolved(row: Row, at: datetime) -> bool:
    return row.created_at < at and (row.resolved_at is None or row.resolved_at >= at)


def overdue(row: Row, at: datetime) -> bool:
    return row.due_at is not None and row.due_at < at


def test_ages_are_classed_by_whole_days(session: Session, places: Places) -> None:
    write(session, places, [Row(opened=-age) for age in (0.5, 0.99, 2, 5, 29, 31, 400)])
    with clock.frozen(moment(0)):
        assert figures.ages(session, Scope()) == [2, 1, 1, 1, 2]


def test_ratings_are_counted_one_by_one(session: Session, places: Places) -> None:
    given_scores = [5, 5, 4, 1, None]
    write(session, places, [Row(opened=3, done_after=60, rating=score) for score in given_scores])
    write(session, places, [Row(opened=3, rating=2)])
    for _ in range(2):
        assert figures.ratings(session, Scope(), QUARTER) == {1: 1, 2: 0, 3: 0, 4: 1, 5: 2}
        upkeep.fold(session)


def test_a_merge_takes_a_ticket_out_and_its_undoing_brings_it_back(session: Session, places: Places) -> None:
    first, second = Row(opened=1), Row(opened=2)
    write(session, places, [first, second])
    opened = lambda: figures.total(figures.by_day(session, Scope(), QUARTER)).opened  # noqa: E731 said three times
    session.execute(update(Ticket).where(Ticket.id == second.id).values(merged_into_id=first.id))
    assert opened() == 1
    upkeep.fold(session)
    session.execute(update(Ticket).where(Ticket.id == second.id).values(merged_into_id=None))
    assert opened() == 2


def test_what_does_not_concern_the_figures_writes_nothing(session: Session, places: Places) -> None:
    row = Row(opened=1)
    write(session, places, [row])
    upkeep.fold(session)
    session.execute(update(Ticket).where(Ticket.id == row.id).values(subject="Other words", status="in_progress"))
    assert session.scalar(text("select count(*) from analytics_delta")) == 0


def test_a_trend_has_equal_parts_that_end_with_the_last_day(session: Session, places: Places) -> None:
    write(session, places, [Row(opened=day) for day in (0, 1, 1, 9, 9, 9)])
    for _ in range(2):
        assert figures.trends(session, Scope(), Period.ending(date(2026, 1, 10), 10), "category", points=4) == {
            "wifi_problem": [1, 2, 0, 3]
        }
        upkeep.fold(session)
