"""Tickets as rows, for figures: written the way imports write them, behind the back of the ticket service."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from helpsage.analytics.models import NOWHERE
from helpsage.departments.models import Department, Team
from helpsage.people.models import Account, Person
from helpsage.tickets.models import Ticket

FIRST = date(2026, 1, 1)


def moment(day: float) -> datetime:
    """So many days after the first of January 2026, in UTC."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)


@dataclass(frozen=True)
class Places:
    """Where tickets can belong."""

    departments: tuple[uuid.UUID, ...]
    teams: tuple[uuid.UUID, ...]
    agents: tuple[uuid.UUID, ...]
    requester: uuid.UUID


@dataclass
class Row:
    """One ticket, as a naive computation sees it."""

    opened: float
    answered_after: float | None = None
    done_after: float | None = None
    category: str = "wifi_problem"
    priority: str = "normal"
    channel: str = "web"
    department: uuid.UUID | None = None
    team: uuid.UUID | None = None
    agent: uuid.UUID | None = None
    rating: int | None = None
    merged: bool = False
    id: uuid.UUID = field(default_factory=uuid.uuid4)

    @property
    def created_at(self) -> datetime:
        return moment(self.opened)

    @property
    def first_response_at(self) -> datetime | None:
        return None if self.answered_after is None else self.created_at + timedelta(seconds=int(self.answered_after))

    @property
    def resolved_at(self) -> datetime | None:
        return None if self.done_after is None else self.created_at + timedelta(seconds=int(self.done_after))

    @property
    def due_at(self) -> datetime | None:
        hours = {"urgent": 4, "high": 24, "normal": 72}.get(self.priority)
        promised = self.done_after is None and hours is not None
        return self.created_at + timedelta(hours=hours or 0) if promised else None

    def of(self, dimension: str) -> str:
        """The value that this ticket has of a dimension."""
        given = {
            "all": "",
            "category": self.category,
            "priority": self.priority,
            "channel": self.channel,
            "team": self.team,
            "agent": self.agent,
        }[dimension]
        return str(given or "")

    @property
    def place(self) -> uuid.UUID:
        return self.department or NOWHERE

    def values(self, requester: uuid.UUID, survivor: uuid.UUID | None) -> dict[str, object]:
        """Columns."""
        return {
            "id": self.id,
            "requester_id": requester,
            "subject": "Wi-Fi",
            "description": "does not work",
            "category": self.category,
            "priority": self.priority,
            "status": "open" if self.done_after is None else "resolved",
            "channel": self.channel,
            "department_id": self.department,
            "team_id": self.team,
            "assignee_id": self.agent,
            "rating": self.rating,
            "merged_into_id": survivor if self.merged else None,
            "created_at": self.created_at,
            "updated_at": self.created_at,
            "first_response_at": self.first_response_at,
            "resolved_at": self.resolved_at,
            "next_due_at": self.due_at,
        }


def make_places(session: Session) -> Places:
    """Two departments with a team each, two agents, a requester."""
    departments = [
        Department(key=f"d{n}", name=f"Department {n}", widget_key=f"w{n}", is_default=n == 0) for n in range(2)
    ]
    session.add_all(departments)
    session.flush()
    teams = [Team(department_id=place.id, name="Team", key=f"team {place.key}") for place in departments]
    people = [Person(name=name) for name in ("Asha", "Priya", "Ravi")]
    session.add_all([*teams, *people])
    session.flush()
    agents = [
        Account(person_id=person.id, email=f"{person.name}@desk.example", password_hash="", role="agent")
        for person in people[1:]
    ]
    session.add_all(agents)
    session.flush()
    return Places(
        tuple(place.id for place in departments),
        tuple(team.id for team in teams),
        tuple(agent.id for agent in agents),
        people[0].id,
    )


def write(session: Session, places: Places, rows: list[Row]) -> None:
    """Insert them at once. Merged ones go on in a ticket of their own that is not counted among `rows`."""
    if rows:
        first = next((row.id for row in rows if not row.merged), rows[0].id)
        in_order = sorted(rows, key=lambda row: row.id != first)
        session.execute(insert(Ticket), [row.values(places.requester, first) for row in in_order])


@pytest.fixture
def places(session: Session) -> Places:
    return make_places(session)
