"""Departments and teams as documents with a history: what can be changed, and what has to hold."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.configuration.models import BrandLogo
from helpsage.configuration.service import Content, InvalidContent
from helpsage.departments import brand, words
from helpsage.departments.logo import Logo
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.mail import address
from helpsage.people.models import Account, Role

KEY = re.compile(r"[a-z][a-z0-9-]{0,39}")
WIDGET_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
#: Addresses of the pages that make something new.
RESERVED = frozenset({"new"})
LONGEST_NAME = 80
MOST_ORIGINS = 50
ASSIGNMENTS = ("pull", "round_robin", "manual")
USUAL_ASSIGNMENT = "pull"
#: Minutes until tickets of someone who is away come back, and at most: a week.
USUAL_RETURN = 60
LONGEST_RETURN = 7 * 24 * 60


@dataclass(frozen=True)
class DepartmentDocument:
    """A row of `department`. A new id is a new department."""

    department_id: UUID

    @property
    def name(self) -> str:
        """In the log."""
        return f"department:{self.department_id}"

    def title(self, session: Session) -> str:
        """What people call it."""
        found = session.get(Department, self.department_id)
        return found.name if found is not None else ""

    def read(self, session: Session) -> Content | None:
        """The row as it is."""
        found = session.get(Department, self.department_id, populate_existing=True)
        if found is None:
            return None
        return {
            "key": found.key,
            "name": found.name,
            "brand_name": found.brand_name,
            "colour": found.colour,
            "logo": hashlib.sha256(found.logo).hexdigest() if found.logo else "",
            "sender_name": found.sender_name,
            "sender_email": found.sender_email,
            "widget_key": found.widget_key,
            "allowed_origins": list(found.allowed_origins),
            "is_default": found.is_default,
            "archived": found.archived_at is not None,
        }

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so. A department that becomes the default one takes that from the other.

        Raises:
            InvalidContent
        """
        found = session.get(Department, self.department_id)
        problems = self._problems(session, content, found)
        if problems:
            raise InvalidContent(problems)
        logo = session.get(BrandLogo, content["logo"]) if content["logo"] else None
        if content["is_default"]:
            session.execute(
                update(Department)
                .where(Department.is_default, Department.id != self.department_id)
                .values(is_default=False)
                .execution_options(synchronize_session="fetch")
            )
        if found is None:
            found = Department(id=self.department_id, created_at=clock.now())
            session.add(found)
        for name in ("key", "name", "brand_name", "colour", "sender_name", "sender_email", "widget_key", "is_default"):
            setattr(found, name, content[name])
        found.allowed_origins = list(content["allowed_origins"])
        found.logo = logo.content if logo is not None else None
        found.logo_type = logo.content_type if logo is not None else ""
        found.archived_at = (found.archived_at or clock.now()) if content["archived"] else None
        session.flush()

    def _problems(self, session: Session, content: Content, found: Department | None) -> dict[str, str]:
        problems = _field_problems(content)
        others = Department.id != self.department_id
        if "key" not in problems and _exists(session, others, Department.key == content["key"]):
            problems["key"] = words.KEY_TAKEN
        if "name" not in problems and _exists(session, others, func.lower(Department.name) == content["name"].lower()):
            problems["name"] = words.NAME_TAKEN
        if "widget_key" not in problems and _exists(session, others, Department.widget_key == content["widget_key"]):
            problems["widget_key"] = words.KEY_TAKEN
        if content["logo"] and session.get(BrandLogo, content["logo"]) is None:
            problems["logo"] = words.NO_LOGO
        if content["archived"] and content["is_default"]:
            problems["archived"] = words.DEFAULT_STAYS
        elif found is not None and found.is_default and not content["is_default"]:
            problems["is_default"] = words.CHOOSE_OTHER_DEFAULT
        return problems


def _field_problems(content: Content) -> dict[str, str]:
    """What can be seen without the database, by field."""
    problems: dict[str, str] = {}
    if not KEY.fullmatch(content["key"]) or content["key"] in RESERVED:
        problems["key"] = words.INVALID_KEY
    if not _line(content["name"], 1):
        problems["name"] = words.INVALID_NAME
    for name in ("brand_name", "sender_name"):
        if not _line(content[name], 0):
            problems[name] = words.INVALID_NAME_OR_EMPTY
    if content["colour"] and not brand.is_colour(content["colour"]):
        problems["colour"] = words.INVALID_COLOUR
    if content["sender_email"] and not _is_address(content["sender_email"]):
        problems["sender_email"] = words.INVALID_ADDRESS
    if not WIDGET_KEY.fullmatch(content["widget_key"]):
        problems["widget_key"] = words.INVALID_WIDGET_KEY
    wrong = [origin for origin in content["allowed_origins"] if not is_origin(origin)]
    if wrong:
        problems["allowed_origins"] = words.INVALID_ORIGIN.format(origin=wrong[0][:80])
    elif len(content["allowed_origins"]) > MOST_ORIGINS:
        problems["allowed_origins"] = words.TOO_MANY_ORIGINS.format(most=MOST_ORIGINS)
    return problems


