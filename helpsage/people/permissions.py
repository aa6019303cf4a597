"""Who may do what: one table of role and action, used by pages, API and jobs alike.

How far an action reaches (`Reach`) is decided by the role; which tickets lie within that reach by the teams and
departments of the account. The requester's own actions on their own tickets are the same for every role.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from helpsage.departments.models import Department, Team, TeamMember
from helpsage.people.models import Account, Role
from helpsage.tickets.models import Ticket

STAFF = frozenset({Role.AGENT, Role.LEAD, Role.ADMINISTRATOR})


class Action(enum.StrEnum):
    """What someone may want to do."""

    # The requester's own: the portal and the chat.
    OPEN_TICKET = "open_ticket"
    SEE_OWN_TICKET = "see_own_ticket"
    COMMENT = "comment"
    CLOSE_OWN = "close_own"
    REOPEN_OWN = "reopen_own"
    RATE = "rate"
    #: Profile, password, sessions, preferences, my data.
    MANAGE_OWN_ACCOUNT = "manage_own_account"

    #: The whole ticket. For a requester: their own, without what staff say among themselves.
    SEE_TICKET = "see_ticket"
    # Staff, on tickets.
    SEE_QUEUE = "see_queue"
    REPLY = "reply"
    NOTE = "note"
    ASSIGN = "assign"
    CHANGE_STATUS = "change_status"
    CHANGE_PRIORITY = "change_priority"
    CHANGE_CATEGORY = "change_category"
    CHANGE_DETAILS = "change_details"
    CHANGE_TEAM = "change_team"
    TAG = "tag"
    ESCALATE = "escalate"
    FOLLOW = "follow"
    MERGE = "merge"
    SPLIT = "split"
    BULK = "bulk"
    # Staff, on everything else.
    MANAGE_VIEWS = "manage_views"
    SHARE_VIEWS = "share_views"
    SEE_ANALYTICS = "see_analytics"
    EXPORT = "export"
    MANAGE_CANNED_REPLIES = "manage_canned_replies"
    WRITE_ARTICLES = "write_articles"
    #: What readers see: publish, take back, import.
    PUBLISH_ARTICLES = "publish_articles"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_SETTINGS = "manage_settings"
    MANAGE_DEPARTMENTS = "manage_departments"
    SEE_MAIL = "see_mail"
    #: Say what was meant by words that were misunderstood, and what the FAQ lacks.
    REVIEW = "review"


class Reach(enum.IntEnum):
    """How far an action goes. For what is no ticket, anything but NONE means yes."""

    NONE = 0
    #: Tickets that this person asked for.
    OWN = 1
    #: Tickets of one's teams, those assigned to oneself, and those of one's departments that no team has yet.
    TEAM = 2
    DEPARTMENT = 3
    ALL = 4


#: Columns of the table below.
ROLES = (Role.REQUESTER, Role.AGENT, Role.LEAD, Role.ADMINISTRATOR)

_NONE, _OWN, _TEAM, _DEPARTMENT, _ALL = Reach

#: The table. A row is an action, its columns are `ROLES`.
TABLE: Mapping[Action, tuple[Reach, Reach, Reach, Reach]] = MappingProxyType(
    {
        Action.OPEN_TICKET: (_OWN, _OWN, _OWN, _OWN),
        Action.SEE_OWN_TICKET: (_OWN, _OWN, _OWN, _OWN),
        Action.COMMENT: (_OWN, _OWN, _OWN, _OWN),
        Action.CLOSE_OWN: (_OWN, _OWN, _OWN, _OWN),
        Action.REOPEN_OWN: (_OWN, _OWN, _OWN, _OWN),
        Action.RATE: (_OWN, _OWN, _OWN, _OWN),
        Action.MANAGE_OWN_ACCOUNT: (_OWN, _OWN, _OWN, _OWN),
        Action.SEE_TICKET: (_OWN, _TEAM, _DEPARTMENT, _ALL),
        Action.SEE_QUEUE: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.REPLY: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.NOTE: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.ASSIGN: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.CHANGE_STATUS: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.CHANGE_PRIORITY: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.CHANGE_CATEGORY: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.CHANGE_DETAILS: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.CHANGE_TEAM: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.TAG: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.ESCALATE: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.FOLLOW: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.MERGE: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.SPLIT: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.BULK: (_NONE, _TEAM, _DEPARTMENT, _ALL),
        Action.MANAGE_VIEWS: (_NONE, _OWN, _OWN, _OWN),
        Action.SHARE_VIEWS: (_NONE, _NONE, _DEPARTMENT, _ALL),
        Action.SEE_ANALYTICS: (_NONE, _NONE, _DEPARTMENT, _ALL),
        Action.EXPORT: (_NONE, _NONE, _DEPARTMENT, _ALL),
        Action.MANAGE_CANNED_REPLIES: (_NONE, _NONE, _DEPARTMENT, _ALL),
        Action.WRITE_ARTICLES: (_NONE, _ALL, _ALL, _ALL),
        Action.PUBLISH_ARTICLES: (_NONE, _NONE, _ALL, _ALL),
        Action.MANAGE_PEOPLE: (_NONE, _NONE, _NONE, _ALL),
        Action.MANAGE_SETTINGS: (_NONE, _NONE, _NONE, _ALL),
        Action.MANAGE_DEPARTMENTS: (_NONE, _NONE, _NONE, _ALL),
        Action.SEE_MAIL: (_NONE, _NONE, _NONE, _ALL),
        Action.REVIEW: (_NONE, _NONE, _DEPARTMENT, _ALL),
    }
)


class Forbidden(Exception):
    """This account may not do this."""

    def __init__(self, action: Action) -> None:
        self.action = action
        super().__init__(action.value)


@dataclass(frozen=True)
class Viewer:
    """An account that asks, with what decides about its rights.

    Attributes:
        team_ids: teams it works in.
        department_ids: departments of those teams; of staff in no team, the default department.
        sees_unplaced: whether tickets without a department are theirs to see: those belong to the default department.
    """

    account_id: UUID
    person_id: UUID
    role: Role
    team_ids: frozenset[UUID] = frozenset()
    department_ids: frozenset[UUID] = frozenset()
    name: str = ""
    email: str = ""
    sees_unplaced: bool = False
    #: In which pages speak to them, when this browser was told nothing else.
    locale: str = "en"

    @property
    def is_staff(self) -> bool:
        """Whether this account answers tickets."""
        return self.role in STAFF


def viewer_of(session: Session, account: Account) -> Viewer:
    """The rights of an account, as they are now."""
    role = Role(account.role)
    teams, departments, unplaced = _places(session, account.id) if role in STAFF else NO_PLACES
    return Viewer(
        account_id=account.id,
        person_id=account.person_id,
        role=role,
        team_ids=teams,
        department_ids=departments,
        name=account.person.name or account.email,
        email=account.email,
        sees_unplaced=unplaced,
    )


#: Teams, departments, and whether the default one is among them.
Places = tuple[frozenset[UUID], frozenset[UUID], bool]
NO_PLACES: Places = (frozenset(), frozenset(), False)


def _places(session: Session, account_id: UUID) -> Places:
    # With the account as its beginning there is always a row, so that the default department comes with it.
    rows = session.execute(
        select(Team.id, Team.department_id, select(Department.id).where(Department.is_default).scalar_subquery())
        .select_from(Account)
        .outerjoin(TeamMember, TeamMember.account_id == Account.id)
        .outerjoin(Team, and_(Team.id == TeamMember.team_id, Team.archived_at.is_(None)))
        .where(Account.id == account_id)
    ).all()
    return places([(row[0], row[1]) for row in rows if row[0] is not None], rows[0][2] if rows else None)


def places(memberships: Collection[tuple[UUID, UUID]], default: UUID | None) -> Places:
    """Of an account that works in these teams of these departments; without any, in the default department."""
    if not memberships:
        return frozenset(), frozenset({default} if default else ()), True
    departments = frozenset(department for _, department in memberships)
    return frozenset(team for team, _ in memberships), departments, default in departments


def reach(role: Role, action: Action) -> Reach:
    """How far a role's action goes."""
    return TABLE[action][ROLES.index(role)]


