"""A human in the chat while parts of the system go away: nothing is lost, and the assistant keeps quiet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.handoff import service
from helpsage.handoff.service import Agent
from helpsage.people.models import Account
from helpsage.tickets.actor import Actor
from tests.faults.visitor import Visitor
from tests.stack import Stack


@pytest.fixture
async def visitor(own_stack: Stack) -> AsyncIterator[Visitor]:
    await asyncio.to_thread(own_stack.wait_until_well)
    async with Visitor(own_stack.chat_url) as one:
        yield one


@pytest.fixture
def agent(own_stack: Stack) -> Agent:
    """The stack's own agent."""
    with own_stack.session() as session:
        account = session.scalars(select(Account).where(Account.email == own_stack.agent.email)).one()
        return Agent(account.id, Actor("agent", own_stack.agent.name, account.person_id))


async def desk(stack: Stack, work: Callable[[Session], Any]) -> Any:
    """Something an agent does."""

    def act() -> Any:
        with stack.session() as session, session.begin():
            return work(session)

    return await asyncio.to_thread(act)


async def begin(stack: Stack, visitor: Visitor, agent: Agent) -> UUID:
    """The agent talks with the visitor."""
    await visitor.say("hello")
    await visitor.answered(1)
    found = await desk(stack, lambda s: service.start(s, UUID(visitor.conversation), agent).id)
    await visitor.until(lambda: bool(visitor.said_by("system")), "the agent's coming")
    return found  # type: ignore[no-any-return]


async def end(stack: Stack, handoff: UUID, agent: Agent) -> None:
    await desk(stack, lambda s: service.give_back(s, handoff, agent))


async def test_assistant_killed_while_a_human_talks(own_stack: Stack, visitor: Visitor, agent: Agent) -> None:
    handoff = await begin(own_stack, visitor, agent)
    said = len(visitor.said_by("bot"))
    own_stack.hold("assistant")
    try:
        await desk(own_stack, lambda s: service.say(s, handoff, agent, "Please restart it.", "one"))
    finally:
        own_stack.release("assistant")
    await asyncio.to_thread(own_stack.wait_until_well)
    await visitor.say("wifi does not work either")
    await visitor.until(lambda: len(visitor.said_by("agent")) == 1, "the agent's words")
    await desk(own_stack, lambda s: service.say(s, handoff, agent, "Is it better now?", "two"))
    await visitor.until(lambda: len(visitor.said_by("agent")) == 2, "the agent's next words")
    assert len(visitor.said_by("bot")) == said, "the assistant spoke over a human"
    await end(own_stack, handoff, agent)
    await visitor.say("what can you do?")
    await visitor.answered(said + 1)


async def test_database_away_while_a_human_talks(own_stack: Stack, visitor: Visitor, agent: Agent) -> None:
    handoff = await begin(own_stack, visitor, agent)
    said = len(visitor.said_by("bot"))
    await asyncio.to_thread(own_stack.stop_database)
    saying = asyncio.create_task(visitor.say("are you still there?"))
    await visitor.until(lambda: bool(visitor.notices or visitor.refusals), "being told of the outage")
    await asyncio.to_thread(own_stack.start_database)
    await saying
    await asyncio.to_thread(own_stack.wait_until_well)
    await desk(own_stack, lambda s: service.say(s, handoff, agent, "Yes, I am.", "one"))
    await visitor.until(lambda: len(visitor.said_by("agent")) == 1, "the agent's words")
    kept = (
        "select text, handled_at is not null from message where conversation_id = %s and author = 'person' order by seq"
    )
    assert own_stack.query(kept, visitor.conversation) == [("hello", True), ("are you still there?", True)]
    assert len(visitor.said_by("bot")) == said, "the assistant spoke over a human"
    await end(own_stack, handoff, agent)
