"""Departments and teams: finding them, and finding the place where a ticket belongs."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, defer

from helpsage import clock, settings
from helpsage.departments.models import Department, Team
from helpsage.tickets import categories

DEFAULT_KEY = "help-desk"
#: Two programs that start on an empty database make one default department.
_DEFAULTS_LOCK = 1004
_DEPARTMENTS_IN_ORDER = (Department.is_default.desc(), func.lower(Department.name), Department.id)
_TEAMS_IN_ORDER = (func.lower(Team.name), Team.id)


def default(session: Session) -> Department | None:
    """The department that takes what no other one claims; None on an installation that has none yet."""
    return session.scalar(select(Department).where(Department.is_default))


def by_id(session: Session, department_id: UUID | None) -> Department | None:
    """The department with this id."""
    return session.get(Department, department_id) if department_id is not None else None


def by_key(session: Session, key: str) -> Department | None:
    """The department that goes by this key in addresses."""
    return session.scalar(select(Department).where(Department.key == key))


def ids_by_key(session: Session) -> Callable[[str], UUID | None]:
    """Finds departments' ids by their keys, and asks for each once: for whoever places many tickets."""

    @cache
    def found(key: str) -> UUID | None:
        home = by_key(session, key) if key else None
        return home.id if home is not None else None

    return found


def by_widget_key(session: Session, widget_key: str | None) -> Department | None:
    """The department whose chat carries this key; archived ones have no chat any more."""
    if not widget_key:
        return None
    return session.scalar(
        select(Department).where(Department.widget_key == widget_key, Department.archived_at.is_(None))
    )


@dataclass(frozen=True)
class Places:
    """Every department and team, also those that are no longer used, the default department first and teams by name."""

    every_department: Sequence[Department]
    every_team: Sequence[Team]

    @property
    def departments(self) -> list[Department]:
        """Those in use."""
        return [each for each in self.every_department if each.archived_at is None]

    @property
    def teams(self) -> list[Team]:
        """Those in use."""
        return [each for each in self.every_team if each.archived_at is None]

    def department(self, department_id: UUID | None) -> Department | None:
        """The department with this id."""
        return next((each for each in self.every_department if each.id == department_id), None)

    def team(self, team_id: UUID | None) -> Team | None:
        """The team with this id."""
        return next((each for each in self.every_team if each.id == team_id), None)

    def team_called(self, key: str) -> Team | None:
        """The team in use that goes by this key."""
        return next((each for each in self.teams if each.key == key), None)

    def of_ticket(
        self, category_key: str, widget_key: str | None = None, department_id: UUID | None = None
    ) -> tuple[UUID | None, UUID | None]:
        """Where a ticket of this category belongs: as `place` says."""
        wanted = categories.catalogue().categories.get(category_key)
        home = next((each for each in self.departments if widget_key and each.widget_key == widget_key), None)
        home = home or next((each for each in self.departments if each.id == department_id), None)
        found = self._team_for(wanted.team.lower(), home) if wanted is not None else None
        if found is not None:
            return found.department_id, found.id
        home = home or next((each for each in self.every_department if each.is_default), None)
        return (home.id if home is not None else None), None

    def _team_for(self, named: str, home: Department | None) -> Team | None:
        """The team that a category means: by its key, or (within one department) by its name."""
        used = {each.id for each in self.departments} if home is None else {home.id}
        teams = sorted((each for each in self.teams if each.department_id in used), key=lambda team: team.id)
        by_key = next((each for each in teams if each.key.lower() == named), None)
        if by_key is not None or home is None:
            return by_key
        return next((each for each in teams if each.name.lower() == named), None)


def places(session: Session) -> Places:
    """Everything there is, in one statement."""
    asked = (
        select(Department, Team)
        .outerjoin(Team, Team.department_id == Department.id)
        .order_by(*_DEPARTMENTS_IN_ORDER)
        .options(defer(Department.logo))
    )
    rows = session.execute(asked).all()
    found = dict.fromkeys(row[0] for row in rows)
    teams = sorted((row[1] for row in rows if row[1] is not None), key=lambda team: (team.name.lower(), team.id))
    return Places(list(found), teams)


def departments(session: Session, archived: bool = False) -> list[Department]:
    """All of them, the default one first; their logos are read when they are asked for.

    Parameters:
        archived: also those that are no longer used.
    """
    asked = select(Department).options(defer(Department.logo)).order_by(*_DEPARTMENTS_IN_ORDER)
    if not archived:
        asked = asked.where(Department.archived_at.is_(None))
    return list(session.scalars(asked))


def teams(session: Session, department_id: UUID | None = None, archived: bool = False) -> list[Team]:
    """The teams, of one department or of all, by name."""
    asked = select(Team).order_by(*_TEAMS_IN_ORDER)
    if department_id is not None:
        asked = asked.where(Team.department_id == department_id)
    if not archived:
        asked = asked.where(Team.archived_at.is_(None))
    return list(session.scalars(asked))


def team(session: Session, team_id: UUID | None) -> Team | None:
    """The team with this id."""
    return session.get(Team, team_id) if team_id is not None else None


def place(
    session: Session, category_key: str, widget_key: str | None = None, department_id: UUID | None = None
) -> tuple[UUID | None, UUID | None]:
    """Where a ticket of this category belongs.

    Whoever came through a department's own chat (or `department_id`) stays with that department; anyone else goes to
    the team that the category names, and with it to that team's department; what nobody claims goes to the default one.

    Parameters:
        widget_key: of the chat in which it began.
        department_id: when that is known already.

    Returns:
        Department and team. No team: the department's own sorting. Neither: there are no departments.
    """
    return places(session).of_ticket(category_key, widget_key, department_id)


def called_in_a_sentence(session: Session, team_id: UUID | None, department_id: UUID | None) -> str | None:
    """Who has a ticket, as it stands in a sentence behind "the": its team, else its department; None for neither."""
    found = team(session, team_id)
    if found is not None:
        return found.key if found.name.lower() == found.key.lower() else found.name
    home = by_id(session, department_id)
    return (home.brand_name or home.name) if home is not None and not home.is_default else None


def ensure_defaults(session: Session) -> Department:
    """On an installation without departments, make one with the teams that the categories name."""
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _DEFAULTS_LOCK})
    found = default(session)
    if found is not None:
        return found
    now = clock.now()
    made = Department(
        key=DEFAULT_KEY,
        name=settings.get().desk_name,
        widget_key=new_widget_key(),
        is_default=True,
        created_at=now,
    )
    session.add(made)
    session.flush()
    named = {category.team.lower(): category.team for category in categories.catalogue().categories.values()}
    for key in named.values():
        session.add(Team(department_id=made.id, name=key[:1].upper() + key[1:], key=key, created_at=now))
    session.flush()
    return made


def new_widget_key() -> str:
    """A name for a chat that cannot be guessed from another one's: 72 random bits."""
    return secrets.token_urlsafe(9)
