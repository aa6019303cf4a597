"""The questions. Each is one statement over the figures of days (`analytics_count`, `analytics_spread` and
`analytics_talk`), together with what has changed since they were folded; what depends on the present moment is asked
of the tickets.

Every question takes a `Scope`: whose departments are looked at. Durations are seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from functools import reduce
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.analytics import spreads
from helpsage.analytics.models import DESK, NOWHERE
from helpsage.analytics.periods import Period, Step
from helpsage.analytics.upkeep import BUCKETS, COUNTED, ONE_ZONE, SUMS, zone

Measure = Literal["answer", "solve"]
#: What figures can be divided by.
DIMENSIONS = ("category", "team", "agent", "channel", "priority")
OUTCOMES = ("helped", "ticket", "left", "not_helped", "other")
#: Upper ends of the ages of unresolved tickets, in days; the last class has none.
AGES_DAYS = (1, 3, 7, 30)


@dataclass(frozen=True)
class Scope:
    """Whose tickets are looked at.

    Attributes:
        departments: None: every department. `NOWHERE` stands for tickets without one.
        dimension: one of `DIMENSIONS`, to look at one value of it only.
        value: which one; empty for tickets that have none.
        zone_id: in which zone days begin, of `analytics_zone`.
    """

    departments: frozenset[UUID] | None = None
    dimension: str = "all"
    value: str = ""
    zone_id: int = DESK

    @property
    def whole(self) -> Scope:
        """The same departments and days, all values together."""
        return replace(self, dimension="all", value="")

    @property
    def parameters(self) -> dict[str, Any]:
        """For statements."""
        return {
            "departments": sorted(self.departments or (), key=str),
            "dimension": self.dimension,
            "value": self.value,
            "zone": self.zone_id,
        }

    def placed(self, column: str = "department_id") -> str:
        """The condition on a department's column."""
        if self.departments is None:
            return "true"
        return f"coalesce({column}, '{NOWHERE}'::uuid) = any(:departments)"

    @property
    def of_ticket(self) -> str:
        """The condition on a row of `ticket`."""
        column = TICKET_COLUMNS.get(self.dimension)
        chosen = "true" if column is None else f"coalesce({column}::text, '') = :value"
        return f"{self.placed()} and {chosen} and merged_into_id is null"


TICKET_COLUMNS = {
    "category": "category",
    "team": "team_id",
    "agent": "assignee_id",
    "channel": "channel",
    "priority": "priority",
}


@dataclass(frozen=True)
class Sums:
    """What happened in some days. Times are attributed to the day on which they ended."""

    opened: int = 0
    answered: int = 0
    answer_s: int = 0
    done: int = 0
    solve_s: int = 0
    rated: int = 0
    rating_sum: int = 0
    satisfied: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, name) + getattr(other, name) for name in SUMS))

    @property
    def answer_average_s(self) -> float | None:
        """From opening to the first answer."""
        return ratio(self.answer_s, self.answered)

    @property
    def solve_average_s(self) -> float | None:
        """From opening to the resolution."""
        return ratio(self.solve_s, self.done)

    @property
    def satisfaction(self) -> float | None:
        """Share of ratings that are 4 or 5, from 0 to 1."""
        return ratio(self.satisfied, self.rated)

    @property
    def rating_average(self) -> float | None:
        """From 1 to 5."""
        return ratio(self.rating_sum, self.rated)


@dataclass(frozen=True)
class Percentiles:
    """Of `count` durations; each is off by at most `spreads.ERROR`, or by a second."""

    count: int = 0
    median_s: float | None = None
    p90_s: float | None = None


@dataclass(frozen=True)
class Now:
    """What is unresolved at this moment, and what of it is older than its priority allows."""

    unresolved: int = 0
    overdue: int = 0


@dataclass(frozen=True)
class Answered:
    """How often people said of an answer of the FAQ that it helped, and that it did not."""

    key: str
    helped: int
    not_helped: int


def ratio(part: float, whole: float) -> float | None:
    """None of nothing."""
    return part / whole if whole else None


def change(now: float | None, before: float | None) -> float | None:
    """By how much something grew, as a share of what it was: 0.5 is half as much again. None: there was nothing."""
    if now is None or not before:
        return None
    return (now - before) / before


