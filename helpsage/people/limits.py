"""What may be done only so often: trying passwords and codes, asking for letters.

An attempt is written down in a transaction of its own before anything is looked at: it counts although the caller's
work is rolled back, and many at once cannot all slip in before the first one counts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select, text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people.errors import TooManyAttempts
from helpsage.people.models import Attempt


@dataclass(frozen=True)
class Limit:
    """So many within a time, of one purpose."""

    purpose: str
    most: int
    window: timedelta


def count(session: Session, *limited: tuple[Limit, str]) -> None:
    """Write one attempt down for each key, unless one of them has had its number.

    Parameters:
        session: tells which database; its transaction is not used.
        limited: limits with whom they hold for (an address, an id), always in the same order.

    Raises:
        TooManyAttempts: nothing was written down.
    """
    now = clock.now()
    with Session(session.get_bind().engine) as own, own.begin():
        for limit, key in limited:
            # One after the other, so that each sees the ones before it.
            lock = {"key": f"{limit.purpose} {_hashed(key)}"}
            own.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 1002))"), lock)
        for limit, key in limited:
            times = own.scalars(_recent(limit, key).order_by(Attempt.at.desc()).limit(limit.most)).all()
            if len(times) >= limit.most:
                raise TooManyAttempts(_seconds_until(times[-1] + limit.window))
        own.add_all(Attempt(purpose=limit.purpose, key=_hashed(key), at=now) for limit, key in limited)


def spent(session: Session, limit: Limit, key: str) -> int:
    """How many attempts count at present."""
    return session.scalar(select(func.count()).select_from(_recent(limit, key).subquery())) or 0


def forget(session: Session, limit: Limit, key: str) -> None:
    """Begin to count anew."""
    with Session(session.get_bind().engine) as own, own.begin():
        own.execute(delete(Attempt).where(Attempt.purpose == limit.purpose, Attempt.key == _hashed(key)))


def take_back(session: Session, limit: Limit, key: str) -> None:
    """The newest attempt was none."""
    with Session(session.get_bind().engine) as own, own.begin():
        newest = (
            select(Attempt.id)
            .where(Attempt.purpose == limit.purpose, Attempt.key == _hashed(key))
            .order_by(Attempt.at.desc())
            .limit(1)
        )
        own.execute(delete(Attempt).where(Attempt.id.in_(newest)))


def tidy(session: Session, before: datetime) -> None:
    """Remove attempts that no limit looks at any more."""
    session.execute(delete(Attempt).where(Attempt.at < before))


def _recent(limit: Limit, key: str) -> Select[datetime]:
    since = clock.now() - limit.window
    return select(Attempt.at).where(Attempt.purpose == limit.purpose, Attempt.key == _hashed(key), Attempt.at > since)


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def _seconds_until(moment: datetime) -> int:
    return max(1, round((moment - clock.now()).total_seconds()))
