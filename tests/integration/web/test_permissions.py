"""Every route, asked by everybody: who may gets an answer, who may not gets none and changes nothing."""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.attachments import service as attachments
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.mailroom import keeping
from helpsage.people import accounts, permissions
from helpsage.people.models import Account, Role
from helpsage.people.permissions import TABLE, Action, Forbidden, Reach, Viewer
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from helpsage.web import csrf
from helpsage.web.api.route import limiter
from helpsage.web.app import create_app
from tests.integration.web.declarations import DECLARED, Need
from tests.integration.web.visitor import Visitor

#: Everybody there is: role, and the teams they work in.
EVERYBODY: dict[str, tuple[Role, tuple[str, ...]] | None] = {
    "stranger": None,
    "owner": (Role.REQUESTER, ()),
    "other requester": (Role.REQUESTER, ()),
    "agent of the team": (Role.AGENT, ("network",)),
    "agent of another team": (Role.AGENT, ("accounts",)),
    "agent of another department": (Role.AGENT, ("books",)),
    "agent of no team": (Role.AGENT, ()),
    "lead of the department": (Role.LEAD, ("accounts",)),
    "lead of another department": (Role.LEAD, ("books",)),
    "administrator": (Role.ADMINISTRATOR, ("books",)),
}
WORKERS = {"agent of the team", "agent of no team", "lead of the department", "administrator"}

MAY: dict[Need, set[str]] = {
    Need.ANYONE: set(EVERYBODY),
    Need.ACCOUNT: set(EVERYBODY) - {"stranger"},
    Need.REQUESTER: {"owner", "other requester"},
    Need.STAFF: {name for name in EVERYBODY if name.startswith(("agent", "lead", "admin"))},
    Need.LEADS: {name for name in EVERYBODY if name.startswith(("lead", "admin"))},
    Need.ADMINISTRATORS: {"administrator"},
    Need.OWNER: {"owner"},
    Need.WORKERS: WORKERS,
    Need.READERS: {"owner", *WORKERS},
    # Nobody by their login alone.
    Need.TOKEN: set(),
}
ABOUT_A_TICKET = (Need.OWNER, Need.WORKERS, Need.READERS)

#: A form that does something, wherever it is sent: what a route does not know it leaves out.
FORM = {
    "body": "Hello",
    "reason": "because",
    "kind": "status",
    "status": "waiting",
    "subject": "Another problem",
    "add": "vpn",
    "name": "Walk",
    "rating": "4",
    "give_back": "",
    "revision": "0",
    "helpful": "yes",
}
BY_PATH = {
    "/status": {"to": "waiting"},
    "/priority": {"to": "urgent"},
    "/category": {"to": "slow_network"},
    "/draft": {"kind": "reply"},
    "/note": {"status": ""},
}


def routes(within: Iterable[Any]) -> Iterator[str]:
    """Method and path of every route, those of included routers, too."""
    for route in within:
        if (inner := getattr(route, "original_router", None)) is not None:
            yield from routes(inner.routes)
        elif methods := getattr(route, "methods", None):
            yield from (f"{method} {route.path}" for method in methods if method != "HEAD")
        else:
            yield f"MOUNT {route.path}"


