"""Is everything well? For operators, load balancers and `./sage status`."""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
from fastapi import APIRouter
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from helpsage import __version__, clock, settings
from helpsage.db import migrate
from helpsage.db.session import engine, transaction
from helpsage.events.models import DeadLetter, Heartbeat, OutboxEvent
from helpsage.intake import service as intake
from helpsage.intake.models import MailboxState
from helpsage.jobs.programs import DUTIES
from helpsage.mail.models import Mail, State

router = APIRouter(include_in_schema=False)

HEARTBEAT_AT_MOST = timedelta(seconds=30)
ANSWER_WITHIN_S = 2.0
#: Whoever asks more often gets the latest answer again.
FRESH_FOR_S = 1.0


@dataclass(frozen=True)
class Program:
    """How one program is."""

    status: str
    version: str | None = None
    detail: str | None = None


class _Latest:
    """The latest answer, and the lock that lets only one question run at a time."""

    lock: asyncio.Lock | None = None
    loop: asyncio.AbstractEventLoop | None = None
    at: float = float("-inf")
    answer: dict[str, Any] | None = None


@router.get("/healthz")
async def healthz() -> JSONResponse:
    """200 when every program is up, else 503, with the same JSON."""
    answer = await _fresh()
    return JSONResponse(answer, status_code=200 if answer["status"] == "ok" else 503)


async def _fresh() -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    if _Latest.lock is None or _Latest.loop is not loop:
        _Latest.lock, _Latest.loop = asyncio.Lock(), loop
    async with _Latest.lock:
        if _Latest.answer is None or time.monotonic() - _Latest.at > FRESH_FOR_S:
            _Latest.answer = await examine()
            _Latest.at = time.monotonic()
        return _Latest.answer


async def examine() -> dict[str, Any]:
    """Ask every program now."""
    configured = settings.get()
    (database, beating, queue), actions, assistant = await asyncio.gather(
        run_in_threadpool(_ask_database),
        _ask(f"{configured.actions_url}/health"),
        _ask(f"{_local_assistant()}/webhooks/webchat/health"),
    )
    programs = {
        "web": Program("ok", __version__),
        "database": database,
        **beating,
        "actions": actions,
        "assistant": assistant,
    }
    well = all(program.status == "ok" for program in programs.values())
    return {
        "status": "ok" if well else "down",
        "version": __version__,
        "programs": {name: vars(program) for name, program in programs.items()},
        "queue": queue,
    }


def _local_assistant() -> str:
    """The assistant on this machine, past any proxy in front of its public address."""
    configured = settings.get()
    everywhere = configured.host in ("0.0.0.0", "::")  # noqa: S104 compared, not bound
    return f"http://{'127.0.0.1' if everywhere else configured.host}:{configured.assistant_port}"


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Read once: it takes 60 ms, and monitors ask every few seconds."""
    return httpx.create_ssl_context()


async def _ask(url: str) -> Program:
    try:
        async with httpx.AsyncClient(timeout=ANSWER_WITHIN_S, trust_env=False, verify=_certificates()) as client:
            answer = await client.get(url)
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        return Program("down", detail=type(error).__name__)
    if not isinstance(told, dict):
        return Program("down", detail="unexpected answer")
    # The model is what an operator wants to see beside the assistant.
    detail = str(told.get("detail") or told.get("model") or "") or None
    status = "ok" if answer.status_code == 200 else str(told.get("status") or "down")
    return Program(status if status != "ok" or answer.status_code == 200 else "down", told.get("version"), detail)


def _ask_database() -> tuple[Program, dict[str, Program], dict[str, int]]:
    """The database, the programs that write their sign of life there, and what waits."""
    beating = [*(duty.name for duty in DUTIES), *(["mailroom"] if settings.get().takes_mail else [])]
    unknown = dict.fromkeys(beating, Program("unknown"))
    try:
        at, needed = migrate.current(engine()), migrate.newest()
        if at != needed:
            return Program("down", at, f"at revision {at}, this version needs {needed}"), unknown, {}
        with transaction() as session:
            alive = {name: _alive(session, name) for name in beating}
            if "mailroom" in alive:
                alive["mailroom"] = _with_mailboxes(session, alive["mailroom"])
            return Program("ok", at), alive, _queue(session)
    except (SQLAlchemyError, RuntimeError) as error:
        return Program("down", detail=type(error).__name__), unknown, {}


def _alive(session: Session, name: str) -> Program:
    latest = session.scalar(select(Heartbeat).where(Heartbeat.program == name).order_by(Heartbeat.at.desc()).limit(1))
    if latest is None:
        return Program("down", detail="never seen")
    silent = clock.now() - latest.at
    if silent > HEARTBEAT_AT_MOST:
        return Program("down", latest.version, f"silent for {int(silent.total_seconds())} s")
    return Program("ok", latest.version)


def _with_mailboxes(session: Session, mailroom: Program) -> Program:
    """That mailboxes cannot be read is told beside the program, which is well all the same: a restart would not help.
    Which ones, and why, stands on the page *Ways in*: here everybody may ask.
    """
    asked = select(MailboxState.name).where(MailboxState.trouble != "")
    count = sum(name in settings.get().imap for name in session.scalars(asked))
    told = f"{count} of {len(settings.get().imap)} mailboxes cannot be read" if count else ""
    return replace(mailroom, detail="; ".join(each for each in (mailroom.detail, told) if each) or None)


def _queue(session: Session) -> dict[str, int]:
    waiting = session.scalar(select(func.count()).where(OutboxEvent.dispatched_at.is_(None)))
    dead = session.scalar(select(func.count()).where(DeadLetter.replayed_at.is_(None)))
    letters = session.scalar(select(func.count()).where(Mail.state == State.WAITING.value))
    came_in = intake.counted(session)
    return {
        "events": waiting or 0,
        "jobs": _jobs(session),
        "dead": dead or 0,
        "inbound": came_in["waiting"],
        "inbound_failed": came_in["failed"],
        "letters": letters or 0,
    }


def _jobs(session: Session) -> int:
    """Waiting and running, in the worker's own schema."""
    return int(
        session.scalar(text("select count(*) from jobs.procrastinate_jobs where status in ('todo', 'doing')")) or 0
    )
