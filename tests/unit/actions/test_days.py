"""Days as people say them."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.report.days import DayAhead, NotADay, resolve

#: A Friday.
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", "2026-11-20"),
        ("this morning", "2026-11-20"),
        ("yesterday", "2026-11-19"),
        ("yesterday evening at 9pm", "2026-11-19"),
        ("last night", "2026-11-19"),
        ("the day before yesterday", "2026-11-18"),
        ("last Monday", "2026-11-16"),
        ("Monday", "2026-11-16"),
        ("on wednesday morning", "2026-11-18"),
        ("last Friday", "2026-11-13"),
        ("two days ago", "2026-11-18"),
        ("a week ago", "2026-11-13"),
        ("3 weeks back", "2026-10-30"),
        ("since 2 days", "2026-11-18"),
        ("last week", "2026-11-13"),
        ("12 March", "2026-03-12"),
        ("March 3", "2026-03-03"),
        ("3rd of March", "2026-03-03"),
        ("24 December", "2025-12-24"),
        ("12/03/2026", "2026-03-12"),
        ("03.04.2026", "2026-04-03"),
        ("2026-03-12", "2026-03-12"),
        ("28 Feb 2025", "2025-02-28"),
        ("12.03.", "2026-03-12"),
    ],
)
def test_days(said: str, day: str) -> None:
    assert resolve(said, NOW) == date.fromisoformat(day)


def test_the_american_order() -> None:
    assert resolve("03/04/2026", NOW, "MDY") == date(2026, 3, 4)


@pytest.mark.parametrize(
    "said", ["", "hmm", "no idea", "the blue one", "450", "1 January 1850", "31 February", "x" * 500]
)
def test_no_days(said: str) -> None:
    with pytest.raises(NotADay):
        resolve(said, NOW)


@pytest.mark.parametrize("said", ["12 March 2031", "2027-01-01"])
def test_days_to_come(said: str) -> None:
    with pytest.raises(DayAhead):
        resolve(said, NOW)


@given(st.dates(min_value=date(2010, 1, 1), max_value=NOW.date()))
def test_every_written_day_comes_back(day: date) -> None:
    for written in (day.isoformat(), f"{day:%d/%m/%Y}", f"{day.day} {day:%B %Y}", f"{day:%d.%m.%Y}"):
        assert resolve(written, NOW) == day


@given(st.integers(1, 300))
def test_days_ago(number: int) -> None:
    assert resolve(f"{number} days ago", NOW) == NOW.date() - timedelta(days=number)


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    with contextlib.suppress(NotADay, DayAhead):
        assert resolve(text, NOW) <= NOW.date()
