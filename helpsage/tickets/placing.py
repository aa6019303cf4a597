"""Which team works on a ticket, and who may be given it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from helpsage.assignment import presence
from helpsage.assignment.models import Availability
from helpsage.departments import service as departments
from helpsage.departments.models import TeamMember
from helpsage.people.models import Account, Person, Role
from helpsage.tickets import changing, service, words
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import TicketError
from helpsage.tickets.models import Ticket

_STAFF = (Role.AGENT.value, Role.LEAD.value, Role.ADMINISTRATOR.value)


class UnknownPlace(TicketError):
    """No such team or agent, or one that takes no tickets any more."""


@dataclass(frozen=True)
class Colleague:
    """Someone who can be given a ticket."""

    account_id: UUID
    name: str
    #: Whether they work in the ticket's team.
    in_team: bool
    away: bool = False


def change_team(
    session: Session,
    ticket: Ticket,
    team_id: UUID | None,
    actor: Actor,
    reason: str = "",
    expected_version: int | None = None,
) -> Ticket:
    """Hand a ticket to a team, and with it to the team's department; None leaves it to its department to sort.

    Raises:
        UnknownPlace, TicketNotFound, StaleTicket
    """
    team = departments.team(session, team_id)
    if team_id is not None and (team is None or team.archived_at is not None):
        raise UnknownPlace(str(team_id))
    ticket = changing.locked(session, ticket, expected_version)
    if ticket.team_id == team_id:
        return ticket
    before = {"team": changing.id_or_none(ticket.team_id), "department": changing.id_or_none(ticket.department_id)}
    at = changing.touch(ticket)
    ticket.team_id = team_id
    if team is not None:
        ticket.department_id = team.department_id
    after = {"team": changing.id_or_none(team_id), "department": changing.id_or_none(ticket.department_id)}
    changing.log(session, ticket, actor, "team", before, after, words.reason(reason), at)
    changing.tell(session, ticket, "ticket.team_changed", actor, {"from": before["team"], "to": after["team"]})
    return ticket


def give(
    session: Session,
    ticket: Ticket,
    account_id: UUID | None,
    actor: Actor,
    expected_version: int | None = None,
    reason: str = "",
) -> Ticket:
    """Give a ticket to someone who works here, or back to the queue with None.

    Raises:
        UnknownPlace, TicketNotFound, StaleTicket
    """
    if account_id is not None:
        account = session.get(Account, account_id)
        if account is None or account.role not in _STAFF or account.disabled_at is not None:
            raise UnknownPlace(str(account_id))
    return service.assign(session, ticket, account_id, actor, expected_version, reason)


def colleagues(session: Session, team_id: UUID | None) -> list[Colleague]:
    """Everyone who works here, the ticket's own team first."""
    in_team = exists().where(TeamMember.account_id == Account.id, TeamMember.team_id == team_id)
    # One look into an index each: for a join, PostgreSQL would read every person who ever asked for something.
    name = select(Person.name).where(Person.id == Account.person_id).scalar_subquery()
    asked = (
        select(
            Account.id, name, Account.email, in_team,
            Availability.away_since, Availability.away_until, Availability.away_note,
        )
        .outerjoin(Availability, Availability.account_id == Account.id)
        .where(Account.role.in_(_STAFF), Account.disabled_at.is_(None))
    )  # fmt: skip
    rows = session.execute(asked)
    found = [Colleague(row[0], row[1] or row[2], row[3], presence.as_said(*row[4:]) is not None) for row in rows]
    return sorted(found, key=lambda each: (not each.in_team, each.name.casefold(), each.account_id))
