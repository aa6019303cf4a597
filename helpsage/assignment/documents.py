"""What an agent works on, as a document with a history."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage.assignment.models import Availability
from helpsage.configuration.service import Content, InvalidContent
from helpsage.people.models import Account, Role

LANGUAGE = re.compile(r"[a-z]{2,3}")
MOST_CAPACITY = 1_000
NO_AGENT = "Only staff work on tickets."
NO_CAPACITY = "A number from 0 to 1,000, or nothing."
NO_LANGUAGE = "“{written}” is no language: write en, de, hi."


@dataclass(frozen=True)
class AgentDocument:
    """Capacity and skills of an account."""

    account_id: UUID

    @property
    def name(self) -> str:
        """In the log."""
        return f"agent:{self.account_id}"

    def title(self, session: Session) -> str:
        """What people call it."""
        found = session.get(Account, self.account_id)
        return (found.person.name or found.email) if found is not None else ""

    def read(self, session: Session) -> Content | None:
        """As it is; an agent of whom nothing was said takes what everybody takes."""
        account = session.get(Account, self.account_id)
        if account is None or account.role == Role.REQUESTER:
            return None
        found = session.get(Availability, self.account_id, populate_existing=True)
        return {
            "capacity": found.capacity if found is not None else None,
            "categories": sorted(found.categories) if found is not None else [],
            "languages": sorted(found.languages) if found is not None else [],
        }

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so.

        Raises:
            InvalidContent
        """
        if self.read(session) is None:
            raise InvalidContent(NO_AGENT)
        problems: dict[str, str] = {}
        capacity = content["capacity"]
        if capacity is not None and (not isinstance(capacity, int) or not 0 <= capacity <= MOST_CAPACITY):
            problems["capacity"] = NO_CAPACITY
        wrong = [each for each in content["languages"] if not LANGUAGE.fullmatch(each)]
        if wrong:
            problems["languages"] = NO_LANGUAGE.format(written=wrong[0][:20])
        if problems:
            raise InvalidContent(problems)
        values = {name: content[name] for name in ("capacity", "categories", "languages")}
        row = insert(Availability).values(account_id=self.account_id, **values)
        session.execute(row.on_conflict_do_update(index_elements=["account_id"], set_=values))
        session.expire_all()