@dataclass
class World:
    """Two departments, three teams, everybody, and tickets."""

    engine: Engine
    people: dict[str, UUID] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    #: A file on the ticket that was made last.
    attachment: UUID | None = None
    #: The letter of which it was made.
    inbound: int = 0

    def build(self) -> None:
        """Make it."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            for key, names in (("it", ("network", "accounts")), ("library", ("books",))):
                department = Department(key=key, name=key, widget_key=f"w-{key}", is_default=key == "it")
                session.add(department)
                session.flush()
                for name in names:
                    self.teams[name] = Team(department_id=department.id, name=name, key=name)
            session.add_all(self.teams.values())
            session.flush()
            for name, made in EVERYBODY.items():
                if made is None:
                    continue
                role, teams = made
                account = accounts.add(session, f"{name.replace(' ', '.')}@x.example", name, "", role)
                self.people[name] = account.id
                session.add_all(TeamMember(team_id=self.teams[team].id, account_id=account.id) for team in teams)

    def ticket(self) -> Ticket:
        """The owner's, in the network team."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            owner = session.get_one(Account, self.people["owner"])
            new = NewTicket("No Wi-Fi", "Since today.", "slow_network", "web", requester_id=owner.person_id)
            ticket = service.open_ticket(session, new, Actor("requester"))
            ticket.team_id, ticket.department_id = self.teams["network"].id, self.teams["network"].department_id
            self.attachment = attachments.store(
                session, ticket.id, None, "log.txt", "text/plain", io.BytesIO(b"nothing to see")
            ).id
            letter = f"Message-ID: <{ticket.id}@x.example>\r\nFrom: owner@x.example\r\n\r\nSince today."
            record = keeping.keep(session, letter.encode(), {})
            record.ticket_id, record.state = ticket.id, "done"
            self.inbound = record.id
            return ticket

    def browser(self, url: str, name: str) -> Visitor:
        """A browser in which this one is logged in."""
        browser = Visitor(url)
        browser.follow_redirects = False
        browser.cookies.set("helpsage_visitor", "somebody")
        if name in self.people:
            with Session(self.engine) as session, session.begin():
                token = accounts.open_session(session, session.get_one(Account, self.people[name]))
            browser.cookies.set("helpsage_session", token)
        return browser

    def state(self, ticket: Ticket) -> tuple[Any, ...]:
        """Everything of a ticket that a request may change."""
        with Session(self.engine) as session:
            found = service.by_id(session, ticket.id)
            return found.version, found.status, found.tags, len(service.thread(session, found)), found.updated_at


