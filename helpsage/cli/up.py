"""`./sage up`: everything, running, on this machine."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import select

from helpsage import __version__, settings
from helpsage.cli.user import generated_password
from helpsage.db import embedded, migrate
from helpsage.db.session import engine, transaction
from helpsage.departments import service as departments
from helpsage.jobs.programs import DUTIES
from helpsage.knowledge import importing
from helpsage.people import accounts
from helpsage.people.models import Account, Role
from helpsage.setup import steps
from helpsage.setup.steps import SetupError
from helpsage.supervisor import Program, Supervisor, port_is_free
from helpsage.training import promotions, signing

READY_TIMEOUT_S = 180.0
FIRST_ACCOUNT = "admin@help-sage.example"


def up() -> None:
    """Start the assistant, the action server, the web program, the worker and the database; stop with Ctrl-C."""
    began = time.monotonic()
    configured = settings.get()
    with _only_one(configured.var):
        _refuse_busy_ports(configured)
        _say(f"Help Sage {__version__}")
        steps.ensure_encoder()
        steps.ensure_assets()
        with _database(configured) as own_database:
            migrate.upgrade(engine())
            with transaction() as session:
                departments.ensure_defaults(session)
                importing.shipped(session)
            model = promotions.to_start_with()
            password = _first_account(configured.var)
            supervisor = Supervisor(configured.var / "log", lambda words: _say(f"  {words}"))
            signal.signal(signal.SIGTERM, lambda *_: supervisor.request_stop())
            signal.signal(signal.SIGINT, lambda *_: supervisor.request_stop())
            try:
                for program in programs(configured, model):
                    supervisor.start(program)
                _wait_until_ready(supervisor, configured)
                _welcome(configured, password, time.monotonic() - began, own_database)
                supervisor.run()
            finally:
                _say("Stopping ...")
                supervisor.stop()
    _say("Stopped.")


def programs(configured: settings.Settings, model: Path) -> list[Program]:
    """The programs, with what each needs to know; the mailroom only where mail comes in."""
    common = {
        **os.environ,
        "PYTHONPATH": str(settings.ROOT),
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": configured.libpq_url(),
        "HELPSAGE_SECRET": configured.secret_key,
    }
    assistant = {
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": configured.libpq_url(),
        "HELPSAGE_HOST": configured.host,
        "HELPSAGE_ASSISTANT_PORT": str(configured.assistant_port),
        "HELPSAGE_ASSISTANT_PROCESSES": str(configured.assistant_processes),
        "SANIC_WORKERS": str(configured.assistant_processes),
        "HELPSAGE_ACTIONS_URL": f"{configured.actions_url}/webhook",
        "HELPSAGE_ACTIONS_SECRET": configured.derived("actions"),
        "HELPSAGE_WEBCHAT_SECRET": configured.derived("webchat"),
        "HELPSAGE_CHANNELS_KEY": configured.derived("channels"),
        "HELPSAGE_MODELS_KEY": configured.derived(signing.PURPOSE),
        "HELPSAGE_PUBLIC_URL": configured.web_url,
        "HELPSAGE_WEB_URL": configured.own_web_url,
        "HELPSAGE_ALLOWED_ORIGINS": ",".join(configured.allowed_origins),
        "HELPSAGE_RASA_WEBCHAT": "1" if configured.rasa_webchat else "",
        "HELPSAGE_DESK_NAME": configured.desk_name,
        "HELPSAGE_VERSION": __version__,
    }
    own = sys.executable
    mailroom = [Program("mailroom", [own, "-m", "helpsage.mailroom"], common)] if configured.takes_mail else []
    return [
        Program("actions", [own, "-m", "actions"], common),
        *(Program(duty.name, [own, "-m", "helpsage.worker", str(duty.queue)], common) for duty in DUTIES),
        Program("web", [own, "-m", "helpsage.web"], common),
        *mailroom,
        Program(
            "assistant",
            [steps.rasa_python(), "-m", "assistant", "--model", model],
            {**steps.rasa_environment(), **assistant},
        ),
    ]


@contextlib.contextmanager
def _only_one(var: Path) -> Iterator[None]:
    """Hold a lock that the kernel lets go when we die, however we die."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "sage.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise SetupError(
                f"already running (process {file.read().strip() or 'unknown'}); stop that one first"
            ) from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def _refuse_busy_ports(configured: settings.Settings) -> None:
    for name, host in (
        ("web_port", configured.host),
        ("assistant_port", configured.host),
        ("actions_port", "127.0.0.1"),
        ("mail_listen_port", configured.mail_listen_host),
    ):
        port = getattr(configured, name)
        if port and not port_is_free(host, port):
            raise SetupError(f"port {port} is in use; free it or choose another: HELPSAGE_{name.upper()}=... ./sage up")


@contextlib.contextmanager
def _database(configured: settings.Settings) -> Iterator[bool]:
    """The operator's database, or the embedded one, which stops when we do. Yields whether it is the operator's."""
    if configured.database_url:
        embedded.wait_until_ready(configured.libpq_url(), seconds=5)
        yield True
        return
    embedded.start(configured.var)
    try:
        yield False
    finally:
        embedded.stop(configured.var)


def _first_account(var: Path) -> str | None:
    """On an empty installation make an administrator. The password stays in a file only this user can read."""
    kept = var / "first-login"
    with transaction() as session:
        if session.scalar(select(Account.id).limit(1)) is not None:
            return kept.read_text().strip() if kept.exists() else None
        password = generated_password()
        accounts.create(session, FIRST_ACCOUNT, "Administrator", password, Role.ADMINISTRATOR)
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(password + "\n")
    return password


def _wait_until_ready(supervisor: Supervisor, configured: settings.Settings) -> None:
    host = "127.0.0.1" if configured.host in ("0.0.0.0", "::") else configured.host  # noqa: S104 compared, not bound
    url = f"http://{host}:{configured.web_port}/healthz"
    deadline = time.monotonic() + READY_TIMEOUT_S
    while not supervisor.stop_requested:
        supervisor.look_after_all()
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=3).status_code == 200:
                return
        if failing := supervisor.failing():
            raise SetupError(
                f"{failing[0].name} does not start; its log: {configured.var / 'log' / failing[0].name}.log"
            )
        if time.monotonic() > deadline:
            raise SetupError(f"not ready after {READY_TIMEOUT_S:.0f} s; logs: {configured.var / 'log'}")
        time.sleep(0.1)


def _welcome(configured: settings.Settings, password: str | None, seconds: float, own_database: bool) -> None:
    login = f"{FIRST_ACCOUNT}  password: {password}" if password else "the account you made with ./sage user add"
    lines = [
        "",
        f"Ready after {seconds:.0f} s ({datetime.now(UTC):%Y-%m-%d %H:%M} UTC).",
        f"  Chat         {configured.web_url}/chat",
        f"  Agents       {configured.web_url}/agent",
        f"               {login}",
        f"  Database     {'DATABASE_URL' if own_database else 'embedded, in ' + str(configured.var)}",
        f"  Logs         {configured.var / 'log'}",
        "",
        'Try: open the chat and say "my fee payment failed but the money left my account",',
        "     then answer the ticket as an agent and watch the words arrive in the chat.",
        "     ./sage status   ./sage chat   ./sage ticket list",
        "Ctrl-C stops everything.",
    ]
    _say("\n".join(lines))


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()
