"""Tables of what was misunderstood, of what people decided about it, and of questions that nothing answers yet."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from encoder.model import WIDTH
from helpsage.db.base import Base
from helpsage.db.vector import Vector


class Reason(enum.StrEnum):
    """Why something is to be looked at. The later ones tell more, and win over those before them."""

    LOW_CONFIDENCE = "low_confidence"
    ABANDONED = "abandoned"
    REPHRASED = "rephrased"
    NOT_THAT = "not_that"
    CHOSE_OTHER = "chose_other"
    NOT_HELPED = "not_helped"
    CORRECTED = "corrected"


class State(enum.StrEnum):
    """Where an item stands."""

    OPEN = "open"
    #: An example from now on; it waits to be merged and trained.
    ACCEPTED = "accepted"
    IGNORED = "ignored"
    #: `data/` has it already, under whatever intent.
    KNOWN = "known"
    #: It stands in `data/`, and the assistant was trained with it.
    DONE = "done"


class GapState(enum.StrEnum):
    """Where a gap stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"
    DONE = "done"


class ReviewItem(Base):
    """Something that somebody said and that was probably misunderstood. Its text is scrubbed of personal data."""

    __tablename__ = "review_item"
    __table_args__ = (
        CheckConstraint("state in ('open','accepted','ignored','known','done')", name="state"),
        CheckConstraint(
            "reason in ('low_confidence','abandoned','rephrased','not_that','chose_other','not_helped','corrected')",
            name="reason",
        ),
        Index("ix_review_item_state_score", "state", "score"),
        Index("ix_review_item_cluster_id", "cluster_id"),
        Index("ix_review_item_department_id", "department_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    #: Where it comes from: a message, or a ticket whose category an agent changed. Both gone: forgotten with its place.
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="SET NULL"), unique=True)
    ticket_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"), unique=True)
    department_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("department.id", ondelete="SET NULL"))
    #: When it was said.
    said_at: Mapped[datetime]
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    reason: Mapped[str]
    #: What the job saw: intent, confidence, model, and what came after.
    saw: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    text: Mapped[str]
    encoder: Mapped[str]
    vector: Mapped[Any] = mapped_column(Vector(WIDTH))
    #: An intent (`login_error`, `faq/reset_password`); empty: nothing suggests itself.
    suggested: Mapped[str] = mapped_column(server_default="")
    #: Why it is suggested: chosen, corrected, near.
    suggested_by: Mapped[str] = mapped_column(server_default="")
    #: Nearest examples in `data/`: text, intent, file, line, likeness.
    near: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    #: Version of the examples that it was compared with.
    compared_with: Mapped[str] = mapped_column(server_default="")
    uncertainty: Mapped[float] = mapped_column(server_default="1")
    #: 1 - likeness to the nearest example.
    distance: Mapped[float] = mapped_column(server_default="1")
    #: The item that stands for its cluster.
    cluster_id: Mapped[int | None] = mapped_column(BigInteger)
    #: How much accepting its cluster would help: `ranking.help_of`.
    score: Mapped[float] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(server_default="open")
    #: The intent that a person gave it.
    label: Mapped[str] = mapped_column(server_default="")
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]


class ReviewDecision(Base):
    """What a person decided about one item or a whole cluster, and how it was before: so it can be undone."""

    __tablename__ = "review_decision"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    by_name: Mapped[str] = mapped_column(server_default="")
    #: accept, label, ignore.
    action: Mapped[str]
    label: Mapped[str] = mapped_column(server_default="")
    #: Each item with its state and label before.
    items: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    undone_at: Mapped[datetime | None]


class ReviewCursor(Base):
    """How far the messages have been looked through."""

    __tablename__ = "review_cursor"

    name: Mapped[str] = mapped_column(primary_key=True)
    seen_to: Mapped[int] = mapped_column(BigInteger, server_default="0")


class KnowledgeGap(Base):
    """Tickets about the same that neither FAQ nor article spared, with an answer made of what agents replied."""

    __tablename__ = "knowledge_gap"
    __table_args__ = (
        CheckConstraint("state in ('open','accepted','dismissed','done')", name="state"),
        CheckConstraint("kind in ('faq','article')", name="kind"),
        Index("ix_knowledge_gap_state_minutes", "state", "minutes"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: The ticket that is nearest to all others, and its question.
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    department_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("department.id", ondelete="SET NULL"))
    question: Mapped[str]
    #: Ids of its tickets, the nearest to the middle first.
    tickets: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    #: Tickets of the last 30 days, and of the 30 days before.
    size: Mapped[int]
    size_before: Mapped[int] = mapped_column(server_default="0")
    #: Of agents' time, estimated: `gaps.MINUTES`.
    minutes: Mapped[int] = mapped_column(server_default="0")
    #: FAQ entries that lie nearest: key, title, likeness.
    near: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    kind: Mapped[str] = mapped_column(server_default="faq")
    title: Mapped[str] = mapped_column(server_default="")
    answer: Mapped[str] = mapped_column(server_default="")
    #: References of the tickets whose replies the answer is made of.
    sources: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    #: Questions as people asked them, scrubbed: the examples of an FAQ entry.
    asked: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    state: Mapped[str] = mapped_column(server_default="open")
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
