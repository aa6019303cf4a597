"""The running programs, as `./sage up` runs them, for tests that talk to them and for tests that break them."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg2
import pytest
from sqlalchemy.orm import Session

from helpsage.cli.up import programs
from helpsage.db import embedded, migrate
from helpsage.db.session import engine_for
from helpsage.people import accounts
from helpsage.people.models import Role
from helpsage.settings import Settings
from helpsage.setup import steps
from helpsage.supervisor import Supervisor

READY_TIMEOUT_S = 240.0
#: Of the environment variables that are settings.
PREFIX = "HELPSAGE_"


@dataclass(frozen=True)
class Login:
    """An account and its password."""

    email: str
    password: str
    name: str


class Stack:
    """Assistant, action server, web and worker on free ports, kept alive by the real supervisor."""

    def __init__(self, folder: Path, database_url: str | None, **overrides: object) -> None:
        """
        Args:
            folder: Logs, secrets and, without `database_url`, a PostgreSQL server of its own.
            database_url: A migrated database.
            overrides: Settings that differ from the default.
        """
        self.folder = folder
        self.own_server = database_url is None
        if database_url is None:
            folder.chmod(0o711)
            database_url = embedded.start(folder)
        web_port, assistant_port, actions_port = _free_ports(3)
        encoder = steps.encoder_folder()
        with _settings_of_its_own():
            self.settings = Settings.model_validate(
                {
                    "var": folder,
                    "DATABASE_URL": database_url,
                    "web_port": web_port,
                    "assistant_port": assistant_port,
                    "actions_port": actions_port,
                    "secret": secrets.token_urlsafe(32),
                    "encoder": encoder,
                    **overrides,
                }
            )
        self.agent = Login("priya@example.org", "correct horse battery staple", "Priya Raman")
        self.events: list[str] = []
        self._supervisor = Supervisor(folder / "log", self.events.append)
        self._thread = threading.Thread(target=self._supervisor.run, daemon=True)

    @property
    def web_url(self) -> str:
        """Address of the web program."""
        return self.settings.web_url

    @property
    def chat_url(self) -> str:
        """Address of the assistant."""
        return self.settings.chat_url

    @property
    def database_url(self) -> str:
        """Address of the database, for libpq."""
        return self.settings.libpq_url()

    @property
    def environment(self) -> dict[str, str]:
        """For child processes such as `./sage ticket`: the same settings through variables."""
        found = self.settings
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(PREFIX)},
            "DATABASE_URL": found.libpq_url(),
            "HELPSAGE_VAR": str(found.var),
            "HELPSAGE_WEB_PORT": str(found.web_port),
            "HELPSAGE_ASSISTANT_PORT": str(found.assistant_port),
            "HELPSAGE_ACTIONS_PORT": str(found.actions_port),
            "HELPSAGE_SECRET": found.secret_key,
            "HELPSAGE_ENCODER": str(found.encoder),
        }

    def session(self) -> Session:
        """A session on the stack's database; use it as a context manager."""
        return Session(engine_for(self.settings.sqlalchemy_url()), expire_on_commit=False)

    def start(self) -> None:
        """Migrate, make the agent's account, start the programs and wait until they are well."""
        migrate.upgrade(engine_for(self.settings.sqlalchemy_url()))
        with self.session() as session, session.begin():
            accounts.create(session, self.agent.email, self.agent.name, self.agent.password, Role.AGENT)
        model = steps.ensure_model()
        with _settings_of_its_own():
            started = programs(self.settings, model)
        for program in started:
            program.environment.update(self.environment if program.name != "assistant" else {})
            self._supervisor.start(program)
        self._thread.start()
        self.wait_until_well(first_start=True)

    def stop(self) -> None:
        """Stop everything."""
        self._supervisor.request_stop()
        self._thread.join(30)
        engine_for(self.settings.sqlalchemy_url()).dispose()
        if self.own_server:
            embedded.stop(self.folder)

    def wait_until_well(self, first_start: bool = False) -> None:
        """Wait for `/healthz` to say that every program is up.

        Args:
            first_start: Nothing was broken yet, so a program that fails again and again will not recover.

        Raises:
            AssertionError: it did not in time, or a program ends as often as it is started; the message has the answer
                and the ends of the logs.
        """
        answer = ""
        deadline = time.monotonic() + READY_TIMEOUT_S
        while time.monotonic() < deadline and not (first_start and self._supervisor.failing()):
            try:
                response = httpx.get(f"{self.web_url}/healthz", timeout=20)
                if response.status_code == 200:
                    return
                answer = response.text
            except httpx.HTTPError as error:
                answer = repr(error)
            time.sleep(0.1)
        failing = ", ".join(program.name for program in self._supervisor.failing()) or "nothing"
        raise AssertionError(f"not well in time ({failing} fails again and again): {answer}\n{self.logs()}")

    def kill(self, name: str, with_signal: signal.Signals = signal.SIGKILL) -> None:
        """Kill one program; the supervisor starts it again."""
        self._supervisor.signal(name, with_signal)

    def hold(self, name: str) -> None:
        """Kill one program and keep it down until `release`."""
        self._supervisor.hold(name)

    def release(self, name: str) -> None:
        """Let a held program run again."""
        self._supervisor.release(name)

    def stop_database(self) -> None:
        """Stop the stack's own PostgreSQL."""
        embedded.stop(self.folder)

    def start_database(self) -> None:
        """Start it again."""
        embedded.start(self.folder)

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Rows of one statement, on a connection of its own."""
        connection = psycopg2.connect(self.database_url)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql, values)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def logs(self, lines: int = 30) -> str:
        """The last lines of every program's log."""
        parts = []
        for path in sorted((self.folder / "log").glob("*.log")):
            tail = path.read_text(errors="replace").splitlines()[-lines:]
            parts.append(f"--- {path.name}\n" + "\n".join(tail))
        return "\n".join(parts)


@contextlib.contextmanager
def _settings_of_its_own() -> Iterator[None]:
    """Without the settings that fixtures of other tests put into the environment of the whole process."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIX) or name == "DATABASE_URL"]:
            patch.delenv(name)
        yield


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
