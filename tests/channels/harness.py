"""A tiny assistant in processes of its own, and a person who talks to it over Socket.IO."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import socketio

from helpsage.setup import steps
from tests.loopback import NO_CERTIFICATES

PROJECT = Path(__file__).parent / "project"
SECRET = "a secret of the tests, long enough for HS256"
PUBLIC_URL = "http://desk.example"
#: Opens the secrets of chat applications.
CHANNELS_KEY = "5e" * 32
START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 45.0


def train(folder: Path) -> Path:
    """Train the tiny assistant; returns the model."""
    finished = subprocess.run(
        [
            *(str(steps.rasa_python()), "-m", "rasa", "train"),
            *("--domain", str(PROJECT / "domain.yml"), "--config", str(PROJECT / "config.yml")),
            *("--data", str(PROJECT / "data"), "--out", str(folder), "--fixed-model-name", "tiny"),
        ],
        env=steps.rasa_environment(),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert finished.returncode == 0, finished.stdout[-2000:] + finished.stderr[-2000:]
    return folder / "tiny.tar.gz"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class ActionServer:
    """The tiny assistant's actions on the real rasa-sdk server."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.gate = folder / "gate"
        self._log = (folder / "actions.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of the webhook."""
        return f"http://127.0.0.1:{self.port}/webhook"

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(PROJECT / "actions.py"), str(self.port), str(self.gate)],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        wait_for(lambda: _answers(f"http://127.0.0.1:{self.port}/health"), "the action server")

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it for good."""
        self.kill()
        self._log.close()


class Assistant:
    """One process of `python -m assistant` with the tiny model."""

    def __init__(self, folder: Path, model: Path, database_url: str, actions_url: str, **more: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._model = model
        self._log_path = folder / f"assistant-{self.port}.log"
        self.environment = {
            **steps.rasa_environment(),
            "DATABASE_URL": database_url,
            "HELPSAGE_ASSISTANT_PORT": str(self.port),
            "HELPSAGE_ACTIONS_URL": actions_url,
            "HELPSAGE_ACTIONS_SECRET": "not looked at",
            "HELPSAGE_WEBCHAT_SECRET": SECRET,
            "HELPSAGE_CHANNELS_KEY": CHANNELS_KEY,
            "HELPSAGE_PUBLIC_URL": PUBLIC_URL,
            "HELPSAGE_DESK_NAME": "Tiny Desk",
            "HELPSAGE_VERSION": "1.2.3",
            **more,
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is well."""
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(str(steps.rasa_python()), "-m", "assistant", "--model", str(self._model)),
                    *("--credentials", str(PROJECT / "credentials.yml")),
                ],
                env=self.environment,
                cwd=steps.ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(lambda: _answers(f"{self.url}/webhooks/webchat/health"), f"the assistant\n{self.log[-3000:]}")

    @property
    def log(self) -> str:
        """What it wrote so far."""
        return self._log_path.read_text(errors="replace") if self._log_path.exists() else ""

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """Ask it to end; returns its exit code."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(15)
        self._process = None
        return code


class Person:
    """Somebody with one open chat window."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.token = ""
        self.conversation = ""
        self.messages: list[dict[str, Any]] = []
        self.notices: list[str] = []
        self.typing: list[bool] = []
        self.raw: list[tuple[str, Any]] = []
        self._client = self._new_client()

    def _new_client(self) -> socketio.AsyncClient:
        client = socketio.AsyncClient(reconnection=True, reconnection_delay=0.1, reconnection_delay_max=0.3)
        client.on("messages", self._on_messages)
        client.on("notice", lambda notice: self.notices.append(notice["code"]))
        client.on("typing", lambda state: self.typing.append(state["on"]))
        client.on("*", lambda event, *data: self.raw.append((event, data[0] if data else None)))
        return client

    async def begin(self, token: str | None = None) -> Person:
        """Get a token and connect."""
        answer = await self.session(token)
        assert answer.status_code == 200, answer.text
        self.token, self.conversation = answer.json()["token"], answer.json()["conversation"]
        await self.connect()
        return self

    async def session(self, token: str | None = None, **headers: str) -> httpx.Response:
        """Ask for a token."""
        async with httpx.AsyncClient(timeout=10, verify=NO_CERTIFICATES) as client:
            return await client.post(
                f"{self.url}/webhooks/webchat/session", json={"token": token, "page": "test"}, headers=headers
            )

    async def connect(self, url: str | None = None, last_seq: int | None = None) -> None:
        """Open the window."""
        self.url = url or self.url

        def auth() -> dict[str, Any]:
            return {"token": self.token, "last_seq": self.last_seq if last_seq is None else last_seq}

        await self._client.connect(self.url, auth=auth, transports=["websocket"], wait_timeout=30)

    async def disconnect(self) -> None:
        """Close the window."""
        await self._client.disconnect()
        self._client = self._new_client()

    @property
    def connected(self) -> bool:
        """Whether the window's line is up."""
        return bool(self._client.connected)

    @property
    def last_seq(self) -> int:
        """Number of the newest message seen."""
        return max((message["seq"] for message in self.messages), default=0)

    @property
    def texts(self) -> list[str]:
        """What the assistant, agents and the system said."""
        return [message["text"] for message in self.messages if message["author"] != "person"]

    async def call(self, event: str, body: Any) -> dict[str, Any]:
        """Send an event and wait for its acknowledgement."""
        answer = await self._client.call(event, body, timeout=int(ANSWER_TIMEOUT_S))
        assert isinstance(answer, dict)
        return answer

    async def emit(self, event: str, body: Any) -> None:
        """Send an event."""
        await self._client.emit(event, body)

    async def say(self, text: str, client_id: str | None = None) -> dict[str, Any]:
        """Say something; returns the acknowledgement."""
        return await self.call("say", {"id": client_id or uuid.uuid4().hex, "text": text})

    async def press(self, payload: str, title: str = "Button") -> dict[str, Any]:
        """Press a button; returns the acknowledgement."""
        return await self.call("say", {"id": uuid.uuid4().hex, "payload": payload, "title": title})

    async def ask(self, text: str) -> str:
        """Say something and return what the assistant answers."""
        before = len(self.texts)
        acknowledged = await self.say(text)
        assert acknowledged["ok"], acknowledged
        await until(lambda: len(self.texts) > before, f"an answer to {text!r}")
        return self.texts[-1]

    def _on_messages(self, messages: list[dict[str, Any]]) -> None:
        self.messages += [message for message in messages if message["seq"] > self.last_seq]


async def until(condition: Callable[[], Any], what: str, seconds: float = ANSWER_TIMEOUT_S) -> None:
    """Wait for something to come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        await asyncio.sleep(0.01)


def wait_for(condition: Callable[[], Any], what: str, seconds: float = START_TIMEOUT_S) -> None:
    """Wait for something to come true, outside of a loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=3).status_code == 200
    except httpx.HTTPError:
        return False
