"""Nothing stays with someone who is away: their open tickets come back to the queue."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.assignment import presence
from helpsage.assignment.giving import DESK, IN_HAND, is_given_out
from helpsage.assignment.models import Availability
from helpsage.departments.models import Team, TeamMember
from helpsage.people.models import Account, Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket

#: Of a ticket without a team: minutes, as a new team has them.
USUAL = 60
AWAY = "{name} is away"
BACK_ON = "{name} is away until {until:%-d %b, %H:%M} UTC"
MOVED = "it came to another team"
LEFT = "{name} does not work here any more"


def left_behind(session: Session, limit: int) -> list[UUID]:
    """Tickets that are with someone who is away for longer than their team lets them be, or who has left."""
    gone = or_(Account.disabled_at.is_not(None), Account.role == Role.REQUESTER.value)
    minutes = func.coalesce(Team.returns_after, USUAL)
    # A team that keeps them (no minutes) is not one that has no minutes of its own to give.
    keeps = and_(Team.id.is_not(None), Team.returns_after.is_(None))
    long_away = and_(
        presence.is_away(),
        ~keeps,
        Availability.away_since <= clock.now() - func.make_interval(0, 0, 0, 0, 0, minutes),
    )
    asked = (
        select(Ticket.id)
        .join(Account, Account.id == Ticket.assignee_id)
        .outerjoin(Availability, Availability.account_id == Account.id)
        .outerjoin(Team, Team.id == Ticket.team_id)
        .where(Ticket.status.in_(IN_HAND), Ticket.merged_into_id.is_(None), or_(gone, long_away))
        .order_by(Ticket.id)
        .limit(limit)
    )
    return list(session.scalars(asked))


def bring_back(session: Session, ticket_id: UUID) -> bool:
    """Give one ticket back to its queue, if it is still with someone who is away; whether it was."""
    ticket = session.scalar(
        select(Ticket).where(Ticket.id == ticket_id).with_for_update(of=Ticket, key_share=True, skip_locked=True)
    )
    if ticket is None or ticket.assignee_id is None or ticket.status not in IN_HAND:
        return False
    account = session.get_one(Account, ticket.assignee_id)
    away = presence.away_of(session, account.id)
    why = _why(account, away)
    if why is None:
        return False
    service.assign(session, ticket, None, DESK, reason=why)
    return True


def leave_other_team(session: Session, ticket_id: UUID) -> None:
    """Where the desk gives tickets out, one that came from another team waits for somebody of this one."""
    ticket = session.scalar(select(Ticket).where(Ticket.id == ticket_id).with_for_update(of=Ticket, key_share=True))
    if ticket is None or ticket.assignee_id is None or ticket.status not in IN_HAND:
        return
    works_there = select(TeamMember.team_id).where(
        TeamMember.team_id == ticket.team_id, TeamMember.account_id == ticket.assignee_id
    )
    if is_given_out(session, ticket.team_id) and session.scalar(works_there) is None:
        service.assign(session, ticket, None, DESK, reason=MOVED)


def _why(account: Account, away: presence.Away | None) -> str | None:
    name = account.person.name or account.email
    if account.disabled_at is not None or account.role == Role.REQUESTER:
        return LEFT.format(name=name)
    if away is None:
        return None
    return BACK_ON.format(name=name, until=away.until) if away.until is not None else AWAY.format(name=name)
