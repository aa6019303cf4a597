"""People who chat: as light as it gets, so that the machine's time goes to the assistant and not to them.

Speaks just enough Engine.IO 4 and Socket.IO 5 over WebSocket: `0` open, `2` ping, `3` pong, `40` connect, `42` event,
`43` acknowledgement.
"""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

ANSWER_TIMEOUT_S = 120.0
#: Questions of the FAQ, and wishes that one custom action fulfils.
FAQ = [
    "how do I connect to eduroam?",
    "how can I reset my password?",
    "when is the library open?",
    "how do I install the vpn?",
    "how do I set up email on my phone?",
    "where can I print?",
    "how do I get a student id card?",
    "what software can I get for free?",
]
ACTION = ["show my tickets", "list all my tickets", "what tickets do I have open?", "my tickets please"]


class Person:
    """One person with one open chat."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._socket: ClientConnection | None = None
        self._number = 0

    async def open(self) -> None:
        """Connect."""
        address = self._url.replace("http://", "ws://")
        self._socket = await connect(
            f"{address}/socket.io/?EIO=4&transport=websocket", max_size=None, compression=None, ping_interval=None
        )
        await self._frame()
        await self._socket.send(f"40{json.dumps(self._credentials())}")
        while not (await self._frame()).startswith("40"):
            pass

    async def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            await self._socket.close()

    async def ask(self, text: str) -> float:
        """Say something and wait for the whole answer; returns the seconds it took."""
        begin = time.perf_counter()
        await self.send(text)
        await self.answered(1)
        return time.perf_counter() - begin

    async def send(self, text: str) -> None:
        """Say something."""
        raise NotImplementedError

    async def answered(self, turns: int) -> None:
        """Wait until this many messages have been answered."""
        while turns > 0:
            turns -= self._turns_ended_by(await self._frame())

    def _credentials(self) -> dict[str, Any]:
        return {}

    def _turns_ended_by(self, frame: str) -> int:
        raise NotImplementedError

    async def _emit(self, event: str, body: dict[str, Any]) -> None:
        assert self._socket is not None
        self._number += 1
        await self._socket.send(f"42{self._number}{json.dumps([event, body])}")

    async def _frame(self) -> str:
        assert self._socket is not None
        while True:
            frame = str(await asyncio.wait_for(self._socket.recv(), ANSWER_TIMEOUT_S))
            if frame != "2":
                return frame
            await self._socket.send("3")


class Visitor(Person):
    """Talks to our channel: docs/webchat-protocol.md. One turn's messages arrive together."""

    async def open(self) -> None:
        """Begin a conversation and connect."""
        self._token = (await asyncio.to_thread(_begin, self._url))["token"]
        await super().open()

    async def send(self, text: str) -> None:
        """Say something; the acknowledgement is not waited for."""
        await self._emit("say", {"id": uuid.uuid4().hex, "text": text})

    def _credentials(self) -> dict[str, Any]:
        return {"token": self._token, "last_seq": 0}

    def _turns_ended_by(self, frame: str) -> int:
        if not frame.startswith('42["messages"'):
            return 0
        return int(any(said["author"] == "bot" for said in json.loads(frame[2:])[1]))


class StockVisitor(Person):
    """Talks to Rasa's own Socket.IO channel, which acknowledges a message when all of its answer is sent."""

    async def send(self, text: str) -> None:
        """Say something."""
        await self._emit("user_uttered", {"message": text})

    def _turns_ended_by(self, frame: str) -> int:
        return int(frame.startswith("43"))


@dataclass
class Rate:
    """What came of a run."""

    messages: int
    seconds: float
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Messages answered a second."""
        return self.messages / self.seconds

    def percentile(self, share: float) -> float:
        """Latency in seconds that this share of the messages did not exceed."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def rate(people: Sequence[Person], texts: Sequence[str], seconds: float) -> Rate:
    """Let people talk, each saying the next thing when the last is answered, for some seconds."""
    end = time.perf_counter() + seconds
    latencies: list[float] = []

    async def talk(person: Person, start: int) -> None:
        turn = start
        while time.perf_counter() < end:
            latencies.append(await person.ask(texts[turn % len(texts)]))
            turn += 1

    begin = time.perf_counter()
    await asyncio.gather(*(talk(person, start) for start, person in enumerate(people)))
    return Rate(len(latencies), time.perf_counter() - begin, latencies)


def _begin(url: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{url}/webhooks/webchat/session", data=b"{}", headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        found: dict[str, Any] = json.load(response)
        return found
