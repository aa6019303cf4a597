"""The chat when something breaks: never silence, nothing lost, nothing twice, and well again without a hand."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpsage.db import embedded, migrate
from helpsage.db.session import engine_for
from helpsage.setup import steps
from tests.channels.harness import ActionServer, Assistant, Person, until, wait_for

pytestmark = [pytest.mark.rasa, pytest.mark.faults]

Query = Callable[..., list[dict[str, Any]]]


class Server:
    """A PostgreSQL server that may be stopped."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o711)
        self._folder = folder
        self.url = embedded.start(folder)
        engine = engine_for(self.url.replace("postgresql://", "postgresql+psycopg2://"))
        migrate.upgrade(engine)
        engine.dispose()

    def start(self) -> None:
        """Start it."""
        embedded.start(self._folder)

    def stop(self) -> None:
        """Stop it, cutting off whoever is connected."""
        embedded.stop(self._folder)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A PostgreSQL server of this module's own."""
    found = Server(tmp_path_factory.mktemp("postgres"))
    yield found
    found.stop()


@pytest.fixture(scope="module")
def chat_database(server: Server) -> str:
    """The database on it."""
    return server.url


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory, model: Path, actions: ActionServer, chat_database: str
) -> Iterator[list[Assistant]]:
    """Two processes of the assistant that share the work."""
    folder = tmp_path_factory.mktemp("pair")
    found = [
        Assistant(folder, model, chat_database, actions.url, HELPSAGE_ASSISTANT_PROCESSES="2", SANIC_WORKERS="1")
        for _ in range(2)
    ]
    for process in found:
        process.start()
    yield found
    for process in found:
        process.kill()


@pytest.fixture
def gate(actions: ActionServer) -> Iterator[Path]:
    """A file that keeps `action_wait` waiting while it is there."""
    actions.gate.touch()
    yield actions.gate
    actions.gate.unlink(missing_ok=True)


@pytest.fixture
async def closing() -> AsyncIterator[list[Person]]:
    """People whose windows are closed after the test."""
    people: list[Person] = []
    yield people
    for person in people:
        await person.disconnect()


def unanswered(query: Query, person: Person) -> int:
    """Messages of a person that wait for an answer."""
    found = query(
        "select count(*) as waiting from message where conversation_id = %s and author = 'person'"
        " and handled_at is null",
        person.conversation,
    )
    return int(found[0]["waiting"])


class TestDatabase:
    async def test_stopped_and_started_in_mid_conversation(self, person: Person, server: Server) -> None:
        assert await person.ask("count") == "That was number 1."
        server.stop()
        try:
            await until(lambda: "unavailable" in person.notices, "the notice")
            refused = await person.say("count", "kept by the client")
            assert (refused["ok"], refused["error"]) == (False, "unavailable")
        finally:
            server.start()
        await until(lambda: "restored" in person.notices, "the notice that it is back")
        assert (await person.say("count", "kept by the client"))["ok"]
        await until(lambda: person.texts[-1] == "That was number 2.", "the answer")
        assert await person.ask("count") == "That was number 3."

    async def test_stopped_while_a_message_is_being_answered(
        self, person: Person, server: Server, query: Query, gate: Path
    ) -> None:
        assert (await person.say("wait"))["ok"]
        await asyncio.to_thread(wait_for, lambda: unanswered(query, person) == 1, "the message")
        server.stop()
        gate.unlink()
        await until(lambda: "unavailable" in person.notices, "the notice")
        server.start()
        await until(lambda: person.texts == ["That took a while."], "the answer")
        assert await person.ask("wifi") == "Choose the network **eduroam** and sign in."
        assert len(person.texts) == 2

    async def test_nobody_is_let_in_without_it_and_everybody_after(
        self, assistant: Assistant, person: Person, server: Server, closing: list[Person]
    ) -> None:
        server.stop()
        try:
            assert (await Person(assistant.url).session()).status_code == 503
        finally:
            server.start()
        await until(lambda: "restored" in person.notices, "the notice that it is back")
        closing.append(await Person(assistant.url).begin())
        assert await closing[-1].ask("hello") == "Hello!"


