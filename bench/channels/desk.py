"""What is measured: the programs as `./sage up` runs them, and Rasa's own Slack connector."""

from __future__ import annotations

import os
import re
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import psutil
from sqlalchemy import func, select, text

from bench.chat import setups
from helpsage import sealed, settings
from helpsage.channels.documents import PURPOSE
from helpsage.channels.models import Post
from helpsage.cli.up import programs
from helpsage.configuration import service as configuration
from helpsage.configuration.documents import CHANNELS
from helpsage.conversations.models import Conversation, Message
from helpsage.db.session import engine, transaction
from helpsage.departments import service as departments
from helpsage.handoff import service as handoff
from helpsage.people import accounts, sessions
from helpsage.people.models import Account, Role
from helpsage.settings import Settings
from helpsage.setup import steps
from helpsage.tickets import service as tickets
from helpsage.tickets.actor import Actor
from helpsage.tickets.models import Ticket
from helpsage.triage.models import Routing
from tests.vendors import slack, teams, telegram

SECRET = "only-for-the-bench"
FORM = "application/x-www-form-urlencoded"
#: Where each vendor's requests go, below `/webhooks`.
WAYS = {"slack": "slack/bench/events", "teams": "teams/bench-teams/messages", "telegram": "telegram/bench-tg/updates"}
KEYS = {kind: way.split("/")[1] for kind, way in WAYS.items()}
SECRETS = {
    "slack": {"token": slack.TOKEN, "signing_secret": slack.SIGNING_SECRET},
    "teams": {"app_secret": teams.SECRET},
    "telegram": {"bot_token": telegram.TOKEN, "secret_token": telegram.SECRET},
}
TAKEN_UP_S = 30.0
ROUTED_S = 120.0
#: Chats that one agent may have at a time.
MOST_CHATS = 50


@dataclass(frozen=True)
class Desk:
    """The running programs."""

    url: str
    web_url: str
    #: The agent's session, as a cookie, and the token of their forms.
    cookie: str
    csrf: str
    agent: handoff.Agent
    #: By the name of the program; PostgreSQL among them.
    pids: Mapping[str, int]

    def address(self, kind: str) -> str:
        """Where a vendor's requests go."""
        return f"{self.url}/webhooks/{WAYS[kind]}"

    def form(self, path: str, **fields: str) -> dict[str, Any]:
        """A form of the console's, sent."""
        headers = {"Content-Type": FORM, "Cookie": self.cookie}
        return {"url": f"{self.web_url}{path}", "headers": headers, "body": urlencode({**fields, "csrf": self.csrf})}


def cpu_seconds(pids: Mapping[str, int]) -> dict[str, float]:
    """What each program has used so far, with the processes that it started."""
    found = {}
    for name, pid in pids.items():
        own = psutil.Process(pid)
        times = [each.cpu_times() for each in (own, *own.children(recursive=True))]
        ended = own.cpu_times()
        found[name] = sum(each.user + each.system for each in times) + ended.children_user + ended.children_system
    return found


def _postmaster() -> int:
    """The first process of the database server."""
    with transaction() as session:
        backend = psutil.Process(session.scalar(text("select pg_backend_pid()")))
    parent = backend.parent()
    assert parent is not None
    return parent.pid


@contextmanager
def running(folder: Path, database_url: str, model: Path, vendors: Mapping[str, Mapping[str, str]]) -> Iterator[Desk]:
    """The four programs with one installation of each application."""
    assistant_port, actions_port, web_port = setups.free_ports(3)
    _use(database_url)
    found = Settings.model_validate(
        {
            "var": folder,
            "database_url": database_url,
            "assistant_port": assistant_port,
            "actions_port": actions_port,
            "web_port": web_port,
            "public_url": f"http://127.0.0.1:{web_port}",
            "secret": SECRET,
            "encoder": steps.encoder_folder(),
        }
    )
    agent = _prepared(vendors)
    own = {
        **setups.NO_LIMITS,
        "HELPSAGE_VAR": str(folder),
        "HELPSAGE_ENCODER": str(found.encoder),
        "HELPSAGE_WEB_PORT": str(web_port),
        "HELPSAGE_ASSISTANT_PORT": str(assistant_port),
        "HELPSAGE_ACTIONS_PORT": str(actions_port),
        "HELPSAGE_PUBLIC_URL": found.public_url,
        "HELPSAGE_CHATS_AT_ONCE": str(MOST_CHATS),
    }
    ready = {
        "actions": f"{found.actions_url}/health",
        "web": f"{found.public_url}/healthz",
        "assistant": f"http://127.0.0.1:{assistant_port}/webhooks/webchat/health",
    }
    processes = []
    try:
        started = programs(found, model)
        for program in started:
            program.environment.update(own)
            processes.append(setups.start(program, folder))
        by_name = dict(zip((program.name for program in started), processes, strict=True))
        for name in ("actions", "assistant", "web"):
            setups.wait_for(ready[name], by_name[name], folder / f"{name}.log")
        pids = {name: process.pid for name, process in by_name.items()} | {"PostgreSQL": _postmaster()}
        yield Desk(f"http://127.0.0.1:{assistant_port}", found.public_url, *_logged_in(agent, found.public_url), pids)
    finally:
        setups.end(processes)
        engine().dispose()


