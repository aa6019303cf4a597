"""One conversation, one turn at a time: in the order of arrival within a process, one after the other across processes.

Rasa's own stores poll once a second. Here a waiting turn sleeps in a queue of this process, and the first of the queue
in an advisory lock of PostgreSQL, which ends with the connection that holds it, however that ends.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from rasa.core.lock_store import LockError, LockStore

from assistant import database
from assistant.turn import Turn, current

#: A turn that waited this long is given up; no turn may take longer than the action server's time-outs allow.
LONGEST_WAIT_S = 60.0


class Queues:
    """A fair lock for each key, kept only while somebody holds or awaits it."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def turn(self, key: str, longest_wait: float) -> AsyncIterator[None]:
        """Wait for one's turn, first come first served.

        Raises:
            TimeoutError: it did not come within `longest_wait` seconds.
        """
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            # Not `wait_for`: in Python 3.11 it swallows a cancellation that comes together with the lock.
            async with asyncio.timeout(longest_wait):
                await lock.acquire()
            try:
                yield
            finally:
                lock.release()
        finally:
            _, users = self._locks[key]
            if users == 1:
                del self._locks[key]
            else:
                self._locks[key] = (lock, users - 1)

    def __len__(self) -> int:
        return len(self._locks)


class AdvisoryLockStore(LockStore):
    """The lock store that `endpoints.yml` names."""

    def __init__(self, endpoint_config: Any = None, store: database.Database | None = None) -> None:
        """
        Args:
            endpoint_config: Given by Rasa; nothing in it is needed.
            store: The database; the process's own when left out.
        """
        super().__init__()
        self._database = store
        self._queues = Queues()

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LONGEST_WAIT_S, wait_time_in_seconds: float = 0
    ) -> AsyncIterator[Turn]:
        """Hold the conversation. Inside a turn of the same conversation this is free.

        Raises:
            LockError: the wait was too long.
        """
        held = current.get()
        if held is not None and held.sender_id == conversation_id:
            yield held
            return
        store = self._database or database.current()
        turns = await store.turns()
        try:
            async with (
                self._queues.turn(conversation_id, LONGEST_WAIT_S),
                turns.acquire(timeout=LONGEST_WAIT_S) as connection,
            ):
                await connection.execute("select pg_advisory_lock($1)", key_of(conversation_id), timeout=LONGEST_WAIT_S)
                turn = Turn(conversation_id, connection)
                token = current.set(turn)
                try:
                    yield turn
                finally:
                    current.reset(token)
        except asyncpg.LockNotAvailableError as error:
            raise LockError(f"another process holds the conversation '{conversation_id}'") from error


def key_of(sender_id: str) -> int:
    """The advisory lock's number of a sender: 64 bits of BLAKE2b."""
    return int.from_bytes(hashlib.blake2b(sender_id.encode(), digest_size=8).digest(), "big", signed=True)
