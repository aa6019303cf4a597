"""Table of what was told about tickets whose time runs out."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class Alarm(Base):
    """A warning or a breach that was told, once for each clock; again only when the clock got more time since."""

    __tablename__ = "service_alarm"
    __table_args__ = (
        CheckConstraint("clock in ('first_response','resolution')", name="clock"),
        CheckConstraint("kind in ('soon','breached')", name="kind"),
        Index(
            "uq_service_alarm_ticket_id_clock_kind_number",
            "ticket_id",
            "clock",
            "kind",
            "number",
            unique=True,
            postgresql_where=text("withdrawn_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    clock: Mapped[str]
    kind: Mapped[str]
    #: 0 the first time; repeats count on.
    number: Mapped[int] = mapped_column(server_default="0")
    #: What was due.
    due_at: Mapped[datetime]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: The clock got more time since: what was told then counts no more.
    withdrawn_at: Mapped[datetime | None]
