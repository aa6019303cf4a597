"""Views: what someone looks at again and again, under a name, for themselves or for everybody."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, func, or_, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from helpsage import clock
from helpsage.db.base import Base
from helpsage.tickets import words
from helpsage.tickets.errors import TicketError

LONGEST_NAME = 60
#: Of one account. A list that nobody can take in serves nobody.
MOST_VIEWS = 40


class ViewError(TicketError):
    """A view that cannot be kept.

    Attributes:
        problem: `no_name`, `long_name`, `taken` or `too_many`.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class ViewNotFound(TicketError):
    """No such view, or one of somebody else."""


class SavedView(Base):
    """A name for a way to look at the queue."""

    __tablename__ = "saved_view"
    __table_args__ = (UniqueConstraint("owner_id", "name"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    name: Mapped[str]
    #: What the queue's address says: `{"status": "open", "tag": "exam"}`.
    query: Mapped[dict[str, Any]]
    #: Whether every agent has it in their list. What it shows each of them is still only what they may see.
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


def of(session: Session, account_id: UUID) -> list[SavedView]:
    """One's own views and everybody's shared ones, by name."""
    asked = select(SavedView).where(or_(SavedView.owner_id == account_id, SavedView.shared))
    return list(session.scalars(asked.order_by(func.lower(SavedView.name), SavedView.id)))


def get(session: Session, view_id: UUID, account_id: UUID) -> SavedView:
    """A view that this account may use.

    Raises:
        ViewNotFound
    """
    found = session.get(SavedView, view_id)
    if found is None or (found.owner_id != account_id and not found.shared):
        raise ViewNotFound(str(view_id))
    return found


def save(session: Session, account_id: UUID, name: str, query: Mapping[str, str], shared: bool) -> SavedView:
    """Keep a view; the same query under the same name again is the same view.

    Raises:
        ViewError
    """
    called = " ".join(words.clean(name).split())
    if not words.visible(called):
        raise ViewError("no_name")
    if len(called) > LONGEST_NAME:
        raise ViewError("long_name")
    own = list(session.scalars(select(SavedView).where(SavedView.owner_id == account_id).with_for_update()))
    namesake = next((view for view in own if view.name.casefold() == called.casefold()), None)
    kept = {key: words.clean(value) for key, value in query.items()}
    if namesake is not None:
        if namesake.query != kept:
            raise ViewError("taken")
        namesake.shared = shared
        return namesake
    if len(own) >= MOST_VIEWS:
        raise ViewError("too_many")
    now = clock.now()
    view = SavedView(owner_id=account_id, name=called, query=kept, shared=shared, created_at=now, updated_at=now)
    session.add(view)
    session.flush()
    return view


def remove(session: Session, view_id: UUID, account_id: UUID) -> None:
    """Forget one's own view; one that is gone already stays gone.

    Raises:
        ViewNotFound: it is somebody else's.
    """
    found = session.get(SavedView, view_id)
    if found is None:
        return
    if found.owner_id != account_id:
        raise ViewNotFound(str(view_id))
    session.delete(found)
