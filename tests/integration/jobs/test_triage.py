"""The worker reads and routes what comes, and learns from what agents change."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.departments import service as departments
from helpsage.tickets import details, service
from helpsage.tickets.service import Actor, NewTicket
from helpsage.triage.models import ReadingLabel, ReadingRow, Routing
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
