"""The queue of those who wait for a human: who is where in it, and how long it should take, from what happened before.

A queue is a department's, a team's of it, or one colleague's. Whoever is urgent comes first, then whoever asked first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, extract, func, select, tuple_
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.handoff.models import Handoff, Reason

#: Fewer waits than that say nothing.
ENOUGH = 5
#: Comparable are the last hours; when those were too quiet, this hour of the day and its neighbours, for some weeks.
LATELY = timedelta(hours=3)
LONG_AGO = timedelta(days=28)
_ORDER = (Handoff.urgent.desc(), Handoff.asked_at, Handoff.id)


@dataclass(frozen=True)
class Place:
    """Where somebody stands.

    Attributes:
        number: 1 is next.
        wait: how long it should take; None: nobody knows.
    """

    number: int
    wait: timedelta | None


def is_waiting() -> ColumnElement[bool]:
    """The condition on `Handoff` under which it waits for an agent."""
    return Handoff.ended_at.is_(None) & Handoff.waiting_since.is_not(None)


def place(session: Session, handoff: Handoff) -> Place:
    """Where a waiting chat stands in its queue."""
    before = tuple_(~Handoff.urgent, Handoff.asked_at, Handoff.id) < tuple_(
        not handoff.urgent, handoff.asked_at, handoff.id
    )
    ahead = session.scalar(select(func.count()).select_from(Handoff).where(is_waiting(), _same_queue(handoff), before))
    number = int(ahead or 0) + 1
    return Place(number, expected_wait(session, handoff.department_id, number))


def _same_queue(handoff: Handoff) -> ColumnElement[bool]:
    return (
        Handoff.department_id.is_not_distinct_from(handoff.department_id)
        & Handoff.team_id.is_not_distinct_from(handoff.team_id)
        & Handoff.wanted_id.is_not_distinct_from(handoff.wanted_id)
    )


def expected_wait(session: Session, department_id: UUID | None, number: int) -> timedelta | None:
    """How long whoever stands at this place should wait: the median of what others waited for each place they stood at,
    in comparable hours. None when too few did.
    """
    now = clock.now()
    lately = _median(session, department_id, now - LATELY)
    a_place = lately if lately is not None else _median(session, department_id, now - LONG_AGO, hour=now)
    return timedelta(seconds=a_place * number) if a_place is not None else None


def _median(
    session: Session, department_id: UUID | None, since: datetime, hour: datetime | None = None
) -> float | None:
    """Seconds for one place in the queue; with `hour`, only of about this hour of the day."""
    waited = extract("epoch", Handoff.accepted_at - Handoff.asked_at) / Handoff.first_place
    asked = select(func.percentile_cont(0.5).within_group(waited), func.count()).where(
        Handoff.accepted_at >= since,
        Handoff.reason != Reason.STARTED.value,
        Handoff.department_id.is_not_distinct_from(department_id),
    )
    if hour is not None:
        around = [(hour.hour + offset) % 24 for offset in (-1, 0, 1)]
        asked = asked.where(extract("hour", func.timezone("UTC", Handoff.asked_at)).in_(around))
    median, count = session.execute(asked).one()
    return float(median) if count >= ENOUGH else None


def queue(session: Session) -> list[Handoff]:
    """Everybody who waits, in order, whichever queue it is."""
    return list(session.scalars(select(Handoff).where(is_waiting()).order_by(*_ORDER)))
