"""What is forgotten at night, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation, Message, Tracker, TrackerEvent
from helpsage.events.models import Heartbeat, OutboxEvent
from helpsage.jobs import queue, upkeep
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from tests.integration.tickets.conftest import REQUESTER, new_ticket

SET_STATUS = """
    update jobs.procrastinate_jobs set status = cast(:status as jobs.procrastinate_job_status) where id = :id
"""
SET_AGE = "update jobs.procrastinate_events set at = now() - :days * interval '1 day' where job_id = :id"

NewSession = Callable[[], Session]


def forget() -> None:
    upkeep.forget(SimpleNamespace(should_abort=lambda: False), timestamp=0)  # type: ignore[arg-type]


def ago(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def count(new_session: NewSession, table: type) -> int:
    with new_session() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def talk(session: Session, days_ago: int) -> Conversation:
    with clock.frozen(ago(days_ago)):
        chat = conversations.ensure(session, f"web:{uuid4()}", "web")
        conversations.push(session, chat.id, "person", text="hello")
        return chat


def test_old_talk_without_a_ticket_goes(new_session: NewSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "BATCH", 2)
    with new_session() as session, session.begin():
        for _ in range(5):
            talk(session, 366)
        recent = talk(session, 364).id
        filed = talk(session, 366).id
        service.open_ticket(session, new_ticket(conversation_id=filed), REQUESTER)
    forget()
    with new_session() as session:
        assert set(session.scalars(select(Conversation.id))) == {recent, filed}
        assert session.scalar(select(func.count()).select_from(Message)) == 2
    assert count(new_session, Ticket) == 1


def test_dialogue_state_goes_and_the_transcript_stays(new_session: NewSession) -> None:
    with new_session() as session, session.begin():
        talk(session, 31)
        for sender, days in (("web:old", 31), ("web:new", 29)):
            session.add(Tracker(sender_id=sender, updated_at=ago(days)))
            session.flush()
            session.add(TrackerEvent(sender_id=sender, n=0, data={}))
    forget()
    with new_session() as session:
        assert session.scalars(select(Tracker.sender_id)).all() == ["web:new"]
        assert session.scalars(select(TrackerEvent.sender_id)).all() == ["web:new"]
    assert count(new_session, Message) == 1


def test_told_events_go_and_waiting_ones_stay(new_session: NewSession) -> None:
    with new_session() as session, session.begin():
        for dispatched in (ago(31), ago(29), None):
            session.add(OutboxEvent(kind="x", subject_id=uuid4(), created_at=ago(40), dispatched_at=dispatched))
    forget()
    assert count(new_session, OutboxEvent) == 2


def test_long_failed_jobs_go(new_session: NewSession) -> None:
    with new_session() as session, session.begin():
        for status, days in (("failed", 31), ("failed", 29), ("todo", 31)):
            job = queue.defer(session, "chat.deliver_reply", {})
            values = {"status": status, "id": job, "days": days}
            session.execute(text(SET_STATUS), values)
            session.execute(text(SET_AGE), values)
    forget()
    with new_session() as session:
        left = session.scalars(text("select status from jobs.procrastinate_jobs order by id")).all()
    assert left == ["failed", "todo"]


def test_zero_days_keep_everything(new_session: NewSession, monkeypatch: pytest.MonkeyPatch) -> None:
    with new_session() as session, session.begin():
        talk(session, 4_000)
        session.add(OutboxEvent(kind="x", subject_id=uuid4(), dispatched_at=ago(4_000)))
    for name in ("conversation_retention_days", "tracker_retention_days", "outbox_retention_days"):
        monkeypatch.setattr(settings.get(), name, 0)
    forget()
    assert (count(new_session, Conversation), count(new_session, OutboxEvent)) == (1, 1)


def test_programs_not_seen_for_a_day_are_forgotten(new_session: NewSession) -> None:
    with new_session() as session, session.begin():
        session.add(Heartbeat(program="worker", instance="gone", version="1", at=ago(2)))
        session.add(Heartbeat(program="worker", instance="here", version="1", at=clock.now()))
    forget()
    with new_session() as session:
        assert session.scalars(select(Heartbeat.instance)).all() == ["here"]
