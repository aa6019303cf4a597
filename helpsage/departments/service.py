"""Departments and teams: finding them, and finding the place where a ticket belongs."""

from __future__ import annotations

import secrets
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.departments.models import Department, Team
from helpsage.tickets import categories

DEFAULT_KEY = "help-desk"
#: Two programs that start on an empty database make one default department.
_DEFAULTS_LOCK = 1004


def default(session: Session) -> Department | None:
    """The department that takes what no other one claims; None on an installation that has none yet."""
    return session.scalar(select(Department).where(Department.is_default))


def by_id(session: Session, department_id: UUID | None) -> Department | None:
    """The department with this id."""
    return session.get(Department, department_id) if department_id is not None else None


def by_key(session: Session, key: str) -> Department | None:
    """The department that goes by this key in addresses."""
    return session.scalar(select(Department).where(Department.key == key))


def by_widget_key(session: Session, widget_key: str | None) -> Department | None:
    """The department whose chat carries this key; archived ones have no chat any more."""
    if not widget_key:
        return None
    return session.scalar(
        select(Department).where(Department.widget_key == widget_key, Department.archived_at.is_(None))
    )


def departments(session: Session, archived: bool = False) -> list[Department]:
    """All of them, the default one first.

    Parameters:
        archived: also those that are no longer used.
    """
    asked = select(Department).order_by(Department.is_default.desc(), func.lower(Department.name), Department.id)
    if not archived:
        asked = asked.where(Department.archived_at.is_(None))
    return list(session.scalars(asked))


def teams(session: Session, department_id: UUID | None = None, archived: bool = False) -> list[Team]:
    """The teams, of one department or of all, by name."""
    asked = select(Team).order_by(func.lower(Team.name), Team.id)
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
    wanted = categories.catalogue().categories.get(category_key)
    home = by_widget_key(session, widget_key) or _in_use(by_id(session, department_id))
    found = _team_for(session, wanted.team, home) if wanted is not None else None
    if found is not None:
        return found.department_id, found.id
    home = home or default(session)
    return (home.id if home is not None else None), None


def called_in_a_sentence(session: Session, team_id: UUID | None, department_id: UUID | None) -> str | None:
    """Who has a ticket, as it stands in a sentence behind "the": its team, else its department; None for neither."""
    found = team(session, team_id)
    if found is not None:
        return found.key if found.name.lower() == found.key.lower() else found.name
    home = by_id(session, department_id)
    return (home.brand_name or home.name) if home is not None and not home.is_default else None


def _in_use(department: Department | None) -> Department | None:
    return department if department is not None and department.archived_at is None else None


def _team_for(session: Session, named: str, home: Department | None) -> Team | None:
    """The team that a category means: by its key, or (within one department) by its name."""
    wanted = func.lower(named)
    belongs: ColumnElement[bool] = func.lower(Team.key) == wanted
    asked = select(Team).join(Department, Department.id == Team.department_id)
    asked = asked.where(Team.archived_at.is_(None), Department.archived_at.is_(None))
    if home is not None:
        asked = asked.where(Team.department_id == home.id, belongs | (func.lower(Team.name) == wanted))
    else:
        asked = asked.where(belongs)
    return session.scalar(asked.order_by(belongs.desc(), Team.id).limit(1))


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
