"""Tables of task boards: which there are, and what stands where."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpsage.db.base import Base
from helpsage.tickets.models import Ticket


class CardState(enum.StrEnum):
    """Where a card is."""

    #: About to be made; perhaps it was, and we were not told.
    PENDING = "pending"
    ON = "on"
    #: Somebody deleted it, or moved it away: it is left alone.
    GONE = "gone"


class BoardRow(Base):
    """A project on a board, and how the last look at it went."""

    __tablename__ = "board"
    __table_args__ = (CheckConstraint("remarks in ('reply','note')", name="remarks"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    kind: Mapped[str]
    name: Mapped[str]
    #: Encrypted (`helpsage.sealed`).
    token: Mapped[str]
    project_id: Mapped[str]
    #: Only tickets of this department; all when None.
    department_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("department.id", ondelete="CASCADE"))
    #: What a comment on the board is here: a reply to the requester, or an internal note.
    remarks: Mapped[str] = mapped_column(server_default="reply")
    #: Whether internal notes go to the board too.
    notes: Mapped[bool] = mapped_column(server_default=text("false"))
    #: Ids of sections by status.
    sections: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    #: Names and addresses by id on the board.
    people: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    #: From where to go on; empty: from the beginning.
    cursor: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Not before this moment.
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    synced_at: Mapped[datetime | None]
    #: Looks in a row that failed.
    failures: Mapped[int] = mapped_column(server_default="0")
    #: Why, in words for administrators; empty when all is well.
    trouble: Mapped[str] = mapped_column(server_default="")
    #: Since when a person has to look before it goes on.
    broken_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class BoardCard(Base):
    """A ticket's card."""

    __tablename__ = "board_card"
    __table_args__ = (
        CheckConstraint("state in ('pending','on','gone')", name="state"),
        UniqueConstraint("board_id", "ticket_id"),
        UniqueConstraint("board_id", "external_id"),
        Index("ix_board_card_ticket_id", "ticket_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    board_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("board.id", ondelete="CASCADE"))
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    external_id: Mapped[str | None]
    url: Mapped[str] = mapped_column(server_default="")
    state: Mapped[str] = mapped_column(server_default="pending")
    #: How both sides stood when they were last the same: section, finished, and a digest of the words.
    agreed: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    #: The ticket's version that is on the board.
    version: Mapped[int] = mapped_column(server_default="0")
    #: What both sides changed at once, and how that ended; empty when nothing did since.
    conflict: Mapped[str] = mapped_column(server_default="")

    ticket: Mapped[Ticket] = relationship(lazy="joined", innerjoin=True)


class BoardRemark(Base):
    """A comment that is on both sides."""

    __tablename__ = "board_remark"
    __table_args__ = (UniqueConstraint("card_id", "entry_id"), UniqueConstraint("card_id", "external_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    card_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("board_card.id", ondelete="CASCADE"))
    entry_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket_entry.id", ondelete="SET NULL"))
    #: None: about to be written; perhaps it was, and we were not told.
    external_id: Mapped[str | None]
    #: Of the words as they were sent: by it a comment is known again whose id we were not told.
    digest: Mapped[str] = mapped_column(server_default="")
