"""Tables of notices: who is told of what, where each goes, and how a person wants to be told."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime, time
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, String, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpsage.db.base import Base


class Rhythm(enum.StrEnum):
    """How often a person is written to."""

    AT_ONCE = "at_once"
    HOURLY = "hourly"
    DAILY = "daily"


class Stage(enum.StrEnum):
    """Where a notice is on one of its ways."""

    #: Until quiet hours end, at `due_at`.
    HELD = "held"
    #: For the person's next digest, at `due_at`.
    DIGEST = "digest"
    #: A job is at it.
    WAITING = "waiting"
    #: Handed over: to the letters, or to the outside service.
    SENT = "sent"
    #: Not wanted any more when its time came, or one too many; `error` says which.
    DROPPED = "dropped"
    #: The service refused it for good, or for too long.
    FAILED = "failed"


class Target(Base):
    """A place outside to which notices go: a Slack channel, somebody's telephone. Its address is a secret."""

    __tablename__ = "notify_target"
    __table_args__ = (CheckConstraint("num_nonnulls(person_id, team_id) <= 1", name="one_owner"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str]
    #: Whose it is: a person's, a team's, or, with neither, the whole desk's.
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), index=True)
    #: Apprise's name of the service: `slack`, `workflows`, `twilio`.
    service: Mapped[str]
    #: The address with its keys, encrypted with a key derived from the installation's secret; never shown again.
    address: Mapped[str]
    #: Of a team's or the desk's: what it is told (`preferences.Event`). A person's follows their preferences.
    events: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Taken away; its row stays for the log.
    removed_at: Mapped[datetime | None]
    #: The last success and the last failure, without what was said.
    worked_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(server_default="")


class Notice(Base):
    """That one event is told to one person, or to one target. Once, however many rules match."""

    __tablename__ = "notice"
    __table_args__ = (
        CheckConstraint("num_nonnulls(person_id, target_id) = 1", name="one_recipient"),
        CheckConstraint("num_nonnulls(ticket_id, handoff_id) = 1", name="one_subject"),
        UniqueConstraint("event_id", "person_id"),
        UniqueConstraint("event_id", "target_id"),
        Index("ix_notice_fell_back", "id", postgresql_where=text("fell_back <> ''")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    #: Of the outbox. Its row is forgotten earlier than this one.
    event_id: Mapped[int] = mapped_column(BigInteger)
    person_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    target_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("notify_target.id", ondelete="CASCADE"), index=True)
    #: What it is about: a ticket, or a chat that waits.
    ticket_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    handoff_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("handoff.id", ondelete="CASCADE"), index=True)
    #: `preferences.Event`.
    event: Mapped[str]
    #: Name of the template: `ticket_replied`.
    template: Mapped[str]
    #: Why this one is told: requester, follower, assignee, team, lead.
    because: Mapped[str]
    urgent: Mapped[bool] = mapped_column(server_default=text("false"))
    #: Ids and plain values of the event. Words stay in their own tables and are read when they are sent.
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    #: Why the edited template could not be used, when the shipped one had to be.
    fell_back: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Delivery(Base):
    """A notice on one way to its recipient."""

    __tablename__ = "notice_delivery"
    __table_args__ = (
        CheckConstraint("channel in ('email','target')", name="channel"),
        CheckConstraint("stage in ('held','digest','waiting','sent','dropped','failed')", name="stage"),
        Index(
            "uq_notice_delivery_way",
            "notice_id",
            "channel",
            "target_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_notice_delivery_due", "due_at", "id", postgresql_where=text("stage in ('held','digest')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id", ondelete="CASCADE"))
    channel: Mapped[str]
    target_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("notify_target.id", ondelete="CASCADE"), index=True)
    stage: Mapped[str] = mapped_column(server_default="waiting")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    error: Mapped[str] = mapped_column(server_default="")
    done_at: Mapped[datetime | None]

    notice: Mapped[Notice] = relationship(lazy="joined", innerjoin=True)


class Manner(Base):
    """How a person wants to be told. Who has no row is told at once, at any hour."""

    __tablename__ = "notify_manner"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    #: `Rhythm`.
    rhythm: Mapped[str] = mapped_column(server_default="at_once")
    #: When a daily digest comes, on the person's clock.
    digest_at: Mapped[time] = mapped_column(server_default=text("'08:00'"))
    #: IANA name of the person's zone; empty: the desk's.
    time_zone: Mapped[str] = mapped_column(server_default="")
    #: Quiet hours on the person's clock; both or neither. From later than to: over midnight.
    quiet_from: Mapped[time | None]
    quiet_to: Mapped[time | None]


class SatisfactionRequest(Base):
    """That a person was asked how a ticket went: once a ticket, and not again soon."""

    __tablename__ = "satisfaction_request"
    __table_args__ = (Index("ix_satisfaction_request_person_id_asked_at", "person_id", "asked_at"),)

    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    #: Of the outbox: the same event asks on every way at once.
    event_id: Mapped[int] = mapped_column(BigInteger)
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: They would rather not say.
    skipped_at: Mapped[datetime | None]
