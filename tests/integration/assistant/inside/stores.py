"""Tracker store and lock store on the real database."""

from __future__ import annotations

import asyncio
import sys
import time
from contextvars import Context
from pathlib import Path
from typing import Any

import asyncpg
from common import new_sender, phrases, run, stock_agent, talk
from rasa.core.agent import Agent
from rasa.shared.core.events import SlotSet

from assistant import fast_paths
from assistant.database import Database
from assistant.lock_store import AdvisoryLockStore, Queues, key_of
from assistant.tracker_store import PostgresTrackerStore, StaleTracker, as_json
from assistant.turn import current

MODEL, URL = Path(sys.argv[1]), sys.argv[2]


def new_agent(database: Database) -> Agent:
    """The model on our stores."""
    agent = Agent.load(str(MODEL), lock_store=AdvisoryLockStore(store=database))
    store = PostgresTrackerStore(agent.domain, store=database)
    agent.tracker_store = agent.processor.tracker_store = store
    return agent


async def dialogues_are_those_of_rasa() -> None:
    database = Database(URL)
    ours, stock = new_agent(database), stock_agent(MODEL)
    for seed in range(6):
        sender, texts = new_sender(), phrases(seed, 40)
        assert await talk(ours, sender, texts) == await talk(stock, sender, texts), seed
        kept = await ours.tracker_store.retrieve_full_tracker(sender)
        whole = await stock.tracker_store.retrieve(sender)
        assert [type(event) for event in kept.events] == [type(event) for event in whole.events], seed
        assert kept.current_slot_values() == whole.current_slot_values()
    await database.close()


async def the_state_survives_a_restart_in_every_turn() -> None:
    database = Database(URL)
    hot, sender = new_agent(database), new_sender()
    texts = phrases(7, 60)
    expected = await talk(hot, sender, texts)
    cold_sender, found = new_sender(), []
    cold = new_agent(database)
    for text in texts:
        cold.tracker_store._hot.clear()
        found += await talk(cold, cold_sender, [text])
    assert found == expected
    await database.close()


async def a_turn_costs_one_append() -> None:
    database = Database(URL)
    agent, sender = new_agent(database), new_sender()
    await talk(agent, sender, phrases(1, 60))
    connection = await asyncpg.connect(URL)
    before = await connection.fetchval("select count(*) from tracker_event where sender_id = $1", sender)
    stored = agent.tracker_store._hot[sender]
    await talk(agent, sender, ["wifi"])
    after = await connection.fetchval("select count(*) from tracker_event where sender_id = $1", sender)
    assert 0 < after - before < 10
    assert agent.tracker_store._hot[sender] is stored, "the hot tracker was rebuilt"
    numbers = await connection.fetch("select n from tracker_event where sender_id = $1 order by n", sender)
    assert [row["n"] for row in numbers] == list(range(after)), "events are numbered without gaps"
    await connection.close()
    await database.close()


async def another_process_is_noticed() -> None:
    database = Database(URL)
    one, two, sender = new_agent(database), new_agent(database), new_sender()
    assert await talk(one, sender, ["order"])
    assert await talk(two, sender, ["12"]) == [[{"text": "What would you like?"}]]
    assert await talk(one, sender, ["tea"]) == [[{"text": "tea for room 12."}]]
    stale = await two.tracker_store.retrieve(sender)
    fresh = await one.tracker_store.retrieve(sender)
    fresh.update(SlotSet("count", 1.0))
    await one.tracker_store.save(fresh)
    stale.update(SlotSet("count", 2.0))
    try:
        await two.tracker_store.save(stale)
    except StaleTracker:
        pass
    else:
        raise AssertionError("a stale tracker was saved")
    assert (await two.tracker_store.retrieve(sender)).get_slot("count") == 1.0
    await database.close()


async def a_failed_turn_leaves_no_trace_in_memory() -> None:
    database = Database(URL)
    agent, sender = new_agent(database), new_sender()
    await talk(agent, sender, ["order"])
    tracker = await agent.tracker_store.retrieve(sender)
    tracker.update(SlotSet("room", "never saved"))
    assert (await agent.tracker_store.retrieve(sender)).get_slot("room") is None
    await database.close()


async def an_absent_database_raises() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")
    store = PostgresTrackerStore(stock_agent(MODEL).domain, store=database)
    for asked in (store.retrieve("x"), store.keys(), store.exists("x"), store.retrieve_full_tracker("x")):
        try:
            await asked
        except OSError:
            continue
        raise AssertionError("forgotten without a word")


