"""Whether somebody is there who could answer a chat: service hours, and agents who sit at the desk and take chats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.assignment import presence
from helpsage.assignment.models import Availability
from helpsage.departments import service as departments
from helpsage.departments.models import Team, TeamMember
from helpsage.handoff.models import Handoff
from helpsage.people.models import Account, Role
from helpsage.service_levels import calendar, levels
from helpsage.tickets.categories import FOR_A_PERSON
from helpsage.tickets.models import Priority

_STAFF = (Role.AGENT.value, Role.LEAD.value, Role.ADMINISTRATOR.value)


@dataclass(frozen=True)
class Staffing:
    """Who could answer.

    Attributes:
        open: whether it is within the hours.
        opens_at: when the hours begin again; None while they run, or when they never do.
        agents: accounts that are there.
    """

    open: bool
    opens_at: datetime | None
    agents: frozenset[UUID]

    @property
    def somebody(self) -> bool:
        """Whether a chat can be answered now."""
        return self.open and bool(self.agents)


class NobodyThere(Exception):
    """Nobody could answer a chat now.

    Attributes:
        opens_at: when the hours begin, if that is the reason and is known.
    """

    def __init__(self, staffing: Staffing) -> None:
        self.open, self.opens_at = staffing.open, staffing.opens_at
        super().__init__("closed" if not staffing.open else "nobody is there")


def of(session: Session, department_id: UUID | None, team_id: UUID | None = None) -> Staffing:
    """Who could answer a chat of this department (None: the default one), or of one of its teams."""
    is_open, opens_at = hours(session, department_id)
    return Staffing(is_open, opens_at, at_desk(session, department_id, team_id))


def hours(session: Session, department_id: UUID | None) -> tuple[bool, datetime | None]:
    """Whether chats are answered now, by the calendar of the policy for somebody who wants a person; and if not, from
    when on. Without such a policy they are answered at any hour.
    """
    home = departments.by_id(session, department_id) or departments.default(session)
    known = levels.load()
    policy = known.policy_for(Priority.NORMAL, FOR_A_PERSON, home.key if home is not None else None)
    if policy is None:
        return True, None
    now = clock.now()
    try:
        begins = calendar.opens(known.calendars[policy.calendar], now)
    except calendar.NeverOpen:
        return False, None
    return begins <= now, (begins if begins > now else None)


def at_desk(session: Session, department_id: UUID | None, team_id: UUID | None = None) -> frozenset[UUID]:
    """Accounts that sit at the desk, have not said that they are away, take chats, and work there."""
    asked = (
        select(Account.id)
        .outerjoin(Availability, Availability.account_id == Account.id)
        .where(
            Account.role.in_(_STAFF),
            Account.disabled_at.is_(None),
            or_(presence.is_present(), _talks_elsewhere()),
            or_(Availability.account_id.is_(None), and_(~presence.is_away(), Availability.takes_chats)),
            _in_team(team_id) if team_id is not None else _in_department(session, department_id),
        )
    )
    return frozenset(session.scalars(asked))


def could_come(session: Session, handoff: Handoff) -> frozenset[UUID]:
    """Accounts that may take a waiting chat, have not said that they are away, and take chats: at the desk or not."""
    asked = (
        select(Account.id)
        .outerjoin(Availability, Availability.account_id == Account.id)
        .where(
            Account.role.in_(_STAFF),
            Account.disabled_at.is_(None),
            or_(Availability.account_id.is_(None), and_(~presence.is_away(), Availability.takes_chats)),
        )
    )
    if handoff.wanted_id is not None:
        asked = asked.where(Account.id == handoff.wanted_id)
    elif handoff.team_id is not None:
        asked = asked.where(_in_team(handoff.team_id))
    else:
        asked = asked.where(_in_department(session, handoff.department_id))
    return frozenset(session.scalars(asked))


def is_at_desk(session: Session, account_id: UUID) -> bool:
    """Whether this account could answer a chat now, wherever it works."""
    asked = (
        select(Account.id)
        .outerjoin(Availability, Availability.account_id == Account.id)
        .where(
            Account.id == account_id,
            Account.disabled_at.is_(None),
            or_(presence.is_present(), _talks_elsewhere()),
            or_(Availability.account_id.is_(None), ~presence.is_away()),
        )
    )
    return session.scalar(asked) is not None


def _talks_elsewhere() -> ColumnElement[bool]:
    """The condition on `Account` under which somebody is there without a browser: they took a chat in a thread of their
    team's and talk from it. That a team can be told of chats somewhere makes nobody present.
    """
    return exists().where(Handoff.agent_id == Account.id, Handoff.ended_at.is_(None), Handoff.thread_id.is_not(None))


def _in_team(team_id: UUID) -> ColumnElement[bool]:
    return exists().where(TeamMember.account_id == Account.id, TeamMember.team_id == team_id)


def _in_department(session: Session, department_id: UUID | None) -> ColumnElement[bool]:
    """As `permissions.places` says: where one's teams are, and without any in the default department."""
    default = departments.default(session)
    home = department_id or (default.id if default is not None else None)
    member = exists().where(
        TeamMember.account_id == Account.id, Team.id == TeamMember.team_id, Team.archived_at.is_(None)
    )
    there = member.where(Team.department_id == home) if home is not None else false()
    return or_(there, ~member) if default is None or home == default.id else there
