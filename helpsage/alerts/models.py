"""Tables of the places where teams are told, of what was told there, and of what was said and pressed there.

What is told is a message in a conversation of its own (channel `desk`, one for each alert and place), so that it is
posted, tried again and changed in place as everything else (`assistant/channels/outbound.py`). The assistant reads
`alert` and writes `alert_word` with SQL of its own (`assistant/channels/alerts.py`); a change here is a change there.
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

#: Of a conversation in which nobody but staff is told something.
CHANNEL = "desk"


class Which(enum.StrEnum):
    """Which tickets a place is told of."""

    ALL = "all"
    #: Urgent, at the front of the queue, escalated, late.
    URGENT = "urgent"
    NONE = "none"


class Kind(enum.StrEnum):
    """What was heard."""

    SAID = "said"
    EDITED = "edited"
    DELETED = "deleted"
    PRESSED = "pressed"
    #: A code that connects the place.
    CONNECT = "connect"


class AlertPlace(Base):
    """A channel or group in which a team, or a department, is told. Until its code was said there it is nowhere."""

    __tablename__ = "alert_place"
    __table_args__ = (
        CheckConstraint("tickets in ('all','urgent','none')", name="tickets"),
        CheckConstraint("num_nulls(installation, place, address) in (0, 3)", name="somewhere"),
        Index(
            "uq_alert_place_installation_place",
            "installation",
            "place",
            unique=True,
            postgresql_where=sql("removed_at is null"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str]
    department_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("department.id", ondelete="CASCADE"), index=True)
    #: None: of whatever in the department has no place of its team's own.
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), index=True)
    #: `Which`.
    tickets: Mapped[str] = mapped_column(server_default="all")
    #: Whether chats that wait for a human are told there too.
    chats: Mapped[bool] = mapped_column(server_default=sql("true"))
    #: Of the code that connects it, once, and how long it does.
    code_hash: Mapped[str | None] = mapped_column(unique=True)
    code_expires_at: Mapped[datetime | None]
    #: Key of the installation.
    installation: Mapped[str | None]
    #: The application's id of the channel or group.
    place: Mapped[str | None]
    #: What the application needs to begin something there.
    address: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    connected_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class Alert(Base):
    """One ticket, or one waiting chat, as it was told in one place: the card, and the thread under it."""

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("place_id", "ticket_id"),
        UniqueConstraint("place_id", "handoff_id"),
    )

    #: In which it is told.
    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    place_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("alert_place.id", ondelete="CASCADE"))
    ticket_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    handoff_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("handoff.id", ondelete="CASCADE"), index=True)
    #: The card.
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: From then on nothing more is told there: it went to another team.
    ended_at: Mapped[datetime | None]


class AlertWord(Base):
    """What somebody said, changed, removed or pressed there; its words are emptied when they have become something."""

    __tablename__ = "alert_word"
    __table_args__ = (
        UniqueConstraint("installation", "place", "key"),
        CheckConstraint("kind in ('said','edited','deleted','pressed','connect')", name="kind"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    installation: Mapped[str]
    place: Mapped[str]
    #: The application's id of the message, or of the press: two deliveries of one thing are one.
    key: Mapped[str]
    #: The alert's.
    conversation_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), index=True
    )
    #: Who, at the application, and what they are called there.
    external_id: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    kind: Mapped[str]
    text: Mapped[str] = mapped_column(server_default="")
    #: Files said with it, as the application names them (`assistant/channels/deliveries.py:files_as_data`).
    files: Mapped[list[Any]] = mapped_column(server_default=sql("'[]'::jsonb"))
    #: The pressed button's number in the card.
    button: Mapped[int | None]
    #: How to begin something in this place, and how to tell this one something alone.
    address: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    aside: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    done_at: Mapped[datetime | None]
    #: What became of it: `note`, `reply`, `said`, `took`, `stranger`, ...
    outcome: Mapped[str] = mapped_column(server_default="")


class Aside(Base):
    """Words for one person alone in a place where others read along. They are worth nothing after some minutes."""

    __tablename__ = "alert_aside"
    __table_args__ = (Index(None, "installation", "next_at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    installation: Mapped[str]
    address: Mapped[dict[str, Any]]
    text: Mapped[str]
    #: Nothing that they need: said only where it disturbs nobody.
    quiet: Mapped[bool] = mapped_column(server_default=sql("false"))
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