class TestAssistant:
    async def test_killed_between_message_and_answer(
        self, assistant: Assistant, person: Person, query: Query, gate: Path
    ) -> None:
        for text in ("count", "wait", "count"):
            assert (await person.say(text))["ok"]
        await asyncio.to_thread(wait_for, lambda: unanswered(query, person) == 2, "the first answer")
        assistant.kill()
        gate.unlink()
        assistant.start()
        await until(lambda: len(person.texts) == 3, "the answers after the restart")
        assert person.texts == ["That was number 1.", "That took a while.", "That was number 2."]
        assert unanswered(query, person) == 0
        assert await person.ask("count") == "That was number 3."

    async def test_its_messages_are_taken_up_by_another(
        self, pair: list[Assistant], query: Query, gate: Path, closing: list[Person]
    ) -> None:
        first, second = pair
        person = await Person(first.url).begin()
        closing.append(person)
        assert (await person.say("wait"))["ok"]
        await asyncio.to_thread(wait_for, lambda: unanswered(query, person) == 1, "the message")
        first.kill()
        gate.unlink()
        await asyncio.to_thread(wait_for, lambda: unanswered(query, person) == 0, "the other process")
        await person.disconnect()
        await person.connect(second.url)
        await until(lambda: person.texts == ["That took a while."], "the answer")
        first.start()

    async def test_stops_when_asked_and_leaves_no_message_behind(
        self, assistant: Assistant, person: Person, gate: Path
    ) -> None:
        assert (await person.say("wait"))["ok"]
        assert assistant.stop() == 0
        gate.unlink()
        assistant.start()
        await until(lambda: person.texts == ["That took a while."], "the answer after the restart")


