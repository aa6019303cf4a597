"""The action server's door: the secret, errors that leak nothing, health."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher
from rasa_sdk.interfaces import ActionExecutionRejection
from sanic import Sanic

from actions.server import SECRET_HEADER, create_app
from helpsage import __version__
from tests.loopback import NO_CERTIFICATES

SECRET = "known to the assistant only"
CALL: dict[str, Any] = {"next_action": "fine", "tracker": {"sender_id": "web:x", "latest_message": {}, "events": []}}


class Fine(Action):
    """Works."""

    def name(self) -> str:
        return "fine"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        dispatcher.utter_message(response="utter_fine")
        return []


class Broken(Fine):
    """Breaks, with something in its error that nobody may see."""

    def name(self) -> str:
        return "broken"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        raise RuntimeError("password of the database is hunter2")


class Declining(Fine):
    """Declines."""

    def name(self) -> str:
        return "declining"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        raise ActionExecutionRejection("declining", "not now")


@pytest.fixture
async def server() -> AsyncIterator[httpx.AsyncClient]:
    """The server on a free port of this machine."""
    executor = ActionExecutor()
    executor.update_and_return_domain = lambda payload, action_name: {}  # type: ignore[method-assign]
    for action in (Fine(), Broken(), Declining()):
        executor.register_action(action)
    app = create_app(SECRET, executor, name=f"test-{uuid4().hex}")
    app.config.TOUCHUP = False  # Sanic rewrites its own methods at a start, which works once a process
    door = socket.create_server(("127.0.0.1", 0))
    running = await app.create_server(sock=door, return_asyncio_server=True)
    assert running is not None
    await running.startup()
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{door.getsockname()[1]}", verify=NO_CERTIFICATES
    ) as client:
        yield client
    running.close()
    await running.wait_closed()
    Sanic.unregister_app(app)


@pytest.mark.parametrize("headers", [{}, {SECRET_HEADER: ""}, {SECRET_HEADER: "guessed"}, {SECRET_HEADER: "kno\xfc"}])
async def test_strangers_run_nothing(server: httpx.AsyncClient, headers: dict[str, str]) -> None:
    sent = {name: value.encode("latin-1") for name, value in headers.items()}
    answer = await server.post("/webhook", json=CALL, headers=sent)
    assert (answer.status_code, answer.json()) == (403, {"error": "forbidden"})


async def test_the_assistant_runs_an_action(server: httpx.AsyncClient) -> None:
    answer = await server.post("/webhook", json=CALL, headers={SECRET_HEADER: SECRET})
    assert answer.status_code == 200
    assert answer.json()["responses"][0]["response"] == "utter_fine"


async def test_an_error_leaks_nothing_but_its_number(
    server: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await server.post("/webhook", json=CALL | {"next_action": "broken"}, headers={SECRET_HEADER: SECRET})
    assert answer.status_code == 500
    assert set(answer.json()) == {"error", "incident"}
    assert "hunter2" not in answer.text
    assert answer.json()["incident"] in caplog.text


async def test_declining_is_told_as_rasa_expects(server: httpx.AsyncClient) -> None:
    answer = await server.post("/webhook", json=CALL | {"next_action": "declining"}, headers={SECRET_HEADER: SECRET})
    assert (answer.status_code, answer.json()) == (400, {"error": "not now", "action_name": "declining"})


async def test_an_unknown_action(server: httpx.AsyncClient) -> None:
    answer = await server.post("/webhook", json=CALL | {"next_action": "nothing"}, headers={SECRET_HEADER: SECRET})
    assert (answer.status_code, answer.json()["action_name"]) == (404, "nothing")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"next_action": "fine"}', b'{"tracker": {}}', b"\xff\xfe"])
async def test_what_is_no_call(server: httpx.AsyncClient, body: bytes) -> None:
    answer = await server.post("/webhook", content=body, headers={SECRET_HEADER: SECRET})
    assert (answer.status_code, answer.json()) == (400, {"error": "the body is not an action call"})


async def test_an_unknown_page_says_nothing_of_us(server: httpx.AsyncClient) -> None:
    answer = await server.get("/actions", headers={SECRET_HEADER: SECRET})
    assert (answer.status_code, answer.json()) == (404, {"error": "the request cannot be served"})


async def test_health_needs_no_secret(server: httpx.AsyncClient) -> None:
    answer = await server.get("/health")
    assert answer.json() == {"status": "ok", "version": __version__}
