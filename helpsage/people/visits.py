"""Who is logged in with a browser, and what they may do: asked with every page, so it is one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.assignment import presence
from helpsage.assignment.models import Availability
from helpsage.assignment.presence import Away
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.people import permissions, sessions
from helpsage.people.models import Account, LoginSession, Person, Role
from helpsage.people.permissions import STAFF, Viewer
from helpsage.people.tokens import hashed


@dataclass(frozen=True)
class Visit:
    """A logged-in browser's visit.

    Attributes:
        session_id: names the login.
        is_fresh: they have proven who they are lately.
        two_factor: a second factor was shown.
        renewal_due: this visit has to be written down (`renew`).
        away: staff who said that they are away.
    """

    session_id: UUID
    viewer: Viewer
    is_fresh: bool
    two_factor: bool
    renewal_due: bool
    away: Away | None = None


def find(session: Session, token: str) -> Visit | None:
    """The visit of this token, while its session is good: the same as `sessions.find_session` and
    `permissions.viewer_of`.
    """
    now = clock.now()
    rows = session.execute(_STATEMENT.where(LoginSession.token_hash == hashed(token), LoginSession.expires_at > now))
    found = rows.all()
    if not found:
        return None
    first = found[0]
    viewer = _viewer(found)
    return Visit(
        session_id=first.session_id,
        viewer=viewer,
        is_fresh=first.authenticated_at > now - sessions.FRESH,
        two_factor=first.two_factor,
        renewal_due=_is_due(first.seen_at, now),
        away=presence.as_said(first.away_since, first.away_until, first.away_note) if viewer.is_staff else None,
    )


def renew(session: Session, token: str) -> None:
    """Write the visit down: it puts the end of the session off."""
    sessions.find_session(session, token)


def _is_due(seen_at: datetime, now: datetime) -> bool:
    return seen_at < now - sessions.RENEWAL


#: A row for each team that the account works in; one without a team when it works in none.
_STATEMENT = (
    select(
        LoginSession.id.label("session_id"),
        LoginSession.authenticated_at,
        LoginSession.two_factor,
        LoginSession.seen_at,
        Account.id.label("account_id"),
        Account.person_id,
        Account.role,
        Account.email,
        Person.name,
        Person.locale,
        Team.id.label("team_id"),
        Team.department_id,
        select(Department.id).where(Department.is_default).scalar_subquery().label("default_id"),
        Availability.away_since,
        Availability.away_until,
        Availability.away_note,
    )
    .join(Account, Account.id == LoginSession.account_id)
    .join(Person, Person.id == Account.person_id)
    .outerjoin(Availability, Availability.account_id == Account.id)
    .outerjoin(TeamMember, TeamMember.account_id == Account.id)
    .outerjoin(Team, and_(Team.id == TeamMember.team_id, Team.archived_at.is_(None)))
    .where(LoginSession.revoked_at.is_(None), LoginSession.awaits_code.is_(False), Account.disabled_at.is_(None))
)


def _viewer(rows: Sequence[Any]) -> Viewer:
    first = rows[0]
    role = Role(first.role)
    memberships = [(row.team_id, row.department_id) for row in rows if row.team_id is not None]
    places = permissions.places(memberships, first.default_id) if role in STAFF else permissions.NO_PLACES
    return Viewer(
        account_id=first.account_id,
        person_id=first.person_id,
        role=role,
        team_ids=places[0],
        department_ids=places[1],
        name=first.name or first.email,
        email=first.email,
        sees_unplaced=places[2],
        locale=first.locale,
    )
