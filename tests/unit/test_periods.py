"""Days, steps and the period before."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpsage.analytics import figures, spreads
from helpsage.analytics.periods import InvalidPeriod, Period, Step
from helpsage.web.analytics import words

PERIODS = st.builds(
    lambda first, days: Period(first, first + timedelta(days)),
    st.dates(date(2015, 1, 1), date(2035, 1, 1)),
    st.integers(0, 1200),
)


@given(PERIODS, st.sampled_from(Step))
def test_steps_cover_every_day_once(period: Period, step: Step) -> None:
    days = [piece.first + timedelta(n) for piece in period.steps(step) for n in range(piece.days)]
    assert days == [period.first + timedelta(n) for n in range(period.days)]


@given(PERIODS)
def test_whole_months_and_single_days_cover_every_day_once(period: Period) -> None:
    months, days = period.whole_months()
    of_months = [
        month + timedelta(n) for month in months for n in range(31) if (month + timedelta(n)).month == month.month
    ]
    assert sorted(of_months + days) == [period.first + timedelta(n) for n in range(period.days)]
    assert len(days) <= 60


@given(PERIODS)
def test_the_period_before_is_as_long_and_ends_where_this_one_begins(period: Period) -> None:
    assert period.before.days == period.days
    assert period.before.last + timedelta(1) == period.first
    if period.step is not Step.MONTH:
        assert [piece.days for piece in period.before.steps(period.step)] == [piece.days for piece in period.steps()]


@given(PERIODS)
def test_a_chart_has_no_more_steps_than_can_be_told_apart(period: Period) -> None:
    assert len(period.steps()) <= 60


@pytest.mark.parametrize(
    ("first", "last"), [(date(2026, 1, 2), date(2026, 1, 1)), (date(1990, 1, 1), date(2026, 1, 1))]
)
def test_impossible_periods_are_refused(first: date, last: date) -> None:
    with pytest.raises(InvalidPeriod):
        Period(first, last)


def test_there_is_no_time_before_the_year_1() -> None:
    with pytest.raises(InvalidPeriod):
        _ = Period(date(1, 1, 1), date(1, 1, 5)).before


@given(st.integers(2, 10**9))
def test_a_bucket_stands_for_its_durations_within_the_error(duration: int) -> None:
    bucket = 0
    while spreads.GROWTH**bucket < duration:
        bucket += 1
    assert abs((spreads.seconds(bucket) or 0) - duration) <= spreads.ERROR * duration * 1.0001


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_shares_and_changes_are_plain_fractions(part: int, whole: int) -> None:
    assert figures.ratio(part, whole) == (part / whole if whole else None)
    change = figures.change(part, whole)
    assert change is None if whole == 0 else change is not None and abs((1 + change) * whole - part) < 1e-6 * (part + 1)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "–"), (0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3599, "1 h"), (3600, "1 h"), (12_000, "3 h 20 min"),
        (35_999, "10 h"), (36_000, "10 h"), (172_799, "2 d"), (187_200, "2 d 4 h"), (950_400, "11 d"),
    ],
)  # fmt: skip
def test_durations_in_words(seconds: float | None, told: str) -> None:
    assert words.duration(seconds) == told


@pytest.mark.parametrize(
    ("value", "told"), [(None, "–"), (0, "0 %"), (1, "100 %"), (0.999, "99.9 %"), (0.001, "0.1 %")]
)
def test_shares_in_words(value: float | None, told: str) -> None:
    assert words.share(value) == told