async def what_is_deleted_is_gone() -> None:
    database = Database(URL)
    agent, sender = new_agent(database), new_sender()
    await talk(agent, sender, ["order"])
    assert sender in await agent.tracker_store.keys()
    assert await agent.tracker_store.exists(sender)
    await agent.tracker_store.delete(sender)
    assert not await agent.tracker_store.exists(sender)
    assert await agent.tracker_store.retrieve(sender) is None
    await database.close()


async def locks_are_held_one_at_a_time_in_order() -> None:
    database = Database(URL)
    store, order, inside = AdvisoryLockStore(store=database), [], 0

    async def work(number: int) -> None:
        nonlocal inside
        async with store.lock("somebody"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            order.append(number)
            inside -= 1

    await asyncio.gather(*(work(number) for number in range(40)))
    assert order == list(range(40))
    assert len(store._queues) == 0
    await database.close()


async def locks_hold_across_processes_without_polling() -> None:
    first, second = Database(URL), Database(URL)
    one, two = AdvisoryLockStore(store=first), AdvisoryLockStore(store=second)
    released = 0.0

    async def wait() -> float:
        async with two.lock("shared"):
            return time.monotonic()

    async with one.lock("shared"):
        waiting = asyncio.create_task(wait(), context=Context())
        await until(lambda: waits_for_lock(URL))
        assert not waiting.done()
        released = time.monotonic()
    assert await asyncio.wait_for(waiting, 5) - released < 0.3
    await first.close()
    await second.close()


async def different_conversations_do_not_wait() -> None:
    database = Database(URL)
    store = AdvisoryLockStore(store=database)
    async with store.lock("one"), store.lock("other"):
        pass
    await database.close()


async def a_turn_does_not_wait_for_itself() -> None:
    database = Database(URL)
    store = AdvisoryLockStore(store=database)
    async with store.lock("one") as turn, store.lock("one") as again:
        assert again is turn is current.get()
    assert current.get() is None
    await database.close()


async def a_lock_ends_with_its_connection() -> None:
    first, second = Database(URL), Database(URL)
    one, two = AdvisoryLockStore(store=first), AdvisoryLockStore(store=second)
    try:
        async with one.lock("dying") as turn:
            turn.connection.terminate()
            await asyncio.wait_for(asyncio.create_task(take(two, "dying"), context=Context()), 5)
    except asyncpg.InterfaceError:
        pass
    await asyncio.wait_for(take(one, "dying"), 5)
    await first.close()
    await second.close()


async def more_turns_than_connections_are_no_deadlock() -> None:
    database = Database(URL, processes=6)
    store, done = AdvisoryLockStore(store=database), []

    async def work(number: int) -> None:
        async with store.lock(f"person {number % 20}") as turn:
            done.append(await turn.connection.fetchval("select $1::int", number))

    await asyncio.wait_for(asyncio.gather(*(work(number) for number in range(100))), 30)
    assert len(done) == 100
    await database.close()


async def a_wait_is_bounded() -> None:
    queues = Queues()
    async with queues.turn("x", 1):
        try:
            async with queues.turn("x", 0.05):
                raise AssertionError("two at once")
        except TimeoutError:
            pass
    async with queues.turn("x", 0.05):
        pass
    assert len(queues) == 0


def what_jsonb_refuses_is_left_out() -> None:
    assert as_json({"a": "x\0y"}) == '{"a": "xy"}'
    assert as_json({"a": "\\u0000"}) == '{"a": "\\\\u0000"}'
    import numpy

    assert as_json([numpy.float32(0.5), numpy.int64(3)]) == "[0.5, 3]"


def senders_have_locks_of_their_own() -> None:
    assert len({key_of(f"web:{number}") for number in range(10_000)}) == 10_000


async def take(store: AdvisoryLockStore, sender: str) -> None:
    async with store.lock(sender):
        pass


async def waits_for_lock(url: str) -> bool:
    connection = await asyncpg.connect(url)
    try:
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        return bool(await connection.fetchval(waiting))
    finally:
        await connection.close()


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not await condition():
            await asyncio.sleep(0.01)


if __name__ == "__main__":
    fast_paths.install()
    run(
        dialogues_are_those_of_rasa,
        the_state_survives_a_restart_in_every_turn,
        a_turn_costs_one_append,
        another_process_is_noticed,
        a_failed_turn_leaves_no_trace_in_memory,
        an_absent_database_raises,
        what_is_deleted_is_gone,
        locks_are_held_one_at_a_time_in_order,
        locks_hold_across_processes_without_polling,
        different_conversations_do_not_wait,
        a_turn_does_not_wait_for_itself,
        a_lock_ends_with_its_connection,
        more_turns_than_connections_are_no_deadlock,
        a_wait_is_bounded,
        what_jsonb_refuses_is_left_out,
        senders_have_locks_of_their_own,
    )
