"""Programs with tokens before the running web program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.departments import service as departments
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.people import accounts
from helpsage.people.models import Account, Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from helpsage.tokens import service as tokens
from helpsage.tokens.models import Kind
from helpsage.tokens.scopes import of_role
from helpsage.web.api.route import limiter
from tests.integration.web.conftest import database, web_url
from tests.loopback import NO_CERTIFICATES

__all__ = ["database", "web_url"]

BASE = "/api/v1"


class Program(httpx.Client):
    """Another program, with its token."""

    def __init__(self, url: str, token: str = "") -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        super().__init__(base_url=f"{url}{BASE}", headers=headers, timeout=20, trust_env=False, verify=NO_CERTIFICATES)


@dataclass
class Desk:
    """Two departments, three teams, and whoever a test asks for."""

    engine: Engine
    url: str
    teams: dict[str, Team] = field(default_factory=dict)
    homes: dict[str, Department] = field(default_factory=dict)
    programs: list[Program] = field(default_factory=list)

    def build(self) -> None:
        """Make the departments."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            self.homes["it"] = departments.ensure_defaults(session)
            self.homes["library"] = Department(key="library", name="Library", widget_key="w-library")
            session.add(self.homes["library"])
            session.flush()
            for home, key in (("it", "wires"), ("it", "logins"), ("library", "books")):
                self.teams[key] = Team(department_id=self.homes[home].id, name=key.title(), key=key)
            session.add_all(self.teams.values())

    def account(self, email: str, role: Role = Role.REQUESTER, *teams: str, name: str = "") -> Account:
        """Somebody."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            known = accounts.by_email(session, email)
            if known is not None:
                return known
            made = accounts.add(session, email, name or email.split("@")[0].title(), "", role)
            session.add_all(TeamMember(team_id=self.teams[team].id, account_id=made.id) for team in teams)
            return made

    def token(
        self,
        account: Account,
        *scopes: str,
        kind: Kind = Kind.PERSONAL,
        department: UUID | None = None,
        days: int | None = 30,
        name: str = "Script",
    ) -> str:
        """A token of theirs, with every scope unless some are named."""
        with Session(self.engine) as session, session.begin():
            owner = session.get_one(Account, account.id)
            chosen = scopes or of_role(Role(owner.role))
            return tokens.create(session, owner, name, [str(one) for one in chosen], days, kind, department)[1]

    def program(self, token: str = "") -> Program:
        """A program that shows this token."""
        made = Program(self.url, token)
        self.programs.append(made)
        return made

    def of(self, email: str, role: Role = Role.REQUESTER, *teams: str) -> Program:
        """A program that acts for somebody."""
        return self.program(self.token(self.account(email, role, *teams)))

    def ticket(self, requester: Account | None = None, team: str | None = None, **given: object) -> Ticket:
        """A ticket."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            new = NewTicket(
                **{
                    "subject": "Exam fee charged twice",
                    "description": "The bank shows two payments.",
                    "category": "double_charge",
                    "channel": "web",
                    "priority": "normal",
                    "requester_id": requester.person_id if requester is not None else None,
                    "requester_name": "Asha Patel",
                    **given,
                }
            )
            made = service.open_ticket(session, new, Actor("requester"))
            if team is not None:
                made.team_id, made.department_id = self.teams[team].id, self.teams[team].department_id
            return made

    def change(self, ticket: Ticket, work: Callable[[Session, Ticket], object]) -> None:
        """Let somebody else do something with it."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            work(session, service.by_id(session, ticket.id))

    def now(self, ticket: Ticket) -> Ticket:
        """The ticket as it is in the database."""
        with Session(self.engine, expire_on_commit=False) as session:
            return service.by_id(session, ticket.id)


@pytest.fixture
def desk(web_url: str, database: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    # Other tests of the same process may have started a web program of their own since: this one is meant.
    monkeypatch.setattr(settings.get(), "public_url", web_url)
    made = Desk(database, web_url)
    made.build()
    limiter.clear()
    yield made
    for program in made.programs:
        program.close()


@pytest.fixture
def ada(desk: Desk) -> Program:
    """An administrator's program."""
    return desk.of("ada@desk.example", Role.ADMINISTRATOR)


@pytest.fixture
def asha(desk: Desk) -> Program:
    """The program of someone who asks."""
    return desk.of("asha@x.example")
