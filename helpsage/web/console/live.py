"""The agents' live updates: what changed, and who else has the ticket open.

The stream of a ticket's page is also that page's sign of life: it shows the others that somebody looks, for as long as
it lives.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.tickets import presence, service
from helpsage.web import access, live
from helpsage.web.access import SignedIn
from helpsage.web.console import chats
from helpsage.web.console.attempt import Agent, visible

router = APIRouter(include_in_schema=False)


@router.get("/agent/live")
async def stream(request: Request, who: Agent, ticket: Annotated[str, Query()] = "") -> Response:
    """Server-sent events: `changed` whenever this ticket (or, without one, any) has something new, `presence` with who
    else has the ticket open and who is writing, `chats` with what calls for an agent in the chats.
    """
    if not ticket:
        return EventSourceResponse(
            _of_queue(request, who), ping=live.PING_S, headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"}
        )
    ticket_id, topics = await run_in_threadpool(_topics, who, ticket)
    return EventSourceResponse(
        _of_ticket(request, who, ticket_id, topics),
        ping=live.PING_S,
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


def _topics(who: SignedIn, reference: str) -> tuple[UUID, tuple[str, ...]]:
    with transaction() as session:
        found = visible(session, who, reference)
        changes = tuple(str(part) for part in (found.id, found.conversation_id) if part is not None)
        return found.id, (*changes, f"{live.PRESENCE}{found.id}", live.CHATS)


async def _of_queue(request: Request, who: SignedIn) -> AsyncIterator[ServerSentEvent]:
    async for heard in live.heard(request, (live.ANY, live.CHATS), access.staff_or_none):
        if not heard:
            yield ServerSentEvent(event="ready", data="{}", retry=2_000)
        if live.CHATS in heard or not heard:
            yield await run_in_threadpool(chats.calls, who)
        if changed := sorted(heard - {live.CHATS}):
            yield ServerSentEvent(event="changed", data=json.dumps({"what": changed[0]}))


async def _of_ticket(
    request: Request, who: SignedIn, ticket_id: UUID, topics: tuple[str, ...]
) -> AsyncIterator[ServerSentEvent]:
    hub: live.Hub = request.app.state.hub
    page = uuid4()
    with hub.page(*topics) as updates:
        try:
            yield ServerSentEvent(event="ready", data="{}", retry=2_000)
            yield await run_in_threadpool(_shown, page, ticket_id, who)
            yield await run_in_threadpool(chats.calls, who)
            renewed = time.monotonic()
            while True:
                heard = await _heard(updates)
                if time.monotonic() - renewed >= presence.RENEWED_EVERY_S:
                    if not await run_in_threadpool(_may_still, request, ticket_id):
                        return
                    renewed = time.monotonic()
                    yield await run_in_threadpool(_shown, page, ticket_id, who)
                elif any(topic.startswith(live.PRESENCE) or topic == live.ANY for topic in heard):
                    yield await run_in_threadpool(_present, ticket_id, who)
                if live.CHATS in heard:
                    yield await run_in_threadpool(chats.calls, who)
                if changed := sorted(t for t in heard if not t.startswith((live.PRESENCE, live.CHATS))):
                    yield ServerSentEvent(event="changed", data=json.dumps({"what": changed[0]}))
        finally:
            # The stream is being cancelled: what follows must not be cancelled with it.
            await asyncio.shield(asyncio.get_running_loop().run_in_executor(None, _left, page, ticket_id))


async def _heard(updates: asyncio.Queue[str]) -> set[str]:
    """What was announced, all of it at once; nothing when it is time to show life."""
    try:
        heard = {await asyncio.wait_for(updates.get(), presence.RENEWED_EVERY_S)}
    except TimeoutError:
        return set()
    while not updates.empty():
        heard.add(updates.get_nowait())
    return heard


def _shown(page: UUID, ticket_id: UUID, who: SignedIn) -> ServerSentEvent:
    """This page lives; who else does."""
    with transaction() as session:
        presence.show(session, page, ticket_id, who.account_id)
    return _present(ticket_id, who)


def _present(ticket_id: UUID, who: SignedIn) -> ServerSentEvent:
    with transaction() as session:
        others = presence.others(session, ticket_id, who.account_id)
    return ServerSentEvent(
        event="presence", data=json.dumps([{"name": other.name, "writing": other.writing} for other in others])
    )


def _left(page: UUID, ticket_id: UUID) -> None:
    with transaction() as session:
        presence.leave(session, page, ticket_id)


def _may_still(request: Request, ticket_id: UUID) -> bool:
    """Whether whoever asked is still logged in and may still see the ticket."""
    who = access.staff_or_none(request)
    if who is None:
        return False
    with transaction() as session:
        return permissions.may(who, Action.SEE_TICKET, service.by_id(session, ticket_id))
