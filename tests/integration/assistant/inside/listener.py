"""Whoever listens for the website chat stops when told to, although it is woken at the same moment."""

from __future__ import annotations

import asyncio
from typing import Any

from assistant.channels.listener import Listener


class Connection:
    """One on which nothing happens."""

    def __init__(self) -> None:
        self.listening: list[str] = []

    def add_termination_listener(self, _: Any) -> None:
        """Never called."""

    async def add_listener(self, channel: str, _: Any) -> None:
        self.listening.append(channel)

    def is_closed(self) -> bool:
        return False

    async def fetchval(self, _: str, timeout: float) -> int:
        return 1

    def terminate(self) -> None:
        """Nothing to end."""


class Database:
    """One connection."""

    def __init__(self) -> None:
        self.connection = Connection()

    async def connect(self) -> Connection:
        return self.connection


class Inbox:
    """One in which nothing waits."""

    def __init__(self) -> None:
        self.looked = asyncio.Event()

    async def recover(self, older_than_s: float = 0.0) -> int:
        self.looked.set()
        return 0


class Rooms:
    """No window is open."""

    def open_conversations(self) -> list[Any]:
        return []


async def main() -> None:
    inbox = Inbox()

    async def nobody(*_: Any) -> None:
        return None

    listener = Listener(Database(), lambda: "here", Rooms(), inbox, nobody, nobody)  # type: ignore[arg-type]
    listener.start()
    await inbox.looked.wait()
    for _ in range(3):
        await asyncio.sleep(0)
    listener.doubt()
    async with asyncio.timeout(3) as patience:
        await listener.close()
    assert not patience.expired(), "it was stopped by our patience and not by being told to"


asyncio.run(main())
