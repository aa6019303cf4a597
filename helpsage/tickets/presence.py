"""Who else has a ticket open, and who is writing on it: so that two do not answer the same person.

Each open page is a row that its event stream renews while it lives. A row that is not renewed counts for nothing: a
browser, or a whole web program, that dies leaves nobody behind for long.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Select, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from helpsage import clock
from helpsage.db.base import Base
from helpsage.people.models import Account, Person
from helpsage.tickets.drafts import Draft

#: PostgreSQL channel; the payload is the ticket's id.
CHANNEL = "presence"
#: How often a page shows that it lives ...
RENEWED_EVERY_S = 15.0
#: ... and when it counts as closed.
GONE_AFTER = timedelta(seconds=40)
#: Someone whose draft changed so recently is writing.
WRITING_FOR = timedelta(seconds=30)


class Presence(Base):
    """A page that shows a ticket. Unlogged: after a crash of the database nobody looks at anything."""

    __tablename__ = "ticket_presence"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    page: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("ticket.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    seen_at: Mapped[datetime]


@dataclass(frozen=True)
class Present:
    """Someone who has the ticket open."""

    account_id: UUID
    name: str
    writing: bool


def show(session: Session, page: UUID, ticket_id: UUID, account_id: UUID) -> None:
    """This page is open; the first time others hear of it."""
    row = insert(Presence).values(page=page, ticket_id=ticket_id, account_id=account_id, seen_at=clock.now())
    renewed = session.execute(
        row.on_conflict_do_update(index_elements=[Presence.page], set_={"seen_at": row.excluded.seen_at}).returning(
            text("xmax = 0")
        )
    )
    if renewed.scalar_one():
        announce(session, ticket_id)


def leave(session: Session, page: UUID, ticket_id: UUID) -> None:
    """The page is closed."""
    session.execute(delete(Presence).where(Presence.page == page))
    announce(session, ticket_id)


def announce(session: Session, ticket_id: UUID) -> None:
    """Tell the pages of a ticket that who is there, or what they do, has changed."""
    session.execute(text("select pg_notify(:channel, :ticket)"), {"channel": CHANNEL, "ticket": str(ticket_id)})


def others(session: Session, ticket_id: UUID, account_id: UUID) -> list[Present]:
    """Who else is there, by name; however many pages someone has open, they are one."""
    return present(session.execute(others_of(ticket_id, account_id)))


def others_of(ticket_id: UUID, account_id: UUID) -> Select[UUID, str, str, datetime | None]:
    """The question of `others`: a row for each page, with when its account last wrote."""
    now = clock.now()
    return (
        select(Account.id, Person.name, Account.email, Draft.updated_at)
        .select_from(Presence)
        .join(Account, Account.id == Presence.account_id)
        .join(Person, Person.id == Account.person_id)
        .outerjoin(
            Draft,
            (Draft.account_id == Account.id)
            & (Draft.ticket_id == Presence.ticket_id)
            & (Draft.updated_at > now - WRITING_FOR),
        )
        .where(Presence.ticket_id == ticket_id, Presence.account_id != account_id, Presence.seen_at > now - GONE_AFTER)
    )


def present(rows: Iterable[Any]) -> list[Present]:
    """What the rows of `others_of` say."""
    found: dict[UUID, Present] = {}
    for row in rows:
        known = found.get(row.id)
        writing = bool(row.updated_at) or (known is not None and known.writing)
        found[row.id] = Present(row.id, row.name or row.email, writing)
    return sorted(found.values(), key=lambda present: (present.name.casefold(), present.account_id))


def tidy(session: Session) -> None:
    """Remove pages that died without a word."""
    session.execute(delete(Presence).where(Presence.seen_at < clock.now() - 10 * GONE_AFTER))
