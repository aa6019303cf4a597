"""A board as a document with a history. Its token is a secret and stands in no log."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from helpsage import clock, sealed
from helpsage.boards import sync
from helpsage.boards import words as told
from helpsage.boards.kinds import KINDS
from helpsage.boards.models import BoardRow
from helpsage.configuration.service import Content, InvalidContent
from helpsage.departments import service as departments

LONGEST_NAME = 80
REMARKS = ("reply", "note")


@dataclass(frozen=True)
class BoardDocument:
    """A row of `board`.

    Attributes:
        token: the new one; empty keeps the one there is.
    """

    board_id: UUID
    token: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """In the log."""
        return f"board:{self.board_id}"

    def title(self, session: Session) -> str:
        """What people call it."""
        found = session.get(BoardRow, self.board_id)
        return found.name if found is not None else ""

    def read(self, session: Session) -> Content | None:
        """The board as it is, without its token."""
        found = session.get(BoardRow, self.board_id, populate_existing=True)
        if found is None:
            return None
        return {
            "name": found.name,
            "kind": found.kind,
            "project": found.project_id,
            "department": str(found.department_id) if found.department_id is not None else "",
            "remarks": found.remarks,
            "notes": found.notes,
            "enabled": found.disabled_at is None,
            "removed": found.removed_at is not None,
        }

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so; a board that had stopped goes on.

        Raises:
            InvalidContent
        """
        found = session.get(BoardRow, self.board_id)
        home = departments.by_id(session, UUID(content["department"])) if content["department"] else None
        self._check(content, found, home_missing=bool(content["department"]) and home is None)
        if found is None:
            found = BoardRow(id=self.board_id, created_at=clock.now(), kind=content["kind"])
            session.add(found)
        elif found.project_id != content["project"]:
            found.sections, found.cursor = {}, ""
        if self.token:
            found.token = sealed.seal(sync.PURPOSE, self.token.strip())
        found.name, found.project_id = content["name"].strip(), content["project"]
        found.department_id = home.id if home is not None else None
        found.remarks, found.notes = content["remarks"], bool(content["notes"])
        found.disabled_at = None if content["enabled"] else found.disabled_at or clock.now()
        found.removed_at = found.removed_at or clock.now() if content["removed"] else None
        found.broken_at, found.trouble, found.failures, found.next_at = None, "", 0, clock.now()
        session.flush()

    def _check(self, content: Content, found: BoardRow | None, home_missing: bool) -> None:
        problems = {}
        if not 0 < len(content["name"].strip()) <= LONGEST_NAME:
            problems["name"] = told.NAME_MISSING
        if not self.token.strip() and found is None:
            problems["token"] = told.TOKEN_MISSING
        if not content["project"]:
            problems["project"] = told.PROJECT_MISSING
        if home_missing:
            problems["department"] = told.CHOOSE
        if content["remarks"] not in REMARKS:
            problems["remarks"] = told.CHOOSE
        if content["kind"] not in KINDS:
            problems["kind"] = told.CHOOSE
        if problems and not content["removed"]:
            raise InvalidContent(problems)
