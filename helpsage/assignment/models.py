"""Table of how much an agent takes, what they are good at, and whether they are away."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import String

from helpsage.db.base import Base


class Availability(Base):
    """An agent as the desk sees them when it gives tickets out. No row: everything as usual."""

    __tablename__ = "agent_availability"
    __table_args__ = (CheckConstraint("capacity between 0 and 1000", name="capacity"),)

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    #: Tickets at a time that the desk gives them; None: as many as everybody (a setting).
    capacity: Mapped[int | None]
    #: Categories and languages (`de`) that they work; empty: all.
    categories: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    languages: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    away_since: Mapped[datetime | None]
    #: When they are back; None: when they say so.
    away_until: Mapped[datetime | None]
    away_note: Mapped[str] = mapped_column(server_default="")
    #: Whether they answer chats.
    takes_chats: Mapped[bool] = mapped_column(server_default=text("true"))
    #: When the desk last gave them one: the longest ago is next.
    given_at: Mapped[datetime | None]
