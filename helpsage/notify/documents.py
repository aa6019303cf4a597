"""What administrators change about notices, as documents with a history: templates, and places outside."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from helpsage import clock, sealed
from helpsage.configuration.service import Content, InvalidContent
from helpsage.departments.models import Team
from helpsage.notify import targets, words
from helpsage.notify.models import Target
from helpsage.people.models import Person
from helpsage.people.preferences import Event

#: What a team's or the desk's target may be told.
OUTSIDE = (Event.TEAM, Event.WROTE, Event.REPLIED, Event.ASSIGNED, Event.ALERTED, Event.PROGRESS, Event.FINISHED)


@dataclass(frozen=True)
class TargetDocument:
    """A row of `notify_target`. Its address is a secret and stands in no log: only that it changed can be seen there.

    Attributes:
        address: the new one; empty keeps the one there is.
    """

    target_id: UUID
    address: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """In the log."""
        return f"notice_target:{self.target_id}"

    def title(self, session: Session) -> str:
        """What people call it."""
        found = session.get(Target, self.target_id)
        return found.name if found is not None else ""

    def read(self, session: Session) -> Content | None:
        """The target as it is, without its address."""
        found = session.get(Target, self.target_id, populate_existing=True)
        if found is None:
            return None
        return {
            "name": found.name,
            "service": found.service,
            "address": hashlib.sha256(found.address.encode()).hexdigest()[:8],
            "person": str(found.person_id) if found.person_id is not None else "",
            "team": str(found.team_id) if found.team_id is not None else "",
            "events": list(found.events),
            "removed": found.removed_at is not None,
        }

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so.

        Raises:
            InvalidContent
        """
        found = session.get(Target, self.target_id)
        problems = self._problems(session, content, found)
        service = found.service if found is not None else ""
        if self.address or found is None:
            try:
                service = targets.service_of(self.address)
            except targets.InvalidTarget as error:
                problems["address"] = str(error)
        if problems:
            raise InvalidContent(problems)
        if found is None:
            found = Target(id=self.target_id, created_at=clock.now())
            session.add(found)
        found.name, found.service = content["name"].strip(), service
        if self.address:
            found.address = sealed.seal(targets.PURPOSE, self.address.strip())
            found.error, found.failed_at, found.worked_at = "", None, None
        found.person_id = UUID(content["person"]) if content["person"] else None
        found.team_id = UUID(content["team"]) if content["team"] else None
        found.events = sorted(content["events"])
        found.removed_at = (found.removed_at or clock.now()) if content["removed"] else None
        session.flush()

    def _problems(self, session: Session, content: Content, found: Target | None) -> dict[str, str]:
        problems = {}
        name = content["name"].strip()
        if not 0 < len(name) <= targets.LONGEST_NAME or not name.isprintable():
            problems["name"] = words.ONE_LINE.format(most=targets.LONGEST_NAME)
        if content["person"] and session.get(Person, UUID(content["person"])) is None:
            problems["owner"] = words.CHOOSE
        if content["team"] and session.get(Team, UUID(content["team"])) is None:
            problems["owner"] = words.CHOOSE
        if not set(content["events"]) <= {event.value for event in OUTSIDE}:
            problems["events"] = words.CHOOSE
        if not content["person"] and not content["events"] and not content["removed"]:
            problems["events"] = words.CHOOSE_EVENTS
        return problems