def taken_up(message: Mapping[str, Any]) -> None:
    """Wait until the assistant knows an installation; it gets `message` then.

    Raises:
        SystemExit: it does not.
    """
    deadline = time.monotonic() + TAKEN_UP_S
    while True:
        request = urllib.request.Request(message["url"], message["body"].encode(), dict(message["headers"]))
        try:
            with urllib.request.urlopen(request, timeout=10):
                return
        except OSError as error:
            if time.monotonic() > deadline:
                raise SystemExit(f"{message['url']}: {error}") from error
        time.sleep(0.1)


def _use(database_url: str) -> None:
    """What this process does, it does to the bench's database."""
    os.environ |= {"DATABASE_URL": database_url, "HELPSAGE_SECRET": SECRET, "HELPSAGE_CHATS_AT_ONCE": str(MOST_CHATS)}
    settings.get.cache_clear()


def _prepared(vendors: Mapping[str, Mapping[str, str]]) -> UUID:
    """A department, the installations and an agent; returns the agent's account."""
    installations = [
        {
            "key": KEYS[kind],
            "kind": kind,
            "name": kind.capitalize(),
            "department": "",
            "enabled": True,
            "options": dict(options),
            "secrets": {name: sealed.seal(PURPOSE, secret) for name, secret in SECRETS[kind].items()},
        }
        for kind, options in vendors.items()
    ]
    with transaction() as session:
        departments.ensure_defaults(session)
        configuration.edit(session, CHANNELS, lambda _: {"installations": installations}, configuration.Who(), "bench")
        made = accounts.create(session, "bench@example.org", "Priya Raman", "only for the bench, and long", Role.LEAD)
        session.flush()
        return made.id


def _logged_in(account_id: UUID, web_url: str) -> tuple[str, str, handoff.Agent]:
    """The agent's cookie, and the token of their forms, as a page of theirs has it."""
    with transaction() as session:
        account = session.get_one(Account, account_id)
        token = sessions.open_session(session, account)
        agent = handoff.Agent(account.id, Actor("agent", account.person.name, account.person_id))
    cookie = f"helpsage_session={token}"
    with urllib.request.urlopen(urllib.request.Request(f"{web_url}/agent", headers={"Cookie": cookie})) as page:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.read().decode())
    if found is None:
        raise SystemExit("the agent's page has no form")
    return cookie, found[1], agent


def conversations(kind: str, most: int) -> list[UUID]:
    """Conversations of an application."""
    with transaction() as session:
        asked = select(Conversation.id).where(Conversation.channel == kind).order_by(Conversation.sender_id).limit(most)
        return list(session.scalars(asked))


def waiting() -> int:
    """How many people's messages wait for their answers, and answers for being posted."""
    with transaction() as session:
        asked = select(func.count()).where(Message.author == "person", Message.handled_at.is_(None))
        unposted = select(func.count()).where(Post.state == "waiting")
        return (session.scalar(asked) or 0) + (session.scalar(unposted) or 0)


def open_tickets(found: Sequence[UUID]) -> list[tuple[str, int]]:
    """A ticket for each of these conversations, routed; returns references and versions."""
    with transaction() as session:
        made = []
        for conversation in found:
            new = tickets.NewTicket("Printer jams", "The printer jams, since today.", "login_error", "chat")
            filled = tickets.NewTicket(**{**new.__dict__, "conversation_id": conversation})
            made.append(tickets.open_ticket(session, filled, Actor("requester", "Asha")).id)
    deadline = time.monotonic() + ROUTED_S
    while time.monotonic() < deadline:
        with transaction() as session:
            routed = session.scalar(select(func.count()).where(Routing.ticket_id.in_(made)))
        if routed == len(made):
            break
        time.sleep(0.5)
    with transaction() as session:
        asked = select(Ticket).where(Ticket.id.in_(made)).order_by(Ticket.number)
        return [(each.reference, each.version) for each in session.scalars(asked)]


def begin_chats(desk: Desk, found: Sequence[UUID]) -> list[UUID]:
    """The agent talks in each of these conversations from now on."""
    with transaction() as session:
        return [handoff.start(session, conversation, desk.agent).id for conversation in found]
