"""Filling an installation: departments and teams as documents, everything else by COPY in one transaction."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.analytics import upkeep
from helpsage.configuration import service as configuration
from helpsage.configuration.service import Content, Who
from helpsage.demo import hooks, pools, promises, times, triage
from helpsage.demo.chats import Chats
from helpsage.demo.people import DOMAIN, Population, Someone
from helpsage.demo.rows import Sheet
from helpsage.demo.tickets import Place, Stories
from helpsage.demo.ways import Ways
from helpsage.departments import service as departments
from helpsage.departments.documents import DepartmentDocument, TeamDocument
from helpsage.departments.models import Department, Team
from helpsage.jobs import queue
from helpsage.jobs.queue import LATER_QUEUE
from helpsage.people import passwords
from helpsage.people.models import Account
from helpsage.tickets import categories
from helpsage.tickets.models import NUMBERS, Ticket
from helpsage.tickets.search import typos

DAYS = 365
TICKETS = 20_000
SEED = 2026
#: Of a hundred tickets' worth of conversations: answered by the assistant, and left in the middle of a form.
ANSWERED, LEFT = 0.85, 0.09
#: Tickets of one person in a year.
TICKETS_A_PERSON = 4.5
#: Teams whose tickets the desk gives out.
ASSIGNMENT = {"network team": "round_robin"}
DEMONSTRATION = Who(name="Demonstration")
MADE = "Set up {name} for the demonstration"

Tell = Callable[[str], None]


class NotEmpty(RuntimeError):
    """The installation has tickets already."""


@dataclass(frozen=True)
class Filled:
    """What was made."""

    departments: int
    teams: int
    staff: int
    people: int
    tickets: int
    conversations: int
    messages: int
    entries: int


def tickets_there(session: Session) -> int:
    """Tickets that this installation has already, counted up to 1,000."""
    some = select(Ticket.id).limit(1_000).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def fill(session: Session, tickets: int, seed: int, password: str, tell: Tell, days: int = DAYS) -> Filled:
    """Make a year of history, in the caller's transaction. The same seed makes the same year before today.

    Parameters:
        password: with which everyone of the demonstration can log in.
        tell: is told what is being done.
    """
    session.execute(text("set local statement_timeout = 0"))
    addresses, accounts = _known_addresses(session), _demo_accounts(session)
    # Another year each time into one installation: ids and addresses are made from the same chance.
    chance = random.Random(f"{seed}/{len(accounts)}")  # noqa: S311 nothing secret
    now = clock.now().replace(microsecond=0)
    tell("departments and people")
    teams = _organise(session)
    promises.promise(session, DEMONSTRATION, MADE.format(name="service levels"))
    hashed = passwords.hashed(password)
    population = Population(chance, hashed, now - timedelta(days=days))
    population.take(addresses, accounts)
    session.execute(
        update(Account).where(Account.email.endswith(f"@{DOMAIN}", autoescape=True)).values(password_hash=hashed)
    )
    agents = population.staff({key: team.id for key, team in teams.items()}, _by_department(session))
    requesters = population.requesters(max(20, round(tickets / TICKETS_A_PERSON)))
    staff = len(population.persons.rows) - len(requesters)
    tell(f"{tickets:,} tickets")
    stories = Stories(chance, _places(teams, agents), now)
    chats = Chats(chance)
    seen = triage.Triage(session, stories, {one.id: one.key for one in departments.departments(session)}, now)
    ways = Ways(chance, now)
    first = _reserve_numbers(session, tickets)
    calendar = times.Calendar([times.Season.read(one) for one in pools.load()["seasons"]], pools.load()["weights"])
    lives = []
    for number, moment in enumerate(times.arrivals(chance, calendar, now, days, tickets), first):
        life = stories.begin(number, chance.choice(requesters), calendar.category(chance, moment.date()), moment)
        seen.handle(life)
        stories.live(life)
        ways.of_ticket(life)
        if life.channel == "webchat":
            chats.of_ticket(life)
        lives.append(life)
    for life in lives:  # the surviving ones of merges were changed by later ones
        stories.write(life)
    seen.correct()
    ways.others()
    _talk(chance, calendar, chats, stories, requesters, now - timedelta(days=days), tickets)
    sheets = (
        population.persons, population.accounts, population.members, chats.conversations, stories.tickets,
        stories.entries, stories.changes, chats.messages, chats.feedback, chats.attempts,
        seen.readings, seen.routings, seen.labels, ways.records,
    )  # fmt: skip
    _copy(session, sheets, tell)
    return Filled(
        departments=len(departments.departments(session)),
        teams=len(departments.teams(session)),
        staff=staff,
        people=len(requesters),
        tickets=len(stories.tickets.rows),
        conversations=len(chats.conversations.rows),
        messages=len(chats.messages.rows),
        entries=len(stories.entries.rows),
    )


def settle(session: Session) -> None:
    """After the commit: what jobs would do over the next minutes, and statistics for the planner."""
    promises.settle(session)
    while typos.learn(session):
        pass
    session.execute(text("set local statement_timeout = 0"))
    session.execute(text("analyze"))
    triage.compare(session)
    hooks.hang(session)
    # What takes longest can be looked at a minute later.
    queue.defer(session, "review.gaps", {"timestamp": int(clock.now().timestamp())}, "review", LATER_QUEUE)


def fold_figures() -> None:
    """Add the new tickets to the figures at once instead of with the next job."""
    upkeep.fold_all()


# --- departments and teams


def _organise(session: Session) -> dict[str, Team]:
    """Departments as the demonstration has them; returns the teams by key."""
    default = departments.ensure_defaults(session)
    for given in pools.load()["departments"]:
        found = departments.by_key(session, given["key"])
        if found is None and not given["share"]:
            found = default
        department_id = found.id if found is not None else _new_id(session)
        _save(session, DepartmentDocument(department_id), given["name"], _department(given, found))
        for key in given["teams"]:
            _move_team(session, key, department_id)
    return {team.key: team for team in departments.teams(session)}


def _department(given: dict[str, Any], found: Department | None) -> Callable[[Content | None], Content]:
    def made(before: Content | None) -> Content:
        return {
            "key": found.key if found is not None else given["key"],
            "name": given["name"],
            "brand_name": given["brand_name"],
            "colour": given["colour"],
            "logo": "",
            "sender_name": given["name"],
            "sender_email": "",
            "widget_key": found.widget_key if found is not None else departments.new_widget_key(),
            "allowed_origins": [],
            "is_default": found.is_default if found is not None else False,
            "archived": False,
            **({"logo": before["logo"]} if before is not None else {}),
        }

    return made


def _move_team(session: Session, key: str, department_id: UUID) -> None:
    found = session.scalar(select(Team).where(func.lower(Team.key) == key.lower()))

    def moved(before: Content | None) -> Content:
        name = before["name"] if before is not None else key[:1].upper() + key[1:]
        members = before["members"] if before is not None else []
        kept = before or {"assignment": "pull", "returns_after": 60}
        return {
            "key": key,
            "name": name,
            "department": str(department_id),
            "members": members,
            "archived": False,
            "assignment": ASSIGNMENT.get(key.lower(), kept["assignment"]),
            "returns_after": kept["returns_after"],
        }

    _save(session, TeamDocument(found.id if found is not None else _new_id(session)), key, moved)


def _save(session: Session, document: Any, name: str, change: Callable[[Content | None], Content]) -> None:
    configuration.edit(session, document, change, DEMONSTRATION, MADE.format(name=name))


def _new_id(session: Session) -> UUID:
    return UUID(str(session.scalar(select(func.gen_random_uuid()))))


def _by_department(session: Session) -> dict[str, list[UUID]]:
    keys = {one.id: one.key for one in departments.departments(session)}
    default = departments.default(session)
    found: dict[str, list[UUID]] = {}
    for team in departments.teams(session):
        key = keys[team.department_id]
        found.setdefault("help-desk" if default is not None and key == default.key else key, []).append(team.id)
    return found


def _places(teams: dict[str, Team], agents: dict[str, list[Someone]]) -> dict[str, Place]:
    """Where each category's tickets go."""
    found = {}
    for name, category in categories.catalogue().categories.items():
        key = category.team if category.team in agents else "service desk"
        found[name] = Place(teams[key].department_id, teams[key].id, key, agents[key])
    return found


