"""Who is meant by "the assignee", "the leads" and the like, for one ticket."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from helpsage.assignment import presence
from helpsage.departments.models import Team, TeamMember
from helpsage.people.models import Account, Role
from helpsage.service_levels.levels import Who
from helpsage.tickets.models import Ticket

_STAFF = (Role.AGENT.value, Role.LEAD.value, Role.ADMINISTRATOR.value)


def accounts(session: Session, ticket: Ticket, who: Iterable[Who]) -> list[UUID]:
    """Their accounts, each once. When that is nobody, the administrators: someone has to hear of it."""
    wanted = list(who)
    if not wanted:
        return []
    found = dict.fromkeys(account for each in wanted for account in _accounts(session, ticket, each))
    return list(found) or _working(session, Account.role == Role.ADMINISTRATOR.value)


def _accounts(session: Session, ticket: Ticket, who: Who) -> list[UUID]:
    match who:
        case Who.ASSIGNEE:
            assignee = ticket.assignee_id
            if assignee is not None and presence.away_of(session, assignee) is None:
                return _working(session, Account.id == assignee)
            return _team(session, ticket)
        case Who.TEAM:
            return _team(session, ticket)
        case Who.LEADS:
            theirs = select(TeamMember.account_id).join(Team, Team.id == TeamMember.team_id)
            theirs = theirs.where(Team.department_id == ticket.department_id)
            return _working(session, Account.role == Role.LEAD.value, Account.id.in_(theirs))
        case Who.ADMINISTRATORS:
            return _working(session, Account.role == Role.ADMINISTRATOR.value)


def _team(session: Session, ticket: Ticket) -> list[UUID]:
    members = select(TeamMember.account_id).where(TeamMember.team_id == ticket.team_id)
    return _working(session, Account.id.in_(members))


def _working(session: Session, *conditions: ColumnElement[bool]) -> list[UUID]:
    asked = select(Account.id).where(Account.role.in_(_STAFF), Account.disabled_at.is_(None), *conditions)
    return list(session.scalars(asked.order_by(Account.created_at, Account.id)))