def today(session: Session, zone_id: int = DESK) -> date:
    """The present day in a zone of the figures."""
    return clock.now().astimezone(zone(session, zone_id)).date()


# --- sums


#: None: all of them.
_OF_VALUES = "(cast(:values as text[]) is null or value = any(cast(:values as text[])))"
_PENDING_COUNTS = COUNTED.format(facts="analytics_delta", zones=ONE_ZONE)


def _listed(values: Collection[str] | None) -> list[str] | None:
    return None if values is None else list(values)


def _summed(scope: Scope, keys: str, conditions: str) -> str:
    """Sums of `keys`, of what is folded and of what waits."""
    names = ", ".join(SUMS)
    where = f"zone_id = :zone and dimension = :dimension and {scope.placed()} and {conditions}"
    return f"""
      select {keys}, {", ".join(f"sum({name})::bigint as {name}" for name in SUMS)}
      from (
        select day, value, {names} from analytics_count where {where}
        union all
        select day, value, {names} from ({_PENDING_COUNTS}) pending where {where}
      ) rows
      group by {keys}
    """  # noqa: S608 made of constants and column names


def by_day(session: Session, scope: Scope, period: Period) -> dict[date, Sums]:
    """The sums of each day on which something happened."""
    statement = _summed(scope, "day", "day between :first and :last and value = :value")
    rows = session.execute(text(statement), {**scope.parameters, "first": period.first, "last": period.last})
    return {row.day: _sums(row) for row in rows}


def by_value(session: Session, scope: Scope, period: Period, dimension: str) -> dict[str, Sums]:
    """The sums of each value of a dimension; the empty value stands for "none"."""
    statement = _summed(scope, "value", "day between :first and :last")
    parameters = {**scope.parameters, "dimension": dimension, "first": period.first, "last": period.last}
    return {row.value: _sums(row) for row in session.execute(text(statement), parameters)}