# --- conversations without a ticket


def _talk(
    chance: random.Random,
    calendar: times.Calendar,
    chats: Chats,
    stories: Stories,
    requesters: list[Someone],
    since: Any,
    tickets: int,
) -> None:
    now = clock.now()
    days = (now - since).days
    places = list(stories.places.values())
    for moment in times.arrivals(chance, calendar, now, days, round(tickets * ANSWERED)):
        home = chance.choice(places).department_id if chance.random() < 0.6 else None
        chats.answered(chance.choice(requesters), moment, home)
    for moment in times.arrivals(chance, calendar, now, days, round(tickets * LEFT)):
        person = chance.choice(requesters)
        chats.left(person, stories.imagined(person, calendar.category(chance, moment.date()), moment), moment)


# --- the database


def _known_addresses(session: Session) -> set[str]:
    rows = session.execute(
        text("select lower(email) from person where email is not null union select lower(email) from account")
    )
    return {str(address) for (address,) in rows}


def _demo_accounts(session: Session) -> dict[str, tuple[UUID, UUID]]:
    """Person and account by address, of an earlier demonstration."""
    asked = select(Account.email, Account.person_id, Account.id)
    rows = session.execute(asked.where(Account.email.endswith(f"@{DOMAIN}", autoescape=True)))
    return {email.lower(): (person_id, account_id) for email, person_id, account_id in rows}


def _reserve_numbers(session: Session, count: int) -> int:
    """So many references in a row; returns the first."""
    first = session.scalar(select(NUMBERS.next_value())) or 1
    session.execute(text("select setval('ticket_number', :last)"), {"last": first + count - 1})
    return first


def _copy(session: Session, sheets: tuple[Sheet, ...], tell: Tell) -> None:
    driver = session.connection().connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor:
        for sheet in sheets:
            tell(f"{len(sheet.rows):,} rows of {sheet.table}")
            sheet.copy_into(cursor)
