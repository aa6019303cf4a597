"""Figures are folded from what changed, and can be made anew from the tickets themselves with the same result."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.analytics.models import NOWHERE, State
from helpsage.db.session import engine

#: Changes folded by one transaction.
BATCH = 20_000
#: One folds or rebuilds at a time.
LOCK = 1_005
#: Of a rebuild that people's words get in the way of.
TRIES = 5

DIMENSIONS = """
  cross join lateral (values
    ('all', ''), ('category', f.category), ('team', coalesce(f.team_id::text, '')),
    ('agent', coalesce(f.assignee_id::text, '')), ('channel', f.channel), ('priority', f.priority)
  ) d(dimension, value)
"""
SUMS = ("opened", "answered", "answer_s", "done", "solve_s", "rated", "rating_sum", "satisfied")
#: What facts (rows like those of `analytics_delta`) add to `analytics_count`.
COUNTED = f"""
  select e.day, coalesce(f.department_id, '{NOWHERE}'::uuid) as department_id, d.dimension, d.value,
         {", ".join(f"sum(f.sign * e.{name})::bigint as {name}" for name in SUMS)}
  from {{facts}} f
  cross join lateral (values
    (f.opened_on, 1, 0, 0, 0, 0, 0, 0, 0),
    (f.answered_on, 0, 1, f.answer_s, 0, 0, 0, 0, 0),
    (f.done_on, 0, 0, 0, 1, f.solve_s,
     (f.rating is not null)::int, coalesce(f.rating, 0), coalesce(f.rating >= 4, false)::int)
  ) e(day, {", ".join(SUMS)})
  {DIMENSIONS}
  where e.day is not null
  group by 1, 2, 3, 4
"""  # noqa: S608 made of constants
#: What facts add to the histograms, a row a bucket of a day.
BUCKETS = f"""
  select e.day, coalesce(f.department_id, '{NOWHERE}'::uuid) as department_id, d.dimension, d.value, e.measure,
         e.bucket, sum(f.sign)::bigint as n
  from {{facts}} f
  cross join lateral (values
    (f.answered_on, 'answer', analytics_bucket(f.answer_s)),
    (f.done_on, 'solve', analytics_bucket(f.solve_s)),
    (case when f.rating is not null then f.done_on end, 'rating', f.rating::smallint)
  ) e(day, measure, bucket)
  {DIMENSIONS}
  where e.day is not null
  group by 1, 2, 3, 4, 5, 6
"""  # noqa: S608 made of constants
#: What tickets add, as rows of facts: the same as in migration 0009.
FACTS = """(
  select 1 as sign, department_id, team_id, category, channel, priority, assignee_id,
         analytics_day(created_at) as opened_on,
         analytics_day(first_response_at) as answered_on,
         greatest(0, extract(epoch from first_response_at - created_at))::bigint as answer_s,
         analytics_day(resolved_at) as done_on,
         greatest(0, extract(epoch from resolved_at - created_at))::bigint as solve_s,
         rating
  from ticket where merged_into_id is null
)"""
INTO_COUNTS = f"""
  insert into analytics_count as c (day, department_id, dimension, value, {", ".join(SUMS)})
  {{counted}}
  on conflict (dimension, day, department_id, value) do update
     set {", ".join(f"{name} = c.{name} + excluded.{name}" for name in SUMS)}
"""  # noqa: S608 made of constants
INTO_SPREADS = """
  insert into analytics_spread as s (grain, day, department_id, dimension, value, measure, spread)
  select grain, day, department_id, dimension, value, measure,
         array_agg((bucket::bigint << 32) + n + 2147483648 order by bucket)
  from (
    select 'day' as grain, * from {buckets} daily
    union all
    select 'month', date_trunc('month', day)::date, department_id, dimension, value, measure, bucket, sum(n)::bigint
    from {buckets} monthly group by 2, 3, 4, 5, 6, 7
  ) b
  where n <> 0
  group by 1, 2, 3, 4, 5, 6
  on conflict (dimension, measure, grain, day, department_id, value) do update
     set spread = analytics_spread_add(s.spread, excluded.spread)
"""
FOLD = f"""
with moved as (
  delete from analytics_delta where id in (select id from analytics_delta order by id limit :batch) returning *
), counts as (
  {INTO_COUNTS.format(counted=COUNTED.format(facts="moved"))}
), buckets as materialized (
  {BUCKETS.format(facts="moved")}
), spreads as (
  {INTO_SPREADS.format(buckets="buckets")}
)
select count(*) from moved
"""  # noqa: S608 made of constants
INTO_TALKS = f"""
  insert into analytics_talk as t (day, department_id, channel, outcome, talks)
  select day, coalesce(department_id, '{NOWHERE}'::uuid), channel, outcome, sum(talks)::bigint
  from {{talks}} group by 1, 2, 3, 4 having sum(talks) <> 0
  on conflict (day, department_id, channel, outcome) do update set talks = t.talks + excluded.talks
