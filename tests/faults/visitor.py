"""A browser that does not give up: it keeps what is not acknowledged, reconnects, resends, and resumes.

The same rules as the widget's (docs/webchat-protocol.md), for tests that break things in between.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable
from typing import Any, Self

import httpx
import socketio

from tests.loopback import NO_CERTIFICATES

PATIENCE_S = 60.0


class Visitor:
    """One conversation that survives outages. Use as an asynchronous context manager."""

    def __init__(self, chat_url: str) -> None:
        self._url = chat_url
        self._token = ""
        self._client: socketio.AsyncClient | None = None
        #: Everything shown, by sequence number: what the person sees in the end.
        self.shown: dict[int, dict[str, Any]] = {}
        #: A sequence number that arrived twice with different words would be a doubled answer.
        self.notices: list[str] = []
        self.refusals: list[str] = []
        self.conversation = ""

    async def __aenter__(self) -> Self:
        await self._connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._hang_up()

    async def say(self, text: str) -> None:
        """Type something; returns when it is acknowledged, however long that takes."""
        await self._deliver({"id": uuid.uuid4().hex, "text": text})

    async def press(self, title: str) -> None:
        """Press the newest button of this title."""
        buttons = [
            button
            for message in self.said_by("bot")
            for button in message["data"].get("buttons", [])
            if button["title"] == title
        ]
        assert buttons, f"no button {title!r} in {self.texts()}"
        await self._deliver({"id": uuid.uuid4().hex, "title": title, "payload": buttons[-1]["payload"]})

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait, reconnecting when needed, until something holds.

        Raises:
            AssertionError: it did not in time.
        """
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"{what}: did not happen; shown: {self.texts()}; {self.notices}"
            if not self.connected:
                await self._connect()
            await asyncio.sleep(0.05)

    async def hears(self, part: str, author: str = "bot") -> None:
        """Wait for words of somebody."""
        await self.until(lambda: any(part in message["text"] for message in self.said_by(author)), f"hear {part!r}")

    async def answered(self, number: int) -> None:
        """Wait until the assistant has said this many messages in all."""
        await self.until(lambda: len(self.said_by("bot")) >= number, f"{number} answers")

    def said_by(self, author: str) -> list[dict[str, Any]]:
        """What one side said, in order."""
        return [message for _, message in sorted(self.shown.items()) if message["author"] == author]

    def texts(self) -> list[str]:
        """All words, in order, with who said them."""
        return [f"{message['author']}: {message['text']}" for _, message in sorted(self.shown.items())]

    @property
    def connected(self) -> bool:
        """Whether the line is open."""
        return self._client is not None and self._client.connected

    async def _deliver(self, body: dict[str, str]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert time.monotonic() < deadline, f"never acknowledged: {body}"
            if not self.connected:
                await self._connect()
            if self._client is None:
                continue
            with contextlib.suppress(socketio.exceptions.SocketIOError):
                answer = await self._client.call("say", body, timeout=15)
                if answer.get("ok"):
                    return
                self.refusals.append(answer["error"])
                assert answer["error"] == "unavailable", answer
            await asyncio.sleep(0.3)

    async def _connect(self) -> None:
        await self._hang_up()
        client = socketio.AsyncClient(reconnection=False)
        client.on("messages", self._on_messages)
        client.on("notice", self._on_notice)
        with contextlib.suppress(httpx.HTTPError, socketio.exceptions.SocketIOError, OSError):
            if not self._token:
                await self._begin()
            auth = {"token": self._token, "last_seq": max(self.shown, default=0)}
            await client.connect(self._url, auth=auth, transports=["websocket"], wait_timeout=30)
            self._client = client
            return
        with contextlib.suppress(Exception):
            await client.disconnect()
        await asyncio.sleep(0.2)

    async def _begin(self) -> None:
        async with httpx.AsyncClient(timeout=30, verify=NO_CERTIFICATES) as http:
            answer = await http.post(f"{self._url}/webhooks/webchat/session", json={"token": None, "page": "test"})
        if answer.status_code == 200:
            self._token, self.conversation = answer.json()["token"], answer.json()["conversation"]

    async def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(Exception):
                await client.disconnect()

    async def _on_messages(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            known = self.shown.setdefault(message["seq"], message)
            assert known["text"] == message["text"], "one number, two messages"

    async def _on_notice(self, notice: dict[str, Any]) -> None:
        self.notices.append(notice["code"])
