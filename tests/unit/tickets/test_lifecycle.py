"""The map of a ticket's life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from helpsage.tickets import lifecycle
from helpsage.tickets.errors import IllegalTransition
from helpsage.tickets.models import Status


def test_every_status_is_on_the_map() -> None:
    assert set(lifecycle.TRANSITIONS) == set(Status)


@pytest.mark.parametrize("status", list(Status))
def test_no_status_leads_to_itself(status: Status) -> None:
    assert status not in lifecycle.allowed(status)


@pytest.mark.parametrize("status", list(Status))
def test_every_status_can_be_reached_from_every_other(status: Status) -> None:
    reached = {status}
    while True:
        further = reached.union(*(lifecycle.allowed(at) for at in reached))
        if further == reached:
            break
        reached = further
    assert reached == set(Status)


def test_closed_only_opens_again() -> None:
    assert lifecycle.allowed("closed") == {Status.OPEN}


def test_the_map_cannot_be_changed_by_a_caller() -> None:
    lifecycle.allowed(Status.CLOSED).add(Status.WAITING)
    assert lifecycle.allowed(Status.CLOSED) == {Status.OPEN}


@pytest.mark.parametrize(
    ("age", "days", "expected"),
    [
        (timedelta(days=30), 30, True),
        (timedelta(days=30, seconds=1), 30, False),
        (timedelta(days=4_000), 0, True),
        (timedelta(0), 1, True),
    ],
)
def test_closed_comes_back_within_the_days(age: timedelta, days: int, expected: bool) -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert lifecycle.may_come_back(now - age, now, days) is expected


def test_refusal_names_what_is_allowed_in_the_order_of_life() -> None:
    refusal = IllegalTransition(Status.RESOLVED, Status.WAITING, lifecycle.allowed(Status.RESOLVED))
    assert refusal.allowed == (Status.OPEN, Status.IN_PROGRESS, Status.CLOSED)
    assert "resolved" in str(refusal)
    assert "waiting" in str(refusal)
