"""Where teams are told: making a place, connecting it by a code that is said there, and finding the right ones.

An administrator makes a place in the settings and gets a code; whoever says `connect <code>` to the assistant in the
channel shows that they have both. The code works once, for an hour, and is kept as a keyed hash only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.alerts.models import AlertPlace, Which
from helpsage.departments import service as departments

CODE_LASTS = timedelta(hours=1)
#: Without characters that are taken for one another.
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_HALF = 4


class BadCode(Exception):
    """No place waits for this code."""


class AlreadyConnected(Exception):
    """The channel is a place already.

    Attributes:
        name: of that place.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(name)


def new_code(session: Session, place: AlertPlace) -> str:
    """A code that connects the place; an earlier one does so no longer."""
    code = "".join(secrets.choice(_ALPHABET) for _ in range(2 * _HALF))
    place.code_hash, place.code_expires_at = _hashed(code), clock.now() + CODE_LASTS
    session.flush()
    return f"{code[:_HALF]}-{code[_HALF:]}"


def connect(session: Session, code: str, installation: str, where: str, address: dict[str, Any]) -> AlertPlace:
    """This channel is the place of this code from now on.

    Raises:
        BadCode, AlreadyConnected
    """
    found = session.scalar(
        select(AlertPlace)
        .where(AlertPlace.code_hash == _hashed(code), AlertPlace.removed_at.is_(None))
        .with_for_update()
    )
    if found is None or found.code_expires_at is None or found.code_expires_at <= clock.now():
        raise BadCode
    other = session.scalar(
        select(AlertPlace).where(
            AlertPlace.installation == installation,
            AlertPlace.place == where,
            AlertPlace.removed_at.is_(None),
            AlertPlace.id != found.id,
        )
    )
    if other is not None:
        raise AlreadyConnected(other.name)
    found.installation, found.place, found.address = installation, where, address
    found.connected_at = clock.now()
    found.code_hash = found.code_expires_at = None
    session.flush()
    return found


def _hashed(code: str) -> str:
    written = "".join(one for one in code.upper() if one in _ALPHABET)
    return hmac.new(settings.get().derived("alert place").encode(), written.encode(), hashlib.sha256).hexdigest()


def for_tickets(
    session: Session, department_id: UUID | None, team_id: UUID | None, which: Sequence[Which]
) -> list[AlertPlace]:
    """Where a ticket of this team is told; without places of its own, those of the department."""
    wanted = {each.value for each in which}
    return [each for each in _of(session, department_id, team_id) if each.tickets in wanted]


def for_chats(session: Session, department_id: UUID | None, team_id: UUID | None) -> list[AlertPlace]:
    """Where a waiting chat is told. One that is no team's yet is any team's of the department: all of its places."""
    return [each for each in _of(session, department_id, team_id, any_team=team_id is None) if each.chats]


def _of(session: Session, department_id: UUID | None, team_id: UUID | None, any_team: bool = False) -> list[AlertPlace]:
    default = departments.default(session) if department_id is None else None
    home = department_id or (default.id if default is not None else None)
    asked = select(AlertPlace).where(
        AlertPlace.removed_at.is_(None), AlertPlace.installation.is_not(None), AlertPlace.department_id == home
    )
    found = list(session.scalars(asked.order_by(AlertPlace.created_at, AlertPlace.id)))
    own = [each for each in found if each.team_id == team_id and team_id is not None]
    return found if any_team else own or [each for each in found if each.team_id is None]