def may(viewer: Viewer, action: Action, ticket: Ticket | None = None) -> bool:
    """Whether the viewer may do this: to this ticket, or, without one, at all."""
    granted = reach(viewer.role, action)
    if ticket is None:
        return granted is not Reach.NONE
    return _reaches(viewer, granted, ticket)


def require(viewer: Viewer, action: Action, ticket: Ticket | None = None) -> None:
    """Go on only when the viewer may do this.

    Raises:
        Forbidden
    """
    if not may(viewer, action, ticket):
        raise Forbidden(action)


def visible_tickets(viewer: Viewer, action: Action = Action.SEE_TICKET) -> ColumnElement[bool]:
    """The condition on `Ticket` under which `may(viewer, action, ticket)` is true, for queries."""
    match reach(viewer.role, action):
        case Reach.ALL:
            return true()
        case Reach.DEPARTMENT:
            return _in_departments(viewer)
        case Reach.TEAM:
            return _in_departments(viewer) if not viewer.team_ids else _in_teams(viewer)
        case Reach.OWN:
            return Ticket.requester_id == viewer.person_id
        case _:
            return false()


def visible_parts(viewer: Viewer) -> list[ColumnElement[bool]]:
    """`visible_tickets` in parts that have no ticket in common: each is read from an index of its own."""
    if reach(viewer.role, Action.SEE_TICKET) is not Reach.TEAM or not viewer.team_ids:
        return [visible_tickets(viewer)]
    mine = Ticket.assignee_id == viewer.account_id
    elsewhere = or_(Ticket.team_id.is_(None), Ticket.team_id.not_in(viewer.team_ids))
    return [
        Ticket.team_id.in_(viewer.team_ids),
        and_(mine, elsewhere),
        and_(Ticket.team_id.is_(None), _in_departments(viewer), Ticket.assignee_id.is_distinct_from(viewer.account_id)),
    ]


def _in_departments(viewer: Viewer) -> ColumnElement[bool]:
    placed = Ticket.department_id.in_(viewer.department_ids)
    return or_(placed, Ticket.department_id.is_(None)) if viewer.sees_unplaced else placed


def _in_teams(viewer: Viewer) -> ColumnElement[bool]:
    return or_(
        Ticket.team_id.in_(viewer.team_ids),
        Ticket.assignee_id == viewer.account_id,
        and_(Ticket.team_id.is_(None), _in_departments(viewer)),
    )


def _reaches(viewer: Viewer, granted: Reach, ticket: Ticket) -> bool:
    """The same as `visible_tickets`, for a ticket at hand."""
    in_departments = ticket.department_id in viewer.department_ids or (
        ticket.department_id is None and viewer.sees_unplaced
    )
    match granted:
        case Reach.ALL:
            return True
        case Reach.DEPARTMENT:
            return in_departments
        case Reach.TEAM:
            if not viewer.team_ids:
                return in_departments
            mine = ticket.team_id in viewer.team_ids or ticket.assignee_id == viewer.account_id
            return mine or (ticket.team_id is None and in_departments)
        case Reach.OWN:
            return ticket.requester_id == viewer.person_id
        case _:
            return False