"""  # noqa: S608 made of constants
FOLD_TALKS = f"""
with moved as (
  delete from analytics_talk_delta where id in (select id from analytics_talk_delta order by id limit :batch)
  returning *
), talks as (
  {INTO_TALKS.format(talks="moved")}
)
select count(*) from moved
"""  # noqa: S608 made of constants

#: Conversations on their days, from what was said, judged, filed and begun.
TALK_DAYS = """
  insert into conversation_day (conversation_id, day, department_id, channel, helped, not_helped, filed, left_open)
  select c.id, happened.day, c.department_id, c.channel, sum(helped), sum(not_helped), sum(filed), sum(left_open)
  from (
    select distinct conversation_id, analytics_day(created_at) as day,
           0 as helped, 0 as not_helped, 0 as filed, 0 as left_open
    from message where author = 'person'
    union all
    select conversation_id, analytics_day(at), helped::int, (not helped)::int, 0, 0 from answer_feedback
    union all
    select conversation_id, analytics_day(created_at), 0, 0, 1, 0 from ticket where conversation_id is not null
    union all
    select conversation_id, analytics_day(begun_at), 0, 0, 0, 1 from report_attempt where outcome is null
  ) happened
  join conversation c on c.id = happened.conversation_id
  group by 1, 2, 3, 4
"""


def zone(session: Session) -> ZoneInfo:
    """The zone in which the days of the figures begin, as they are."""
    kept = session.get(State, True)
    return ZoneInfo(kept.time_zone) if kept is not None else ZoneInfo("UTC")


def fold(session: Session, batch: int = BATCH) -> int:
    """Add the oldest changes into the figures. Who asks meanwhile sees the same sums before and after.

    Returns:
        How many; as many as `batch` means that there may be more.
    """
    session.execute(text("set local statement_timeout = '120s'"))
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
    tickets = session.execute(text(FOLD), {"batch": batch}).scalar_one()
    talks = session.execute(text(FOLD_TALKS), {"batch": batch}).scalar_one()
    return max(int(tickets), int(talks))


def fold_all() -> int:
    """Fold until nothing waits; returns how many changes there were."""
    handled = 0
    while True:
        with Session(engine()) as session, session.begin():
            folded = fold(session)
        handled += folded
        if folded < BATCH:
            return handled


def rebuild(time_zone: str | None = None, of: Engine | None = None) -> None:
    """Make every figure anew from tickets and conversations, in days of the configured zone.

    Tickets go on changing meanwhile: one snapshot is counted, and what changes after it waits to be folded.

    Parameters:
        of: the database; the configured one when it is left out.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such zone.
    """
    name = ZoneInfo(time_zone or settings.get().time_zone).key
    with (of or engine()).connect() as connection:
        connection.execute(text("set statement_timeout = 0"))
        # Taken before the snapshot: whoever folds has finished by then.
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK})
        connection.commit()
        try:
            _rebuild_once(connection, name)
        finally:
            connection.rollback()
            connection.invalidate()  # its lock and its settings end with it


def _rebuild_once(connection: Connection, time_zone: str) -> None:
    """One try after the other: in a new zone the days of conversations are made anew, and people go on talking."""
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            connection.execute(text("set transaction isolation level repeatable read"))
            _rebuild(connection, time_zone)
            connection.commit()
            return
        except (OperationalError, IntegrityError):
            connection.rollback()
            if last:
                raise


def _rebuild(connection: Connection, time_zone: str) -> None:
    before = connection.execute(text("select time_zone from analytics_state")).scalar()
    connection.execute(
        text(
            "insert into analytics_state (id, time_zone, rebuilt_at) values (true, :zone, :at)"
            " on conflict (id) do update set time_zone = excluded.time_zone, rebuilt_at = excluded.rebuilt_at"
        ),
        {"zone": time_zone, "at": clock.now()},
    )
    if (before or "UTC") != time_zone:
        connection.execute(text("delete from conversation_day"))
        connection.execute(text(TALK_DAYS))
    for table in ("analytics_delta", "analytics_count", "analytics_spread", "analytics_talk_delta", "analytics_talk"):
        connection.execute(text(f"delete from {table}"))  # noqa: S608 made of constants
    connection.execute(text(f"create temporary table facts on commit drop as select * from {FACTS} f"))  # noqa: S608
    connection.execute(text(INTO_COUNTS.format(counted=COUNTED.format(facts="facts"))))
    connection.execute(text(f"create temporary table buckets on commit drop as {BUCKETS.format(facts='facts')}"))
    connection.execute(text(INTO_SPREADS.format(buckets="buckets")))
    days = "(select day, department_id, channel, outcome, 1 as talks from conversation_day) d"
    connection.execute(text(INTO_TALKS.format(talks=days)))


def zone_changed(session: Session) -> bool:
    """Whether the configured zone is another one than that of the figures."""
    return zone(session).key != settings.get().time_zone


def differences(session: Session) -> int:
    """How many sums of days differ from a count over all tickets: none, or `rebuild` is needed."""
    session.execute(text("set local statement_timeout = 0"))
    names = ", ".join(SUMS)
    sums = ", ".join(f"sum({name})::bigint as {name}" for name in SUMS)
    something = " or ".join(f"sum({name}) <> 0" for name in SUMS)
    kept = f"""
      select day, department_id, dimension, value, {sums}
      from (
        select day, department_id, dimension, value, {names} from analytics_count
        union all
        select day, department_id, dimension, value, {names}
        from ({COUNTED.format(facts="analytics_delta")}) pending
      ) rows
      group by 1, 2, 3, 4 having {something}
    """  # noqa: S608 made of constants
    anew = f"select day, department_id, dimension, value, {names} from ({COUNTED.format(facts=FACTS)}) counted"  # noqa: S608
    statement = f"select count(*) from (({kept} except {anew}) union all ({anew} except {kept})) wrong"  # noqa: S608
    return int(session.execute(text(statement)).scalar_one())
