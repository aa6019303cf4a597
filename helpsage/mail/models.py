"""The table of letters."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class State(enum.StrEnum):
    """Where a letter is."""

    #: For the worker.
    WAITING = "waiting"
    #: The mail server took it.
    SENT = "sent"
    #: No mail server is configured: it stays here, to be read by administrators.
    KEPT = "kept"
    #: The mail server refused it for good.
    FAILED = "failed"


class Mail(Base):
    """One e-mail to one person. Written in the transaction of what it tells of."""

    __tablename__ = "mail"
    __table_args__ = (
        CheckConstraint("state in ('waiting','sent','kept','failed')", name="state"),
        Index("ix_mail_created_at_id", "created_at", "id"),
        Index("ix_mail_state_created_at_id", "state", "created_at", "id"),
        Index("ix_mail_lower_recipient_created_at", sql("lower(recipient)"), "created_at"),
        Index("ix_mail_recipient_created_at", sql("lower(recipient)"), "created_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    #: Who writes twice with one key writes once.
    key: Mapped[str | None] = mapped_column(unique=True)
    #: Whose name and address it comes from; the installation's when None.
    department_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("department.id", ondelete="SET NULL"), index=True
    )
    recipient: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str | None]
    #: Further header fields, for example In-Reply-To.
    headers: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    #: It holds a link that opens something: its words are removed once it is sent.
    confidential: Mapped[bool] = mapped_column(server_default=sql("false"))
    state: Mapped[str] = mapped_column(server_default="waiting")
    #: How often the mail server was asked.
    attempts: Mapped[int] = mapped_column(server_default="0")
    #: What the mail server said last, without personal data.
    error: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]


class MailReference(Base):
    """A letter that somebody wrote about a ticket, by its Message-ID: answers to it belong there."""

    __tablename__ = "mail_reference"
    __table_args__ = (Index("ix_mail_reference_ticket_id_at", "ticket_id", "at"),)

    #: With its angle brackets.
    message_id: Mapped[str] = mapped_column(primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    #: Address of who wrote it, in small letters.
    sender: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime] = mapped_column(server_default=func.now())
