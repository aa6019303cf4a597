"""Warnings and breaches: once each, to the right people, whatever happens in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.departments.models import Department, Team, TeamMember
from helpsage.events.models import OutboxEvent
from helpsage.people import accounts
from helpsage.people.models import Account, Role
from helpsage.service_levels import alarms
from helpsage.service_levels.levels import Levels
from helpsage.tickets import service
from helpsage.tickets.models import Change, Status, Ticket
from tests.integration.service_levels.conftest import at, on, policy
from tests.integration.tickets.conftest import AGENT, REQUESTER

Open = Callable[..., Ticket]
Use = Callable[..., Levels]


def ring(session: Session, moment: datetime) -> None:
    """What the worker does at this minute."""
    with on(moment):
        for ticket_id in alarms.waiting(session, 100):
            alarms.ring(session, ticket_id)
    session.flush()


def told(session: Session, ticket: Ticket) -> list[tuple[str, str, int]]:
    """Event, clock and number, in order."""
    asked = select(OutboxEvent).where(OutboxEvent.subject_id == ticket.id).order_by(OutboxEvent.id)
    events = [event for event in session.scalars(asked) if event.kind in ("ticket.due_soon", "ticket.breached")]
    return [(event.kind.removeprefix("ticket."), event.payload["clock"], event.payload["number"]) for event in events]


def payload(session: Session, ticket: Ticket, kind: str) -> dict[str, Any]:
    asked = select(OutboxEvent.payload).where(OutboxEvent.subject_id == ticket.id, OutboxEvent.kind == kind)
    return session.scalars(asked.order_by(OutboxEvent.id)).first() or {}


@pytest.fixture
def place(session: Session) -> tuple[Team, dict[str, Account]]:
    """A team with an agent and a lead, and an administrator."""
    department = Department(key="desk", name="Desk", widget_key="desk-widget")
    session.add(department)
    session.flush()
    team = Team(department_id=department.id, name="First", key="first")
    session.add(team)
    session.flush()
    people = {
        name: accounts.create(session, f"{name}@desk.example", name.capitalize(), "correct horse battery", role)
        for name, role in (("agent", Role.AGENT), ("lead", Role.LEAD), ("admin", Role.ADMINISTRATOR))
    }
    session.add_all([TeamMember(team_id=team.id, account_id=people[name].id) for name in ("agent", "lead")])
    session.flush()
    return team, people


def put(session: Session, ticket: Ticket, team: Team, assignee: Account | None = None) -> None:
    ticket.team_id, ticket.department_id = team.id, team.department_id
    ticket.assignee_id = assignee.id if assignee is not None else None
    session.flush()


def test_each_clock_warns_once_and_is_late_once(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    for minute in range(0, 6 * 60, 5):
        ring(session, at(10 + minute // 60, minute % 60))
        ring(session, at(10 + minute // 60, minute % 60))
    assert told(session, ticket) == [
        ("due_soon", "first_response", 0),
        ("breached", "first_response", 0),
        ("due_soon", "resolution", 0),
        ("breached", "resolution", 0),
    ]


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(at(10, 44), 0), (at(10, 45), 1), (at(10, 59), 1), (at(11), 2)],
    ids=["just before the warning", "at the warning", "just before it is due", "when it is due"],
)
def test_to_the_minute(session: Session, open_at: Open, moment: datetime, expected: int) -> None:
    ticket = open_at(at(10))
    if moment > at(10, 45):
        ring(session, at(10, 45))
    ring(session, moment)
    assert len(told(session, ticket)) == expected


def test_after_a_time_without_a_worker_the_breach_is_told_and_not_the_warning(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    ring(session, at(12))
    assert told(session, ticket) == [("breached", "first_response", 0)]


def test_an_answer_in_time_leaves_nothing_to_tell(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(10, 30)):
        service.reply(session, ticket, "Done", AGENT, status=Status.RESOLVED)
    ring(session, at(20))
    assert told(session, ticket) == []


def test_nothing_is_told_while_the_requester_is_waited_for(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    with on(at(10, 30)):
        service.change_status(session, ticket, Status.WAITING, AGENT)
    ring(session, at(20))
    assert told(session, ticket) == []


def test_a_clock_that_got_more_time_is_told_of_again(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10), priority="urgent")
    ring(session, at(10, 30))
    with on(at(10, 40)):
        service.change_priority(session, ticket, "normal", AGENT)
    ring(session, at(10, 50))
    ring(session, at(11))
    assert told(session, ticket) == [
        ("breached", "first_response", 0),
        ("due_soon", "first_response", 0),
        ("breached", "first_response", 0),
    ]


def test_a_clock_that_is_late_stays_told_when_it_is_due_even_earlier(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    ring(session, at(11))
    with on(at(11, 5)):
        service.change_priority(session, ticket, "urgent", AGENT)
    ring(session, at(11, 6))
    assert told(session, ticket) == [("breached", "first_response", 0)]


def test_it_is_told_again_as_often_as_the_policy_says(session: Session, open_at: Open, use: Use) -> None:
    use(policy("usual", resolution=0, repeat_every=30, repeat_most=2))
    ticket = open_at(at(10))
    for minute in range(0, 240, 10):
        ring(session, at(10 + minute // 60, minute % 60))
    assert told(session, ticket)[1:] == [("breached", "first_response", number) for number in (0, 1, 2)]


def test_of_repeats_that_were_missed_the_last_one_is_told(session: Session, open_at: Open, use: Use) -> None:
    use(policy("usual", resolution=0, repeat_every=30, repeat_most=5))
    ticket = open_at(at(10))
    ring(session, at(11))
    ring(session, at(12, 40))
    assert told(session, ticket) == [("breached", "first_response", 0), ("breached", "first_response", 3)]


def test_late_is_written_in_the_log_once(session: Session, open_at: Open, use: Use) -> None:
    use(policy("usual", resolution=0, repeat_every=30, repeat_most=2))
    ticket = open_at(at(10))
    version = ticket.version
    for minute in (0, 30, 60):
        ring(session, at(11 + minute // 60, minute % 60))
    lines = session.scalars(select(Change).where(Change.ticket_id == ticket.id, Change.action == "breached")).all()
    assert [line.after for line in lines] == [{"clock": "first_response", "due_at": at(11).isoformat()}]
    # Whoever is writing on the ticket is not held up by it.
    assert ticket.version == version


# --- who


@pytest.mark.parametrize(
    ("who", "assigned", "expected"),
    [
        (["assignee"], True, {"agent"}),
        (["assignee"], False, {"agent", "lead"}),
        (["team"], True, {"agent", "lead"}),
        (["leads"], True, {"lead"}),
        (["administrators"], True, {"admin"}),
        (["assignee", "team", "administrators"], True, {"agent", "lead", "admin"}),
    ],
    ids=["assignee", "nobody has it", "team", "leads", "administrators", "each once"],
)
def test_who_is_told(
    session: Session,
    open_at: Open,
    use: Use,
    place: tuple[Team, dict[str, Account]],
    who: list[str],
    assigned: bool,
    expected: set[str],
) -> None:
    team, people = place
    use(policy("usual", breach=who))
    ticket = open_at(at(10))
    put(session, ticket, team, people["agent"] if assigned else None)
    ring(session, at(11))
    names = {str(account.id): name for name, account in people.items()}
    accounts_told = payload(session, ticket, "ticket.breached")["accounts"]
    assert len(accounts_told) == len(set(accounts_told))
    assert {names[each] for each in accounts_told} == expected


# --- what becomes of it


def test_a_late_ticket_is_escalated(session: Session, open_at: Open, use: Use) -> None:
    use(policy("usual", escalate=True))
    ticket = open_at(at(10))
    ring(session, at(11))
    assert (ticket.status, ticket.priority) == ("escalated", "high")
    assert told(session, ticket) == [("breached", "first_response", 0)]


def test_a_late_ticket_goes_back_to_the_queue(
    session: Session, open_at: Open, use: Use, place: tuple[Team, dict[str, Account]]
) -> None:
    team, people = place
    use(policy("usual", hand_to="queue"))
    ticket = open_at(at(10))
    put(session, ticket, team, people["agent"])
    ring(session, at(11))
    assert ticket.assignee_id is None
    # Whoever had it is told all the same.
    assert payload(session, ticket, "ticket.breached")["accounts"] == [str(people["agent"].id)]


def test_a_late_ticket_goes_to_another_team_or_person(
    session: Session, open_at: Open, use: Use, place: tuple[Team, dict[str, Account]]
) -> None:
    team, people = place
    use(
        policy("urgent", priorities=["urgent"], hand_to="team:FIRST"),
        policy("usual", hand_to="account:Lead@desk.example"),
    )
    one, other = open_at(at(10), priority="urgent"), open_at(at(10))
    ring(session, at(11))
    assert one.team_id == team.id
    assert other.assignee_id == people["lead"].id


@pytest.mark.parametrize("to", ["team:gone", "account:gone@desk.example"])
def test_a_place_that_is_gone_holds_nothing_up(session: Session, open_at: Open, use: Use, to: str) -> None:
    use(policy("usual", hand_to=to, escalate=True))
    ticket = open_at(at(10))
    ring(session, at(11))
    assert ticket.status == "escalated"


# --- tickets that were there before


def test_a_ticket_from_before_gets_its_times_and_is_late_quietly(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    ticket.service_terms = ticket.first_response_due_at = ticket.resolution_due_at = ticket.next_due_at = None
    ticket.next_alarm_at = at(12)
    session.flush()
    ring(session, at(12))
    assert (ticket.first_response_due_at, ticket.resolution_due_at) == (at(11), at(14))
    assert told(session, ticket) == []
    ring(session, at(14))
    assert told(session, ticket) == [("breached", "resolution", 0)]


def test_a_person_who_writes_does_not_make_it_late_again(session: Session, open_at: Open) -> None:
    ticket = open_at(at(10))
    ring(session, at(11))
    with on(at(11, 10)):
        service.change_status(session, ticket, Status.WAITING, AGENT)
    with on(at(11, 20)):
        service.comment(session, ticket, "Here", REQUESTER)
    ring(session, at(11, 30))
    assert told(session, ticket) == [("breached", "first_response", 0)]
