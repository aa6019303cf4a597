"""Asks an application for what it has, where nobody can call us: one process of all does so for an installation.

An advisory lock of PostgreSQL says which one. What was brought is kept before the next question confirms it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from assistant.channels.connector import Connector, Delivery, InstallationBroken, Later, NotPosted, Reply
from assistant.database import UNAVAILABLE, Database

log = logging.getLogger(__name__)

#: First number of our advisory locks for this.
LOCKS = 1005
LOCK = "select pg_try_advisory_lock($1, hashtext($2))"
#: Another process asks: looked at again after that many seconds.
STAND_BY_S = 5.0
SHORTEST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0

Take = Callable[[Connector, Delivery, bytes], Awaitable[Reply]]


class Asking:
    """One installation's questions in this process."""

    def __init__(
        self, database: Database, connector: Connector, take: Take, broken: Callable[[str], Awaitable[None]]
    ) -> None:
        """
        Args:
            database: Holds the lock.
            connector: Of an application that can be asked.
            take: Keeps what it brought.
            broken: Is told, in words, why asking is of no use any more.
        """
        self._database = database
        self._connector = connector
        self._take = take
        self._broken = broken
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stop. What was not confirmed is brought to whoever asks next."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        pause = SHORTEST_PAUSE_S
        name = f"{self._connector.kind} {self._connector.installation.key}"
        while True:
            begun = asyncio.get_running_loop().time()
            wait = 0.0
            try:
                await self._ask_alone()
            except UNAVAILABLE as error:
                log.warning("%s: asking waits for the database: %s", name, error or type(error).__name__)
            except InstallationBroken as error:
                await self._tell_broken(str(error))
                return
            except NotPosted as error:
                log.warning("%s: %s", name, error)
                wait = (error.after_s or 0.0) if isinstance(error, Later) else 0.0
            except Exception:
                log.exception("%s: asking stopped", name)
            if asyncio.get_running_loop().time() - begun > LONGEST_PAUSE_S:
                pause = SHORTEST_PAUSE_S
            await asyncio.sleep(max(pause, wait))
            pause = min(LONGEST_PAUSE_S, pause * 2)

    async def _tell_broken(self, words: str) -> None:
        while True:
            try:
                await self._broken(words)
                return
            except UNAVAILABLE:
                await asyncio.sleep(LONGEST_PAUSE_S)

    async def _ask_alone(self) -> None:
        """Ask for as long as the lock is ours; a connection that is lost has lost it."""
        connection = await self._database.connect()
        try:
            while True:
                if await connection.fetchval(LOCK, LOCKS, self._connector.installation.key):
                    break
                await asyncio.sleep(STAND_BY_S)
            await self._connector.begin_asking()
            after = 0
            while True:
                await connection.fetchval("select 1")
                brought, after = await self._connector.ask(after)
                for delivery, raw in brought:
                    await self._take(self._connector, delivery, raw)
        finally:
            connection.terminate()
