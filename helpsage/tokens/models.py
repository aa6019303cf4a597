"""Tables of tokens, and of answers that are kept to be given again."""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, relationship

from helpsage.db.base import Base
from helpsage.people.models import Account


class Kind(enum.StrEnum):
    """Whose doing it is."""

    #: Its owner's: what is done with it is done by them.
    PERSONAL = "personal"
    #: A program's, under the token's own name, within the reach of the administrator who answers for it.
    SERVICE = "service"


class Token(Base):
    """Proof that a program may act for an account. Only the SHA-256 of it is kept."""

    __tablename__ = "api_token"
    __table_args__ = (CheckConstraint("kind in ('personal','service')", name="kind"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    #: Its owner: it never reaches further than they do, and ends with their account.
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    name: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    #: How it begins, so that its owner can tell it from others.
    hint: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    #: Of a service token: it works on tickets of this department only.
    department_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("department.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: None: until it is revoked.
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    #: Network address.
    last_used_from: Mapped[str] = mapped_column(server_default="")
    revoked_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)


class Answer(Base):
    """What was answered to a request with an Idempotency-Key, written in the transaction that did what it asked for."""

    __tablename__ = "api_answer"

    #: Two programs never meet under one key.
    token_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("api_token.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    #: SHA-256 of method, address and body: the same key with something else is a mistake.
    fingerprint: Mapped[str]
    status: Mapped[int]
    headers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    #: Sealed (`helpsage/sealed.py`).
    body: Mapped[str]
    #: The ticket that it speaks of: it goes when the person behind that is forgotten.
    ticket_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
