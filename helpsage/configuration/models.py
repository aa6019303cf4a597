"""Tables of configuration documents and of every change that administrators make."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class Configuration(Base):
    """A document as it is now. One that was never changed has no row: the file in `config/` counts then."""

    __tablename__ = "configuration"

    #: `categories`, `priorities`, `canned_replies`.
    name: Mapped[str] = mapped_column(primary_key=True)
    #: JSON and not JSONB: the order of groups is the order of the chat's first menu.
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: Counts up with each change.
    version: Mapped[int] = mapped_column(server_default="1")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SettingChange(Base):
    """One change of one document: who, when, what it was and what it became. Never changed or removed itself."""

    __tablename__ = "setting_change"
    __table_args__ = (Index("ix_setting_change_document_id", "document", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    #: A configuration's name, or `department:<id>`, `team:<id>`, `account:<id>`.
    document: Mapped[str]
    #: What the document is called, for the log.
    title: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    actor_name: Mapped[str] = mapped_column(server_default="")
    #: What was done, in words.
    summary: Mapped[str] = mapped_column(server_default="")
    #: None: it did not exist before.
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The change whose state was brought back.
    restores_id: Mapped[int | None] = mapped_column(ForeignKey("setting_change.id", ondelete="SET NULL"))


class BrandLogo(Base):
    """Every logo that a department ever had, by its SHA-256, so that going back finds it again."""

    __tablename__ = "brand_logo"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes]
    content_type: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
