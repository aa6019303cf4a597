"""Tables of the times at which people were, or wanted to be, with a human in their chat, and of files sent in them."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class Reason(enum.StrEnum):
    """Why a human came into it."""

    #: "I want a person."
    ASKED = "asked"
    #: The assistant did not understand, again and again.
    FAILED = "failed"
    ANGRY = "angry"
    #: An agent began it.
    STARTED = "started"


class Outcome(enum.StrEnum):
    """What became of it."""

    OPEN = ""
    #: An agent gave the conversation back to the assistant.
    RETURNED = "returned"
    #: Nobody could answer in time: it is a ticket.
    TICKET = "ticket"
    #: The person did not want to wait any longer.
    LEFT = "left"
    #: The person said nothing more.
    SILENT = "silent"


class Handoff(Base):
    """From the moment at which a human is wanted until the assistant answers again. One at a time a conversation.

    Who answers stands in `conversation.owner`; here is what a human needs besides. The assistant reads
    `conversation_id`, `message_id` and `ended_at` with SQL of its own.
    """

    __tablename__ = "handoff"
    __table_args__ = (
        CheckConstraint("reason in ('asked','failed','angry','started')", name="reason"),
        CheckConstraint("outcome in ('','returned','ticket','left','silent')", name="outcome"),
        Index("ix_handoff_conversation_id", "conversation_id", "from_seq"),
        Index("uq_handoff_open", "conversation_id", unique=True, postgresql_where=text("ended_at is null")),
        Index("ix_handoff_waiting", "asked_at", postgresql_where=text("ended_at is null")),
        Index("ix_handoff_agent_id", "agent_id", postgresql_where=text("ended_at is null")),
        Index("ix_handoff_thread_id", "thread_id", postgresql_where=text("thread_id is not null")),
        Index("ix_handoff_accepted_at", "accepted_at", postgresql_where=text("accepted_at is not null")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    #: `Reason`.
    reason: Mapped[str]
    #: At the front of the queue.
    urgent: Mapped[bool] = mapped_column(server_default=text("false"))
    #: Whose queue it is in; without a team, its department's.
    department_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("department.id", ondelete="SET NULL"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("team.id", ondelete="SET NULL"))
    #: The account that it was handed to and that has not taken it yet.
    wanted_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    #: The account that talks.
    agent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"))
    #: The alert's conversation (`helpsage/alerts`) from which they talk; None: the console.
    thread_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("conversation.id", ondelete="SET NULL"))
    #: When agents were told that it waits and nobody takes it.
    called_at: Mapped[datetime | None]
    #: What it is about, or has become.
    ticket_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"), index=True)
    #: The person's message whose answer asks for a human: that one answer is the assistant's still to say.
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    #: The first and the last thing said in it.
    from_seq: Mapped[int]
    to_seq: Mapped[int | None]
    #: What the agent has had before their eyes.
    seen_seq: Mapped[int] = mapped_column(server_default="0")
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Place in the queue at the beginning, the one last told, and when.
    first_place: Mapped[int] = mapped_column(server_default="1")
    told_place: Mapped[int | None]
    told_at: Mapped[datetime | None]
    #: Since when it waits for an agent, when it does.
    waiting_since: Mapped[datetime | None]
    #: When the first agent came, and the present one.
    accepted_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]
    agent_wrote_at: Mapped[datetime | None]
    #: When the person wrote what no agent has answered yet.
    unanswered_since: Mapped[datetime | None]
    #: When a silent person was asked whether they are still there.
    asked_back_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    #: `Outcome`.
    outcome: Mapped[str] = mapped_column(server_default="")
    #: What came of it, in the agent's words.
    summary: Mapped[str] = mapped_column(server_default="")


class ChatFile(Base):
    """A file that an agent sent in a chat. Its bytes lie with all attached files (`helpsage/attachments`); the ticket
    that the chat becomes has it too, as a row of its own."""

    __tablename__ = "chat_file"
    __table_args__ = (CheckConstraint("size >= 0", name="size"),)

    #: As it stands in the message's `data`.
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), index=True)
    uploaded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    name: Mapped[str]
    content_type: Mapped[str]
    #: Bytes.
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(index=True)
    width: Mapped[int | None]
    height: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def is_picture(self) -> bool:
        """Whether there are drawings of it to show."""
        return self.width is not None

    @property
    def path(self) -> str:
        """Its address on the desk, without the name: as that of a file on a ticket."""
        return f"/attachments/{self.id}"
