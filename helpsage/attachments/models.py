"""The table of attached files."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from helpsage.db.base import Base


class Attachment(Base):
    """A file on a ticket. Its bytes lie under `var/attachments`, named by their SHA-256."""

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("ticket_id", "key"), CheckConstraint("size >= 0", name="size"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    #: The ticket it was sent to. With an entry, the entry's ticket is what counts: merging moves entries.
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"))
    #: What it was sent with; None: the description. An internal note's file is internal.
    entry_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("ticket_entry.id", ondelete="CASCADE"), index=True)
    uploaded_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    #: The second file with one key on one ticket is the first.
    key: Mapped[str | None]
    #: Made safe: `helpsage/attachments/names.py`.
    name: Mapped[str]
    #: What it is by what it holds; not what its sender said.
    content_type: Mapped[str]
    #: Bytes.
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(index=True)
    #: Pixels of a picture that we can draw.
    width: Mapped[int | None]
    height: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())

    @property
    def is_picture(self) -> bool:
        """Whether there are drawings of it to show."""
        return self.width is not None

    @property
    def path(self) -> str:
        """Its address on the desk, without the name."""
        return f"/attachments/{self.id}"
