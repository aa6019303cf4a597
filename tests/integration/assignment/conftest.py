"""A team whose tickets the desk gives out, and agents who are there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.assignment.models import Availability
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.people.models import Account, LoginSession, Person, Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor
from tests.integration.tickets.conftest import new_ticket

REQUESTER = Actor("requester", "Ada")


@dataclass
class Desk:
    """Makes agents and tickets of one team."""

    session: Session
    team: Team
    agents: dict[str, Account] = field(default_factory=dict)

    def agent(self, name: str, seen_at: datetime | None = None, **known: object) -> Account:
        """An agent of the team who is there (last seen now, or at that moment)."""
        person = Person(name=name.capitalize())
        self.session.add(person)
        self.session.flush()
        made = Account(person_id=person.id, email=f"{name}@desk.example", password_hash="", role=Role.AGENT.value)
        self.session.add(made)
        self.session.flush()
        now = clock.now()
        self.session.add_all(
            [
                TeamMember(team_id=self.team.id, account_id=made.id),
                Availability(account_id=made.id, **known),
                LoginSession(
                    token_hash=name, account_id=made.id, seen_at=seen_at or now, expires_at=now.replace(year=2100)
                ),
            ]
        )
        self.session.flush()
        self.agents[name] = made
        return made

    def ticket(self, **known: object) -> Ticket:
        """A ticket of the team that nobody has."""
        ticket = service.open_ticket(self.session, new_ticket(**{"priority": "normal", **known}), REQUESTER)
        ticket.team_id, ticket.department_id = self.team.id, self.team.department_id
        self.session.flush()
        return ticket

    def with_whom(self, ticket: Ticket) -> str | None:
        """Who has it."""
        self.session.refresh(ticket)
        return self.name(ticket.assignee_id)

    def name(self, account_id: UUID | None) -> str | None:
        return next((name for name, each in self.agents.items() if each.id == account_id), None)


def make_desk(session: Session) -> Desk:
    """A department with a team that gives tickets out."""
    department = Department(key="desk", name="Desk", widget_key="desk-widget")
    session.add(department)
    session.flush()
    team = Team(department_id=department.id, name="First", key="first", assignment="round_robin", returns_after=30)
    session.add(team)
    session.flush()
    return Desk(session, team)


@pytest.fixture
def desk(session: Session) -> Desk:
    return make_desk(session)
