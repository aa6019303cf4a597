"""Tables of people and their accounts."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpsage.db.base import Base


class Role(enum.StrEnum):
    """What an account may do, from least to most."""

    #: Sees and answers their own tickets.
    REQUESTER = "requester"
    #: Works the queues of their teams.
    AGENT = "agent"
    #: An agent who also sees figures and works every queue of the department.
    LEAD = "lead"
    #: Owns the installation's settings.
    ADMINISTRATOR = "administrator"


class Person(Base):
    """Someone who asks or answers, on whichever channel."""

    __tablename__ = "person"
    __table_args__ = (
        Index("uq_person_email", text("lower(email)"), unique=True, postgresql_where=text("email is not null")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    name: Mapped[str] = mapped_column(server_default="")
    #: Proven address: it identifies the person.
    email: Mapped[str | None]
    #: Address the person gave without proof: good for writing to them, never for recognising them.
    contact_email: Mapped[str | None]
    locale: Mapped[str] = mapped_column(server_default="en")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Account(Base):
    """A way to log in."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("role in ('requester','agent','lead','administrator')", name="role"),
        Index("uq_account_email", text("lower(email)"), unique=True),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    email: Mapped[str]
    #: argon2 hash.
    password_hash: Mapped[str]
    role: Mapped[str]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_login_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="joined")


class LoginSession(Base):
    """A logged-in browser. Only the SHA-256 of its token is kept."""

    __tablename__ = "login_session"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]
    user_agent: Mapped[str] = mapped_column(server_default="")

    account: Mapped[Account] = relationship(lazy="joined")


class LoginFailure(Base):
    """A wrong password, kept for a day to slow down guessing."""

    __tablename__ = "login_failure"
    __table_args__ = (Index("ix_login_failure_email_at", "email", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    address: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime] = mapped_column(server_default=func.now())
