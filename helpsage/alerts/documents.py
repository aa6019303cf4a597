"""A place for alerts as a document with a history. Where it is connected stands in no log, and no change moves it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.alerts import words
from helpsage.alerts.models import AlertPlace, Which
from helpsage.configuration.service import Content, InvalidContent
from helpsage.departments import service as departments

LONGEST_NAME = 80


@dataclass(frozen=True)
class PlaceDocument:
    """A row of `alert_place`."""

    place_id: UUID

    @property
    def name(self) -> str:
        """In the log."""
        return f"alert_place:{self.place_id}"

    def title(self, session: Session) -> str:
        """What people call it."""
        found = session.get(AlertPlace, self.place_id)
        return found.name if found is not None else ""

    def read(self, session: Session) -> Content | None:
        """The place as it is."""
        found = session.get(AlertPlace, self.place_id, populate_existing=True)
        if found is None:
            return None
        team = found.team_id is not None
        return {
            "name": found.name,
            "whose": f"team:{found.team_id}" if team else f"department:{found.department_id}",
            "tickets": found.tickets,
            "chats": found.chats,
            "removed": found.removed_at is not None,
        }

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so.

        Raises:
            InvalidContent
        """
        found = session.get(AlertPlace, self.place_id)
        department_id, team_id = _whose(session, content["whose"])
        problems = {}
        if not 0 < len(content["name"].strip()) <= LONGEST_NAME or not content["name"].isprintable():
            problems["name"] = words.NAME_MISSING
        if department_id is None:
            problems["whose"] = words.CHOOSE
        if content["tickets"] not in list(Which):
            problems["tickets"] = words.CHOOSE
        elif content["tickets"] == Which.NONE and not content["chats"]:
            problems["tickets"] = words.NOTHING_TOLD
        if problems and not content["removed"]:
            raise InvalidContent(problems)
        if found is None:
            found = AlertPlace(id=self.place_id, created_at=clock.now())
            session.add(found)
        if not content["removed"] and _is_taken(session, found):
            raise InvalidContent({"": words.TAKEN_MEANWHILE})
        found.name, found.tickets, found.chats = content["name"].strip(), content["tickets"], bool(content["chats"])
        if department_id is not None:
            found.department_id, found.team_id = department_id, team_id
        found.removed_at = found.removed_at or clock.now() if content["removed"] else None
        session.flush()


def _whose(session: Session, written: str) -> tuple[UUID | None, UUID | None]:
    """Department and team of `team:<id>` or `department:<id>`; neither when there is no such."""
    kind, _, chosen = written.partition(":")
    try:
        identified = UUID(chosen)
    except ValueError:
        return None, None
    if kind == "team":
        team = departments.team(session, identified)
        return (team.department_id, team.id) if team is not None else (None, None)
    home = departments.by_id(session, identified)
    return (home.id, None) if home is not None else (None, None)


def _is_taken(session: Session, place: AlertPlace) -> bool:
    """Whether its channel became another place while it was away."""
    if place.installation is None or place.removed_at is None:
        return False
    asked = select(AlertPlace.id).where(
        AlertPlace.installation == place.installation,
        AlertPlace.place == place.place,
        AlertPlace.removed_at.is_(None),
        AlertPlace.id != place.id,
    )
    return session.scalar(asked) is not None