def trends(
    session: Session, scope: Scope, period: Period, dimension: str, points: int, values: Collection[str] | None = None
) -> dict[str, list[int]]:
    """Tickets opened in at most so many equal parts of the period, for these values of a dimension, or for all.

    The parts end with the period's last day; the first one can be shorter.
    """
    width = -(-period.days // points)
    parts = -(-period.days // width)
    days = f"zone_id = :zone and dimension = :dimension and {scope.placed()} and day between :first and :last"
    where = f"{days} and {_OF_VALUES}"
    statement = f"""
      select value, (cast(:last as date) - day) / :width as back, sum(opened)::bigint as opened
      from (
        select day, value, opened from analytics_count where {where}
        union all
        select day, value, opened from ({_PENDING_COUNTS}) pending where {where}
      ) rows
      group by 1, 2
    """  # noqa: S608 made of constants
    parameters = {**scope.parameters, "dimension": dimension, "first": period.first, "last": period.last}
    parameters |= {"width": width, "values": _listed(values)}
    found: dict[str, list[int]] = {}
    for value, back, opened in session.execute(text(statement), parameters):
        found.setdefault(value, [0] * parts)[parts - 1 - back] = opened
    return found


def total(days: Mapping[date, Sums], within: Period | None = None) -> Sums:
    """Of all days, or of those within a period."""
    chosen = (sums for day, sums in days.items() if within is None or within.first <= day <= within.last)
    return reduce(Sums.__add__, chosen, Sums())


def _sums(row: Any) -> Sums:
    return Sums(*(int(getattr(row, column.name)) for column in fields(Sums)))


def backlog(session: Session, scope: Scope, period: Period, days: Mapping[date, Sums]) -> list[int]:
    """How many tickets were unresolved at the end of each step of the period.

    Parameters:
        days: the period's `by_day`.
    """
    statement = _summed(scope, "value", "day < :first and value = :value")
    row = session.execute(text(statement), {**scope.parameters, "first": period.first}).one_or_none()
    open_tickets = int(row.opened - row.done) if row is not None else 0
    ends = []
    for piece in period.steps():
        sums = total(days, piece)
        open_tickets += sums.opened - sums.done
        ends.append(open_tickets)
    return ends


# --- percentiles


def _entries(scope: Scope, of_value: bool) -> str:
    """Every histogram entry of the period, folded or not, with the first day of its step.

    Parameters:
        of_value: of the scope's own value; else of `:values`.
    """
    chosen = "value = :value" if of_value else _OF_VALUES
    where = f"zone_id = :zone and dimension = :dimension and measure = :measure and {scope.placed()} and {chosen}"
    unpacked = f"({spreads.ENTRY_BUCKET})::int as bucket, ({spreads.ENTRY_COUNT})::int as n"
    pending = BUCKETS.format(facts="analytics_delta", zones=ONE_ZONE)
    return f"""
      select value, day, {unpacked} from analytics_spread, unnest(spread) packed
       where grain = 'month' and day = any(cast(:months as date[])) and {where}
      union all
      select value, day, {unpacked} from analytics_spread, unnest(spread) packed
       where grain = 'day' and day = any(cast(:days as date[])) and {where}
      union all
      select value, day, bucket, n::int from ({pending}) pending
       where day between :first and :last and {where}
    """  # noqa: S608 made of constants


def _ranked(entries: str, key: str) -> str:
    """Nearest-rank percentiles by key: the first bucket up to whose end at least that share of durations lies."""
    return f"""
      with summed as (
        select {key} as key, bucket, sum(n) as n from ({entries}) entries group by 1, 2 having sum(n) <> 0
      ), ranked as (
        select key, bucket, sum(n) over (partition by key order by bucket) as up_to, sum(n) over (partition by key) as n
        from summed
      )
      select key, n::bigint as n, min(bucket) filter (where up_to >= ceil(n * 0.5)) as median,
             min(bucket) filter (where up_to >= ceil(n * 0.9)) as p90
      from ranked group by key, n
    """  # noqa: S608 made of constants


def _span(period: Period, monthly: bool = True) -> dict[str, Any]:
    months, days = period.whole_months()
    if not monthly:
        months, days = [], [period.first + timedelta(n) for n in range(period.days)]
    return {"months": months, "days": days, "first": period.first, "last": period.last}


def percentiles(session: Session, scope: Scope, period: Period, measure: Measure) -> Percentiles:
    """Of the durations that ended in the period."""
    statement = _ranked(_entries(scope, of_value=True), "value")
    row = session.execute(text(statement), {**scope.parameters, **_span(period), "measure": measure}).one_or_none()
    return _percentiles(row) if row is not None else Percentiles()


def percentiles_by_value(
    session: Session,
    scope: Scope,
    period: Period,
    measure: Measure,
    dimension: str,
    values: Collection[str] | None = None,
) -> dict[str, Percentiles]:
    """The same for each of these values of a dimension, or for all."""
    statement = _ranked(_entries(scope, of_value=False), "value")
    parameters = {**scope.parameters, **_span(period), "measure": measure, "dimension": dimension}
    parameters["values"] = _listed(values)
    # PostgreSQL expects a dozen entries of each histogram, and would sort the hundreds of thousands there are on disk.
    session.execute(text("set local enable_sort = off"))
    rows = session.execute(text(statement), parameters).all()
    session.execute(text("set local enable_sort = on"))
    return {row.key: _percentiles(row) for row in rows}


#: The first day of the step in which a day lies: `Period.steps`.
_FIRST_OF_STEP = {
    Step.DAY: "day",
    Step.WEEK: "greatest(cast(:first as date), cast(:last as date) - 7 * ((cast(:last as date) - day) / 7) - 6)",
    Step.MONTH: "greatest(cast(:first as date), date_trunc('month', day)::date)",
}


def percentiles_by_step(session: Session, scope: Scope, period: Period, measure: Measure) -> list[Percentiles]:
    """The same for each step of the period."""
    statement = _ranked(_entries(scope, of_value=True), _FIRST_OF_STEP[period.step])
    span = _span(period, monthly=period.step is Step.MONTH)
    rows = session.execute(text(statement), {**scope.parameters, **span, "measure": measure})
    found = {row.key: _percentiles(row) for row in rows}
    return [found.get(piece.first, Percentiles()) for piece in period.steps()]


def _percentiles(row: Any) -> Percentiles:
    return Percentiles(int(row.n), spreads.seconds(row.median), spreads.seconds(row.p90))


def ratings(session: Session, scope: Scope, period: Period) -> dict[int, int]:
    """How often each rating, 1 to 5, was given to tickets resolved in the period."""
    statement = f"select bucket, sum(n) as n from ({_entries(scope, of_value=True)}) entries group by 1"  # noqa: S608
    rows = session.execute(text(statement), {**scope.parameters, **_span(period), "measure": "rating"})
    found = {row.bucket: int(row.n) for row in rows}
    return {score: found.get(score, 0) for score in range(1, 6)}


# --- the present moment


def now(session: Session, scope: Scope) -> Now:
    """What is unresolved and what is overdue."""
    return now_by_value(session, scope, None).get("", Now())


def now_by_value(session: Session, scope: Scope, dimension: str | None) -> dict[str, Now]:
    """The same by value of a dimension."""
    column = "''" if dimension is None else f"coalesce({TICKET_COLUMNS[dimension]}::text, '')"
    statement = f"""
      select {column} as value, count(*) as unresolved, count(*) filter (where due_order < :now) as overdue
      from ticket where resolved_at is null and {scope.of_ticket} group by 1
    """  # noqa: S608 made of constants
    rows = session.execute(text(statement), {**scope.parameters, "now": clock.now()})
    return {row.value: Now(row.unresolved, row.overdue) for row in rows}


def ages(session: Session, scope: Scope) -> list[int]:
    """Unresolved tickets by age: up to each of `AGES_DAYS`, and older."""
    statement = f"""
      select width_bucket(extract(epoch from :now - created_at) / 86400.0, cast(:ends as numeric[])) as age,
             count(*) as n
      from ticket where resolved_at is null and {scope.of_ticket} group by 1
    """  # noqa: S608 made of constants
    parameters = {**scope.parameters, "now": clock.now(), "ends": list(AGES_DAYS)}
    found = {row.age: row.n for row in session.execute(text(statement), parameters)}
    return [found.get(age, 0) for age in range(len(AGES_DAYS) + 1)]


# --- the assistant


def talks(session: Session, scope: Scope, period: Period) -> dict[date, dict[str, int]]:
    """Conversations by day and outcome. A conversation counts once on each day on which its person wrote."""
    where = f"zone_id = :zone and day between :first and :last and {scope.placed()}"
    statement = f"""
      select day, outcome, sum(talks)::bigint as n
      from (
        select day, outcome, talks from analytics_talk where {where}
        union all select day, outcome, talks from analytics_talk_delta where {where}
      ) rows
      group by 1, 2
    """  # noqa: S608 made of constants
    found: dict[date, dict[str, int]] = {}
    parameters = {**scope.parameters, "first": period.first, "last": period.last}
    for row in session.execute(text(statement), parameters):
        found.setdefault(row.day, dict.fromkeys(OUTCOMES, 0))[row.outcome] = int(row.n)
    return found


def outcomes(days: Mapping[date, Mapping[str, int]], within: Period | None = None) -> dict[str, int]:
    """Of all days, or of those within a period."""
    chosen = [n for day, n in days.items() if within is None or within.first <= day <= within.last]
    return {outcome: sum(n[outcome] for n in chosen) for outcome in OUTCOMES}


def answers(session: Session, scope: Scope, period: Period) -> list[Answered]:
    """Answers of the FAQ that people judged in the period, the most judged first."""
    first, end = period.bounds(zone(session, scope.zone_id))
    statement = f"""
      select answer, count(*) filter (where helped) as helped, count(*) filter (where not helped) as not_helped
      from answer_feedback where at >= :from and at < :until and {scope.placed()} group by 1 order by count(*) desc, 1
    """  # noqa: S608 made of constants
    rows = session.execute(text(statement), {**scope.parameters, "from": first, "until": end})
    return [Answered(row.answer, row.helped, row.not_helped) for row in rows]


def left_forms(session: Session, scope: Scope, period: Period) -> dict[str, int]:
    """Ticket forms begun in the period and neither sent nor cancelled, by the question that was open; most first.

    An empty question: left before the first one.
    """
    first, end = period.bounds(zone(session, scope.zone_id))
    statement = f"""
      select coalesce(asked, '') as question, count(*) as n
      from report_attempt
      where outcome is null and begun_at >= :from and begun_at < :until and {scope.placed()}
      group by 1 order by 2 desc, 1
    """  # noqa: S608 made of constants
    rows = session.execute(text(statement), {**scope.parameters, "from": first, "until": end})
    return {row.question: row.n for row in rows}
