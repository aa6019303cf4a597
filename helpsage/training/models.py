"""Tables of the workbench: which model was put to work, when and by whom, and what a candidate would have understood.

The assistant (in Rasa's environment) reads `model_promotion` and marks what it has loaded; a change here is a change in
`assistant/models.py`.
"""

from __future__ import annotations

import enum
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class Kind(enum.StrEnum):
    """Why a model was put to work."""

    #: Nothing was chosen before: the first model, or the first one of a new version of the code.
    FIRST = "first"
    PROMOTE = "promote"
    ROLLBACK = "rollback"


class ModelPromotion(Base):
    """One line of the history. The newest says which model answers people; a trigger tells the assistants of it."""

    __tablename__ = "model_promotion"
    __table_args__ = (CheckConstraint("kind in ('first','promote','rollback')", name="kind"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    kind: Mapped[str]
    #: File name below `models/`.
    model: Mapped[str]
    sha256: Mapped[str]
    #: Version of the code that trained it.
    code: Mapped[str]
    #: `signing.signature_of` of the three.
    signature: Mapped[str]
    by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    by_name: Mapped[str] = mapped_column(server_default="")
    why: Mapped[str] = mapped_column(server_default="")
    #: The gate said no, and somebody promoted it all the same.
    anyway: Mapped[bool] = mapped_column(server_default=sql("false"))
    #: What the gate found: `gate.Verdict`.
    gate: Mapped[dict[str, Any] | None]
    #: When the first assistant answered with it.
    loaded_at: Mapped[datetime | None]
    #: Why an assistant could not load it.
    problem: Mapped[str] = mapped_column(server_default="")


class ShadowRun(Base):
    """A candidate that reads along for a while; one at a time (`shadow.begin` sees to it)."""

    __tablename__ = "shadow_run"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    model: Mapped[str]
    sha256: Mapped[str]
    by_name: Mapped[str] = mapped_column(server_default="")
    started_at: Mapped[datetime]
    #: It stops by itself then.
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    why_ended: Mapped[str] = mapped_column(server_default="")


class ShadowReading(Base):
    """What the candidate understood of one message. What the model in use understood stands with the message."""

    __tablename__ = "shadow_reading"
    __table_args__ = (UniqueConstraint("run_id", "message_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("shadow_run.id", ondelete="CASCADE"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), index=True)
    #: `nlu_fallback` when it would have asked back.
    intent: Mapped[str]
    #: Likeliest intent, sure or not.
    likeliest: Mapped[str]
    confidence: Mapped[float]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
