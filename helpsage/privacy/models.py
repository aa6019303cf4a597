"""The table of what was done with people's data at their own wish."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class DataRequest(Base):
    """One download, or one erasure. The person it names has no name any more after an erasure."""

    __tablename__ = "data_request"
    __table_args__ = (
        CheckConstraint("kind in ('export','erasure')", name="kind"),
        Index("ix_data_request_person_id_id", "person_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    kind: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    #: `requester`: the person; or the role of whoever did it for them.
    by: Mapped[str]
    # How much of each it was.
    tickets: Mapped[int] = mapped_column(server_default="0")
    entries: Mapped[int] = mapped_column(server_default="0")
    messages: Mapped[int] = mapped_column(server_default="0")
    files: Mapped[int] = mapped_column(server_default="0")
