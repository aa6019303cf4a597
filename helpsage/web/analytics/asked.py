"""Which days, whose tickets and which part of them a page of figures is about, as its address says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, Query
from sqlalchemy.orm import Session
from starlette.requests import Request

from helpsage.analytics import figures, upkeep
from helpsage.analytics.figures import DIMENSIONS, Scope
from helpsage.analytics.models import DESK, NOWHERE
from helpsage.analytics.periods import Period
from helpsage.departments import service as departments
from helpsage.departments.models import Department
from helpsage.jobs import queue
from helpsage.people.permissions import Action, Reach, Viewer, reach
from helpsage.web import zones
from helpsage.web.access import SignedIn, allowed
from helpsage.web.analytics import words

USUAL_RANGE = "30"
Analyst = Annotated[SignedIn, Depends(allowed(Action.SEE_ANALYTICS))]
Exporter = Annotated[SignedIn, Depends(allowed(Action.EXPORT))]


@dataclass(frozen=True)
class Address:
    """What the address says, not checked yet."""

    range: str = USUAL_RANGE
    first: str = ""
    last: str = ""
    department: str = ""
    by: str = ""
    value: str = ""
    #: Of whoever asks; empty: the desk's.
    zone: str = ""


def address(
    request: Request,
    within: Annotated[str, Query(alias="range", max_length=10)] = USUAL_RANGE,
    first: Annotated[str, Query(alias="from", max_length=10)] = "",
    last: Annotated[str, Query(alias="to", max_length=10)] = "",
    department: Annotated[str, Query(max_length=36)] = "",
    by: Annotated[str, Query(max_length=20)] = "",
    value: Annotated[str, Query(max_length=100)] = "",
) -> Address:
    """Read it."""
    return Address(within, first, last, department, by, value.replace("\x00", ""), zones.of(request).key)


Given = Annotated[Address, Depends(address)]


@dataclass(frozen=True)
class Asked:
    """The same, checked against what there is and what the viewer may see."""

    period: Period
    scope: Scope
    zone: ZoneInfo
    #: A key of `words.RANGES`; empty when the days themselves were given.
    range: str
    department: str
    #: Departments to choose from.
    departments: list[Department]
    #: What was wrong with the days that were given.
    problem: str = ""
    #: The zone of whoever asks, while its days are not counted yet.
    missed: str = ""

    def query(self, **changed: str) -> dict[str, str]:
        """The address's parameters, with something changed; what is usual is left out."""
        days = {"range": self.range} if self.range else days_of(self.period)
        focus = {"by": self.scope.dimension, "value": self.scope.value} if self.scope.dimension != "all" else {}
        given = {**days, "department": self.department, **focus, **changed}
        if given.get("range") == USUAL_RANGE:
            del given["range"]
        return {name: value for name, value in given.items() if value or (name == "value" and given.get("by"))}

    def href(self, path: str, **changed: str) -> str:
        """An address with the same days and place."""
        given = self.query(**changed)
        return f"{path}?{urlencode(given)}" if given else path

    def behind(self, what: str, period: Period | None = None, by: str = "", value: str = "", **more: str) -> str:
        """The address of the tickets behind a figure."""
        chosen = {"by": by, "value": value} if by else {}
        days = {"range": "", **days_of(period or self.period)}
        return self.href("/analytics/tickets", what=what, **days, **chosen, **more)


def days_of(period: Period) -> dict[str, str]:
    """As parameters."""
    return {"from": period.first.isoformat(), "to": period.last.isoformat()}


def read(session: Session, viewer: Viewer, given: Address) -> Asked:
    """Check an address. What it says wrongly is as if it were not said; wrong days are told."""
    chosen, problem = given.range if given.range in words.RANGES else USUAL_RANGE, ""
    zone_id = _zone(session, given.zone)
    today = figures.today(session, zone_id)
    period = Period.ending(today, int(chosen))
    if given.first or given.last:
        try:
            period, chosen = Period(date.fromisoformat(given.first), date.fromisoformat(given.last)), ""
            _ = Period(period.before.first, period.last)
        except ValueError:
            period, chosen, problem = Period.ending(today, int(USUAL_RANGE)), "", words.INVALID_RANGE
    visible = _departments(session, viewer)
    department = given.department if given.department in {str(place.id) for place in visible} else ""
    dimension = given.by if given.by in DIMENSIONS and _is_value(given.by, given.value) else "all"
    scope = Scope(_places(viewer, department), dimension, given.value if dimension != "all" else "", zone_id)
    zone = upkeep.zone(session, zone_id)
    missed = given.zone if given.zone not in ("", zone.key) else ""
    return Asked(period, scope, zone, chosen, department, visible, problem, missed)


def _zone(session: Session, name: str) -> int:
    """The zone whose days are shown. One in which nobody has looked before is counted soon; until then, the desk's."""
    if not name or name == upkeep.zone(session).key:
        return DESK
    found = upkeep.kept(session, name)
    if found is not None:
        upkeep.use(session, found)
        return found.id
    if upkeep.has_room(session):
        queue.defer(session, "figures.add_zone", {"name": name}, "figures.fold")
    return DESK


def _departments(session: Session, viewer: Viewer) -> list[Department]:
    every = departments.departments(session, archived=True)
    if reach(viewer.role, Action.SEE_ANALYTICS) is Reach.ALL:
        return every
    return [department for department in every if department.id in viewer.department_ids]


def _places(viewer: Viewer, department: str) -> frozenset[UUID] | None:
    """The departments that count; tickets without one count for the default department's people."""
    if department:
        return frozenset({UUID(department)})
    if reach(viewer.role, Action.SEE_ANALYTICS) is Reach.ALL:
        return None
    return viewer.department_ids | ({NOWHERE} if viewer.sees_unplaced else set())


def _is_value(dimension: str, value: str) -> bool:
    if dimension not in ("team", "agent") or not value:
        return True
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False
