"""The assistant's connections to PostgreSQL.

Two pools: `quick` for single statements, `turns` for the connection that a turn holds from its lock to its commit, so
that turns waiting for the action server never keep a person's words from being saved.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any

import asyncpg

from assistant import environment

CONNECT_TIMEOUT_S = 3.0
STATEMENT_TIMEOUT_S = 10.0
#: How long a statement may wait for a lock; a turn in another process never takes longer.
LOCK_TIMEOUT = "40s"
QUICK_CONNECTIONS = 6
TURN_CONNECTIONS = 24

#: What an absent, stopping or overloaded server looks like from here. Everything else is a mistake in a statement.
UNAVAILABLE: tuple[type[BaseException], ...] = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
)


class Database:
    """Both pools of one process. They connect when first used, and again after the server was away."""

    def __init__(self, url: str, processes: int = 1) -> None:
        """
        Args:
            url: libpq address.
            processes: How many processes share the server's connections.
        """
        self.url = url
        self._turn_connections = max(4, TURN_CONNECTIONS // processes)
        self._quick: Any = None
        self._turns: Any = None
        self._opening = asyncio.Lock()

    async def quick(self) -> Any:
        """The pool for single statements. Nothing is reset on return: nothing is left behind by one statement."""
        if self._quick is None:
            await self._open()
        return self._quick

    async def turns(self) -> Any:
        """The pool for turns. Returning a connection lets go of every advisory lock it took."""
        if self._turns is None:
            await self._open()
        return self._turns

    async def connect(self) -> Any:
        """A connection of one's own, for LISTEN. The caller closes it."""
        return await asyncpg.connect(self.url, **_options())

    async def close(self) -> None:
        """Close both pools at once; whatever runs is cut off."""
        for pool in (self._quick, self._turns):
            if pool is not None:
                pool.terminate()
        self._quick = self._turns = None

    async def _open(self) -> None:
        async with self._opening:
            if self._quick is None:
                self._quick = await asyncpg.create_pool(
                    self.url, min_size=0, max_size=QUICK_CONNECTIONS, reset=_leave, **_options()
                )
                self._turns = await asyncpg.create_pool(
                    self.url, min_size=0, max_size=self._turn_connections, reset=_unlock, **_options()
                )


def _options() -> dict[str, Any]:
    return {
        "timeout": CONNECT_TIMEOUT_S,
        "command_timeout": STATEMENT_TIMEOUT_S,
        "server_settings": {
            "application_name": "helpsage-assistant",
            "timezone": "UTC",
            "lock_timeout": LOCK_TIMEOUT,
            "jit": "off",
        },
    }


async def _leave(_: Any) -> None:
    return None


async def _unlock(connection: Any) -> None:
    await connection.fetchval("select pg_advisory_unlock_all()")


@lru_cache(maxsize=1)
def current() -> Database:
    """The database of this process."""
    found = environment.current()
    return Database(found.database_url, found.processes)
