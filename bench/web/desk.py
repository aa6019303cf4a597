"""Ours: the web program, and people in front of it."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import httpx
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from bench.web.data import AGENTS, LEAD
from bench.web.pages import Page, draw
from helpsage import clock
from helpsage.people import accounts, permissions, sessions
from helpsage.people.models import Account, Role
from helpsage.people.tokens import hashed
from helpsage.tickets.models import Ticket
from helpsage.tokens.models import Token
from helpsage.tokens.scopes import of_role

SECRET = "only-for-the-bench"
API_TOKEN = "hsp_only-for-the-bench"
AUTHORIZED = {"Authorization": f"Bearer {API_TOKEN}"}
#: Tickets that each visitor opens, of all ages.
OPENED = 200
#: Days ago at which deep pages begin; the tickets are those of a year.
DEEP_DAYS = range(60, 360, 30)


def variables(url: str, folder: Path, port: int) -> dict[str, str]:
    """Settings of the web program."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "HELPSAGE_VAR": str(folder / "desk"),
        "HELPSAGE_WEB_PORT": str(port),
        "HELPSAGE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HELPSAGE_SECRET": SECRET,
        "HELPSAGE_API_REQUESTS_A_MINUTE": "1000000",
    }


def command() -> list[str]:
    """The web program as `./sage up` runs it."""
    return [sys.executable, "-m", "helpsage.web"]


@dataclass(frozen=True)
class Visitor:
    """Somebody logged in: the session's token, and numbers of tickets that they may see."""

    token: str
    numbers: Sequence[int]
    #: Of the API's list of tickets, far from its beginning.
    cursors: Sequence[str] = ()

    @property
    def cookie(self) -> dict[str, str]:
        """As a header."""
        return {"Cookie": f"helpsage_session={self.token}"}

    def headers(self, page: Page) -> dict[str, str]:
        """What opens this page; the API is the lead's."""
        return AUTHORIZED if page.api else self.cookie

    def address(self, page: Page, dice: random.Random) -> str:
        """A new one of this kind of page."""
        return page.path.format(**draw(dice, self.numbers, self.cursors))


def visitors(url: str) -> tuple[Visitor, list[Visitor]]:
    """The lead, and every agent."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with Session(engine) as session, session.begin():
        lead = accounts.by_email(session, LEAD)
        if lead is None:
            raise RuntimeError("the database has nobody of ours: remove it and let it be made anew")
        asked = select(Account).where(Account.email.like("agent%@bench.example")).order_by(Account.email)
        agents = session.scalars(asked.limit(AGENTS)).all()
        seen: dict[frozenset[object], list[int]] = {}
        _give_token(session, lead)
        made = []
        for account in (lead, *agents):
            who = permissions.viewer_of(session, account)
            reach = frozenset((who.role, *who.team_ids))
            if reach not in seen:
                # Ids are random: so is this choice.
                some = select(Ticket.number).where(permissions.visible_tickets(who)).order_by(Ticket.id).limit(OPENED)
                seen[reach] = list(session.scalars(some))
            made.append(Visitor(sessions.open_session(session, account), seen[reach]))
    engine.dispose()
    return made[0], made[1:]


def _give_token(session: Session, lead: Account) -> None:
    """The lead's token for the API, one row however often this is measured, and no letter."""
    known = hashed(API_TOKEN)
    if session.scalar(select(Token.id).where(Token.token_hash == known)) is None:
        scopes = [scope.value for scope in of_role(Role(lead.role))]
        session.add(
            Token(account_id=lead.id, kind="personal", name="Bench", token_hash=known, hint="hsp_only", scopes=scopes)
        )


class _Hidden(HTMLParser):
    """Hidden fields of the form that goes to one address."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self._action, self._inside = action, False
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("action") == self._action
        elif self._inside and tag == "input" and given.get("type") == "hidden":
            self.values[given.get("name", "")] = given.get("value", "")


class Desk:
    """A lead and agents, one after the other over one connection."""

    def __init__(self, address: str, lead: Visitor, agents: Sequence[Visitor]) -> None:
        self._client = httpx.Client(base_url=address, timeout=60, trust_env=False, follow_redirects=False)
        self._lead, self._agents = replace(lead, cursors=self._deep_cursors()), agents

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def open(self, page: Page, number: int) -> None:
        """A page; of agents each time another one, so that all teams have their turn.

        Raises:
            RuntimeError: it is not there.
        """
        who = self._agents[number % len(self._agents)] if page.of_agent else self._lead
        path = who.address(page, random.Random(number))
        answer = self._client.get(path, headers=who.headers(page))
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")

    def _deep_cursors(self) -> list[str]:
        """Of pages all over the year: what comes behind the newest ticket before such a day."""
        found = []
        for days in DEEP_DAYS:
            before = f"{clock.now() - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"
            asked = {"limit": "1", "sort": "newest", "opened_before": before}
            answer = self._client.get("/api/v1/tickets", params=asked, headers=AUTHORIZED)
            found.append(str(answer.raise_for_status().json()["next_cursor"]))
        return found

    def create_by_api(self, number: int) -> None:
        """A ticket, as a program hands it in."""
        new = {"subject": f"New ticket {number}", "description": "It does not work at all", "category": "general_issue"}
        answer = self._client.post("/api/v1/tickets", json=new, headers=AUTHORIZED)
        if answer.status_code != 201:
            raise RuntimeError(f"/api/v1/tickets: {answer.status_code}")

    def create(self, number: int) -> None:
        """A ticket, through the portal's form."""
        page = self._client.get("/my/new?category=general_issue", headers=self._lead.cookie)
        form = _Hidden("/my/new")
        form.feed(page.text)
        told = {
            "category": "general_issue",
            "subject": f"New ticket {number}",
            "description": "It does not work at all",
        }
        answer = self._client.post("/my/new", data={**form.values, **told}, headers=self._lead.cookie)
        if answer.status_code != 303:
            raise RuntimeError(f"/my/new: {answer.status_code}")
