"""Hears from PostgreSQL what others said (agents, other processes), and notices when it goes away and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from uuid import UUID

from assistant.channels import words
from assistant.channels.inbox import Inbox
from assistant.channels.rooms import Rooms
from assistant.database import UNAVAILABLE, Database

log = logging.getLogger(__name__)

#: Agents and the system: `<conversation> <seq>`, written by a trigger. Other processes: `<conversation> <process>`.
MESSAGE, SAID = "message", "said"
#: A conversation became somebody's: `<conversation>`, written by the web program.
JOINED = "joined"
#: An agent writes: `<conversation> agent`, from the web program. The person's writing goes the other way.
TYPING = "typing"
#: How often unanswered messages of processes that died are looked for, and the connection is tried.
SWEEP_S = 5.0
SHORTEST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0


class Listener:
    """One connection of this process that listens, for as long as the process runs."""

    def __init__(
        self,
        database: Database,
        process: Callable[[], str],
        rooms: Rooms,
        inbox: Inbox,
        tell_all: Callable[[str, Any], Awaitable[None]],
        joined: Callable[[UUID], Coroutine[Any, Any, None]],
    ) -> None:
        self._database = database
        self._process = process
        self._rooms = rooms
        self._inbox = inbox
        self._tell_all = tell_all
        self._joined = joined
        self._task: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._away = False

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def doubt(self) -> None:
        """Somebody could not reach the database: look now."""
        self._wake.set()

    async def close(self) -> None:
        """Stop listening."""
        for task in (self._task, *self._tasks):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _run(self) -> None:
        pause = SHORTEST_PAUSE_S
        while True:
            try:
                await self._listen()
                pause = SHORTEST_PAUSE_S
            except UNAVAILABLE as error:
                log.warning("the database is away: %s", error or type(error).__name__)
            except Exception:
                log.exception("listening stopped")
            if not self._away:
                self._away = True
                await self._tell_all("notice", {"code": "unavailable", "text": words.UNAVAILABLE})
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_S, pause * 2)

    async def _listen(self) -> None:
        connection = await self._database.connect()
        try:
            connection.add_termination_listener(lambda _: self._wake.set())
            await connection.add_listener(MESSAGE, self._on_message)
            await connection.add_listener(SAID, self._on_said)
            await connection.add_listener(JOINED, self._on_joined)
            await connection.add_listener(TYPING, self._on_typing)
            await self._catch_up()
            while not connection.is_closed():
                self._wake.clear()
                # Not `wait_for`: in Python 3.11 it swallows a cancellation that comes together with the event.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP_S):
                        await self._wake.wait()
                await connection.fetchval("select 1", timeout=3)
                await self._inbox.recover()
        finally:
            connection.terminate()

    async def _catch_up(self) -> None:
        """After being away: show what was said meanwhile, answer what waits."""
        if self._away:
            self._away = False
            await self._tell_all("notice", {"code": "restored", "text": words.RESTORED})
        for conversation in self._rooms.open_conversations():
            await self._rooms.catch_up(conversation)
        await self._inbox.recover(older_than_s=0.0)

    def _on_message(self, _: Any, __: int, ___: str, payload: str) -> None:
        self._follow(payload.split(" ")[0])

    def _on_said(self, _: Any, __: int, ___: str, payload: str) -> None:
        conversation, process = payload.split(" ")
        if process != self._process():
            self._follow(conversation)

    def _on_joined(self, _: Any, __: int, ___: str, payload: str) -> None:
        self._begin(self._joined(UUID(payload)))

    def _on_typing(self, _: Any, __: int, ___: str, payload: str) -> None:
        conversation, author = payload.split(" ")
        if author == "agent":
            self._begin(self._rooms.tell(UUID(conversation), "typing", {"on": True, "author": "agent"}))

    def _follow(self, conversation: str) -> None:
        self._begin(self._show(UUID(conversation)))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _show(self, conversation: UUID) -> None:
        try:
            await self._rooms.catch_up(conversation)
        except UNAVAILABLE:
            self._wake.set()  # shown by the catch-up that follows
