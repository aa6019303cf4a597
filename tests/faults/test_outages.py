"""What the person sees, and what the desk gets, when parts of the system are stopped or killed at the worst moment.

Every test ends with: the person was told, nothing is lost, nothing is doubled, and nobody repaired anything by hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
import time
from collections.abc import AsyncIterator, Iterator

import psycopg2
import pytest

from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from tests.faults.visitor import Visitor
from tests.stack import Stack

WHOLE_STORY = "I paid 450 rupees by UPI yesterday, no receipt came. TXN20394857"


@pytest.fixture
async def visitor(own_stack: Stack) -> AsyncIterator[Visitor]:
    await asyncio.to_thread(own_stack.wait_until_well)
    async with Visitor(own_stack.chat_url) as one:
        yield one


async def at_the_summary(visitor: Visitor) -> None:
    """A payment report, told up to the question whether to send it."""
    await visitor.say(WHOLE_STORY)
    await visitor.until(lambda: has_button(visitor, "No e-mail"), "the e-mail question")
    await visitor.press("No e-mail")
    await visitor.until(lambda: has_button(visitor, "Send"), "the summary")


def has_button(visitor: Visitor, title: str) -> bool:
    """Whether the assistant's newest words offer this button."""
    said = visitor.said_by("bot")
    return bool(said) and title in [button["title"] for button in said[-1]["data"].get("buttons", [])]


def tickets(stack: Stack, visitor: Visitor) -> list[str]:
    """References of the tickets of this conversation."""
    rows = stack.query("select number from ticket where conversation_id = %s order by number", visitor.conversation)
    return [f"HS-{row[0]}" for row in rows]


def written(stack: Stack, visitor: Visitor) -> list[str]:
    """What the person wrote, as it is kept."""
    kept = "select text from message where conversation_id = %s and author = 'person' order by seq"
    return [str(row[0]) for row in stack.query(kept, visitor.conversation)]


def cards(visitor: Visitor) -> list[str]:
    """References on the ticket cards that the person was shown as opened."""
    return [
        message["data"]["ticket"]["reference"] for message in visitor.said_by("bot") if message["data"].get("ticket")
    ]


@contextlib.contextmanager
def locked(stack: Stack, table: str) -> Iterator[psycopg2.extensions.connection]:
    """Nobody else can write to a table inside."""
    connection = psycopg2.connect(stack.database_url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"lock table {table} in share row exclusive mode")
        yield connection
    finally:
        connection.close()


async def someone_waits_for(stack: Stack, statement: str) -> None:
    """Until a backend hangs in a statement that begins so."""
    deadline = time.monotonic() + 60
    sql = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query ilike %s"
    while not await asyncio.to_thread(stack.query, sql, f"{statement}%"):
        assert time.monotonic() < deadline, f"nobody reached {statement!r}"
        await asyncio.sleep(0.05)


async def test_database_away_in_mid_conversation(own_stack: Stack, visitor: Visitor) -> None:
    await visitor.say("my payment of 1,200.50 euros failed")
    await visitor.until(lambda: bool(visitor.said_by("bot")), "a first question")
    before = len(visitor.said_by("bot"))
    await asyncio.to_thread(own_stack.stop_database)
    saying = asyncio.create_task(visitor.say("pay_29QQoUBi66xm2f"))
    await visitor.until(lambda: bool(visitor.notices or visitor.refusals), "being told of the outage")
    await asyncio.to_thread(own_stack.start_database)
    await saying
    await visitor.answered(before + 1)
    assert written(own_stack, visitor) == ["my payment of 1,200.50 euros failed", "pay_29QQoUBi66xm2f"]
    # It knows where it was: the id is not asked again.
    asked = [message["text"].lower() for message in visitor.said_by("bot")[before:]]
    assert not any("transaction id" in text for text in asked), asked


async def test_action_server_away_at_the_submit(own_stack: Stack, visitor: Visitor) -> None:
    await at_the_summary(visitor)
    said = len(visitor.said_by("bot"))
    own_stack.hold("actions")
    try:
        await visitor.press("Send")
        await visitor.answered(said + 1)
        assert tickets(own_stack, visitor) == []
        assert cards(visitor) == []
    finally:
        own_stack.release("actions")
    await asyncio.to_thread(own_stack.wait_until_well)
    await visitor.press("Send")
    await visitor.until(lambda: bool(cards(visitor)), "the ticket")
    assert tickets(own_stack, visitor) == cards(visitor)
    assert len(cards(visitor)) == 1


async def test_action_server_killed_during_the_submit(own_stack: Stack, visitor: Visitor) -> None:
    await at_the_summary(visitor)
    said = len(visitor.said_by("bot"))
    with locked(own_stack, "ticket"):
        await visitor.press("Send")
        await someone_waits_for(own_stack, "insert into ticket")
        own_stack.kill("actions")
        await visitor.answered(said + 1)
    await asyncio.to_thread(own_stack.wait_until_well)
    await visitor.press("Send")
    await visitor.until(lambda: bool(cards(visitor)), "the ticket")
    assert tickets(own_stack, visitor) == cards(visitor)
    assert len(cards(visitor)) == 1


