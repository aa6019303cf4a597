"""The tiny assistant, running, for tests of the channel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import psycopg2.extras
import pytest

from tests.channels.harness import SECRET, ActionServer, Assistant, Person, train
from tests.conftest import fresh_database
from tests.vendors.desk import Desk


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model."""
    return train(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def actions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ActionServer]:
    """The tiny assistant's action server."""
    server = ActionServer(tmp_path_factory.mktemp("actions"))
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def chat_database(worker_id: str, request: pytest.FixtureRequest) -> str:
    """A database of this module's own: the assistant commits."""
    return fresh_database(f"chat_{worker_id}_{request.module.__name__.rsplit('.', 1)[-1]}")


@pytest.fixture(scope="module")
def desk_files() -> Iterator[Desk]:
    """The desk's web program, as far as the assistant asks it for files."""
    server = Desk(SECRET)
    yield server
    server.close()


@pytest.fixture(scope="module")
def assistant(
    tmp_path_factory: pytest.TempPathFactory, model: Path, actions: ActionServer, chat_database: str, desk_files: Desk
) -> Iterator[Assistant]:
    """One running assistant."""
    folder = tmp_path_factory.mktemp("assistant")
    found = Assistant(folder, model, chat_database, actions.url, HELPSAGE_WEB_URL=desk_files.url)
    found.start()
    yield found
    found.kill()


@pytest.fixture
async def new_person(assistant: Assistant) -> AsyncIterator[Callable[..., Any]]:
    """Makes people who have begun a conversation; their windows are closed after the test."""
    people: list[Person] = []

    async def make(url: str | None = None, token: str | None = None) -> Person:
        person = await Person(url or assistant.url).begin(token)
        people.append(person)
        return person

    yield make
    for person in people:
        await person.disconnect()


@pytest.fixture
async def person(new_person: Callable[..., Any]) -> Person:
    """Somebody who has begun a conversation."""
    found: Person = await new_person()
    return found


@pytest.fixture
def query(chat_database: str) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Runs a statement on the chat's database and returns its rows."""
    connection = psycopg2.connect(chat_database)
    connection.autocommit = True

    def run(statement: str, *values: Any) -> list[dict[str, Any]]:
        with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
            cursor.execute(statement, values)
            return [dict(row) for row in cursor.fetchall()] if cursor.description else []

    yield run
    connection.close()
