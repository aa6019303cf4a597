"""PostgreSQL goes away under a running worker and comes back."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.conversations.models import Message
from helpsage.db import embedded, migrate
from helpsage.events.models import Heartbeat
from helpsage.tickets import service
from tests.integration.jobs.conftest import WorkerProgram, eventually
from tests.integration.tickets.conftest import AGENT, REQUESTER, new_ticket


@pytest.fixture
def own_server() -> Iterator[Path]:
    """A server that this test may stop."""
    var = Path(tempfile.mkdtemp(prefix="helpsage-restart-"))
    var.chmod(0o711)
    yield var
    embedded.stop(var)
    shutil.rmtree(var)


@pytest.mark.faults
def test_worker_goes_on_when_postgresql_is_back(own_server: Path) -> None:
    url = embedded.start(own_server)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"), pool_pre_ping=True)
    migrate.upgrade(engine)
    with Session(engine, expire_on_commit=False) as session, session.begin():
        chat = conversations.ensure(session, f"web:{uuid4()}", "web")
        ticket = service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)

    def reply(body: str) -> None:
        with Session(engine) as session, session.begin():
            service.reply(session, ticket, body, AGENT)

    def said() -> list[str]:
        with Session(engine) as session:
            return list(session.scalars(select(Message.text).order_by(Message.seq)))

    worker = WorkerProgram(**{**os.environ, "DATABASE_URL": url})
    try:
        reply("before")
        eventually(lambda: said() == ["before"])
        embedded.stop(own_server)
        assert worker.process.poll() is None
        embedded.start(own_server)
        reply("after")
        eventually(lambda: said() == ["before", "after"])
        code, _ = worker.stop()
        assert code == 0
    finally:
        if worker.process.poll() is None:
            worker.kill()
        engine.dispose()


@pytest.mark.faults
def test_worker_stops_although_postgresql_is_away(own_server: Path) -> None:
    url = embedded.start(own_server)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    migrate.upgrade(engine)

    def alive() -> int:
        with Session(engine) as session:
            return session.scalar(select(func.count()).select_from(Heartbeat)) or 0

    worker = WorkerProgram(**{**os.environ, "DATABASE_URL": url})
    try:
        eventually(alive)
        engine.dispose()
        embedded.stop(own_server)
        code, _ = worker.stop()
        assert code == 0
    finally:
        if worker.process.poll() is None:
            worker.kill()
