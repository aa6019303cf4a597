"""Tables between conversations and chat applications.

The assistant (in Rasa's environment) reads and writes them directly with SQL; a change here is a change there. What is
set up stands in the configuration's document `channels`; an installation's key here is the one there.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class InstallationState(Base):
    """How an installation is. Without a row it works, as far as anybody knows."""

    __tablename__ = "channel_installation"
    __table_args__ = (CheckConstraint("state in ('working','broken')", name="state"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    #: Broken: nothing is posted, everything waits.
    state: Mapped[str] = mapped_column(server_default="working")
    #: Words for administrators.
    reason: Mapped[str] = mapped_column(server_default="")
    since: Mapped[datetime | None]
    #: What the application says about us: team, bot's name and id.
    details: Mapped[dict[str, Any]] = mapped_column(server_default=sql("'{}'::jsonb"))
    tested_at: Mapped[datetime | None]
    #: The application asked to be left alone until then.
    rest_until: Mapped[datetime | None]


class ChannelError(Base):
    """Something that went wrong, in words for administrators."""

    __tablename__ = "channel_error"
    __table_args__ = (Index(None, "installation", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    installation: Mapped[str]
    conversation_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), index=True
    )
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    words: Mapped[str]


class ChannelConversation(Base):
    """Where a conversation is at its application: what is needed to post there without having been asked."""

    __tablename__ = "channel_conversation"
    __table_args__ = (
        CheckConstraint("state in ('working','broken')", name="state"),
        Index(None, "installation", "external_id"),
    )

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    installation: Mapped[str]
    #: The person's id at the application.
    external_id: Mapped[str]
    #: What the application needs: its channel and thread, its conversation reference.
    address: Mapped[dict[str, Any]]
    #: Broken: the channel is archived, the person has left or blocked us. The person's next words mend it.
    state: Mapped[str] = mapped_column(server_default="working")
    reason: Mapped[str] = mapped_column(server_default="")
    since: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When it was shown there last that an agent writes.
    typed_at: Mapped[datetime | None]


class Delivery(Base):
    """What an application brought, raw, kept before it was acknowledged. The second one with a key finds the first."""

    __tablename__ = "channel_delivery"
    __table_args__ = (
        UniqueConstraint("channel", "installation", "key"),
        CheckConstraint("state in ('kept','said','refused')", name="state"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    channel: Mapped[str]
    installation: Mapped[str]
    #: The application's own id of it: `event_id`, `update_id`.
    key: Mapped[str]
    #: What kind of delivery: an event, a pressed button, a command.
    what: Mapped[str] = mapped_column(server_default="")
    raw: Mapped[bytes]
    #: Kept: it said nothing. Said: its words are a message. Refused: too long or too fast; the person was told.
    state: Mapped[str] = mapped_column(server_default="kept")
    conversation_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), index=True
    )
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id", ondelete="SET NULL"), index=True)
    #: How often it was brought again.
    repeats: Mapped[int] = mapped_column(server_default="0")
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Post(Base):
    """A message to be posted, or that was. A trigger makes part 0 with the message; whoever posts adds the others."""

    __tablename__ = "channel_post"
    __table_args__ = (
        CheckConstraint("state in ('waiting','sent','failed')", name="state"),
        Index(
            "ix_channel_post_waiting",
            "installation",
            "conversation_id",
            "message_id",
            "part",
            postgresql_where=sql("state = 'waiting'"),
        ),
        #: Whoever answers a message of ours names it by that.
        Index("ix_channel_post_vendor_id", "vendor_id", postgresql_where=sql("vendor_id is not null")),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    #: A file of the message's; they come after its words.
    is_file: Mapped[bool] = mapped_column(server_default=sql("false"))
    #: The application's id of a file that it was given and does not show yet.
    upload: Mapped[str] = mapped_column(server_default="")
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    installation: Mapped[str]
    #: Waiting with a `vendor_id`: it was posted and is to be changed in place.
    state: Mapped[str] = mapped_column(server_default="waiting")
    vendor_id: Mapped[str | None]
    #: What is shown instead of the message's own data: a ticket's card as it is now, a button that was pressed.
    changed: Mapped[dict[str, Any] | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    #: Not before. Whoever posts moves it on first: nobody else takes it meanwhile.
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_error: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    sent_at: Mapped[datetime | None]
