"""The levels as a document with a history. Whoever changes it changes by when open tickets are due."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.configuration.documents import StoredDocument
from helpsage.configuration.service import Content, InvalidContent
from helpsage.departments.models import Department, Team
from helpsage.events import outbox
from helpsage.people.models import Account, Role
from helpsage.service_levels import levels, words
from helpsage.service_levels.calendar import NeverOpen, add
from helpsage.service_levels.levels import Levels

#: What the events of this document happen to.
SUBJECT = uuid.uuid5(uuid.NAMESPACE_URL, "helpsage:service-levels")
CHANGED = "service_levels.changed"


@dataclass(frozen=True)
class LevelsDocument(StoredDocument):
    """Calendars and policies."""

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so; open tickets are counted by its calendars from then on.

        Raises:
            InvalidContent
        """
        try:
            _check_reached(levels.build(content))
        except ValueError as error:
            raise InvalidContent(str(error)) from error
        super().write(session, content)
        outbox.record(session, CHANGED, SUBJECT, {"anew": False})


def _check_reached(known: Levels) -> None:
    """Every target is reached some day.

    Raises:
        InvalidLevels
    """
    for policy in known.policies:
        longest = timedelta(minutes=max(policy.first_response, policy.resolution))
        try:
            add(known.calendars[policy.calendar], clock.now(), longest)
        except NeverOpen as error:
            raise levels.InvalidLevels(f"{policy.title}: {words.NEVER_DUE}") from error


def apply_to_open(session: Session) -> None:
    """Let the policies as they are now count for every open ticket too."""
    outbox.record(session, CHANGED, SUBJECT, {"anew": True})


def unknown_departments(session: Session, keys: Iterable[str]) -> list[str]:
    """Those that there are not (any more)."""
    known = set(session.scalars(select(Department.key).where(Department.archived_at.is_(None))))
    return [key for key in keys if key not in known]


def staff(session: Session) -> list[tuple[str, str]]:
    """Address and name of everyone who works here, by name."""
    working = (Account.role != Role.REQUESTER.value, Account.disabled_at.is_(None))
    found = session.scalars(select(Account).where(*working))
    return sorted(((each.email, each.person.name or each.email) for each in found), key=lambda each: each[1].casefold())


def is_place(session: Session, hand_to: str) -> bool:
    """Whether a late ticket can be handed there."""
    kind, _, name = hand_to.partition(":")
    match kind:
        case "" | "queue":
            return not name
        case "team":
            there = select(Team.id).where(func.lower(Team.key) == name.lower(), Team.archived_at.is_(None))
        case "account":
            working = (Account.role != Role.REQUESTER.value, Account.disabled_at.is_(None))
            there = select(Account.id).where(func.lower(Account.email) == name.lower(), *working)
        case _:
            return False
    return session.scalar(there) is not None


SERVICE_LEVELS = LevelsDocument(levels.NAME, "Service levels", levels.FILE, levels.build)
