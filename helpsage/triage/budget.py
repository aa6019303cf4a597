"""How many requests the remote reader may have a day."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.triage.models import ReaderBudget


def spend(session: Session) -> bool:
    """Take one request out of today's budget (UTC); False when none is left. Two workers never take the same one."""
    limit = settings.get().triage_daily_requests
    if limit < 1:
        return False
    row = insert(ReaderBudget).values(day=clock.now().date(), requests=1)
    counted = row.on_conflict_do_update(
        index_elements=[ReaderBudget.day],
        set_={"requests": ReaderBudget.requests + 1},
        where=ReaderBudget.requests < limit,
    ).returning(ReaderBudget.requests)
    return session.scalar(counted) is not None


def spent(session: Session) -> int:
    """Requests made today."""
    return session.scalar(select(ReaderBudget.requests).where(ReaderBudget.day == clock.now().date())) or 0