@pytest.fixture
def world(database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(settings.get(), "var", tmp_path)
    limiter.clear()  # everybody knocks without a token, at every route
    built = World(database)
    built.build()
    return built


def test_every_route_is_declared() -> None:
    """When this fails: add the route to `declarations.py`, with who may use it."""
    assert set(routes(create_app().routes)) == set(DECLARED)


@pytest.mark.parametrize("name", EVERYBODY)
def test_everybody_at_every_route(world: World, web_url: str, name: str) -> None:
    wrong = []
    ticket = world.ticket()
    for route, need in DECLARED.items():
        method, _, path = route.partition(" ")
        if method == "MOUNT":
            continue
        if name in WORKERS | {"owner"} and method == "POST" and need in ABOUT_A_TICKET:
            ticket = world.ticket()  # the one before was changed, as it should be
        before = world.state(ticket)
        with world.browser(web_url, name) as browser:
            seen = ask(browser, method, path, ticket, world.attachment, world.inbound)
        is_allowed = name in MAY[need]
        if is_allowed and is_refused(seen, need):
            wrong.append(f"{route}: refused with {described(seen)}")
        if not is_allowed and not is_refused(seen, need):
            wrong.append(f"{route}: answered with {described(seen)}")
        if seen.status_code == 500:
            wrong.append(f"{route}: failed with {described(seen)}")
        if name not in WORKERS | {"owner"} and world.state(ticket) != before:
            wrong.append(f"{route}: changed somebody's ticket")
    assert not wrong, "\n".join(wrong)


def ask(
    browser: Visitor, method: str, path: str, ticket: Ticket, attachment: UUID | None, inbound: int
) -> httpx.Response:
    """Send a request that would do something, and look at how it is answered."""
    tail = path.rpartition("/")[2]
    key = "looking_into_it" if "canned" in path else "it"
    full = path.format(
        reference=ticket.reference, key=key, name="slow_network", dimension="category", what="daily", mail_id=uuid4(),
        sha="0" * 64, team_id=uuid4(), account_id=uuid4(), invitation_id="x", change_id=1,
        lane="chat", inbound_id=inbound, view_id=uuid4(),
        bulk_id=uuid4(), session_id=uuid4(), attachment_id=attachment, token="x", target_id=uuid4(), webhook_id=uuid4(),
        message_id=uuid4(), token_id=uuid4(), submission_id=1, person_id=uuid4(), handoff_id=uuid4(), other="HS-1",
        tag="fees", kind="slack", board_id=uuid4(), place_id=uuid4(), identity_id=uuid4(),
        slug="it", file_id=uuid4(), article_id=uuid4(), number=1,
        item_id=1, decision_id=1, gap_id=1,
    )  # fmt: skip
    if method == "GET":
        with browser.stream("GET", full) as answer:
            return answer
    if path == "/chat/join":
        return browser.post(full, json={"token": None}, headers={"Sec-Fetch-Site": "same-origin"})
    form = {
        **FORM,
        **BY_PATH.get(f"/{tail}", {}),
        "version": str(ticket.version),
        "seen": "0",
        "ticket": f"{ticket.reference}.{ticket.version}",
        "csrf": csrf_of(browser),
        "key": uuid4().hex,
    }
    return browser.request(method, full, data=form)


def csrf_of(browser: Visitor) -> str:
    """As the hidden field of any page has it."""
    bound_to = browser.cookies.get("helpsage_session") or browser.cookies["helpsage_visitor"]
    return csrf.masked(hmac.new(settings.get().derived("csrf").encode(), bound_to.encode(), hashlib.sha256).digest())


def is_refused(answer: httpx.Response, need: Need) -> bool:
    """Sent to the login, forbidden; of a ticket also: not there, as it is for everyone who may not know of it."""
    if answer.is_redirect and answer.headers["location"].startswith("/login?next="):
        return True
    if need is Need.ANYONE:
        return answer.status_code == 403  # a login that fails is an answer, too
    return answer.status_code in ((401, 403, 404) if need in ABOUT_A_TICKET else (401, 403))


def described(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.headers.get('location', '')}"


# --- the table itself


@pytest.fixture
def places(session: Session) -> dict[str, Team]:
    made = {}
    for key, default in (("it", True), ("library", False)):
        department = Department(key=key, name=key, widget_key=f"w-{key}", is_default=default)
        session.add(department)
        session.flush()
        for name in ("first", "second"):
            made[f"{key} {name}"] = Team(department_id=department.id, name=name, key=f"{key}-{name}")
    session.add_all(made.values())
    session.flush()
    return made


def viewer(session: Session, role: Role, *teams: Team) -> Viewer:
    account = accounts.add(session, f"{uuid4().hex}@x.example", "Somebody", "", role)
    session.add_all(TeamMember(team_id=team.id, account_id=account.id) for team in teams)
    session.flush()
    return permissions.viewer_of(session, account)


def test_every_action_stands_in_the_table() -> None:
    assert set(TABLE) == set(Action)


def test_nobody_of_a_higher_role_reaches_less_far() -> None:
    for action, row in TABLE.items():
        if row[0] is not Reach.OWN:
            assert list(row) == sorted(row), action


def test_asking_for_one_and_asking_for_all_agree(session: Session, places: dict[str, Team]) -> None:
    """`may` for a ticket at hand and `visible_tickets` in a query are two ways to say the same."""
    asks, tickets = everywhere(session, places)
    for who in asks:
        for action in Action:
            found = set(session.query(Ticket).filter(permissions.visible_tickets(who, action)).all())
            one_by_one = {ticket for ticket in tickets if permissions.may(who, action, ticket)}
            assert found & set(tickets) == one_by_one, (who.role, action)


def test_parts_of_what_one_sees_have_no_ticket_twice_and_none_is_missing(
    session: Session, places: dict[str, Team]
) -> None:
    for who in everywhere(session, places)[0]:
        parts = [each.number for part in permissions.visible_parts(who) for each in session.query(Ticket).filter(part)]
        seen = [each.number for each in session.query(Ticket).filter(permissions.visible_tickets(who))]
        assert sorted(parts) == sorted(seen), (who.role, who.team_ids)


def everywhere(session: Session, places: dict[str, Team]) -> tuple[list[Viewer], list[Ticket]]:
    """Viewers of every role with and without teams, and tickets of every team and none, some assigned to viewers."""
    asks = [
        viewer(session, role, *teams)
        for role in Role
        for teams in ((), (places["it first"],), (places["library first"],))
    ]
    tickets = [
        placed_ticket(session, team, asks[number % len(asks)])
        for number, team in enumerate([None, *places.values()] * 6)
    ]
    for number in range(0, len(tickets), 4):
        tickets[number].assignee_id = asks[-number % len(asks)].account_id
    session.flush()
    return asks, tickets


def placed_ticket(session: Session, team: Team | None, requester: Viewer) -> Ticket:
    new = NewTicket("No Wi-Fi", "Since today.", "slow_network", "web", requester_id=requester.person_id)
    ticket = service.open_ticket(session, new, Actor("requester"))
    ticket.team_id = team.id if team else None
    ticket.department_id = team.department_id if team else None
    return ticket


def test_a_ticket_assigned_to_oneself_is_ones_own_wherever_it_is(session: Session, places: dict[str, Team]) -> None:
    who = viewer(session, Role.AGENT, places["it first"])
    new = NewTicket("No Wi-Fi", "Since today.", "slow_network", "web")
    ticket = service.open_ticket(session, new, Actor("requester"))
    ticket.team_id, ticket.department_id = places["library first"].id, places["library first"].department_id
    assert not permissions.may(who, Action.REPLY, ticket)
    ticket.assignee_id = who.account_id
    assert permissions.may(who, Action.REPLY, ticket)


def test_an_agent_has_no_special_hand_in_their_own_request(session: Session, places: dict[str, Team]) -> None:
    who = viewer(session, Role.AGENT, places["it first"])
    new = NewTicket("Complaint", "About my team.", "slow_network", "web", requester_id=who.person_id)
    ticket = service.open_ticket(session, new, Actor("requester"))
    ticket.team_id, ticket.department_id = places["it second"].id, places["it second"].department_id
    assert permissions.may(who, Action.SEE_OWN_TICKET, ticket)
    assert permissions.may(who, Action.COMMENT, ticket)
    assert not permissions.may(who, Action.SEE_TICKET, ticket)
    assert not permissions.may(who, Action.NOTE, ticket)


def test_members_of_an_archived_team_are_in_none(session: Session, places: dict[str, Team]) -> None:
    from helpsage import clock

    places["library first"].archived_at = clock.now()
    who = viewer(session, Role.AGENT, places["library first"])
    assert who.team_ids == frozenset()
    assert who.department_ids == {places["it first"].department_id}


def test_require_says_what_was_missing(session: Session) -> None:
    with pytest.raises(Forbidden) as refused:
        permissions.require(viewer(session, Role.AGENT), Action.MANAGE_SETTINGS)
    assert refused.value.action is Action.MANAGE_SETTINGS


def test_a_change_of_role_counts_at_once(world: World, web_url: str) -> None:
    with world.browser(web_url, "administrator") as browser:
        assert browser.get("/settings").status_code == 200
        with Session(world.engine) as session, session.begin():
            session.get_one(Account, world.people["administrator"]).role = Role.AGENT.value
        assert browser.get("/settings").status_code == 403


def test_without_the_second_factor_that_staff_need_nothing_is_open(world: World, web_url: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings.get(), "staff_two_factor", True)
        with world.browser(web_url, "administrator") as browser:
            for path in ("/agent", "/settings", "/analytics", "/agent/mail", "/my", "/agent/live"):
                with browser.stream("GET", path) as answer:
                    assert answer.headers["location"].startswith("/account/two-factor"), path
