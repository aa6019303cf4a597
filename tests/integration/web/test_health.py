"""`/healthz` is well only when everything is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import Engine, delete
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.events.models import Heartbeat
from helpsage.intake.models import MailboxState
from helpsage.settings import Mailbox
from helpsage.web import health
from tests.integration.web.visitor import Visitor


class _Well(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"status": "ok", "version": "1.2.3"}')

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def neighbours(web_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An assistant and an action server that answer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Well)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name in ("assistant_port", "actions_port"):
        monkeypatch.setattr(settings.get(), name, server.server_port)
    yield
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def ask_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """No earlier answer is given again."""
    monkeypatch.setattr(health, "FRESH_FOR_S", -1.0)


def beat(engine: Engine, ago: timedelta = timedelta()) -> None:
    """The worker's sign of life."""
    with Session(engine) as session, session.begin():
        session.execute(delete(Heartbeat))
        for name in ("worker", "reader", "background"):
            session.add(Heartbeat(program=name, instance="one", version="1.2.3", at=clock.now() - ago))


def test_all_is_well(visitor: Visitor, database: Engine, neighbours: None) -> None:
    beat(database)
    answer = visitor.get("/healthz")
    assert answer.status_code == 200
    told = answer.json()
    assert told["status"] == "ok"
    assert {name: program["status"] for name, program in told["programs"].items()} == dict.fromkeys(
        ("web", "database", "worker", "reader", "background", "actions", "assistant"), "ok"
    )
    assert told["programs"]["worker"]["version"] == "1.2.3"
    assert told["queue"] == {
        "events": 0, "jobs": 0, "dead": 0, "inbound": 0, "inbound_failed": 0, "letters": 0
    }  # fmt: skip


def test_programs_that_do_not_answer_are_down(visitor: Visitor, database: Engine) -> None:
    beat(database)
    answer = visitor.get("/healthz")
    assert answer.status_code == 503
    programs = answer.json()["programs"]
    assert (programs["actions"]["status"], programs["assistant"]["status"]) == ("down", "down")
    assert (programs["web"]["status"], programs["database"]["status"]) == ("ok", "ok")


def test_a_silent_worker_is_down(visitor: Visitor, database: Engine, neighbours: None) -> None:
    assert visitor.get("/healthz").json()["programs"]["worker"]["detail"] == "never seen"
    beat(database, timedelta(seconds=31))
    answer = visitor.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["programs"]["worker"]["detail"] == "silent for 31 s"


def test_a_database_of_another_version_is_down(visitor: Visitor, database: Engine, neighbours: None) -> None:
    beat(database)
    with database.begin() as connection:
        kept = connection.scalar(sql("select version_num from alembic_version"))
        connection.execute(sql("update alembic_version set version_num = '0000'"))
    try:
        answer = visitor.get("/healthz")
    finally:
        with database.begin() as connection:
            connection.execute(sql("update alembic_version set version_num = :kept"), {"kept": kept})
    assert answer.status_code == 503
    assert "this version needs" in answer.json()["programs"]["database"]["detail"]


def test_a_mailbox_that_cannot_be_read_is_told_without_its_name(
    visitor: Visitor, database: Engine, neighbours: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = {"host": "imap.example.org", "user": "u", "password": "p"}
    monkeypatch.setattr(settings.get(), "imap", {name: Mailbox.model_validate(box) for name in ("help", "books")})
    with Session(database) as session, session.begin():
        session.execute(delete(Heartbeat))
        session.add_all(
            Heartbeat(program=name, instance="1", version="1", at=clock.now())
            for name in ("worker", "reader", "background", "mailroom")
        )
        session.add(MailboxState(name="help", trouble="MailboxLoginError"))
        session.add(MailboxState(name="gone from the settings", trouble="timeout"))
    told = visitor.get("/healthz")
    assert told.status_code == 200
    assert told.json()["programs"]["mailroom"]["detail"] == "1 of 2 mailboxes cannot be read"
