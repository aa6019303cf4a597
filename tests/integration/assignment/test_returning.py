"""Nothing stays with someone who is away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from helpsage import clock
from helpsage.assignment import giving, presence, returning
from helpsage.tickets import service
from helpsage.tickets.models import Change, Status, Ticket
from helpsage.tickets.service import Actor
from tests.integration.assignment.conftest import Desk

AGENT = Actor("agent", "Priya")


def had(desk: Desk, name: str = "ada") -> Ticket:
    """A ticket that this agent has."""
    account = desk.agents.get(name) or desk.agent(name)
    return service.assign(desk.session, desk.ticket(), account.id, AGENT)


def bring_back(desk: Desk, minutes: int = 0) -> None:
    """What the worker does so many minutes from now."""
    with clock.frozen(clock.now() + timedelta(minutes=minutes)):
        for ticket_id in returning.left_behind(desk.session, 100):
            returning.bring_back(desk.session, ticket_id)


def test_after_the_teams_time_and_not_before(desk: Desk) -> None:
    ticket = had(desk)
    presence.go_away(desk.session, desk.agents["ada"].id)
    bring_back(desk, 29)
    assert desk.with_whom(ticket) == "ada"
    bring_back(desk, 30)
    assert desk.with_whom(ticket) is None
    line = desk.session.scalars(
        select(Change).where(Change.ticket_id == ticket.id, Change.action == "assigned").order_by(Change.id.desc())
    ).first()
    assert line is not None
    assert (line.actor_kind, line.reason) == ("system", "Ada is away")


def test_saying_it_again_does_not_begin_anew(desk: Desk) -> None:
    ticket = had(desk)
    presence.go_away(desk.session, desk.agents["ada"].id)
    with clock.frozen(clock.now() + timedelta(minutes=20)):
        presence.go_away(desk.session, desk.agents["ada"].id, note="at the dentist")
    bring_back(desk, 31)
    assert desk.with_whom(ticket) is None


def test_whoever_is_back_in_time_keeps_theirs(desk: Desk) -> None:
    ticket = had(desk)
    presence.go_away(desk.session, desk.agents["ada"].id, clock.now() + timedelta(minutes=20))
    bring_back(desk, 40)
    assert desk.with_whom(ticket) == "ada"


@pytest.mark.parametrize("minutes", [None, 0], ids=["they stay", "at once"])
def test_a_team_decides_how_long(desk: Desk, minutes: int | None) -> None:
    ticket = had(desk)
    desk.team.returns_after = minutes
    presence.go_away(desk.session, desk.agents["ada"].id)
    bring_back(desk, 0 if minutes == 0 else 10_000)
    assert desk.with_whom(ticket) == ("ada" if minutes is None else None)


@pytest.mark.parametrize(
    ("status", "comes_back"),
    [("in_progress", True), ("escalated", True), ("waiting", False), ("resolved", False)],
)
def test_what_somebody_has_to_work_on(desk: Desk, status: str, comes_back: bool) -> None:
    ticket = had(desk)
    service.change_status(desk.session, ticket, Status(status), AGENT)
    presence.go_away(desk.session, desk.agents["ada"].id)
    bring_back(desk, 60)
    assert (desk.with_whom(ticket) is None) is comes_back


def test_what_the_requester_answers_comes_back_then(desk: Desk) -> None:
    ticket = had(desk)
    service.change_status(desk.session, ticket, Status.WAITING, AGENT)
    presence.go_away(desk.session, desk.agents["ada"].id)
    bring_back(desk, 60)
    service.comment(desk.session, ticket, "Here it is", Actor("requester"))
    bring_back(desk, 61)
    assert desk.with_whom(ticket) is None


def test_from_someone_who_left_it_comes_back_at_once(desk: Desk) -> None:
    ticket = had(desk)
    desk.agents["ada"].disabled_at = clock.now()
    desk.session.flush()
    bring_back(desk)
    assert desk.with_whom(ticket) is None


def test_nobody_elses_comes_back(desk: Desk) -> None:
    mine, theirs = had(desk, "ada"), had(desk, "bo")
    presence.go_away(desk.session, desk.agents["ada"].id)
    bring_back(desk, 60)
    assert (desk.with_whom(mine), desk.with_whom(theirs)) == (None, "bo")


def test_a_return_lies_ahead(desk: Desk) -> None:
    ada = desk.agent("ada")
    with pytest.raises(presence.InvalidReturn):
        presence.go_away(desk.session, ada.id, clock.now())
    assert presence.away_of(desk.session, ada.id) is None


def test_a_ticket_that_comes_to_another_team_leaves_whoever_works_elsewhere(desk: Desk) -> None:
    ticket = had(desk)
    returning.leave_other_team(desk.session, ticket.id)
    assert desk.with_whom(ticket) == "ada"
    desk.session.execute(returning.TeamMember.__table__.delete())
    returning.leave_other_team(desk.session, ticket.id)
    assert desk.with_whom(ticket) is None


def test_what_comes_back_is_passed_on_to_whoever_is_there(desk: Desk) -> None:
    """Not begun yet, and its agent goes away: the next one has it, and the log tells both steps."""
    ticket = had(desk)
    desk.agent("bo")
    presence.go_away(desk.session, desk.agents["ada"].id, note="ill")
    with clock.frozen(clock.now() + timedelta(minutes=30)):
        for account in desk.agents.values():
            desk.session.execute(
                presence.LoginSession.__table__.update()
                .where(presence.LoginSession.account_id == account.id)
                .values(seen_at=clock.now())
            )
        for ticket_id in returning.left_behind(desk.session, 100):
            returning.bring_back(desk.session, ticket_id)
        giving.give_next(desk.session, desk.team.id)
    assert desk.with_whom(ticket) == "bo"
    lines = desk.session.scalars(
        select(Change.reason).where(Change.ticket_id == ticket.id, Change.action == "assigned").order_by(Change.id)
    ).all()
    assert lines[-2:] == ["Ada is away", "round robin: Bo had 0 of 10"]