def is_origin(text: str) -> bool:
    """Whether this is scheme://host[:port] of a web page, and nothing more."""
    try:
        parts = urlsplit(text)
        written = f"{parts.scheme}://{parts.netloc}"
        port = parts.port
    except ValueError:
        return False
    hosted = parts.hostname is not None and "@" not in parts.netloc and parts.netloc.isascii()
    clean = re.fullmatch(r"[a-z0-9.\-\[\]:]+", parts.netloc) is not None
    return parts.scheme in ("http", "https") and hosted and clean and written == text and port != 0


def _is_address(text: str) -> bool:
    try:
        return address.parse(text) == text
    except address.InvalidAddress:
        return False


def _line(text: str, least: int) -> bool:
    return least <= len(text.strip()) and len(text) <= LONGEST_NAME and (text == "" or text.isprintable())


def _exists(session: Session, *conditions: Any) -> bool:
    return session.scalar(select(Department.id).where(*conditions).limit(1)) is not None


def keep_logo(session: Session, logo: Logo) -> str:
    """Put a cleaned picture by, so that a department can have it. Returns its SHA-256, which names it."""
    name = hashlib.sha256(logo.content).hexdigest()
    session.execute(
        insert(BrandLogo)
        .values(sha256=name, content=logo.content, content_type=logo.content_type, created_at=clock.now())
        .on_conflict_do_nothing()
    )
    return name


@dataclass(frozen=True)
class TeamDocument:
    """A row of `team` with its members. A new id is a new team."""

    team_id: UUID

    @property
    def name(self) -> str:
        """In the log."""
        return f"team:{self.team_id}"

    def title(self, session: Session) -> str:
        """What people call it."""
        found = session.get(Team, self.team_id)
        return found.name if found is not None else ""

    def read(self, session: Session) -> Content | None:
        """The row and its members as they are."""
        found = session.get(Team, self.team_id, populate_existing=True)
        if found is None:
            return None
        members = session.scalars(select(TeamMember.account_id).where(TeamMember.team_id == self.team_id))
        return {
            "key": found.key,
            "name": found.name,
            "department": str(found.department_id),
            "members": sorted(str(member) for member in members),
            "archived": found.archived_at is not None,
            "assignment": found.assignment,
            "returns_after": found.returns_after,
        }

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so. Members who no longer work here are left out.

        Raises:
            InvalidContent
        """
        problems = self._problems(session, content)
        if problems:
            raise InvalidContent(problems)
        found = session.get(Team, self.team_id)
        if found is None:
            found = Team(id=self.team_id, created_at=clock.now())
            session.add(found)
        found.key, found.name = content["key"], content["name"]
        found.department_id = UUID(content["department"])
        # What older states of the document do not say is as usual.
        found.assignment = content.get("assignment", USUAL_ASSIGNMENT)
        found.returns_after = content.get("returns_after", USUAL_RETURN)
        found.archived_at = (found.archived_at or clock.now()) if content["archived"] else None
        session.flush()
        self._set_members(session, content["members"])

    def _set_members(self, session: Session, members: list[str]) -> None:
        staff = select(Account.id).where(Account.id.in_([UUID(member) for member in members]))
        wanted = set(session.scalars(staff.where(Account.role != Role.REQUESTER.value)))
        session.execute(
            delete(TeamMember).where(TeamMember.team_id == self.team_id, TeamMember.account_id.not_in(wanted))
        )
        for member in wanted:
            session.execute(insert(TeamMember).values(team_id=self.team_id, account_id=member).on_conflict_do_nothing())

    def _problems(self, session: Session, content: Content) -> dict[str, str]:
        problems: dict[str, str] = {}
        department = _uuid(content["department"])
        if department is None or session.get(Department, department) is None:
            problems["department"] = words.NO_DEPARTMENT
        others = select(Team.id).where(Team.id != self.team_id).limit(1)
        if not _line(content["name"], 1):
            problems["name"] = words.INVALID_NAME
        elif "department" not in problems:
            same = others.where(Team.department_id == department, func.lower(Team.name) == content["name"].lower())
            if session.scalar(same) is not None:
                problems["name"] = words.TEAM_TAKEN
        if any(_uuid(member) is None for member in content["members"]):
            problems["members"] = words.NO_MEMBER
        if content.get("assignment", USUAL_ASSIGNMENT) not in ASSIGNMENTS:
            problems["assignment"] = words.CHOOSE
        minutes = content.get("returns_after", USUAL_RETURN)
        if minutes is not None and (not isinstance(minutes, int) or not 0 <= minutes <= LONGEST_RETURN):
            problems["returns_after"] = words.NO_MINUTES
        # The key is made from the other two: it has no field of its own.
        if not problems and not _line(content["key"], 1):
            problems["name"] = words.INVALID_NAME
        elif not problems and session.scalar(others.where(func.lower(Team.key) == content["key"].lower())) is not None:
            problems["name"] = words.KEY_TAKEN
        return problems


def free_team_key(session: Session, name: str, department: Department) -> str:
    """A key for a new team: its name in small letters, with the department's behind it when that one is taken."""
    key = name.strip().lower()[:LONGEST_NAME]
    taken = set(session.scalars(select(func.lower(Team.key))))
    if key not in taken:
        return key
    key = f"{key[:30]} ({department.key[:30]})"
    number = 2
    while key in taken:
        key = f"{key.split(' #')[0]} #{number}"
        number += 1
    return key


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except (ValueError, AttributeError, TypeError):
        return None
