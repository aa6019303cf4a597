"""The assistant never speaks over a human: not even with an answer that it was working out when the human came."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from helpsage.db.session import engine_for
from helpsage.handoff import service as handoff
from helpsage.handoff.service import Agent
from helpsage.people.models import Account, Person, Role
from helpsage.tickets.actor import Actor
from tests.channels.harness import ActionServer, until
from tests.channels.harness import Person as Visitor

Query = Callable[..., list[dict[str, Any]]]
ROUNDS = 24


@pytest.fixture
def desk(chat_database: str) -> Iterator[Callable[[], Session]]:
    """Sessions of the help desk on the chat's database."""
    engine = engine_for(chat_database.replace("postgresql://", "postgresql+psycopg2://"))
    yield lambda: Session(engine, expire_on_commit=False)
    engine.dispose()


@pytest.fixture
def agent(desk: Callable[[], Session]) -> Agent:
    """Somebody who works here."""
    with desk() as session, session.begin():
        someone = Person(name="Priya Raman")
        session.add(someone)
        session.flush()
        account = Account(person_id=someone.id, email=f"{uuid4()}@desk.example", password_hash="", role=Role.AGENT)
        session.add(account)
        session.flush()
        return Agent(account.id, Actor("agent", "Priya Raman", someone.id))


@pytest.fixture(autouse=True)
def many_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One agent may have as many chats as the race has rounds."""
    from helpsage import settings

    monkeypatch.setenv("HELPSAGE_CHATS_AT_ONCE", "50")
    settings.get.cache_clear()
    yield
    settings.get.cache_clear()


def take_over(desk: Callable[[], Session], conversation: str, agent: Agent) -> None:
    with desk() as session, session.begin():
        handoff.start(session, UUID(conversation), agent)


async def test_an_answer_that_is_worked_out_while_a_human_comes_is_not_said(
    person: Visitor, query: Query, actions: ActionServer, desk: Callable[[], Session], agent: Agent
) -> None:
    actions.gate.touch()
    try:
        assert (await person.say("wait"))["ok"]
        await until(lambda: True in person.typing, "the assistant at work")
        await asyncio.to_thread(take_over, desk, person.conversation, agent)
    finally:
        actions.gate.unlink()
    told = "select payload from outbox_event where subject_id = %s and kind = 'conversation.person_wrote'"
    await until(lambda: query(told, person.conversation), "the words to be handed to the human")
    rows = query("select author, handled_at from message where conversation_id = %s order by seq", person.conversation)
    assert [row["author"] for row in rows] == ["person", "system"]
    assert all(row["handled_at"] for row in rows if row["author"] == "person")
    assert len(query(told, person.conversation)) == 1
    events = query("select count(*) from tracker_event where sender_id = %s", f"web:{person.conversation}")
    assert events == [{"count": 0}], "the assistant remembers a turn that was not said"


async def test_neither_an_apology_is_said_over_a_human(
    person: Visitor, query: Query, actions: ActionServer, desk: Callable[[], Session], agent: Agent
) -> None:
    actions.gate.touch()
    try:
        assert (await person.say("wait"))["ok"]
        await until(lambda: True in person.typing, "the assistant at work")
        await asyncio.to_thread(take_over, desk, person.conversation, agent)
        actions.kill()
        told = "select 1 from outbox_event where subject_id = %s and kind = 'conversation.person_wrote'"
        await until(lambda: query(told, person.conversation), "the words to be handed to the human")
    finally:
        actions.gate.unlink()
        actions.start()
    assert [message["author"] for message in person.messages if message["author"] != "person"] == ["system"]


async def test_who_is_first_speaks_and_the_other_does_not(
    new_person: Callable[..., Any], query: Query, desk: Callable[[], Session], agent: Agent
) -> None:
    """An answer and a human at the same moment, many times: no answer follows the coming of the human."""
    chance = random.Random(7)
    people = [await new_person() for _ in range(ROUNDS)]

    async def one(visitor: Visitor) -> None:
        await visitor.say("hello")
        await asyncio.sleep(chance.random() * 0.06)
        await asyncio.to_thread(take_over, desk, visitor.conversation, agent)

    for some in range(0, ROUNDS, 4):
        await asyncio.gather(*(one(visitor) for visitor in people[some : some + 4]))
    unhandled = (
        "select 1 from message where author = 'person' and handled_at is null and conversation_id = any(%s::uuid[])"
    )
    ids = [visitor.conversation for visitor in people]
    await until(lambda: not query(unhandled, ids), "every message to be dealt with")
    after = query(
        "select bot.conversation_id from message bot join message came using (conversation_id)"
        " where bot.author = 'bot' and came.author = 'system' and bot.seq > came.seq"
        " and conversation_id = any(%s::uuid[])",
        ids,
    )
    assert after == []
    answered = query(
        "select distinct conversation_id from message where author = 'bot' and conversation_id = any(%s::uuid[])", ids
    )
    handed = query(
        "select distinct subject_id from outbox_event"
        " where kind = 'conversation.person_wrote' and subject_id = any(%s::uuid[])",
        ids,
    )
    assert len(answered) + len(handed) == ROUNDS, "each message has its answer, or its human, and not both"


async def test_the_assistant_answers_again_when_the_human_has_left_and_has_forgotten_what_was_open(
    person: Visitor, query: Query, desk: Callable[[], Session], agent: Agent
) -> None:
    assert await person.ask("i want to order") == "Which room?"
    await asyncio.to_thread(take_over, desk, person.conversation, agent)
    await person.say("wifi")
    with desk() as session, session.begin():
        found = handoff.current(session, UUID(person.conversation))
        assert found is not None
        handoff.give_back(session, found.id, agent, "A new cable is on its way.")
    await until(lambda: "A new cable" in person.texts[-1], "the summary")
    assert await person.ask("wifi") == "Choose the network **eduroam** and sign in."
