"""Tables of people and their accounts."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
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
    #: argon2 hash; empty for an account that only signs on elsewhere.
    password_hash: Mapped[str]
    role: Mapped[str]
    disabled_at: Mapped[datetime | None]
    #: When the address was proven by a link; None: it cannot log in yet.
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_login_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="joined")


class LoginSession(Base):
    """A logged-in browser. Only the SHA-256 of its token is kept."""

    __tablename__ = "login_session"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    #: What the list of sessions calls it; it opens nothing.
    id: Mapped[uuid.UUID] = mapped_column(unique=True, default=uuid.uuid4, server_default=text("gen_random_uuid()"))
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Put off by visits.
    expires_at: Mapped[datetime] = mapped_column(index=True)
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]
    #: "Remember me": it outlives the browser, and is idle for longer.
    remembered: Mapped[bool] = mapped_column(server_default=text("false"))
    #: When whoever sits there last proved who they are.
    authenticated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: The password was right, the one-time code has not come yet: it opens nothing but the page that asks for it.
    awaits_code: Mapped[bool] = mapped_column(server_default=text("false"))
    #: A second factor was shown, to us or to the identity provider.
    two_factor: Mapped[bool] = mapped_column(server_default=text("false"))
    #: Network address at login.
    address: Mapped[str] = mapped_column(server_default="")
    user_agent: Mapped[str] = mapped_column(server_default="")

    account: Mapped[Account] = relationship(lazy="joined")


class Attempt(Base):
    """Something that may be done only so often: asking for a mail, trying a code."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_purpose_key_at", "purpose", "key", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    purpose: Mapped[str]
    #: Of whom: SHA-256 of an address, or an account's id.
    key: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class AccountToken(Base):
    """A link that was sent by mail: it works once, until it expires. Only the SHA-256 of its token is kept."""

    __tablename__ = "account_token"
    __table_args__ = (CheckConstraint("kind in ('register','reset','change_email','invite')", name="kind"),)

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    #: None: there is no account yet.
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    #: Where the link was sent: whoever opens it has proven this address.
    email: Mapped[str]
    #: What is done when it is used: a name, a password's hash, a role.
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class TwoFactor(Base):
    """An account's one-time codes (RFC 6238)."""

    __tablename__ = "two_factor"

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    #: The shared secret, encrypted with the installation's own.
    secret: Mapped[str]
    #: The first right code was entered; None: being set up, not asked for.
    confirmed_at: Mapped[datetime | None]
    #: Time step of the newest code that was used: it and older ones are refused (section 5.2).
    last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class RecoveryCode(Base):
    """Gets someone in who lost their one-time codes, once."""

    __tablename__ = "recovery_code"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None]


class ExternalIdentity(Base):
    """Who an account is to an identity provider (OpenID Connect)."""

    __tablename__ = "external_identity"

    issuer: Mapped[str] = mapped_column(primary_key=True)
    #: The provider's own name for the person; never reused, unlike an e-mail address (OpenID Connect Core, 5.7).
    subject: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_login_at: Mapped[datetime | None]


class SolvedPuzzle(Base):
    """A puzzle that was answered: its answer works once."""

    __tablename__ = "solved_puzzle"

    id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class AccountChange(Base):
    """One line of an account's log: who did what, when, from where."""

    __tablename__ = "account_change"
    __table_args__ = (Index("ix_account_change_account_id_id", "account_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: Account of who did it; None: the command line, or nobody who is logged in.
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"), index=True)
    #: password, email, two_factor_on, two_factor_off, role, disabled, ... : `helpsage/people/log.py`.
    action: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


class ChannelIdentity(Base):
    """Who somebody is on a chat application. It says who writes; whose address that is has to be proven."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("channel", "external_id"),
        CheckConstraint("proven_by in ('code','profile','sign_on','staff')", name="proven_by"),
        CheckConstraint("(proven_by is null) = (proven_at is null)", name="proven"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    #: slack, teams, telegram.
    channel: Mapped[str]
    #: Team or tenant, and the person there: `T0123:U0456`.
    external_id: Mapped[str]
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    #: What they are called there.
    name: Mapped[str] = mapped_column(server_default="")
    #: How it was shown whose it is; None: a person known from there alone.
    proven_by: Mapped[str | None]
    proven_at: Mapped[datetime | None]
    #: Address in their profile there; it counts where the workspace is trusted.
    profile_email: Mapped[str | None]
    #: It was taken off a person, so that its profile does not put it back.
    profile_refused: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    person: Mapped[Person] = relationship(lazy="joined")


class IdentityCode(Base):
    """Six digits that were mailed to an address, to be typed into a chat. Only a keyed hash is kept."""

    __tablename__ = "identity_code"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    identity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    email: Mapped[str]
    code_hash: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class IdentityChange(Base):
    """One line of an identity's log."""

    __tablename__ = "identity_change"
    __table_args__ = (CheckConstraint("action in ('linked','unlinked','moved')", name="action"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    identity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("identity.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    action: Mapped[str]
    #: Account of who did it; None: whoever proved it in the chat, or the application's profile.
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"), index=True)
    before_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    after_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    proven_by: Mapped[str | None]
