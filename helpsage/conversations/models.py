"""Tables of conversations and of what was said.

The assistant (in Rasa's environment) reads and writes `conversation`, `message`, `tracker` and `tracker_event` directly
with SQL; a change here is a change there.
"""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class Owner(enum.StrEnum):
    """Who answers in a conversation (architecture rule 3)."""

    BOT = "bot"
    QUEUED = "queued"
    HUMAN = "human"


class Author(enum.StrEnum):
    """Who said a message."""

    PERSON = "person"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"


class Conversation(Base):
    """One person's chat on one channel."""

    __tablename__ = "conversation"
    __table_args__ = (CheckConstraint("owner in ('bot','queued','human')", name="owner"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    #: Rasa's sender id, with its namespace: `web:<conversation id>`.
    sender_id: Mapped[str] = mapped_column(unique=True)
    channel: Mapped[str]
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    #: Who talks there, as the chat application says; its person is the conversation's.
    identity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("identity.id", ondelete="SET NULL"), index=True)
    #: Others read along: a group, a channel. Nothing is shown there but what began there.
    shared: Mapped[bool] = mapped_column(server_default=sql("false"))
    owner: Mapped[str] = mapped_column(server_default="bot")
    #: The ticket in which an agent spoke last: the person's next words answer it.
    awaiting_ticket_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("ticket.id", ondelete="SET NULL"), index=True
    )
    #: Number of the newest message; the next one is this plus one, under this row's lock.
    last_seq: Mapped[int] = mapped_column(server_default="0")
    #: Whose chat it is; None: nobody's in particular.
    department_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("department.id", ondelete="SET NULL"))
    #: Page on which the chat began.
    page_url: Mapped[str] = mapped_column(server_default="")
    #: What it is held in: follows the person's words, until they say what they want (`languages/detect.py`).
    locale: Mapped[str] = mapped_column(server_default="en")
    locale_chosen: Mapped[bool] = mapped_column(server_default=sql("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_message_at: Mapped[datetime | None] = mapped_column(index=True)


class Message(Base):
    """One thing said. Kept with what the assistant understood, for context and audit."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("author in ('person','bot','agent','system')", name="author"),
        UniqueConstraint("conversation_id", "seq"),
        UniqueConstraint("conversation_id", "client_id"),
        Index(
            "ix_message_unhandled",
            "conversation_id",
            postgresql_where=sql("author = 'person' and handled_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    #: 1, 2, 3 ... within the conversation.
    seq: Mapped[int]
    author: Mapped[str]
    #: Shown beside an agent's words.
    author_name: Mapped[str] = mapped_column(server_default="")
    text: Mapped[str] = mapped_column(server_default="")
    #: Buttons, ticket card, attachments: see docs/webchat-protocol.md.
    data: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    #: The sender's own id of this message; the second delivery finds the first.
    client_id: Mapped[str | None]
    intent: Mapped[str | None]
    confidence: Mapped[float | None]
    entities: Mapped[list[Any] | None]
    #: What a person wrote it in, as far as that is sure.
    language: Mapped[str | None]
    #: File name of the model that understood it.
    model: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When a person's message had its answer committed.
    handled_at: Mapped[datetime | None]


class OwnershipChange(Base):
    """One line of the log of who answers: `ownership.move` writes it with every change."""

    __tablename__ = "ownership_change"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: `ownership.Step`.
    step: Mapped[str]
    owner_before: Mapped[str]
    owner_after: Mapped[str]
    actor_kind: Mapped[str]
    #: The person who did it.
    actor_id: Mapped[uuid.UUID | None]
    actor_name: Mapped[str] = mapped_column(server_default="")
    reason: Mapped[str] = mapped_column(server_default="")


class Tracker(Base):
    """Dialogue state of one sender: a version for optimistic locking and where the live window of events begins."""

    __tablename__ = "tracker"

    sender_id: Mapped[str] = mapped_column(primary_key=True)
    #: Number of events ever appended.
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    #: First event (n) that is still needed to rebuild the state.
    window_start: Mapped[int] = mapped_column(BigInteger, server_default="0")
    #: Events that lead to the state at the window's start; they are no rows of `tracker_event`.
    carried: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class TrackerEvent(Base):
    """One Rasa event, as JSON."""

    __tablename__ = "tracker_event"

    sender_id: Mapped[str] = mapped_column(ForeignKey("tracker.sender_id", ondelete="CASCADE"), primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    data: Mapped[dict[str, Any]]


class AnswerFeedback(Base):
    """Whether an answer from the FAQ helped, in the person's own word."""

    __tablename__ = "answer_feedback"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    #: FAQ key, for example `connect_wifi`.
    answer: Mapped[str] = mapped_column(index=True)
    helped: Mapped[bool]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Its conversation's, which a trigger writes down: counted without asking a million conversations.
    department_id: Mapped[uuid.UUID | None]
