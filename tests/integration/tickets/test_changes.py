"""Moving, escalating, rating: each change is logged with its reason and told once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.events.models import OutboxEvent
from helpsage.people import accounts
from helpsage.tickets import service
from helpsage.tickets.errors import (
    AlreadyRated,
    IllegalTransition,
    InvalidRating,
    StaleTicket,
    TicketNotFound,
)
from helpsage.tickets.models import Status, Ticket
from tests.integration.tickets.conftest import AGENT, REQUESTER, new_ticket


def last(session: Session, ticket: Ticket) -> tuple[str, object, object, str]:
    line = service.history(session, ticket)[-1]
    return line.action, line.before, line.after, line.reason


def test_move_is_logged_with_before_after_who_and_why(session: Session, ticket: Ticket) -> None:
    service.change_status(session, ticket, "waiting", AGENT, "asked for the floor")
    assert last(session, ticket) == ("status", {"status": "open"}, {"status": "waiting"}, "asked for the floor")
    assert service.history(session, ticket)[-1].actor_name == "Priya"
    event = session.scalars(select(OutboxEvent).order_by(OutboxEvent.id.desc()).limit(1)).one()
    assert event.kind == "ticket.status_changed"
    assert (event.payload["from"], event.payload["to"], event.payload["actor_kind"]) == ("open", "waiting", "agent")


def test_where_it_stands_already_is_no_change(session: Session, ticket: Ticket) -> None:
    service.change_status(session, ticket, "open", AGENT)
    assert ticket.version == 1
    assert len(service.history(session, ticket)) == 1


def test_illegal_move(session: Session, ticket: Ticket) -> None:
    service.close(session, ticket, REQUESTER)
    with pytest.raises(IllegalTransition) as refusal:
        service.change_status(session, ticket, "waiting", AGENT)
    assert refusal.value.allowed == (Status.OPEN,)
    assert ticket.status == "closed"


def test_times_of_resolving_and_closing(session: Session, ticket: Ticket) -> None:
    service.change_status(session, ticket, "resolved", AGENT)
    resolved = ticket.resolved_at
    service.close(session, ticket, REQUESTER)
    assert ticket.resolved_at == resolved
    assert ticket.closed_at == ticket.updated_at
    service.reopen(session, ticket, REQUESTER)
    assert (ticket.resolved_at, ticket.closed_at) == (None, None)


def test_closing_at_once_resolves_too(session: Session, ticket: Ticket) -> None:
    service.close(session, ticket, REQUESTER)
    assert ticket.resolved_at == ticket.closed_at == ticket.updated_at


def test_resolved_can_always_be_reopened(session: Session, ticket: Ticket) -> None:
    service.change_status(session, ticket, "resolved", AGENT)
    with clock.frozen(clock.now() + timedelta(days=400)):
        service.reopen(session, ticket, REQUESTER, "it is back")
    assert last(session, ticket) == ("status", {"status": "resolved"}, {"status": "open"}, "it is back")


def test_closed_can_be_reopened_for_thirty_days(session: Session, ticket: Ticket) -> None:
    service.close(session, ticket, REQUESTER)
    with clock.frozen(clock.now() + timedelta(days=29)):
        service.reopen(session, ticket, REQUESTER)
    assert ticket.status == "open"


def test_closed_long_ago_asks_for_a_new_ticket(session: Session, ticket: Ticket) -> None:
    service.close(session, ticket, REQUESTER)
    with (
        clock.frozen(clock.now() + timedelta(days=31)),
        pytest.raises(IllegalTransition, match="new ticket") as refusal,
    ):
        service.reopen(session, ticket, REQUESTER)
    assert refusal.value.allowed == ()


@pytest.mark.parametrize("status", ["open", "in_progress", "waiting", "escalated"])
def test_what_is_not_finished_cannot_be_reopened(session: Session, ticket: Ticket, status: str) -> None:
    service.change_status(session, ticket, status, AGENT)
    with pytest.raises(IllegalTransition):
        service.reopen(session, ticket, REQUESTER)
    assert ticket.status == status


def test_escalation_raises_the_priority_once(session: Session, ticket: Ticket) -> None:
    service.escalate(session, ticket, REQUESTER, "exam tomorrow")
    assert (ticket.status, ticket.priority, ticket.priority_reason) == ("escalated", "high", "exam tomorrow")
    version = ticket.version
    service.escalate(session, ticket, REQUESTER, "hurry")
    assert ticket.version == version


def test_escalation_never_lowers(session: Session, ticket: Ticket) -> None:
    service.change_priority(session, ticket, "urgent", AGENT, "whole floor")
    service.escalate(session, ticket, REQUESTER)
    assert (ticket.priority, ticket.priority_reason) == ("urgent", "whole floor")


def test_priority_is_logged(session: Session, ticket: Ticket) -> None:
    service.change_priority(session, ticket, "low", AGENT, "cosmetic")
    assert last(session, ticket) == ("priority", {"priority": "normal"}, {"priority": "low"}, "cosmetic")


def test_assignment_is_logged(session: Session, ticket: Ticket) -> None:
    account = accounts.create(session, "priya@example.org", "Priya", "correct horse", "agent")
    service.assign(session, ticket, account.id, AGENT)
    assert last(session, ticket)[:3] == ("assigned", {"assignee": None}, {"assignee": str(account.id)})
    service.assign(session, ticket, None, AGENT)
    assert ticket.assignee_id is None


def test_rated_once(session: Session, ticket: Ticket) -> None:
    service.rate(session, ticket, 4, " quick ", REQUESTER)
    assert (ticket.rating, ticket.rating_comment) == (4, "quick")
    with pytest.raises(AlreadyRated):
        service.rate(session, ticket, 1, "", REQUESTER)
    assert ticket.rating == 4


@pytest.mark.parametrize("score", [0, 6, -1])
def test_rating_out_of_range(session: Session, ticket: Ticket, score: int) -> None:
    with pytest.raises(InvalidRating):
        service.rate(session, ticket, score, "", REQUESTER)


@pytest.mark.parametrize(
    "change",
    [
        lambda s, t, v: service.change_status(s, t, "waiting", AGENT, "", v),
        lambda s, t, v: service.close(s, t, AGENT, "", v),
        lambda s, t, v: service.escalate(s, t, AGENT, "", v),
        lambda s, t, v: service.change_priority(s, t, "urgent", AGENT, "", v),
        lambda s, t, v: service.assign(s, t, None, AGENT, v),
        lambda s, t, v: service.reply(s, t, "x", AGENT, expected_version=v),
        lambda s, t, v: service.note(s, t, "x", AGENT, expected_version=v),
    ],
)
def test_whoever_read_an_older_version_is_refused(session: Session, ticket: Ticket, change: object) -> None:
    service.note(session, ticket, "read me first", AGENT)
    with pytest.raises(StaleTicket) as refusal:
        change(session, ticket, 1)  # type: ignore[operator]
    assert refusal.value.current_version == 2
    change(session, ticket, 2)  # type: ignore[operator]


def test_two_agents_at_the_same_moment(clean_database: Engine) -> None:
    with Session(clean_database) as session, session.begin():
        ticket_id = service.open_ticket(session, new_ticket(), REQUESTER).id
    together = threading.Barrier(8)
    outcomes: list[str] = []

    def answer(number: int) -> None:
        with Session(clean_database) as own, own.begin():
            ticket = service.by_id(own, ticket_id)
            version = ticket.version
            together.wait()
            try:
                service.reply(own, ticket, f"answer {number}", AGENT, expected_version=version)
                outcomes.append("said")
            except StaleTicket:
                outcomes.append("stale")

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["said", *["stale"] * 7]
    with Session(clean_database) as session:
        assert len(service.thread(session, service.by_id(session, ticket_id))) == 1


def test_ticket_that_was_removed(session: Session, ticket: Ticket) -> None:
    session.delete(ticket)
    session.flush()
    with pytest.raises(TicketNotFound):
        service.note(session, ticket, "x", AGENT)


def test_a_ticket_under_change_holds_up_nobody_who_points_to_it(clean_database: Engine) -> None:
    """Such as a notice of it: a foreign key asks for this lock."""
    with Session(clean_database) as session, session.begin():
        ticket_id = service.open_ticket(session, new_ticket(), REQUESTER).id
    pointing = text("select 1 from ticket where id = :id for key share nowait")
    with Session(clean_database) as changing, clean_database.connect() as other:
        service.change_status(changing, service.by_id(changing, ticket_id), "waiting", AGENT)
        assert other.scalar(pointing, {"id": ticket_id}) == 1
