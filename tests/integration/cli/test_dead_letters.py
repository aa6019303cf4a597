"""`./sage dead-letters`: what was given up is listed, shown and put in again."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from helpsage import clock
from helpsage.cli.__main__ import build
from helpsage.events.models import DeadLetter
from helpsage.webhooks import signing
from helpsage.webhooks.models import Attempt, Message, Stage, Webhook
from tests.integration.jobs.conftest import queue_database

__all__ = ["queue_database"]

Sage = Callable[..., tuple[int, str]]


@pytest.fixture
def sage() -> Sage:
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(build(), ["dead-letters", *arguments])
        return done.exit_code, done.output

    return run


@pytest.fixture
def given_up(queue_database: Engine) -> tuple[str, str]:
    """A job and a message of a webhook; their names."""
    with Session(queue_database) as session, session.begin():
        letter = DeadLetter(task="search.learn", lock="x", arguments={"timestamp": 1}, attempts=8, error="ValueError")
        webhook = Webhook(name="Board", url="https://example.org/", events=[], secrets=signing.kept(signing.new_key()))
        session.add_all([letter, webhook])
        session.flush()
        message = Message(
            webhook_id=webhook.id, kind="ticket.opened", subject_id=uuid4(), body="{}", stage="dead", attempts=9,
            done_at=clock.now(),
        )  # fmt: skip
        session.add(message)
        session.flush()
        session.add(Attempt(message_id=message.id, milliseconds=3, status=500, error="answered 500"))
        return str(letter.id), f"msg_{message.id.hex}"


def jobs(engine: Engine) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(text("select task_name from jobs.procrastinate_jobs order by id")))


def test_both_kinds_are_listed_and_shown(sage: Sage, given_up: tuple[str, str]) -> None:
    code, out = sage("list", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [(one["id"], one["what"], one["attempts"]) for one in found] == [
        (given_up[0], "search.learn", 8),
        (given_up[1], "ticket.opened", 9),
    ]
    assert json.loads(sage("show", given_up[0], "--json")[1])["arguments"] == {"timestamp": 1}
    assert json.loads(sage("show", given_up[1], "--json")[1])["tried"][0]["error"] == "answered 500"


def test_one_or_all_are_put_in_again_once(sage: Sage, queue_database: Engine, given_up: tuple[str, str]) -> None:
    assert sage("replay", given_up[0])[0] == 0
    assert sage("replay", given_up[0])[0] == 0
    assert jobs(queue_database) == ["search.learn"]
    assert sage("replay", "--all") == (0, "1 put in again.\n")
    assert jobs(queue_database) == ["search.learn", "webhooks.work"]
    with Session(queue_database) as session:
        assert session.scalars(select(Message.stage)).all() == [Stage.WAITING]
    assert sage("replay", "--all") == (0, "No dead letters.\n")


@pytest.mark.parametrize("arguments", [["show", "999"], ["replay", "nonsense"], ["replay", "msg_zz"], ["replay"]])
def test_what_is_not_there_is_said_so(sage: Sage, queue_database: Engine, arguments: list[str]) -> None:
    assert sage(*arguments)[0] == 2
