"""Agents who want to hear of a ticket without working on it."""

from __future__ import annotations

import uuid
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from helpsage import clock
from helpsage.db.base import Base
from helpsage.tickets.models import Ticket


class Follower(Base):
    """An account that follows a ticket."""

    __tablename__ = "ticket_follower"

    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    since: Mapped[datetime] = mapped_column(server_default=func.now())


def follow(session: Session, ticket: Ticket, account_id: UUID) -> None:
    """From now on; twice is once. It changes nothing in the ticket."""
    row = insert(Follower).values(ticket_id=ticket.id, account_id=account_id, since=clock.now())
    session.execute(row.on_conflict_do_nothing())


def unfollow(session: Session, ticket: Ticket, account_id: UUID) -> None:
    """No longer."""
    session.execute(delete(Follower).where(Follower.ticket_id == ticket.id, Follower.account_id == account_id))


def followers(session: Session, ticket_id: UUID) -> set[UUID]:
    """Accounts that follow a ticket."""
    return set(session.scalars(select(Follower.account_id).where(Follower.ticket_id == ticket_id)))
