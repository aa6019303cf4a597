"""The worker reads and routes what comes, and learns from what agents change."""

from __future__ import annotations

import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
from sqlalchemy import Engine, select, text, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments import service as departments
from helpsage.events.models import OutboxEvent
from helpsage.tickets import details, service
from helpsage.tickets.service import Actor, NewTicket
from helpsage.triage import pipeline, remote
from helpsage.triage.models import ReadingLabel, ReadingRow, Routing
from helpsage.worker import program
from tests.integration.jobs.conftest import WorkerProgram, eventually


def test_a_ticket_is_read_routed_and_learned_from(
    start_worker: Callable[..., WorkerProgram], queue_database: Engine
) -> None:
    with Session(queue_database) as session, session.begin():
        departments.ensure_defaults(session)
        new = NewTicket("Wi-Fi", "The Wi-Fi in the library keeps dropping on my laptop.", "general_issue", "email")
        ticket_id = service.open_ticket(session, new, Actor("requester")).id
    start_worker()

    def routed() -> Routing | None:
        with Session(queue_database) as session:
            return session.get(Routing, ticket_id)

    assert eventually(routed).move == "queue"
    with Session(queue_database) as session, session.begin():
        ticket = service.by_id(session, ticket_id)
        assert session.get_one(ReadingRow, ticket_id).topic == ticket.category == "wifi_problem"
        details.change_category(session, ticket, "hardware_problem", Actor("agent", "Priya Raman"))

    def learned() -> str | None:
        with Session(queue_database) as session:
            return session.scalar(select(ReadingLabel.right).where(ReadingLabel.ticket_id == ticket_id))

    assert eventually(learned) == "hardware_problem"


def test_only_what_an_agent_changes_is_looked_at_as_a_correction(queue_database: Engine) -> None:
    with Session(queue_database) as session, session.begin():
        departments.ensure_defaults(session)
        new = NewTicket("Wi-Fi", "The Wi-Fi keeps dropping.", "general_issue", "email")
        ticket = service.open_ticket(session, new, Actor("requester"))
        session.execute(update(OutboxEvent).values(dispatched_at=clock.now()))
        details.change_category(session, ticket, "wifi_problem", Actor("system"))
        details.change_category(session, ticket, "hardware_problem", Actor("agent", "Priya Raman"))
    program.dispatch_all()
    with Session(queue_database) as session:
        asked = "select event -> 'payload' ->> 'to' from jobs.procrastinate_jobs, "
        asked += "jsonb_array_elements(args -> 'events') as event where event ->> 'task' = 'triage.learn_topic'"
        assert session.scalars(text(asked)).all() == ["hardware_problem"]


def test_a_reader_elsewhere_is_asked_about_several_at_a_time(
    queue_database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes seconds for each, and none of them may wait for all the others."""
    together = threading.Barrier(pipeline.ASKED_AT_ONCE)
    monkeypatch.setattr(remote, "configured", lambda: True)
    monkeypatch.setattr(pipeline, "handle", lambda _: together.wait(20))
    pipeline.handle_many([uuid4() for _ in range(pipeline.ASKED_AT_ONCE)])
    assert not together.broken
