"""Tables of what came in, of people known by an address they write from, and of how far mailboxes were read."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class Lane(enum.StrEnum):
    """A way in."""

    EMAIL = "email"
    FORM = "form"
    #: Finished conversations of another chat tool.
    CHAT = "chat"
    API = "api"


class Progress(enum.StrEnum):
    """What became of a record."""

    WAITING = "waiting"
    #: There is a ticket or a comment of it.
    DONE = "done"
    #: It is kept and nothing was made of it; `reason` says why.
    IGNORED = "ignored"
    #: It could not be worked off; a person can replay it.
    FAILED = "failed"


class Inbound(Base):
    """One thing that came in, as it came. Written and committed before whoever brought it hears that it arrived."""

    __tablename__ = "inbound"
    __table_args__ = (
        UniqueConstraint("lane", "key"),
        CheckConstraint("lane in ('email','form','chat','api')", name="lane"),
        CheckConstraint("state in ('waiting','done','ignored','failed')", name="state"),
        Index("ix_inbound_waiting", "shard", "id", postgresql_where=text("state = 'waiting'")),
        Index("ix_inbound_waiting_sender", "sender", "id", postgresql_where=text("state = 'waiting'")),
        # Almost everything is done, and needs no place in an index of its own; what is empty needs none either.
        Index("ix_inbound_not_done", "state", "id", postgresql_where=text("state <> 'done'")),
        Index("ix_inbound_sender_id", "sender", "id"),
        *(
            Index(f"ix_inbound_{column}", column, postgresql_where=text(f"{column} is not null"))
            for column in ("ticket_id", "entry_id", "person_id")
        ),
    )

    #: In the order of arrival.
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    lane: Mapped[str]
    #: Of the lane's own: from Message-ID, form, conversation, Idempotency-Key. The second with one key is the first.
    key: Mapped[str]
    raw: Mapped[bytes] = mapped_column(deferred=True)
    content_type: Mapped[str]
    #: What the lane knows besides: envelope, mailbox, page, origin, department.
    meta: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    #: Address, in small letters, as the record gives it; empty when it gives none. It proves nothing.
    sender: Mapped[str] = mapped_column(server_default="")
    subject: Mapped[str] = mapped_column(server_default="")
    #: Records of one sender are in one shard, and a shard is worked off in order.
    shard: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str] = mapped_column(server_default="waiting")
    #: Why it was ignored, or what failed: a word of `intake/words.py`, or type and place of the error.
    reason: Mapped[str] = mapped_column(server_default="")
    #: A person said: make a ticket of it all the same.
    forced: Mapped[bool] = mapped_column(server_default=text("false"))
    attempts: Mapped[int] = mapped_column(server_default="0")
    next_try_at: Mapped[datetime] = mapped_column(server_default=func.now())
    ticket_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket.id", ondelete="SET NULL"))
    entry_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket_entry.id", ondelete="SET NULL"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    worked_at: Mapped[datetime | None]


class InboundBatch(Base):
    """What a worker is at in a shard. A row that is found there by the next one was left by a worker that died."""

    __tablename__ = "inbound_batch"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    inbound_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class MailIdentity(Base):
    """Who writes from an address that nobody has proven: the same person each time, known by it on e-mail only."""

    __tablename__ = "mail_identity"

    #: In small letters.
    address: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: When a letter to this address came back for good, and what the other server said. Writing again clears it.
    bounced_at: Mapped[datetime | None]
    bounce: Mapped[str] = mapped_column(server_default="")


class MailboxState(Base):
    """How far a mailbox was read (RFC 3501, section 2.3.1.1: numbers hold while UIDVALIDITY stays)."""

    __tablename__ = "mailbox_state"

    name: Mapped[str] = mapped_column(primary_key=True)
    uid_validity: Mapped[int] = mapped_column(BigInteger, server_default="0")
    last_uid: Mapped[int] = mapped_column(BigInteger, server_default="0")
    #: The first look: what was read before by people is none of ours.
    since: Mapped[datetime] = mapped_column(server_default=func.now())
    #: The last time the server answered, and what stood in the way since.
    looked_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(server_default="")
