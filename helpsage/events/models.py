"""Tables of the outbox, of what could not be done, and of running programs."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class OutboxEvent(Base):
    """Something that happened. Written in the transaction of the change itself (architecture rule 2)."""

    __tablename__ = "outbox_event"
    __table_args__ = (Index("ix_outbox_event_waiting", "id", postgresql_where=text("dispatched_at is null")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    #: Dotted past tense: `ticket.opened`, `ticket.replied`, `conversation.person_wrote`.
    kind: Mapped[str]
    #: Of what it happened to. Events of one subject are handled in order.
    subject_id: Mapped[uuid.UUID]
    payload: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When the worker turned it into jobs.
    dispatched_at: Mapped[datetime | None]


class DeadLetter(Base):
    """A job given up after its retries. A person can replay it."""

    __tablename__ = "dead_letter"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    #: The job, so that one that is given up twice (its worker died in between) is written down once.
    job_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    task: Mapped[str]
    #: Jobs with one lock run one after the other; a replay keeps it.
    lock: Mapped[str | None]
    arguments: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    attempts: Mapped[int] = mapped_column(server_default="0")
    #: The last error's type and place, without personal data.
    error: Mapped[str]
    failed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    replayed_at: Mapped[datetime | None]


class Heartbeat(Base):
    """A running program's sign of life."""

    __tablename__ = "heartbeat"

    program: Mapped[str] = mapped_column(primary_key=True)
    instance: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
