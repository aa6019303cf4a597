"""Live updates: one listening connection to PostgreSQL a process, fanned out to every open page. Nothing is polled.

The database announces that the outbox grew (`outbox`) or that an agent's words reached a chat (`message`). Whoever has
the ticket or the queue open is told which ticket it was, and the page asks for itself again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated
from uuid import UUID

import psycopg
from fastapi import APIRouter, Depends, Query
from psycopg.rows import TupleRow
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.tickets import service
from helpsage.web import access

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)

#: Announcements that come this close together are looked at together.
GATHER_S = 0.03
#: Events may be committed in another order than they were numbered: so far back, new ones are looked for.
LOOK_BACK = 1_000
RETRY_S = (0.5, 5.0)
#: Updates a slow page may be behind before it is only told to look at everything again.
WAITING_AT_MOST = 100
PING_S = 15
#: A session that ended stops its streams within this many seconds.
SESSION_CHECK_S = 30

#: How the listening connection is called in `pg_stat_activity`.
APPLICATION = "helpsage web live"

ANY = "*"


class Hub:
    """Who wants to hear of what."""

    def __init__(self, database: Callable[[], str]) -> None:
        """
        Args:
            database: Gives the libpq address; asked at each connection.
        """
        self._database = database
        self._pages: dict[asyncio.Queue[str], frozenset[str]] = {}
        self._seen: set[int] = set()
        self._highest = 0

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Listen until the block ends."""
        task = asyncio.create_task(self._listen_forever())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @contextlib.contextmanager
    def page(self, *topics: str) -> Iterator[asyncio.Queue[str]]:
        """A queue that is told a topic's name whenever it changes."""
        updates: asyncio.Queue[str] = asyncio.Queue(WAITING_AT_MOST)
        self._pages[updates] = frozenset(topics)
        try:
            yield updates
        finally:
            del self._pages[updates]

    def tell(self, topic: str) -> None:
        """Tell every page that asked for this topic, or for any."""
        for updates, topics in self._pages.items():
            if topic in topics or ANY in topics or topic == ANY:
                with contextlib.suppress(asyncio.QueueFull):  # it has enough reasons to look again
                    updates.put_nowait(topic)

    async def _listen_forever(self) -> None:
        pause = RETRY_S[0]
        while True:
            try:
                async with await self._connect() as connection:
                    pause = RETRY_S[0]
                    await self._listen(connection)
            except (psycopg.Error, OSError, RuntimeError) as error:
                log.warning("live updates wait for the database: %s", type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_S[1])

    async def _connect(self) -> psycopg.AsyncConnection[TupleRow]:
        return await psycopg.AsyncConnection.connect(
            self._database(), autocommit=True, application_name=APPLICATION, connect_timeout=3
        )

    async def _listen(self, connection: psycopg.AsyncConnection[TupleRow]) -> None:
        await connection.execute("listen outbox")
        await connection.execute("listen message")
        self._highest = 0
        self._seen = {event for event, _ in await self._recent(connection)}
        self.tell(ANY)  # whatever happened while nobody listened
        while True:
            heard = [notice async for notice in connection.notifies(stop_after=1)]
            heard += [notice async for notice in connection.notifies(timeout=GATHER_S)]
            for payload in {notice.payload for notice in heard if notice.channel == "message"}:
                self.tell(payload.split(" ")[0])
            if any(notice.channel == "outbox" for notice in heard):
                await self._tell_new_events(connection)

    async def _tell_new_events(self, connection: psycopg.AsyncConnection[TupleRow]) -> None:
        recent = await self._recent(connection)
        for subject in {subject for event, subject in recent if event not in self._seen}:
            self.tell(str(subject))
        self._seen = {event for event, _ in recent}

    async def _recent(self, connection: psycopg.AsyncConnection[TupleRow]) -> list[tuple[int, UUID]]:
        """Number and subject of the newest events."""
        if not self._highest:
            row = await (await connection.execute("select coalesce(max(id), 0) from outbox_event")).fetchone()
            self._highest = row[0] if row else 0
        cursor = await connection.execute(
            "select id, subject_id from outbox_event where id > %s order by id", (self._highest - LOOK_BACK,)
        )
        rows = [(event, subject) for event, subject in await cursor.fetchall()]
        self._highest = max([self._highest, *(event for event, _ in rows)])
        return rows


@router.get("/agent/live")
async def stream(
    request: Request, who: Annotated[access.Staff, Depends(access.staff)], ticket: Annotated[str, Query()] = ""
) -> Response:
    """Server-sent events: `changed` whenever this ticket (or, without one, any) has something new."""
    topics = await run_in_threadpool(_topics, ticket)
    return EventSourceResponse(
        _updates(request, topics), ping=PING_S, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    )


def _topics(reference: str) -> tuple[str, ...]:
    if not reference:
        return (ANY,)
    with transaction() as session:
        found = service.by_reference(session, reference)
        return tuple(str(part) for part in (found.id, found.conversation_id) if isinstance(part, UUID))


async def _updates(request: Request, topics: tuple[str, ...]) -> AsyncIterator[ServerSentEvent]:
    hub: Hub = request.app.state.hub
    with hub.page(*topics) as updates:
        yield ServerSentEvent(event="ready", data="{}", retry=2_000)
        while True:
            try:
                topic = await asyncio.wait_for(updates.get(), SESSION_CHECK_S)
            except TimeoutError:
                if await run_in_threadpool(access.staff_or_none, request) is None:
                    return
                continue
            while not updates.empty():
                updates.get_nowait()
            yield ServerSentEvent(event="changed", data=json.dumps({"what": topic}))
