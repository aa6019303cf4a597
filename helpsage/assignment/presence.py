"""Who is there: someone with a login that was used lately, and who has not said that they are away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.assignment.models import Availability
from helpsage.people.models import Account, LoginSession

LONGEST_NOTE = 120


class InvalidReturn(ValueError):
    """A return that does not lie ahead."""


@dataclass(frozen=True)
class Away:
    """Someone is away.

    Attributes:
        until: None: until they say so.
    """

    since: datetime
    until: datetime | None
    note: str = ""


def go_away(session: Session, account_id: UUID, until: datetime | None = None, note: str = "") -> None:
    """From now on this account is away. Saying it again changes the return, not the beginning.

    Raises:
        InvalidReturn
    """
    now = clock.now()
    if until is not None and until <= now:
        raise InvalidReturn
    before = away_of(session, account_id)
    told = {
        "away_since": before.since if before is not None else now,
        "away_until": until,
        "away_note": " ".join(note.split())[:LONGEST_NOTE],
    }
    row = insert(Availability).values(account_id=account_id, **told)
    session.execute(row.on_conflict_do_update(index_elements=["account_id"], set_=told))
    session.expire_all()


def come_back(session: Session, account_id: UUID) -> None:
    """They are back."""
    found = session.get(Availability, account_id)
    if found is not None:
        found.away_since = found.away_until = None
        found.away_note = ""
        session.flush()


def take_chats(session: Session, account_id: UUID, takes: bool) -> None:
    """Whether this account answers chats, from now on."""
    row = insert(Availability).values(account_id=account_id, takes_chats=takes)
    session.execute(row.on_conflict_do_update(index_elements=["account_id"], set_={"takes_chats": takes}))
    session.expire_all()


def takes_chats(session: Session, account_id: UUID) -> bool:
    """Whether this account answers chats. Everybody does until they say that they do not."""
    found = session.get(Availability, account_id)
    return found is None or found.takes_chats


def away_of(session: Session, account_id: UUID) -> Away | None:
    """Whether this account is away, as it says."""
    return away_among(session, [account_id]).get(account_id)


def away_among(session: Session, account_ids: Iterable[UUID]) -> dict[UUID, Away]:
    """Who of them is away."""
    asked = select(Availability.account_id, Availability.away_since, Availability.away_until, Availability.away_note)
    rows = session.execute(asked.where(Availability.account_id.in_(list(account_ids)), is_away()))
    return {row.account_id: Away(row.away_since, row.away_until, row.away_note) for row in rows}


def as_said(since: datetime | None, until: datetime | None, note: str | None) -> Away | None:
    """What the columns of `Availability` say, for statements that read them besides; all None: nothing was said."""
    if since is None or (until is not None and until <= clock.now()):
        return None
    return Away(since, until, note or "")


def is_away() -> ColumnElement[bool]:
    """The condition on `Availability` under which someone is away now."""
    returned = and_(Availability.away_until.is_not(None), Availability.away_until <= clock.now())
    return and_(Availability.away_since.is_not(None), ~returned)


def is_present() -> ColumnElement[bool]:
    """The condition on `Account` under which someone sits at the desk: a login that was used lately."""
    now = clock.now()
    return exists().where(
        LoginSession.account_id == Account.id,
        LoginSession.revoked_at.is_(None),
        LoginSession.awaits_code.is_(False),
        or_(LoginSession.expires_at.is_(None), LoginSession.expires_at > now),
        LoginSession.seen_at > now - timedelta(minutes=settings.get().present_minutes),
    )
