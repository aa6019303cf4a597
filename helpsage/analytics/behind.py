"""The tickets behind a figure: the same days, the same places, the same meaning as in `figures.py`."""

from __future__ import annotations

import base64
import binascii
import enum
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from helpsage import clock
from helpsage.analytics.figures import Scope
from helpsage.analytics.models import NOWHERE
from helpsage.analytics.periods import Period
from helpsage.analytics.upkeep import zone
from helpsage.tickets.models import Ticket


class What(enum.StrEnum):
    """Which tickets of the period a figure counts."""

    OPENED = "opened"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    RATED = "rated"
    #: Unresolved at the end of the period's last day.
    BACKLOG = "backlog"
    #: At this moment, whatever the period.
    UNRESOLVED = "unresolved"
    OVERDUE = "overdue"


class InvalidCursor(ValueError):
    """A cursor that no page of ours gave out."""


@dataclass(frozen=True)
class Behind:
    """A page of tickets, the latest first."""

    tickets: list[Ticket]
    next_cursor: str | None


_MOMENTS: dict[What, InstrumentedAttribute[Any]] = {
    What.ANSWERED: Ticket.first_response_at,
    What.RESOLVED: Ticket.resolved_at,
    What.RATED: Ticket.resolved_at,
}
_COLUMNS: dict[str, InstrumentedAttribute[Any]] = {
    "category": Ticket.category,
    "channel": Ticket.channel,
    "priority": Ticket.priority,
}
_IDS: dict[str, InstrumentedAttribute[Any]] = {"team": Ticket.team_id, "agent": Ticket.assignee_id}


def tickets(
    session: Session,
    scope: Scope,
    period: Period,
    what: What,
    visible: ColumnElement[bool],
    rating: int | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Behind:
    """A page of the tickets that a figure counts, as far as the viewer may see them.

    Parameters:
        visible: `permissions.visible_tickets` of the viewer.
        rating: of rated ones, only those with this score.

    Raises:
        InvalidCursor
    """
    moment = _MOMENTS.get(what, Ticket.created_at)
    conditions = [visible, *condition(session, scope, period, what, rating)]
    if cursor:
        at, last_id = _decode(cursor)
        conditions.append(tuple_(moment, Ticket.id) < tuple_(literal(at), literal(last_id)))
    asked = select(Ticket).where(*conditions).order_by(moment.desc(), Ticket.id.desc()).limit(limit + 1)
    found = list(session.scalars(asked))
    shown = found[:limit]
    more = len(found) > limit
    return Behind(shown, _encode(getattr(shown[-1], moment.key), shown[-1].id) if more else None)


def count(session: Session, scope: Scope, period: Period, what: What, rating: int | None = None) -> int:
    """How many there are, counted one by one: for tests and for checking the figures."""
    asked = select(func.count()).select_from(Ticket).where(*condition(session, scope, period, what, rating))
    return session.execute(asked).scalar_one()


def condition(
    session: Session, scope: Scope, period: Period, what: What, rating: int | None = None
) -> list[ColumnElement[bool]]:
    """The meaning of a figure, as conditions on tickets."""
    return [Ticket.merged_into_id.is_(None), *_place(scope), *_when(session, scope, period, what, rating)]


def _when(session: Session, scope: Scope, period: Period, what: What, rating: int | None) -> list[ColumnElement[bool]]:
    begin, end = period.bounds(zone(session, scope.zone_id))
    match what:
        case What.BACKLOG:
            return [Ticket.created_at < end, or_(Ticket.resolved_at.is_(None), Ticket.resolved_at >= end)]
        case What.UNRESOLVED:
            return [Ticket.resolved_at.is_(None)]
        case What.OVERDUE:
            return [Ticket.resolved_at.is_(None), Ticket.due_order < clock.now()]
    moment = _MOMENTS.get(what, Ticket.created_at)
    within = [moment >= begin, moment < end]
    if what is What.RATED:
        within.append(Ticket.rating == rating if rating is not None else Ticket.rating.is_not(None))
    return within


def _place(scope: Scope) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if scope.departments is not None:
        placed: ColumnElement[bool] = Ticket.department_id.in_(scope.departments - {NOWHERE})
        conditions.append(or_(placed, Ticket.department_id.is_(None)) if NOWHERE in scope.departments else placed)
    if scope.dimension in _COLUMNS:
        conditions.append(_COLUMNS[scope.dimension] == scope.value)
    elif scope.dimension in _IDS:
        column = _IDS[scope.dimension]
        conditions.append(column == UUID(scope.value) if scope.value else column.is_(None))
    return conditions


def _encode(at: datetime, ticket_id: UUID) -> str:
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), str(ticket_id)]).encode()).decode()


def _decode(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, ticket_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        decoded = datetime.fromisoformat(at), UUID(ticket_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise InvalidCursor(cursor) from error
    if decoded[0].tzinfo is None:
        raise InvalidCursor(cursor)
    return decoded