async def test_action_server_killed_after_the_commit(own_stack: Stack, visitor: Visitor) -> None:
    """The commit is made to hang between being durable and being reported, by a standby that does not exist."""
    await at_the_summary(visitor)
    said = len(visitor.said_by("bot"))
    with locked(own_stack, "ticket") as lock:
        await visitor.press("Send")
        await someone_waits_for(own_stack, "insert into ticket")
        with unreported_commits(own_stack):
            lock.rollback()
            await a_commit_hangs(own_stack)
            own_stack.kill("actions")
    await visitor.answered(said + 1)
    await asyncio.to_thread(own_stack.wait_until_well)
    if not cards(visitor):
        await visitor.press("Send")
        await visitor.until(lambda: bool(cards(visitor)), "the ticket")
    assert len(tickets(own_stack, visitor)) == 1
    assert set(cards(visitor)) == set(tickets(own_stack, visitor))


@contextlib.contextmanager
def unreported_commits(stack: Stack) -> Iterator[None]:
    """Inside, a commit is written down and then waits for a standby that never comes."""
    change_setting(stack, "alter system set synchronous_standby_names = 'nobody'")
    try:
        until_commits_hang(stack)
        yield
    finally:
        change_setting(stack, "alter system reset synchronous_standby_names")


def change_setting(stack: Stack, statement: str) -> None:
    connection = psycopg2.connect(stack.database_url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.execute("select pg_reload_conf()")
    finally:
        connection.close()


HANGING = "select pid from pg_stat_activity where wait_event = 'SyncRep'"


def until_commits_hang(stack: Stack) -> None:
    """The server takes the setting up a moment after it was asked to: commits of nothing show when it has."""
    deadline = time.monotonic() + 60
    while True:
        probe = threading.Thread(target=stack.query, args=("select pg_current_xact_id()",))
        probe.start()
        probe.join(0.2)
        hanging = stack.query(HANGING)
        for (pid,) in hanging:
            stack.query("select pg_cancel_backend(%s)", pid)
        probe.join(30)
        if hanging:
            return
        assert time.monotonic() < deadline, "commits do not hang"


async def a_commit_hangs(stack: Stack) -> None:
    deadline = time.monotonic() + 60
    while not await asyncio.to_thread(stack.query, HANGING):
        assert time.monotonic() < deadline, "no commit hangs"
        await asyncio.sleep(0.05)


async def test_assistant_killed_between_the_commit_and_the_answer(own_stack: Stack, visitor: Visitor) -> None:
    await at_the_summary(visitor)
    with locked(own_stack, "ticket") as lock:
        await visitor.press("Send")
        await someone_waits_for(own_stack, "insert into ticket")
        own_stack.kill("assistant", signal.SIGSTOP)
        lock.rollback()
        await visitor_has_ticket(own_stack, visitor)
        own_stack.kill("assistant", signal.SIGKILL)
    await visitor.until(lambda: bool(cards(visitor)), "the answer after the restart")
    assert len(tickets(own_stack, visitor)) == 1
    assert cards(visitor) == tickets(own_stack, visitor)


async def visitor_has_ticket(stack: Stack, visitor: Visitor) -> None:
    deadline = time.monotonic() + 60
    while not await asyncio.to_thread(tickets, stack, visitor):
        assert time.monotonic() < deadline, "no ticket"
        await asyncio.sleep(0.05)


async def test_worker_killed_while_delivering(own_stack: Stack, visitor: Visitor) -> None:
    await at_the_summary(visitor)
    await visitor.press("Send")
    await visitor.until(lambda: bool(cards(visitor)), "the ticket")
    with locked(own_stack, "message"):
        await asyncio.to_thread(reply_as_agent, own_stack, cards(visitor)[0], "We have found your payment.")
        await someone_waits_for(own_stack, "insert into message")
        own_stack.kill("worker")
    await visitor.hears("We have found your payment.", author="agent")
    await asyncio.to_thread(own_stack.wait_until_well)
    assert [message["text"] for message in visitor.said_by("agent")] == ["We have found your payment."]


def reply_as_agent(stack: Stack, reference: str, words: str) -> None:
    with stack.session() as session, session.begin():
        ticket: Ticket = service.by_reference(session, reference)
        service.reply(session, ticket, words, service.Actor("agent", "Priya Raman"))


async def test_reply_written_while_the_person_is_away(own_stack: Stack, visitor: Visitor) -> None:
    await at_the_summary(visitor)
    await visitor.press("Send")
    await visitor.until(lambda: bool(cards(visitor)), "the ticket")
    await visitor.__aexit__()
    await asyncio.to_thread(reply_as_agent, own_stack, cards(visitor)[0], "Back on Monday.")
    await visitor.hears("Back on Monday.", author="agent")
    assert len(visitor.said_by("agent")) == 1


async def test_fifty_messages_at_once_are_all_answered_once(own_stack: Stack, visitor: Visitor) -> None:
    said = [f"hello number {number}" for number in range(50)]
    await asyncio.gather(*(visitor.say(text) for text in said))
    unhandled = "select count(*) from message where conversation_id = %s and author = 'person' and handled_at is null"
    await visitor.until(lambda: own_stack.query(unhandled, visitor.conversation) == [(0,)], "all handled")
    await visitor.answered(50)
    assert sorted(written(own_stack, visitor)) == sorted(said)
