"""Tables of departments, teams and who works in them."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import String

from helpsage.db.base import Base


class Department(Base):
    """A part of the organisation (or a brand) with a desk of its own."""

    __tablename__ = "department"
    __table_args__ = (
        Index("uq_department_is_default", "is_default", unique=True, postgresql_where=text("is_default")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    #: In addresses and in the API: `it`, `student-office`.
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    #: What people see as the name of the desk; the department's name when empty.
    brand_name: Mapped[str] = mapped_column(server_default="")
    #: `#2c6b58`; empty for the product's own.
    colour: Mapped[str] = mapped_column(server_default="")
    #: SVG or PNG, at most 200 kB, and its type.
    logo: Mapped[bytes | None]
    logo_type: Mapped[str] = mapped_column(server_default="")
    #: Address that its mail comes from; the installation's when empty.
    sender_email: Mapped[str] = mapped_column(server_default="")
    sender_name: Mapped[str] = mapped_column(server_default="")
    #: Names the department to the chat widget: public, replaceable.
    widget_key: Mapped[str] = mapped_column(unique=True)
    #: Pages that may embed this department's chat, besides our own.
    allowed_origins: Mapped[list[str]] = mapped_column(ARRAY(String), server_default=text("'{}'"))
    #: Takes what no other department claims.
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    archived_at: Mapped[datetime | None]


class Team(Base):
    """People who work a queue together."""

    __tablename__ = "team"
    __table_args__ = (
        UniqueConstraint("department_id", "name"),
        CheckConstraint("assignment in ('manual','pull','round_robin')", name="assignment"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    department_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("department.id", ondelete="RESTRICT"))
    name: Mapped[str]
    #: Names of teams in `config/categories.yml` that mean this one.
    key: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    archived_at: Mapped[datetime | None]
    #: How its tickets find somebody: `manual`, `pull` (take the next one) or `round_robin` (the desk gives them out).
    assignment: Mapped[str] = mapped_column(server_default="pull")
    #: Minutes after which tickets of someone who is away come back to the queue; None: they stay.
    returns_after: Mapped[int | None] = mapped_column(server_default="60")


class TeamMember(Base):
    """An account in a team."""

    __tablename__ = "team_member"

    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, index=True
    )
