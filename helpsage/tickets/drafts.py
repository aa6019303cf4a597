"""What an agent has begun to write on a ticket, kept until it is sent: on whichever machine they go on."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from helpsage import clock
from helpsage.db.base import Base
from helpsage.tickets import words
from helpsage.tickets.models import Entry, Ticket

Kind = Literal["reply", "note"]

#: Drafts that nobody came back to are removed after this time.
KEPT = timedelta(days=60)


class Draft(Base):
    """Words not sent yet."""

    __tablename__ = "ticket_draft"
    __table_args__ = (CheckConstraint("kind in ('reply','note')", name="kind"),)

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    body: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


def keep(session: Session, ticket: Ticket, account_id: UUID, kind: Kind, body: str, key: str) -> None:
    """Keep what is typed so far; nothing typed keeps nothing.

    Parameters:
        key: of the form it is typed in: a draft that arrives after its form was sent is no draft any more.
    """
    typed = words.clean(body)[: words.LONGEST_BODY]
    sent = select(Entry.id).where(Entry.ticket_id == ticket.id, Entry.key == f"{kind}:{key}")
    if not words.visible(typed) or session.scalar(sent) is not None:
        forget(session, ticket, account_id, kind)
        return
    row = insert(Draft).values(
        account_id=account_id, ticket_id=ticket.id, kind=kind, body=typed, updated_at=clock.now()
    )
    session.execute(
        row.on_conflict_do_update(
            index_elements=[Draft.account_id, Draft.ticket_id, Draft.kind],
            set_={"body": row.excluded.body, "updated_at": row.excluded.updated_at},
        )
    )


def of(session: Session, ticket: Ticket, account_id: UUID) -> dict[str, Draft]:
    """What this account has begun here, by kind."""
    asked = select(Draft).where(Draft.account_id == account_id, Draft.ticket_id == ticket.id)
    return {draft.kind: draft for draft in session.scalars(asked)}


def forget(session: Session, ticket: Ticket, account_id: UUID, kind: Kind) -> None:
    """It was sent, or is not wanted any more."""
    session.execute(
        delete(Draft).where(Draft.account_id == account_id, Draft.ticket_id == ticket.id, Draft.kind == kind)
    )


def tidy(session: Session) -> None:
    """Remove drafts that nobody came back to."""
    session.execute(delete(Draft).where(Draft.updated_at < clock.now() - KEPT))
