"""By when a ticket is due, whatever happens to it. Each rule of docs/service-levels.md has a test here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.departments.models import Department
from helpsage.service_levels import clocks
from helpsage.service_levels.levels import Levels
from helpsage.tickets import details, merge, service, split
from helpsage.tickets.models import Status, Ticket
from tests.integration.service_levels.conftest import at, on, policy
from tests.integration.tickets.conftest import AGENT, REQUESTER

Open = Callable[..., Ticket]
Use = Callable[..., Levels]


def due(ticket: Ticket) -> tuple[datetime | None, datetime | None]:
    """First answer and resolution."""
    return ticket.first_response_due_at, ticket.resolution_due_at


def test_a_new_ticket_is_due_by_the_first_policy_that_fits(open_at: Open) -> None:
    assert due(open_at(at(10))) == (at(11), at(14))
    assert due(open_at(at(10), priority="urgent")) == (at(10, 30), at(12))


def test_the_next_thing_due_is_the_earlier_one(open_at: Open) -> None:
    assert open_at(at(10)).next_due_at == at(11)


def test_a_ticket_that_no_policy_fits_is_promised_nothing(open_at: Open, use: Use) -> None:
    use(policy("urgent", priorities=["urgent"]))
    ticket = open_at(at(10))
    assert (*due(ticket), ticket.next_due_at, ticket.next_alarm_at) == (None, None, None, None)


@pytest.mark.parametrize(
    ("fits", "is_due"),
    [
        ({"categories": ["printer_problem"]}, True),
        ({"categories": ["double_charge"]}, False),
        ({"priorities": ["low", "normal"], "categories": ["printer_problem"]}, True),
        ({"priorities": ["low"], "categories": ["printer_problem"]}, False),
        ({"departments": ["elsewhere"]}, False),
    ],
    ids=["category", "another category", "both", "one of two", "another department"],
)
def test_everything_a_policy_names_has_to_fit(open_at: Open, use: Use, fits: dict[str, Any], is_due: bool) -> None:
    use(policy("some", **fits))
    assert (open_at(at(10)).next_due_at is not None) is is_due


def test_a_policy_is_for_departments(session: Session, open_at: Open, use: Use) -> None:
    department = Department(key="money", name="Money", widget_key="money-widget")
    session.add(department)
    session.flush()
    use(policy("money", departments=["money"], resolution=30), policy("usual"))
    assert open_at(at(10), department_id=department.id).resolution_due_at == at(10, 30)
    assert open_at(at(10)).resolution_due_at == at(14)


def test_only_working_time_counts(open_at: Open, use: Use) -> None:
    use(policy("office", calendar="office"))
    # 16:30 in Berlin: half an hour is left of the day, and after lunch the next one is over.
    assert due(open_at(at(14, 30))) == (at(7, 30, day=18), at(11, 30, day=18))


# --- pauses


def test_the_clocks_stand_still_while_the_requester_is_waited_for(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(10, 20)):
        service.change_status(session, ticket, Status.WAITING, AGENT)
    assert (*due(ticket), ticket.next_due_at, ticket.clocks_paused_at) == (None, None, None, at(10, 20))
    with on(at(15)):
        service.comment(session, ticket, "Here it is", REQUESTER)
    assert due(ticket) == (at(15, 40), at(18, 40))
    assert ticket.clocks_paused_at is None


def test_what_was_late_before_a_pause_stays_late_in_it(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(11, 30)):
        service.change_status(session, ticket, Status.WAITING, AGENT)
    assert (ticket.first_response_due_at, ticket.next_due_at) == (at(11), at(11))
    assert ticket.resolution_due_at is None


# --- keeping it


def test_the_first_answer_stops_its_clock_and_leaves_the_other(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(10, 30)):
        service.reply(session, ticket, "On it", AGENT)
    assert due(ticket) == (at(11), at(14))
    assert ticket.next_due_at == at(14)


def test_a_note_is_no_answer(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(10, 30)):
        service.note(session, ticket, "Looks like the fuser", AGENT)
    assert ticket.next_due_at == at(11)


def test_a_resolved_ticket_is_due_no_more_and_remembers_what_was_promised(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(12)):
        service.change_status(session, ticket, Status.RESOLVED, AGENT)
    assert (ticket.next_due_at, ticket.next_alarm_at, ticket.resolution_due_at) == (None, None, at(14))


def test_a_reopened_ticket_goes_on_where_it_stood(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(12)):
        service.reply(session, ticket, "Done", AGENT, status=Status.RESOLVED)
    with on(at(9, day=18)):
        service.reopen(session, ticket, REQUESTER)
    # Two of four hours are used.
    assert due(ticket) == (at(11), at(11, day=18))


# --- changes


def test_another_priority_counts_from_the_opening_and_can_be_taken_back(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(10, 10)):
        service.change_priority(session, ticket, "urgent", AGENT)
    assert due(ticket) == (at(10, 30), at(12))
    with on(at(10, 20)):
        service.change_priority(session, ticket, "normal", AGENT)
    assert due(ticket) == (at(11), at(14))


def test_another_category_asks_for_its_policy(session: Session, open_at: Open, use: Use) -> None:
    use(policy("logins", categories=["double_charge"], resolution=60), policy("usual"))
    ticket = open_at(at(10))
    with on(at(10, 10)):
        details.change_category(session, ticket, "double_charge", AGENT)
    assert ticket.resolution_due_at == at(11)


def test_what_changes_nothing_about_the_promise_leaves_it(session: Session, open_at: Open, use: Use) -> None:
    ticket = open_at(at(10))
    use(policy("shorter", first_response=5, resolution=10))
    with on(at(10, 10)):
        service.note(session, ticket, "Hm", AGENT)
        service.change_status(session, ticket, Status.IN_PROGRESS, AGENT)
    assert due(ticket) == (at(11), at(14))


def test_a_changed_policy_counts_for_what_is_opened_from_then_on(session: Session, open_at: Open, use: Use) -> None:
    ticket = open_at(at(10))
    known = use(policy("usual", resolution=600))
    clocks.settle(session, ticket, known)
    assert ticket.resolution_due_at == at(14)
    assert open_at(at(10)).resolution_due_at == at(20)
    clocks.settle(session, ticket, known, ask=True)
    assert ticket.resolution_due_at == at(20)


def test_a_changed_calendar_counts_for_what_is_open(session: Session, open_at: Open, use: Use) -> None:
    usual = policy("usual", calendar="office")
    use(usual)
    ticket = open_at(at(8))
    assert ticket.resolution_due_at == at(13)  # 10:00 to 15:00, lunch left out
    known = use(usual, days_off=["2026-06-17 Works outing"])
    clocks.settle(session, ticket, known)
    assert ticket.resolution_due_at == at(12, day=18)


def test_a_ticket_whose_calendar_is_gone_gets_what_is_promised_now(session: Session, open_at: Open, use: Use) -> None:
    use(policy("usual", calendar="office"))
    ticket = open_at(at(8))
    known = use(policy("usual"))
    del known.calendars["office"]  # type: ignore[attr-defined]
    clocks.settle(session, ticket, known)
    assert ticket.resolution_due_at == at(12)


# --- merging and splitting


def test_who_was_merged_into_another_has_waited_since_the_first(session: Session, open_at: Open) -> None:
    first, second = open_at(at(10)), open_at(at(10, 40))
    with on(at(10, 50)):
        merge.merge(session, first, second, AGENT, other_person=True)
    assert due(second) == (at(11), at(14))
    assert (first.next_due_at, first.next_alarm_at) == (None, None)


def test_the_pauses_of_one_do_not_pause_the_other(session: Session, open_at: Open) -> None:
    first, second = open_at(at(10)), open_at(at(10, 40))
    with on(at(10, 10)):
        service.change_status(session, first, Status.WAITING, AGENT)
    with on(at(10, 50)):
        merge.merge(session, first, second, AGENT, other_person=True)
    # Ten minutes of the first, then the second's own.
    assert due(second) == (at(11, 30), at(14, 30))


def test_an_answer_on_the_first_does_not_count_against_the_second(session: Session, open_at: Open) -> None:
    first, second = open_at(at(10)), open_at(at(10, 40))
    with on(at(10, 20)):
        service.reply(session, first, "On it", AGENT)
    with on(at(10, 50)):
        merge.merge(session, first, second, AGENT, other_person=True)
    assert due(second) == (at(11, 40), at(14))


def test_undoing_a_merge_gives_both_back_what_they_would_have(session: Session, open_at: Open) -> None:
    first, second = open_at(at(10)), open_at(at(10, 40))
    with on(at(10, 45)):
        merge.merge(session, first, second, AGENT, other_person=True)
    with on(at(10, 55)):
        merge.unmerge(session, first, AGENT)
    assert due(second) == (at(11, 40), at(14, 40))
    # What was merged stood still meanwhile.
    assert due(first) == (at(11, 10), at(14, 10))


def test_what_is_split_off_is_due_from_then_on(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(10, 30)):
        entry = service.comment(session, ticket, "And the scanner too", REQUESTER)
    with on(at(11)):
        new = split.split(session, ticket, [entry.id], "Scanner", "printer_problem", AGENT)
    assert new.created_at == at(11)
    assert new.resolution_due_at is not None
    assert new.resolution_due_at > at(11)
    assert ticket.resolution_due_at == at(14)


# --- always


def test_due_times_are_the_same_computed_now_and_computed_again(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    for minutes, status in (
        (5, "waiting"),
        (25, "in_progress"),
        (30, "escalated"),
        (40, "waiting"),
        (70, "in_progress"),
    ):
        with on(at(10) + timedelta(minutes=minutes)):
            service.change_status(session, ticket, status, AGENT)
    with on(at(10) + timedelta(minutes=80)):
        service.change_priority(session, ticket, "normal", AGENT)
    before = due(ticket)
    session.expire_all()
    again = session.scalars(select(Ticket).where(Ticket.id == ticket.id)).one()
    clocks.settle(session, again)
    # Ten minutes of pause since the priority became high, twenty and thirty before.
    assert due(again) == before == (at(11, 50), at(14, 50))
