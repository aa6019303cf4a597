"""Tables of figures. Triggers (migration 0009) feed them; nobody else writes there but `upkeep.py`.

A change of a ticket becomes rows of `analytics_delta`, what it was with a minus and what it is with a plus, so that
writers never wait for each other. `upkeep.fold` adds them into `analytics_count` and `analytics_spread`; questions read
the sums together with what is not folded yet, and are exact at any moment.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.conversations.models import AnswerFeedback
from helpsage.db.base import Base
from helpsage.tickets.models import Ticket

#: Stands for "no department" in keys.
NOWHERE = uuid.UUID(int=0)
#: The zone of the setting `time_zone`.
DESK = 0
_NOWHERE = text(f"'{NOWHERE}'::uuid")


class Zone(Base):
    """A zone in whose days figures are kept: the desk's own, and those of the people who look at them."""

    __tablename__ = "analytics_zone"

    #: `DESK` is the desk's own.
    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    name: Mapped[str]
    rebuilt_at: Mapped[datetime]
    #: When somebody looked at figures in it last.
    used_on: Mapped[date]


class Delta(Base):
    """What a ticket adds to the figures (sign 1) or no longer does (sign -1), until it is folded."""

    __tablename__ = "analytics_delta"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    sign: Mapped[int]
    department_id: Mapped[uuid.UUID | None]
    team_id: Mapped[uuid.UUID | None]
    category: Mapped[str]
    channel: Mapped[str]
    priority: Mapped[str]
    assignee_id: Mapped[uuid.UUID | None]
    opened_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    #: Seconds from opening to the first answer, and to the resolution.
    answer_s: Mapped[int | None] = mapped_column(BigInteger)
    done_at: Mapped[datetime | None]
    solve_s: Mapped[int | None] = mapped_column(BigInteger)
    rating: Mapped[int | None]


class Count(Base):
    """Sums of one day, for everything together and for each value of each dimension."""

    __tablename__ = "analytics_count"
    __table_args__ = (PrimaryKeyConstraint("zone_id", "dimension", "day", "department_id", "value"),)

    zone_id: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    day: Mapped[date]
    department_id: Mapped[uuid.UUID] = mapped_column(server_default=_NOWHERE)
    #: all, category, team, agent, channel or priority.
    dimension: Mapped[str]
    #: Empty for all, and for "none".
    value: Mapped[str]
    opened: Mapped[int] = mapped_column(BigInteger, server_default="0")
    answered: Mapped[int] = mapped_column(BigInteger, server_default="0")
    answer_s: Mapped[int] = mapped_column(BigInteger, server_default="0")
    done: Mapped[int] = mapped_column(BigInteger, server_default="0")
    solve_s: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rated: Mapped[int] = mapped_column(BigInteger, server_default="0")
    rating_sum: Mapped[int] = mapped_column(BigInteger, server_default="0")
    #: Ratings of 4 and 5.
    satisfied: Mapped[int] = mapped_column(BigInteger, server_default="0")


class Spread(Base):
    """A histogram of a day or of a whole month: how long answers and solutions took, or ratings."""

    __tablename__ = "analytics_spread"
    __table_args__ = (
        PrimaryKeyConstraint("zone_id", "dimension", "measure", "grain", "day", "department_id", "value"),
    )

    zone_id: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    #: day or month.
    grain: Mapped[str]
    #: The first day of a month.
    day: Mapped[date]
    department_id: Mapped[uuid.UUID] = mapped_column(server_default=_NOWHERE)
    dimension: Mapped[str]
    value: Mapped[str]
    #: answer, solve or rating.
    measure: Mapped[str]
    #: Bucket * 2^32 + count + 2^31, without empty buckets: `spreads.py`.
    spread: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class ConversationDay(Base):
    """A conversation on a day on which its person said something, and what came of it."""

    __tablename__ = "conversation_day"

    conversation_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    zone_id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, server_default="0", autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    department_id: Mapped[uuid.UUID | None]
    channel: Mapped[str]
    #: Answers that helped and that did not, in the person's own word; tickets; forms neither sent nor cancelled.
    helped: Mapped[int] = mapped_column(server_default="0")
    not_helped: Mapped[int] = mapped_column(server_default="0")
    filed: Mapped[int] = mapped_column(server_default="0")
    left_open: Mapped[int] = mapped_column(server_default="0")
    #: ticket, left, helped, not_helped or other: the first that applies.
    outcome: Mapped[str] = mapped_column(
        Computed(
            "case when filed > 0 then 'ticket' when left_open > 0 then 'left' when helped > 0 then 'helped'"
            " when not_helped > 0 then 'not_helped' else 'other' end",
            persisted=True,
        )
    )


class TalkDelta(Base):
    """Conversations to be added to `Talk`."""

    __tablename__ = "analytics_talk_delta"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    zone_id: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    day: Mapped[date]
    department_id: Mapped[uuid.UUID | None]
    channel: Mapped[str]
    outcome: Mapped[str]
    talks: Mapped[int] = mapped_column(BigInteger)


class Touched(Base):
    """A conversation in which something happened that the days of zones other than the desk's do not have yet."""

    __tablename__ = "analytics_touched"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    conversation_id: Mapped[uuid.UUID]


class Talk(Base):
    """How many conversations of a day came to which outcome."""

    __tablename__ = "analytics_talk"
    __table_args__ = (PrimaryKeyConstraint("zone_id", "day", "department_id", "channel", "outcome"),)

    zone_id: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    day: Mapped[date]
    department_id: Mapped[uuid.UUID] = mapped_column(server_default=_NOWHERE)
    channel: Mapped[str]
    outcome: Mapped[str]
    talks: Mapped[int] = mapped_column(BigInteger)


class ReportAttempt(Base):
    """A ticket form that was begun in a chat, and the question that was open when it was last heard of."""

    __tablename__ = "report_attempt"
    __table_args__ = (
        CheckConstraint("outcome in ('sent','cancelled')", name="outcome"),
        Index(
            "ix_report_attempt_left",
            "begun_at",
            postgresql_include=["asked", "category", "conversation_id", "department_id"],
            postgresql_where=text("outcome is null"),
        ),
    )

    #: Id of this filling-in, as the assistant made it.
    form: Mapped[str] = mapped_column(primary_key=True)
    conversation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"), index=True)
    category: Mapped[str | None]
    asked: Mapped[str | None]
    begun_at: Mapped[datetime]
    last_at: Mapped[datetime]
    #: None: neither sent nor cancelled.
    outcome: Mapped[str | None]
    #: Its conversation's, which a trigger writes down: counted without asking a million conversations.
    department_id: Mapped[uuid.UUID | None]


def _indexes_of_others() -> None:
    """Indexes by which the tickets behind a figure are found."""
    ticket, feedback = Ticket.__table__, AnswerFeedback.__table__
    assert isinstance(ticket, Table) and isinstance(feedback, Table)  # noqa: PT018 for the type checker
    for name in ("created_at", "first_response_at", "resolved_at"):
        Index(f"ix_ticket_{name}_id", ticket.c[name], ticket.c.id)
    Index(
        "ix_ticket_unfinished",
        ticket.c.priority,
        ticket.c.created_at,
        postgresql_include=["department_id", "team_id", "category", "channel", "assignee_id", "status", "due_order"],
        postgresql_where=text("resolved_at is null and merged_into_id is null"),
    )
    Index("ix_answer_feedback_at", feedback.c.at, postgresql_include=["answer", "helped", "department_id"])


_indexes_of_others()
