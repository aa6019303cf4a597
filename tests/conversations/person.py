"""Someone who talks to the running assistant over the website's channel (docs/webchat-protocol.md)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, Self

import httpx
import socketio

from tests.loopback import NO_CERTIFICATES

TIMEOUT_S = 30.0


class Person:
    """One conversation. Use as an asynchronous context manager."""

    def __init__(self, chat_url: str, language: str | None = None) -> None:
        self._language = language
        self._url = chat_url
        self._client = socketio.AsyncClient(reconnection=False)
        self._client.on("messages", self._on_messages)
        self._client.on("typing", self._on_typing)
        self._quiet = asyncio.Event()
        self._last_seq = 0
        self._heard: list[dict[str, Any]] = []
        self._token = ""
        self.conversation = ""

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def connect(self) -> None:
        """Begin, or come back with the token of before."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S, verify=NO_CERTIFICATES) as client:
            answer = await client.post(
                f"{self._url}/webhooks/webchat/session",
                json={"token": self._token or None, "page": "test", "language": self._language},
            )
        answer.raise_for_status()
        self._token, self.conversation = answer.json()["token"], answer.json()["conversation"]
        auth = {"token": self._token, "last_seq": self._last_seq, "language": self._language}
        await self._client.connect(self._url, auth=auth, transports=["websocket"], wait_timeout=10)

    async def leave(self) -> None:
        """Close the page."""
        await self._client.disconnect()

    async def say(self, text: str) -> list[dict[str, Any]]:
        """Type something; returns the answers."""
        return await self._send({"text": text})

    async def press(self, title: str, payload: str) -> list[dict[str, Any]]:
        """Press a button; returns the answers."""
        return await self._send({"title": title, "payload": payload})

    async def choose(self, language: str) -> dict[str, Any]:
        """Choose in the widget what to be answered in."""
        answer: dict[str, Any] = await self._client.call("language", {"language": language}, timeout=int(TIMEOUT_S))
        return answer

    async def write(self, body: dict[str, str]) -> None:
        """Say something that the assistant does not answer: a human has the conversation, or is waited for."""
        self._heard = []
        answer = await self._client.call("say", {"id": uuid.uuid4().hex, **body}, timeout=int(TIMEOUT_S))
        assert answer.get("ok"), answer

    def heard_since(self) -> list[dict[str, Any]]:
        """What came since the person last spoke."""
        return list(self._heard)

    async def _send(self, body: dict[str, str]) -> list[dict[str, Any]]:
        self._quiet.clear()
        self._heard = []
        answer = await self._client.call("say", {"id": uuid.uuid4().hex, **body}, timeout=int(TIMEOUT_S))
        if not answer.get("ok"):
            return [{"author": "system", "text": answer.get("message", ""), "data": {}, "error": answer.get("error")}]
        return await asyncio.wait_for(self._answers(), TIMEOUT_S)

    async def _answers(self) -> list[dict[str, Any]]:
        """What came until the assistant stopped typing; every message has an answer."""
        while True:
            await self._quiet.wait()
            if any(message["author"] == "bot" for message in self._heard):
                return [message for message in self._heard if message["author"] == "bot"]
            self._quiet.clear()

    async def _on_messages(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            if message["seq"] > self._last_seq:
                self._last_seq = message["seq"]
                if message["author"] != "person":
                    self._heard.append(message)

    async def _on_typing(self, state: dict[str, Any]) -> None:
        if not state.get("on"):
            self._quiet.set()
