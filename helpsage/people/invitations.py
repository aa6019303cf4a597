"""Asking someone to work here: a letter with a link, behind which they choose their password."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import mail, settings
from helpsage.departments.models import Team, TeamMember
from helpsage.people import accounts, directory, log, passwords, tokens
from helpsage.people.errors import AccountExists, LinkUnknown
from helpsage.people.models import Account, AccountToken, Role
from helpsage.people.permissions import Action, Viewer, may, require, viewer_of
from helpsage.people.tokens import LIFETIMES, Kind

#: As they stand in the letter: "as ...".
ROLES = {
    Role.REQUESTER: "someone who asks",
    Role.AGENT: "an agent",
    Role.LEAD: "a lead",
    Role.ADMINISTRATOR: "an administrator",
}


@dataclass(frozen=True)
class Invitation:
    """One that was sent and not accepted yet."""

    #: For `withdraw`; it opens nothing.
    id: str
    email: str
    name: str
    role: Role
    team_ids: tuple[UUID, ...]
    sent_at: datetime
    expires_at: datetime


def invite(
    session: Session,
    email: str,
    name: str = "",
    role: Role | str = Role.AGENT,
    team_ids: Collection[UUID] = (),
    inviter: Viewer | None = None,
) -> Invitation:
    """Send a letter. A second one to the same address takes the place of the first.

    Parameters:
        inviter: None on the command line, whose user owns the machine.

    Raises:
        Forbidden, InvalidEmail
        AccountExists: change the role of that account instead.
        ValueError: not a role.
    """
    if inviter is not None:
        require(inviter, Action.MANAGE_PEOPLE)
    address, known = accounts.parsed_email(email), directory.clean_name(name)
    if accounts.by_email(session, address) is not None:
        raise AccountExists(address)
    for earlier in tokens.waiting(session, Kind.INVITE):
        if earlier.email.lower() == address.lower():
            session.delete(earlier)
    data = {
        "name": known,
        "role": Role(role).value,
        "teams": [str(team) for team in team_ids],
        "inviter": str(inviter.account_id) if inviter is not None else None,
    }
    token = tokens.issue(session, Kind.INVITE, address, data=data)
    configured = settings.get()
    values = {
        "name": known,
        "inviter": (inviter.name if inviter is not None else "") or configured.desk_name,
        "role": ROLES[Role(role)],
        "link": f"{configured.web_url}/invitation?token={token}",
        "days": LIFETIMES[Kind.INVITE].days,
    }
    mail.send_letter(session, address, "invitation", values, confidential=True)
    return _invitation(tokens.look_at(session, Kind.INVITE, token))


def link(session: Session, token: str) -> Invitation:
    """What a link offers.

    Raises:
        LinkUnknown: also when whoever sent it may no longer invite anybody.
        LinkUsed, LinkExpired
    """
    found = tokens.look_at(session, Kind.INVITE, token)
    _require_inviter(session, found)
    return _invitation(found)


def accept(session: Session, token: str, name: str, password: str) -> Account:
    """Make the account.

    Raises:
        LinkUnknown, LinkUsed, LinkExpired
        InvalidName, InvalidPassword: the link can be used again.
        AccountExists: made in the meantime.
    """
    found = tokens.lock(session, Kind.INVITE, token)
    _require_inviter(session, found)
    offered = _invitation(found)
    chosen = directory.given_name(name)
    accepted = passwords.accepted(password, found.email, chosen)
    account = accounts.add(session, found.email, chosen, passwords.hashed(accepted), offered.role)
    account.person.name = chosen
    present = session.scalars(select(Team.id).where(Team.id.in_(offered.team_ids), Team.archived_at.is_(None)))
    session.add_all(TeamMember(team_id=team, account_id=account.id) for team in present)
    tokens.use_up(session, found)
    by = found.data.get("inviter")
    inviter = session.get(Account, UUID(by)) if by else None
    after = {"role": offered.role.value, "teams": found.data["teams"]}
    log.record(session, account.id, "invited", after=after, actor_id=inviter.id if inviter is not None else None)
    return account


def waiting(session: Session) -> list[Invitation]:
    """Invitations that were not accepted yet, the newest first."""
    return [_invitation(found) for found in tokens.waiting(session, Kind.INVITE)]


def withdraw(session: Session, invitation_id: str) -> None:
    """The link opens nothing any more.

    Raises:
        LinkUnknown: there is none, or it was accepted.
    """
    found = session.get(AccountToken, invitation_id, with_for_update=True)
    if found is None or found.kind != Kind.INVITE or found.used_at is not None:
        raise LinkUnknown
    session.delete(found)
    session.flush()


def _require_inviter(session: Session, found: AccountToken) -> None:
    """Nobody keeps a way back in by inviting themselves before they leave. The command line stays what it is."""
    by = found.data.get("inviter")
    if by is None:
        return
    inviter = session.get(Account, UUID(by))
    if inviter is None or inviter.disabled_at is not None or not may(viewer_of(session, inviter), Action.MANAGE_PEOPLE):
        raise LinkUnknown


def _invitation(found: AccountToken) -> Invitation:
    return Invitation(
        id=found.token_hash,
        email=found.email,
        name=str(found.data.get("name", "")),
        role=Role(found.data["role"]),
        team_ids=tuple(UUID(team) for team in found.data.get("teams", [])),
        sent_at=found.created_at,
        expires_at=found.expires_at,
    )
