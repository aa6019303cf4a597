"""Tables of readings, of what people corrected, of where tickets were sent and why, and of twins."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from encoder.model import WIDTH
from helpsage.db.base import Base
from helpsage.db.vector import Vector


class ReadingRow(Base):
    """What the reader said of a ticket when it came. Corrections stand beside it (`reading_label`), not in it."""

    __tablename__ = "reading"
    __table_args__ = (Index("ix_reading_at", "at"),)

    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: `local` or `remote`.
    reader: Mapped[str]
    #: Why the remote reader was not used although it is set up.
    fell_back: Mapped[str] = mapped_column(server_default="")
    #: A category's name; none when unsure.
    topic: Mapped[str | None]
    topic_confidence: Mapped[float]
    topic_evidence: Mapped[str] = mapped_column(server_default="")
    topic_version: Mapped[str] = mapped_column(server_default="")
    #: Best guess when unsure.
    topic_likely: Mapped[str | None]
    urgency: Mapped[str]
    urgency_confidence: Mapped[float]
    urgency_evidence: Mapped[str] = mapped_column(server_default="")
    urgency_version: Mapped[str] = mapped_column(server_default="")
    tone: Mapped[str]
    tone_confidence: Mapped[float]
    tone_evidence: Mapped[str] = mapped_column(server_default="")
    tone_version: Mapped[str] = mapped_column(server_default="")
    #: `en`, `de`; none when unsure.
    language: Mapped[str | None]
    language_confidence: Mapped[float]
    language_evidence: Mapped[str] = mapped_column(server_default="")
    language_version: Mapped[str] = mapped_column(server_default="")


class ReadingLabel(Base):
    """What a tag should have been, as a person says: an example to learn from. The words stay with the ticket."""

    __tablename__ = "reading_label"
    __table_args__ = (
        UniqueConstraint("ticket_id", "tag"),
        CheckConstraint("tag in ('topic','urgency','tone')", name="tag"),
        Index("ix_reading_label_tag_at", "tag", "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    tag: Mapped[str]
    #: What the reader had said; none: unsure.
    said: Mapped[str | None]
    right: Mapped[str]
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReaderModel(Base):
    """A trained local reader. The newest promoted one is in use; without one, the one made from `data/` is."""

    __tablename__ = "reader_model"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    version: Mapped[str]
    encoder: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Numbers only: `classifier.to_bytes`.
    content: Mapped[bytes]
    #: Examples that came from corrected tickets.
    corrections: Mapped[int] = mapped_column(server_default="0")
    #: Accuracy of this one and of the one then in use, on what.
    figures: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    promoted_at: Mapped[datetime | None]
    #: Why it was promoted, or not.
    reason: Mapped[str] = mapped_column(server_default="")


class ReaderBudget(Base):
    """Requests made to the remote reader on one day (UTC)."""

    __tablename__ = "reader_budget"

    day: Mapped[date] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(server_default="0")


class Routing(Base):
    """Where the router sent a ticket, by which rule and why, and how to take that back."""

    __tablename__ = "routing"

    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Of the rule; empty: no rule fits, and the ticket stays where its category belongs.
    rule: Mapped[str] = mapped_column(server_default="")
    title: Mapped[str] = mapped_column(server_default="")
    #: queue, front, senior, sort.
    move: Mapped[str]
    #: The conditions that were met, in words.
    because: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    #: What the move changed, and how it was before.
    before: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    after: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    #: Why nothing was moved although a rule fits: somebody was faster.
    held: Mapped[str] = mapped_column(server_default="")
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))


class TicketMeaning(Base):
    """A ticket's vector, to find others about the same thing."""

    __tablename__ = "ticket_meaning"
    __table_args__ = (
        Index(
            "ix_ticket_meaning_vector",
            "vector",
            postgresql_using="hnsw",
            postgresql_ops={"vector": "vector_cosine_ops"},
        ),
        Index("ix_ticket_meaning_opened_at", "opened_at"),
    )

    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    encoder: Mapped[str]
    vector: Mapped[Any] = mapped_column(Vector(WIDTH))
    #: The ticket's, for windows of time.
    opened_at: Mapped[datetime]


class Twin(Base):
    """Two tickets that may be about the same thing."""

    __tablename__ = "ticket_twin"
    __table_args__ = (
        UniqueConstraint("ticket_id", "other_id"),
        CheckConstraint("state in ('offered','linked','dismissed')", name="state"),
        Index("ix_ticket_twin_other_id", "other_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    #: The newer one.
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    other_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    same_person: Mapped[bool]
    #: How likely it is, 0 to 1.
    score: Mapped[float]
    #: In words: how near in meaning, which numbers both name, hours between.
    because: Mapped[list[Any]] = mapped_column(server_default=text("'[]'::jsonb"))
    version: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="offered")
    found_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Who linked or dismissed it; nobody: the desk itself did.
    decided_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
