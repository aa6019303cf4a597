"""Live updates: one listening connection to PostgreSQL a process, fanned out to every open page. Nothing is polled.

The database announces that the outbox grew (`outbox`), that an agent's words reached a chat (`message`), that somebody
opened or left a ticket (`presence`), that a chat with a human changed (`handoff`), or that somebody writes (`typing`).
Whoever has the ticket, the queue or the chat open is told which one it was, and the page asks for itself again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import UUID

import psycopg
from psycopg.rows import TupleRow
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

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
#: Before a ticket's id: who has it open has changed.
PRESENCE = "presence:"
#: Before a person's id: a ticket that they asked for has changed, or is new.
PERSON = "person:"
#: Somebody waits for a human, or no longer does.
CHATS = "chats:"
#: Before a conversation's id: the person there is writing.
TYPING = "typing:"
#: What pages that want to hear of everything do not mean.
_OF_THEIR_OWN = (PRESENCE, PERSON, CHATS, TYPING)


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
            wanted = topic in topics or topic == ANY or (ANY in topics and not topic.startswith(_OF_THEIR_OWN))
            if wanted:
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
        await connection.execute("listen presence")
        await connection.execute("listen handoff")
        await connection.execute("listen typing")
        self._highest = 0
        self._seen = {event for event, _ in await self._recent(connection)}
        self.tell(ANY)  # whatever happened while nobody listened
        while True:
            heard = [notice async for notice in connection.notifies(stop_after=1)]
            heard += [notice async for notice in connection.notifies(timeout=GATHER_S)]
            for payload in {notice.payload for notice in heard if notice.channel == "message"}:
                self.tell(payload.split(" ")[0])
            for ticket in {notice.payload for notice in heard if notice.channel == "presence"}:
                self.tell(f"{PRESENCE}{ticket}")
            for conversation in {notice.payload for notice in heard if notice.channel == "handoff"}:
                self.tell(conversation)
                self.tell(CHATS)
            for payload in {notice.payload for notice in heard if notice.channel == "typing"}:
                conversation, _, author = payload.partition(" ")
                if author == "person":
                    self.tell(f"{TYPING}{conversation}")
            if any(notice.channel == "outbox" for notice in heard):
                await self._tell_new_events(connection)

    async def _tell_new_events(self, connection: psycopg.AsyncConnection[TupleRow]) -> None:
        recent = await self._recent(connection)
        fresh = {subject for event, subject in recent if event not in self._seen}
        for subject in fresh:
            self.tell(str(subject))
        if any(topic.startswith(PERSON) for topics in self._pages.values() for topic in topics):
            for person in await self._requesters(connection, fresh):
                self.tell(f"{PERSON}{person}")
        self._seen = {event for event, _ in recent}

    async def _requesters(self, connection: psycopg.AsyncConnection[TupleRow], tickets: set[UUID]) -> list[UUID]:
        """Whose tickets these are."""
        asked = "select distinct requester_id from ticket where id = any(%s) and requester_id is not null"
        return [person for (person,) in await (await connection.execute(asked, (list(tickets),))).fetchall()]

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


def response(request: Request, topics: tuple[str, ...], still: Callable[[Request], object | None]) -> Response:
    """The stream that tells of these topics, for as long as `still` finds whoever asked for it."""
    return EventSourceResponse(
        _updates(request, topics, still), ping=PING_S, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    )


async def heard(
    request: Request, topics: tuple[str, ...], still: Callable[[Request], object | None]
) -> AsyncIterator[set[str]]:
    """What was announced of these topics, all of it at once, for as long as `still` finds whoever asked: that is looked
    at every `SESSION_CHECK_S`, however much is going on. First comes nothing: from then on nothing is missed.
    """
    hub: Hub = request.app.state.hub
    with hub.page(*topics) as updates:
        yield set()
        checked = time.monotonic()
        while True:
            found: set[str] = set()
            with contextlib.suppress(TimeoutError):
                found = {await asyncio.wait_for(updates.get(), SESSION_CHECK_S)}
            while not updates.empty():
                found.add(updates.get_nowait())
            if time.monotonic() - checked >= SESSION_CHECK_S:
                if await run_in_threadpool(still, request) is None:
                    return
                checked = time.monotonic()
            if found:
                yield found


async def _updates(
    request: Request, topics: tuple[str, ...], still: Callable[[Request], object | None]
) -> AsyncIterator[ServerSentEvent]:
    async for found in heard(request, topics, still):
        if found:
            yield ServerSentEvent(event="changed", data=json.dumps({"what": min(found)}))
        else:
            yield ServerSentEvent(event="ready", data="{}", retry=2_000)
