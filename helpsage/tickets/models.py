"""Tables of tickets, their thread and their log."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Sequence,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpsage.db.base import Base
from helpsage.people.models import Person

#: Numbers of references; the first ticket is HS-1001.
NUMBERS = Sequence("ticket_number", start=1001, metadata=Base.metadata)
REFERENCE_PREFIX = "HS-"


class Status(enum.StrEnum):
    """Where a ticket stands. The allowed moves are in `lifecycle.py`."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    #: For the person's answer.
    WAITING = "waiting"
    #: With a senior; the clock runs.
    ESCALATED = "escalated"
    #: Solved, as the agent sees it; the person can say otherwise.
    RESOLVED = "resolved"
    CLOSED = "closed"


class Priority(enum.StrEnum):
    """How soon it matters, from least to most."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


def _queue_index(*columns: str) -> Index:
    """The queue's order within these columns, with what decides who sees a ticket: pages are cut and counted by it."""
    keys = (*columns, "status", "updated_at", "id")
    seen_by = [name for name in ("priority", "department_id", "team_id", "assignee_id") if name not in columns]
    return Index(f"ix_ticket_{'_'.join(keys)}", *keys, postgresql_include=seen_by)


class Ticket(Base):
    """One problem of one person."""

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint("status in ('open','in_progress','waiting','escalated','resolved','closed')", name="status"),
        CheckConstraint("priority in ('low','normal','high','urgent')", name="priority"),
        CheckConstraint("rating between 1 and 5", name="rating"),
        _queue_index(),
        Index("ix_ticket_requester_id_created_at", "requester_id", "created_at"),
        Index("ix_ticket_priority_status", "priority", "status"),
        Index("ix_ticket_status_created_at_id", "status", "created_at", "id"),
        Index("ix_ticket_status_priority_updated_at_id", "status", "priority", "updated_at", "id"),
        _queue_index("category"),
        _queue_index("channel"),
        _queue_index("assignee_id"),
        Index("ix_ticket_department_id_status_updated_at_id", "department_id", "status", "updated_at", "id"),
        _queue_index("team_id"),
        Index(
            "ix_ticket_to_take",
            "priority",
            "created_at",
            "id",
            postgresql_where=text("status = 'open' and assignee_id is null"),
        ),
        Index("ix_ticket_tags", "tags", postgresql_using="gin"),
        Index("ix_ticket_status_due_order_id", "status", "due_order", "id"),
        Index("ix_ticket_next_alarm_at", "next_alarm_at", postgresql_where=text("next_alarm_at is not null")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    number: Mapped[int] = mapped_column(BigInteger, NUMBERS, server_default=NUMBERS.next_value(), unique=True)
    #: Whoever submits twice with one key gets one ticket.
    idempotency_key: Mapped[str | None] = mapped_column(unique=True)
    requester_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    conversation_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("conversation.id", ondelete="SET NULL", use_alter=True), index=True
    )
    #: The part of the conversation that led to this ticket, first and last message.
    transcript_from_seq: Mapped[int | None]
    transcript_to_seq: Mapped[int | None]
    subject: Mapped[str]
    description: Mapped[str]
    category: Mapped[str]
    priority: Mapped[str]
    #: Why the priority is what it is: rule, word or person (architecture rule 7).
    priority_reason: Mapped[str] = mapped_column(server_default="")
    status: Mapped[str] = mapped_column(server_default="open")
    #: calm, confused or angry.
    tone: Mapped[str | None]
    channel: Mapped[str]
    #: What the category asked for, by question: `{"amount": "450", "currency": "INR"}`.
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    #: Questions that were asked and not answered.
    gaps: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    assignee_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    department_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("department.id", ondelete="RESTRICT"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("team.id", ondelete="SET NULL"))
    #: Lower case, without spaces around.
    tags: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    #: The ticket that goes on in this one's place after a merge.
    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"), index=True)
    #: Key of the routing rule that fired when it came in (`helpsage/triage/router.py`).
    routed_by: Mapped[str | None]
    rating: Mapped[int | None]
    rating_comment: Mapped[str | None]
    #: Counts changes; a writer who read an older one is refused.
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    #: What was promised (`helpsage/service_levels/clocks.py`): policy, calendar, minutes of working time.
    service_terms: Mapped[dict[str, Any] | None]
    #: By when; of a clock that was stopped, as it was then. None: not promised, or the clock is paused.
    first_response_due_at: Mapped[datetime | None]
    resolution_due_at: Mapped[datetime | None]
    #: The earlier of those that are still to be kept.
    next_due_at: Mapped[datetime | None]
    #: The same for sorting: what is not due comes last.
    due_order: Mapped[datetime] = mapped_column(
        Computed("coalesce(next_due_at, '9999-01-01 00:00:00+00'::timestamptz)", persisted=True)
    )
    #: Since when the clocks are paused, because the requester is waited for.
    clocks_paused_at: Mapped[datetime | None]
    #: When somebody is to be warned or told next.
    next_alarm_at: Mapped[datetime | None]

    requester: Mapped[Person] = relationship(lazy="joined", innerjoin=True)

    @property
    def reference(self) -> str:
        """What people call it: HS-1042."""
        return f"{REFERENCE_PREFIX}{self.number}"


class Entry(Base):
    """One piece of a ticket's thread: a public reply, a person's comment, or an internal note."""

    __tablename__ = "ticket_entry"
    __table_args__ = (
        CheckConstraint("visibility in ('public','internal')", name="visibility"),
        CheckConstraint("author_kind in ('requester','agent','assistant','system')", name="author_kind"),
        UniqueConstraint("ticket_id", "key"),
        Index("ix_ticket_entry_ticket_id_created_at", "ticket_id", "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    author_kind: Mapped[str]
    author_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    author_name: Mapped[str] = mapped_column(server_default="")
    visibility: Mapped[str]
    body: Mapped[str]
    #: chat, console, command line, ...
    source: Mapped[str]
    #: Idempotency key within the ticket.
    key: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When it reached the person's chat (public entries by agents).
    delivered_at: Mapped[datetime | None]
    #: The merged ticket for which these words were meant; a merge that is undone takes them back there.
    addressed_to_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"), index=True)


class Change(Base):
    """One line of a ticket's log: who, when, what, why."""

    __tablename__ = "ticket_change"
    __table_args__ = (Index("ix_ticket_change_ticket_id_id", "ticket_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    actor_name: Mapped[str] = mapped_column(server_default="")
    #: created, status, priority, category, assigned, team, tags, details, replied, noted, commented, rated, escalated,
    #: merged, absorbed, unmerged, released, split, split_off, rejoined, took_back, breached.
    action: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    reason: Mapped[str] = mapped_column(server_default="")
