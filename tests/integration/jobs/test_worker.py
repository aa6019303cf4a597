"""The worker as a process: agents' words reach the chat, in order, once, whatever is killed."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import uuid4

import psutil
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation, Message
from helpsage.events.models import Heartbeat, OutboxEvent
from helpsage.jobs import queue
from helpsage.tickets import service
from helpsage.tickets.models import Entry, Ticket
from helpsage.worker.program import SWEEP_S, dispatch_all
from tests.integration.jobs.conftest import WorkerProgram, eventually

REQUESTER = service.Actor("requester", "Ada")
AGENT = service.Actor("agent", "Priya")

NewSession = Callable[[], Session]
StartWorker = Callable[..., WorkerProgram]


@pytest.fixture
def ticket(new_session: NewSession) -> Ticket:
    with new_session() as session, session.begin():
        chat = conversations.ensure(session, f"web:{uuid4()}", "web")
        conversations.push(session, chat.id, "person", text="the printer jams")
        return service.open_ticket(
            session,
            service.NewTicket("Printer", "the printer jams", "printer_problem", "web", conversation_id=chat.id),
            REQUESTER,
        )


def reply(new_session: NewSession, ticket: Ticket, body: str) -> Entry:
    with new_session() as session, session.begin():
        return service.reply(session, ticket, body, AGENT)


def said_by_agents(new_session: NewSession) -> list[str]:
    with new_session() as session:
        return list(session.scalars(select(Message.text).where(Message.author == "agent").order_by(Message.seq)))


def alive(new_session: NewSession) -> int:
    with new_session() as session:
        return session.scalar(select(func.count()).select_from(Heartbeat)) or 0


def test_reply_reaches_the_chat_and_awaits_an_answer(
    start_worker: StartWorker, new_session: NewSession, ticket: Ticket
) -> None:
    start_worker()
    entry = reply(new_session, ticket, "Please turn it off and on")
    assert eventually(lambda: said_by_agents(new_session)) == ["Please turn it off and on"]
    with new_session() as session:
        chat = session.get_one(Conversation, ticket.conversation_id)
        message = session.scalars(select(Message).where(Message.author == "agent")).one()
        assert chat.awaiting_ticket_id == ticket.id
        assert (message.author_name, message.data) == ("Priya", {"reply_to": ticket.reference})
        assert session.get_one(Entry, entry.id).delivered_at is not None


def test_reply_does_not_wait_for_the_sweep(start_worker: StartWorker, new_session: NewSession, ticket: Ticket) -> None:
    start_worker()
    eventually(lambda: alive(new_session))
    took = []
    for number in range(5):
        began = time.monotonic()
        reply(new_session, ticket, f"word {number}")
        eventually(lambda expected=number + 1: len(said_by_agents(new_session)) == expected)
        took.append(time.monotonic() - began)
    assert max(took) < SWEEP_S / 2, took


def test_replies_arrive_in_order(start_worker: StartWorker, new_session: NewSession, ticket: Ticket) -> None:
    expected = [f"word {number}" for number in range(30)]
    for body in expected:
        reply(new_session, ticket, body)
    start_worker()
    start_worker()
    eventually(lambda: len(said_by_agents(new_session)) == len(expected))
    assert said_by_agents(new_session) == expected


def test_killed_while_delivering_delivers_once(
    start_worker: StartWorker, new_session: NewSession, ticket: Ticket, queue_database: Engine
) -> None:
    entry = reply(new_session, ticket, "Did it help?")
    with queue_database.connect() as blocker:
        blocker.execute(text("select 1 from conversation for no key update"))
        victim = start_worker()
        eventually(lambda: waits_for_lock(queue_database))
        victim.kill()
    start_worker()
    eventually(lambda: delivered(new_session, entry))
    assert said_by_agents(new_session) == ["Did it help?"]


def test_killed_before_it_could_say_that_it_delivered_delivers_once(
    start_worker: StartWorker, new_session: NewSession, ticket: Ticket, queue_database: Engine
) -> None:
    entry = reply(new_session, ticket, "Did it help?")
    with queue_database.connect() as blocker, queue_database.connect() as job_blocker:
        blocker.execute(text("select 1 from conversation for no key update"))
        victim = start_worker()
        eventually(lambda: waits_for_lock(queue_database))
        job_blocker.execute(text("select 1 from jobs.procrastinate_jobs where status = 'doing' for update"))
        blocker.rollback()
        eventually(lambda: delivered(new_session, entry))
        eventually(lambda: waits_for_lock(queue_database))
        victim.kill()
    assert unfinished(new_session) > 0
    start_worker()
    eventually(lambda: unfinished(new_session) == 0)
    assert said_by_agents(new_session) == ["Did it help?"]


def test_what_happened_while_no_worker_ran_is_done_later(
    start_worker: StartWorker, new_session: NewSession, ticket: Ticket
) -> None:
    reply(new_session, ticket, "one")
    start_worker().stop()
    reply(new_session, ticket, "two")
    start_worker()
    eventually(lambda: len(said_by_agents(new_session)) == 2)
    assert said_by_agents(new_session) == ["one", "two"]


def test_stops_cleanly_and_takes_its_sign_of_life_along(start_worker: StartWorker, new_session: NewSession) -> None:
    worker = start_worker()
    eventually(lambda: alive(new_session) == 1)
    code, logged = worker.stop()
    assert code == 0
    assert "Traceback" not in logged
    assert alive(new_session) == 0
    with new_session() as session:
        assert session.scalar(text("select count(*) from jobs.procrastinate_workers")) == 0


def test_each_queue_has_a_program_of_its_own_and_what_may_wait_yields(
    start_worker: StartWorker, new_session: NewSession, ticket: Ticket
) -> None:
    with new_session() as session, session.begin():
        queue.defer(session, "search.learn", {"timestamp": 0}, queue=queue.LATER_QUEUE)
    reply(new_session, ticket, "one")
    worker = start_worker(queue.DEFAULT_QUEUE)
    eventually(lambda: said_by_agents(new_session) == ["one"])
    others = {queue.READING_QUEUE, queue.LATER_QUEUE}
    eventually(lambda: waiting_queues(new_session) == others)
    reply(new_session, ticket, "two")
    eventually(lambda: said_by_agents(new_session) == ["one", "two"])
    assert waiting_queues(new_session) == others
    reader, background = (start_worker(name) for name in (queue.READING_QUEUE, queue.LATER_QUEUE))
    eventually(lambda: not waiting_queues(new_session))
    assert reader.stop()[0] == 0
    assert psutil.Process(background.process.pid).nice() > psutil.Process(worker.process.pid).nice()
    assert background.stop()[0] == 0


def test_lost_connections_are_made_again(
    start_worker: StartWorker, new_session: NewSession, ticket: Ticket, queue_database: Engine
) -> None:
    worker = start_worker()
    reply(new_session, ticket, "before")
    eventually(lambda: said_by_agents(new_session) == ["before"])
    with queue_database.connect() as connection:
        others = "datname = current_database() and pid <> pg_backend_pid()"
        ended = connection.scalars(text(f"select pid from pg_stat_activity where {others}")).all()
        connection.execute(text("select pg_terminate_backend(pid) from unnest(:ended) as pid"), {"ended": list(ended)})
    eventually(lambda: not any(psutil.pid_exists(pid) for pid in ended))
    reply(new_session, ticket, "after")
    eventually(lambda: said_by_agents(new_session) == ["before", "after"])
    assert worker.process.poll() is None


def test_lost_notification_is_made_up_for(new_session: NewSession, ticket: Ticket, queue_database: Engine) -> None:
    """What the sweep does."""
    reply(new_session, ticket, "hello")
    dispatch_all()
    with new_session() as session:
        assert session.scalar(select(func.count()).where(OutboxEvent.dispatched_at.is_(None))) == 0
    assert unfinished(new_session) > 0


def waits_for_lock(engine: Engine) -> bool:
    with engine.connect() as connection:
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
        )
        return bool(connection.scalar(text(waiting)))


def waiting_queues(new_session: NewSession) -> set[str]:
    with new_session() as session:
        return set(session.scalars(text("select queue_name from jobs.procrastinate_jobs where status = 'todo'")))


def delivered(new_session: NewSession, entry: Entry) -> bool:
    with new_session() as session:
        return session.get_one(Entry, entry.id).delivered_at is not None


def unfinished(new_session: NewSession) -> int:
    with new_session() as session:
        return queue.depth(session)
