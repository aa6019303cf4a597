"""Tables of webhooks: who hears of which events, what was sent, and how that went."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class Stage(enum.StrEnum):
    """Where a message is."""

    #: To be tried from `due_at` on.
    WAITING = "waiting"
    #: The other side took it.
    SENT = "sent"
    #: Given up after days of trying, or the webhook was switched off; a person can replay it.
    DEAD = "dead"


class Webhook(Base):
    """An address of another program that wants to hear what happens."""

    __tablename__ = "webhook"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str]
    url: Mapped[str]
    #: Kinds of events: `ticket.opened`.
    events: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    #: Only tickets of this department; all when None.
    department_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("department.id", ondelete="CASCADE"))
    #: Signing keys, the newest first: `{"key": encrypted, "until": null or ISO time}`. A replaced one signs on a day.
    secrets: Mapped[list[Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Nothing is sent; by whom or why stands in `disabled_because`.
    disabled_at: Mapped[datetime | None]
    disabled_because: Mapped[str] = mapped_column(server_default="")
    removed_at: Mapped[datetime | None]


class Message(Base):
    """One event for one webhook. Its body is written once, so that every try sends the same."""

    __tablename__ = "webhook_message"
    __table_args__ = (
        CheckConstraint("stage in ('waiting','sent','dead')", name="stage"),
        UniqueConstraint("webhook_id", "event_id"),
        Index("ix_webhook_message_webhook_id_created_at_id", "webhook_id", "created_at", "id"),
        Index(
            "ix_webhook_message_waiting",
            "webhook_id",
            "subject_id",
            "seq",
            postgresql_where=text("stage = 'waiting'"),
        ),
        Index("ix_webhook_message_dead", "created_at", "id", postgresql_where=text("stage = 'dead'")),
    )

    #: Also the header `webhook-id`, the same for every try: the other side knows a repetition by it.
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    webhook_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    #: Of the outbox; None for a test.
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str]
    #: What it is about. Messages about one subject go out one after the other.
    subject_id: Mapped[uuid.UUID]
    #: Order of messages about one subject.
    seq: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    body: Mapped[str]
    stage: Mapped[str] = mapped_column(server_default="waiting")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Since it was written or replayed last.
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    done_at: Mapped[datetime | None]


class Attempt(Base):
    """One try."""

    __tablename__ = "webhook_attempt"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    message_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("webhook_message.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    milliseconds: Mapped[int]
    #: The answer's status; None when there was none.
    status: Mapped[int | None]
    #: Why it counts as failed; empty for success.
    error: Mapped[str] = mapped_column(server_default="")
    #: The beginning of the answer.
    answer: Mapped[str] = mapped_column(server_default="")
