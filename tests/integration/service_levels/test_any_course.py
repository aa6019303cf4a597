"""Due times after anything that can happen to a ticket, against a count of minutes that knows no formulas."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from helpsage.service_levels import levels
from helpsage.service_levels.levels import Levels
from helpsage.tickets import details, service
from helpsage.tickets.errors import TicketError
from helpsage.tickets.models import Ticket
from tests.integration.service_levels.conftest import content, on, policy
from tests.integration.tickets.conftest import AGENT, REQUESTER, new_ticket
from tests.unit.service_levels.test_calendar import worked

MINUTE = timedelta(minutes=1)
#: Fridays before the nights in which clocks change, with a day off behind them.
BEGINNINGS = [datetime(2026, 3, 27, 7, tzinfo=UTC), datetime(2026, 10, 23, 7, tzinfo=UTC)]
DAYS_OFF = ["2026-03-30", "2026-10-26"]
#: Minutes that are counted at most.
HORIZON = 20 * 1440
#: Answer and resolution in minutes, by what the ticket is.
URGENT, WIFI, USUAL = (30, 300), (90, 900), (60, 240)
STILL = {"waiting", "resolved", "closed"}
OVER = {"resolved", "closed"}
NIGHTS = {day: ["22:00-06:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}

Act = Callable[[Session, Ticket], object]
ACTS: dict[str, Act] = {
    "wait": lambda session, ticket: service.change_status(session, ticket, "waiting", AGENT),
    "work": lambda session, ticket: service.change_status(session, ticket, "in_progress", AGENT),
    "resolve": lambda session, ticket: service.change_status(session, ticket, "resolved", AGENT),
    "close": lambda session, ticket: service.change_status(session, ticket, "closed", AGENT),
    "escalate": lambda session, ticket: service.escalate(session, ticket, AGENT),
    "reopen": lambda session, ticket: service.reopen(session, ticket, REQUESTER),
    "answer": lambda session, ticket: service.reply(session, ticket, "We look at it.", AGENT),
    "note": lambda session, ticket: service.note(session, ticket, "Hm.", AGENT),
    "write": lambda session, ticket: service.comment(session, ticket, "It is back.", REQUESTER),
    "urgent": lambda session, ticket: service.change_priority(session, ticket, "urgent", AGENT),
    "normal": lambda session, ticket: service.change_priority(session, ticket, "normal", AGENT),
    "wifi": lambda session, ticket: details.change_category(session, ticket, "wifi_problem", AGENT),
    "printer": lambda session, ticket: details.change_category(session, ticket, "printer_problem", AGENT),
}


@cache
def known() -> Levels:
    made = content(
        policy("urgent", priorities=["urgent"], calendar="nights", first_response=URGENT[0], resolution=URGENT[1]),
        policy("wifi", categories=["wifi_problem"], calendar="office", first_response=WIFI[0], resolution=WIFI[1]),
        policy("usual", calendar="office", first_response=USUAL[0], resolution=USUAL[1]),
        days_off=DAYS_OFF,
    )
    made["calendars"]["nights"] = {**made["calendars"]["office"], "title": "Nights", "hours": NIGHTS}
    return levels.build(made)


@cache
def open_minutes(calendar: str, begins: datetime) -> list[bool]:
    return list(worked(known().calendars[calendar], begins, HORIZON))


def terms(ticket: Ticket) -> tuple[str, tuple[int, int]]:
    """The calendar, and how many minutes until the answer and the resolution."""
    if ticket.priority == "urgent":
        return "nights", URGENT
    return "office", WIFI if ticket.category == "wifi_problem" else USUAL


def counted(ticket: Ticket, begins: datetime, moves: list[tuple[int, str]], minutes: int) -> datetime | None:
    """When so many open minutes have passed in which it ran; None when it stands still before that."""
    opened, passed = open_minutes(terms(ticket)[0], begins), 0
    for number, is_open in enumerate(opened):
        status = next(status for at, status in reversed(moves) if at <= number)
        if status in STILL and number >= moves[-1][0]:
            return None
        passed += is_open and status not in STILL
        if passed == minutes:
            return begins + (number + 1) * MINUTE
    raise AssertionError("the horizon is too near")


def steps() -> st.SearchStrategy[list[tuple[int, str]]]:
    return st.lists(st.tuples(st.integers(1, 900), st.sampled_from(sorted(ACTS))), min_size=1, max_size=10)


@contextlib.contextmanager
def used() -> Iterator[None]:
    before = levels.load
    levels.load = known
    try:
        yield
    finally:
        levels.load = before


@settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(begins=st.sampled_from(BEGINNINGS), steps=steps())
@example(begins=BEGINNINGS[0], steps=[(30, "wait"), (900, "write"), (900, "urgent"), (900, "normal"), (5, "wait")])
@example(begins=BEGINNINGS[1], steps=[(600, "urgent"), (900, "wait"), (800, "write"), (60, "resolve"), (900, "reopen")])
@example(begins=BEGINNINGS[0], steps=[(60, "work"), (30, "resolve"), (200, "reopen"), (10, "note")])
@example(begins=BEGINNINGS[0], steps=[(10, "answer"), (20, "resolve"), (30, "write"), (1, "wait"), (1, "write")] * 2)
def test_due_times_are_what_counting_minutes_finds(
    session: Session, begins: datetime, steps: list[tuple[int, str]]
) -> None:
    with used():
        with on(begins):
            ticket = service.open_ticket(session, new_ticket(priority="normal"), REQUESTER)
        moves, now, answered = [(0, ticket.status)], 0, None
        for wait, act in steps:
            now += wait
            with on(begins + now * MINUTE), contextlib.suppress(TicketError):
                ACTS[act](session, ticket)
            if ticket.status != moves[-1][1]:
                moves.append((now, ticket.status))
            if ticket.first_response_at is not None and answered is None:
                answered = ticket.first_response_due_at
            if ticket.status in OVER:
                assert (ticket.next_due_at, ticket.next_alarm_at) == (None, None)
                continue
            until_answer, until_resolved = terms(ticket)[1]
            resolved = counted(ticket, begins, moves, until_resolved)
            assert ticket.resolution_due_at == resolved
            if ticket.first_response_at is None:
                first = counted(ticket, begins, moves, until_answer)
                assert ticket.first_response_due_at == first
                assert ticket.next_due_at == min((each for each in (first, resolved) if each is not None), default=None)
            else:
                assert ticket.first_response_due_at == answered
                assert ticket.next_due_at == resolved
            assert (ticket.clocks_paused_at is not None) == (ticket.status in STILL)