class TestStart:
    def run(self, assistant: Assistant, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Try to start another assistant as this one was started."""
        return subprocess.run(
            [str(steps.rasa_python()), "-m", "assistant", *arguments],
            env=assistant.environment,
            cwd=steps.ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def test_a_busy_port_is_one_clear_line(self, assistant: Assistant, model: Path) -> None:
        finished = self.run(assistant, "--model", str(model))
        assert finished.returncode == 1
        assert finished.stderr.strip() == f"assistant: port {assistant.port} on 127.0.0.1 is in use"

    def test_a_missing_model_is_one_clear_line(self, assistant: Assistant) -> None:
        finished = self.run(assistant, "--model", "/nowhere/model.tar.gz")
        assert finished.returncode == 1
        assert finished.stderr.startswith("assistant: there is no model at /nowhere/model.tar.gz")


class TestTwoProcesses:
    async def test_one_conversation_on_both(self, pair: list[Assistant], closing: list[Person]) -> None:
        here = await Person(pair[0].url).begin()
        there = Person(pair[1].url)
        there.token, there.conversation = here.token, here.conversation
        await there.connect()
        closing += [here, there]
        for _ in range(5):
            await asyncio.gather(here.say("count"), there.say("count"), here.say("count"), there.say("count"))
        expected = [f"That was number {number}." for number in range(1, 21)]
        for window in (here, there):
            await until(lambda window=window: len(window.texts) == 20, "every answer in both windows")
            assert window.texts == expected
            assert [said["seq"] for said in window.messages] == sorted(said["seq"] for said in window.messages)

    async def test_every_window_follows_whichever_worker_has_it(
        self,
        tmp_path: Path,
        model: Path,
        actions: ActionServer,
        chat_database: str,
        closing: list[Person],
    ) -> None:
        several = Assistant(tmp_path, model, chat_database, actions.url, HELPSAGE_ASSISTANT_PROCESSES="2")
        several.start()
        try:
            first = await Person(several.url).begin()
            closing.append(first)
            for _ in range(7):
                window = Person(several.url)
                window.token, window.conversation = first.token, first.conversation
                await window.connect()
                closing.append(window)
            assert await first.ask("count") == "That was number 1."
            for window in closing[1:]:
                await until(lambda window=window: window.texts == ["That was number 1."], "every window")
        finally:
            assert several.stop() == 0

    async def test_all_end_that_are_still_starting(
        self, tmp_path: Path, model: Path, actions: ActionServer, chat_database: str
    ) -> None:
        several = Assistant(tmp_path, model, chat_database, actions.url, HELPSAGE_ASSISTANT_PROCESSES="4")
        several.start()  # the first of them answers
        assert several.stop() == 0

    async def test_the_state_follows_from_one_to_the_other(self, pair: list[Assistant], closing: list[Person]) -> None:
        person = await Person(pair[0].url).begin()
        closing.append(person)
        assert await person.ask("order") == "Which room?"
        await person.disconnect()
        await person.connect(pair[1].url)
        assert await person.ask("12") == "What would you like?"
        await person.disconnect()
        await person.connect(pair[0].url)
        assert await person.ask("tea") == "tea for room 12."


class TestActionServer:
    async def test_away_during_a_turn(self, person: Person, actions: ActionServer) -> None:
        assert await person.ask("count") == "That was number 1."
        actions.kill()
        try:
            assert await person.ask("count") == "Sorry, I could not finish that. Please try again in a moment."
            assert await person.ask("wifi") == "Choose the network **eduroam** and sign in."
        finally:
            actions.start()
        assert await person.ask("count") == "That was number 2."

    async def test_restarted_during_a_turn_is_waited_for(self, person: Person, actions: ActionServer) -> None:
        assert await person.ask("count") == "That was number 1."
        actions.kill()
        assert (await person.say("count"))["ok"]
        await until(lambda: person.typing[-1:] == [True], "the typing indicator")
        await asyncio.to_thread(actions.start)
        await until(lambda: person.texts[-1] == "That was number 2.", "the answer")

    async def test_killed_while_it_works(self, person: Person, actions: ActionServer, query: Query, gate: Path) -> None:
        assert (await person.say("wait"))["ok"]
        await asyncio.to_thread(wait_for, lambda: unanswered(query, person) == 1, "the message")
        actions.kill()
        gate.unlink()
        await asyncio.to_thread(actions.start)
        await until(lambda: len(person.texts) == 1, "an answer")
        assert person.texts == ["That took a while."]

    async def test_hanging_does_not_keep_others_waiting(
        self, person: Person, assistant: Assistant, gate: Path, closing: list[Person]
    ) -> None:
        assert (await person.say("wait"))["ok"]
        closing.append(await Person(assistant.url).begin())
        assert await closing[-1].ask("wifi") == "Choose the network **eduroam** and sign in."
        assert person.texts == []
        gate.unlink()
        await until(lambda: person.texts == ["That took a while."], "the answer")


class TestConnection:
    async def test_nothing_is_lost_or_doubled_when_it_drops(self, person: Person, query: Query, gate: Path) -> None:
        client_id = uuid.uuid4().hex
        assert (await person.say("wait", client_id))["ok"]
        await person.disconnect()
        gate.unlink()
        await asyncio.to_thread(wait_for, lambda: unanswered(query, person) == 0, "the answer")
        await person.connect()
        assert (await person.say("wait", client_id))["ok"]
        await until(lambda: person.texts == ["That took a while."], "the answer")
        assert await person.ask("hello") == "Hello!"
        assert len(person.texts) == 2

    async def test_a_frozen_process_does_not_double(self, assistant: Assistant, person: Person, query: Query) -> None:
        assert await person.ask("count") == "That was number 1."
        assistant.signal(signal.SIGSTOP)
        try:
            sent = asyncio.create_task(person.say("count", "while it is frozen"))
            await asyncio.sleep(0)
        finally:
            assistant.signal(signal.SIGCONT)
        assert (await sent)["ok"]
        assert (await person.say("count", "while it is frozen"))["ok"]
        await until(lambda: person.texts[-1] == "That was number 2.", "the answer")
        assert await person.ask("count") == "That was number 3."
