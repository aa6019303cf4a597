"""Ours: the web program, and an agent in front of it."""

from __future__ import annotations

import os
import sys
from html.parser import HTMLParser
from pathlib import Path

import httpx
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from bench.web.data import ADMINISTRATOR, AGENTS
from helpsage.people import accounts, sessions
from helpsage.people.models import Account

SECRET = "only-for-the-bench"


def variables(url: str, folder: Path, port: int) -> dict[str, str]:
    """Settings of the web program."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "HELPSAGE_VAR": str(folder / "desk"),
        "HELPSAGE_WEB_PORT": str(port),
        "HELPSAGE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HELPSAGE_SECRET": SECRET,
    }


def command() -> list[str]:
    """The web program as `./sage up` runs it."""
    return [sys.executable, "-m", "helpsage.web"]


def tokens(url: str) -> list[str]:
    """Sessions of the administrator and of each agent."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with Session(engine) as session, session.begin():
        boss = accounts.by_email(session, ADMINISTRATOR)
        if boss is None:
            raise RuntimeError("the database has no administrator: remove it and let it be made anew")
        agents = session.scalars(select(Account).where(Account.email.like("agent%")).limit(AGENTS)).all()
        made = [sessions.open_session(session, account) for account in (boss, *agents)]
    engine.dispose()
    return made


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
    """A logged-in agent."""

    def __init__(self, address: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=address, timeout=60, trust_env=False, follow_redirects=False, cookies={"helpsage_session": token}
        )

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def open(self, path: str) -> None:
        """A page."""
        answer = self._client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path}: {answer.status_code}")

    def create(self, number: int) -> None:
        """A ticket, through the portal's form."""
        page = self._client.get("/my/new?category=general_issue")
        form = _Hidden("/my/new")
        form.feed(page.text)
        told = {
            "category": "general_issue",
            "subject": f"New ticket {number}",
            "description": "It does not work at all",
        }
        answer = self._client.post("/my/new", data={**form.values, **told})
        if answer.status_code != 303:
            raise RuntimeError(f"/my/new: {answer.status_code}")
