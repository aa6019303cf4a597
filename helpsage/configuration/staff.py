"""What an administrator decides about an account, as a document with a history: role, teams, whether it may log in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage.configuration.service import Content, InvalidContent
from helpsage.departments.models import Team, TeamMember
from helpsage.people import accounts
from helpsage.people.models import Account, Role

LAST_ADMINISTRATOR = "This is the last administrator. Make someone else one first."
UNKNOWN_ROLE = "Choose one of the list."
REQUESTERS_HAVE_NO_TEAM = "Only staff work in teams."


@dataclass(frozen=True)
class AccountDocument:
    """A row of `account`, as far as administrators decide about it."""

    account_id: UUID

    @property
    def name(self) -> str:
        """In the log."""
        return f"account:{self.account_id}"

    def title(self, session: Session) -> str:
        """What people call it."""
        found = session.get(Account, self.account_id)
        return (found.person.name or found.email) if found is not None else ""

    def read(self, session: Session) -> Content | None:
        """The account as it is."""
        found = session.get(Account, self.account_id, populate_existing=True)
        if found is None:
            return None
        teams = session.scalars(select(TeamMember.team_id).where(TeamMember.account_id == self.account_id))
        return {
            "role": found.role,
            "disabled": found.disabled_at is not None,
            "teams": sorted(str(team) for team in teams),
        }

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so. A disabled account's sessions end at once.

        Raises:
            InvalidContent
        """
        found = session.get(Account, self.account_id)
        if found is None:
            raise InvalidContent(UNKNOWN_ROLE)
        if content["role"] not in list(Role):
            raise InvalidContent({"role": UNKNOWN_ROLE})
        if content["role"] == Role.REQUESTER and content["teams"]:
            raise InvalidContent({"teams": REQUESTERS_HAVE_NO_TEAM})
        stays = content["role"] == Role.ADMINISTRATOR and not content["disabled"]
        if not stays and self._is_last_administrator(session):
            raise InvalidContent({"role": LAST_ADMINISTRATOR})
        found.role = Role(content["role"]).value
        if content["disabled"]:
            accounts.disable(session, found)
        else:
            accounts.enable(found)
        session.flush()
        self._set_teams(session, content["teams"])

    def _is_last_administrator(self, session: Session) -> bool:
        # Locked, so that two administrators cannot remove one another at the same moment.
        active = select(Account.id).where(Account.role == Role.ADMINISTRATOR.value, Account.disabled_at.is_(None))
        return list(session.scalars(active.with_for_update(of=Account))) == [self.account_id]

    def _set_teams(self, session: Session, teams: list[str]) -> None:
        wanted = set(session.scalars(select(Team.id).where(Team.id.in_([UUID(team) for team in teams]))))
        session.execute(
            delete(TeamMember).where(TeamMember.account_id == self.account_id, TeamMember.team_id.not_in(wanted))
        )
        for team in wanted:
            session.execute(
                insert(TeamMember).values(team_id=team, account_id=self.account_id).on_conflict_do_nothing()
            )
