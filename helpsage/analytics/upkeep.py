"""Figures are folded from what changed, and can be made anew from the tickets themselves with the same result."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, delete, func, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.analytics.models import DESK, NOWHERE, Zone
from helpsage.db.session import engine

#: Changes folded by one transaction.
BATCH = 20_000
#: One folds or rebuilds at a time.
LOCK = 1_005
#: Of a rebuild that people's words get in the way of.
TRIES = 5
#: Zones beside the desk's in whose days figures are kept, and how long one is kept that nobody looks at.
MOST_ZONES = 12
UNUSED = timedelta(days=60)

DIMENSIONS = """
  cross join lateral (values
    ('all', ''), ('category', f.category), ('team', coalesce(f.team_id::text, '')),
    ('agent', coalesce(f.assignee_id::text, '')), ('channel', f.channel), ('priority', f.priority)
  ) d(dimension, value)
"""
#: Zones in which days are counted: all, all but the desk's, one.
ALL_ZONES = "(select id, name from analytics_zones())"
OTHER_ZONES = f"(select id, name from analytics_zones() where id <> {DESK})"  # noqa: S608 made of constants
ONE_ZONE = "(select id, name from analytics_zones() where id = :zone)"
SUMS = ("opened", "answered", "answer_s", "done", "solve_s", "rated", "rating_sum", "satisfied")
#: What facts (rows like those of `analytics_delta`) add to `analytics_count`.
COUNTED = f"""
  select z.id as zone_id, e.day, coalesce(f.department_id, '{NOWHERE}'::uuid) as department_id, d.dimension, d.value,
         {", ".join(f"sum(f.sign * e.{name})::bigint as {name}" for name in SUMS)}
  from {{facts}} f cross join {{zones}} z
  cross join lateral (values
    ((f.opened_at at time zone z.name)::date, 1, 0, 0, 0, 0, 0, 0, 0),
    ((f.answered_at at time zone z.name)::date, 0, 1, f.answer_s, 0, 0, 0, 0, 0),
    ((f.done_at at time zone z.name)::date, 0, 0, 0, 1, f.solve_s,
     (f.rating is not null)::int, coalesce(f.rating, 0), coalesce(f.rating >= 4, false)::int)
  ) e(day, {", ".join(SUMS)})
  {DIMENSIONS}
  where e.day is not null
  group by 1, 2, 3, 4, 5
"""  # noqa: S608 made of constants
#: What facts add to the histograms, a row a bucket of a day.
BUCKETS = f"""
  select z.id as zone_id, e.day, coalesce(f.department_id, '{NOWHERE}'::uuid) as department_id, d.dimension, d.value,
         e.measure, e.bucket, sum(f.sign)::bigint as n
  from {{facts}} f cross join {{zones}} z
  cross join lateral (values
    ((f.answered_at at time zone z.name)::date, 'answer', analytics_bucket(f.answer_s)),
    ((f.done_at at time zone z.name)::date, 'solve', analytics_bucket(f.solve_s)),
    (case when f.rating is not null then (f.done_at at time zone z.name)::date end, 'rating', f.rating::smallint)
  ) e(day, measure, bucket)
  {DIMENSIONS}
  where e.day is not null
  group by 1, 2, 3, 4, 5, 6, 7
"""  # noqa: S608 made of constants
#: What tickets add, as rows of facts: the same as in migration 0021.
FACTS = """(
  select 1 as sign, department_id, team_id, category, channel, priority, assignee_id,
         created_at as opened_at,
         first_response_at as answered_at,
         greatest(0, extract(epoch from first_response_at - created_at))::bigint as answer_s,
         resolved_at as done_at,
         greatest(0, extract(epoch from resolved_at - created_at))::bigint as solve_s,
         rating
  from ticket where merged_into_id is null
)"""
INTO_COUNTS = f"""
  insert into analytics_count as c (zone_id, day, department_id, dimension, value, {", ".join(SUMS)})
  {{counted}}
  on conflict (zone_id, dimension, day, department_id, value) do update
     set {", ".join(f"{name} = c.{name} + excluded.{name}" for name in SUMS)}
"""  # noqa: S608 made of constants
INTO_SPREADS = """
  insert into analytics_spread as s (grain, zone_id, day, department_id, dimension, value, measure, spread)
  select grain, zone_id, day, department_id, dimension, value, measure,
         array_agg((bucket::bigint << 32) + n + 2147483648 order by bucket)
  from (
    select 'day' as grain, * from {buckets} daily
    union all
    select 'month', zone_id, date_trunc('month', day)::date, department_id, dimension, value, measure, bucket,
           sum(n)::bigint
    from {buckets} monthly group by 2, 3, 4, 5, 6, 7, 8
  ) b
  where n <> 0
  group by 1, 2, 3, 4, 5, 6, 7
  on conflict (zone_id, dimension, measure, grain, day, department_id, value) do update
     set spread = analytics_spread_add(s.spread, excluded.spread)
"""
FOLD = f"""
with moved as (
  delete from analytics_delta where id in (select id from analytics_delta order by id limit :batch) returning *
), counts as (
  {INTO_COUNTS.format(counted=COUNTED.format(facts="moved", zones=ALL_ZONES))}
), buckets as materialized (
  {BUCKETS.format(facts="moved", zones=ALL_ZONES)}
), spreads as (
  {INTO_SPREADS.format(buckets="buckets")}
)
select count(*) from moved
"""  # noqa: S608 made of constants
INTO_TALKS = f"""
  insert into analytics_talk as t (zone_id, day, department_id, channel, outcome, talks)
  select zone_id, day, coalesce(department_id, '{NOWHERE}'::uuid), channel, outcome, sum(talks)::bigint
  from {{talks}} group by 1, 2, 3, 4, 5 having sum(talks) <> 0
  on conflict (zone_id, day, department_id, channel, outcome) do update set talks = t.talks + excluded.talks
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
  insert into conversation_day as d
         (conversation_id, zone_id, day, department_id, channel, helped, not_helped, filed, left_open)
  select c.id, z.id, (happened.at at time zone z.name)::date, c.department_id, c.channel,
         sum(helped), sum(not_helped), sum(filed), sum(left_open)
  from (
    select conversation_id, created_at as at, 0 as helped, 0 as not_helped, 0 as filed, 0 as left_open
    from message where author = 'person' and {chosen}
    union all
    select conversation_id, at, helped::int, (not helped)::int, 0, 0 from answer_feedback where {chosen}
    union all
    select conversation_id, created_at, 0, 0, 1, 0 from ticket where conversation_id is not null and {chosen}
    union all
    select conversation_id, begun_at, 0, 0, 0, 1 from report_attempt where outcome is null and {chosen}
  ) happened
  join conversation c on c.id = happened.conversation_id
  cross join {zones} z
  group by 1, 2, 3, 4, 5
  on conflict (conversation_id, zone_id, day) do update
     set helped = excluded.helped, not_helped = excluded.not_helped, filed = excluded.filed,
         left_open = excluded.left_open
   where (d.helped, d.not_helped, d.filed, d.left_open)
         is distinct from (excluded.helped, excluded.not_helped, excluded.filed, excluded.left_open)
"""
OF_THESE = "conversation_id = any(cast(:conversations as uuid[]))"
TOUCHED = """
  delete from analytics_touched where id in (select id from analytics_touched order by id limit :batch)
  returning conversation_id
"""


def zone(session: Session, zone_id: int = DESK) -> ZoneInfo:
    """The zone in which the days of these figures begin, as they are."""
    kept = session.get(Zone, zone_id)
    return ZoneInfo(kept.name) if kept is not None else ZoneInfo("UTC")


def fold(session: Session, batch: int = BATCH) -> int:
    """Add the oldest changes into the figures. Who asks meanwhile sees the same sums before and after.

    Returns:
        How many; as many as `batch` means that there may be more.
    """
    session.execute(text("set local statement_timeout = '120s'"))
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
    tickets = session.execute(text(FOLD), {"batch": batch}).scalar_one()
    retold = _retell(session.connection(), batch)
    talks = session.execute(text(FOLD_TALKS), {"batch": batch}).scalar_one()
    return max(int(tickets), retold, int(talks))


def _retell(connection: Connection, batch: int | None = None) -> int:
    """Bring the days of other zones up to what happened in conversations; how many were looked at."""
    touched = connection.execute(text(TOUCHED), {"batch": batch}).scalars().all()
    if touched and connection.execute(text(f"select exists (select from {OTHER_ZONES} z)")).scalar_one():  # noqa: S608
        statement = TALK_DAYS.format(zones=OTHER_ZONES, chosen=OF_THESE)
        connection.execute(text(statement), {"conversations": sorted(set(touched))})
    return len(touched)


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

    Tickets go on changing meanwhile: one snapshot is counted, and what changes after it waits to be folded. The days
    of other zones are made anew with them.

    Parameters:
        of: the database; the configured one when it is left out.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such zone.
    """
    name = ZoneInfo(time_zone or settings.get().time_zone).key
    _alone(lambda connection: _rebuild(connection, name), of)


def _alone(work: Callable[[Connection], None], of: Engine | None) -> None:
    """Do this in one snapshot, while nobody folds."""
    with (of or engine()).connect() as connection:
        connection.execute(text("set statement_timeout = 0"))
        # Taken before the snapshot: whoever folds has finished by then.
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK})
        connection.commit()
        try:
            _tried(connection, work)
        finally:
            connection.rollback()
            connection.invalidate()  # its lock and its settings end with it


def _tried(connection: Connection, work: Callable[[Connection], None]) -> None:
    """One try after the other: days of conversations are made anew, and people go on talking."""
    for last in (False,) * (TRIES - 1) + (True,):
        try:
            connection.execute(text("set transaction isolation level repeatable read"))
            work(connection)
            connection.commit()
            return
        except (OperationalError, IntegrityError):
            connection.rollback()
            if last:
                raise


def _rebuild(connection: Connection, time_zone: str) -> None:
    before = connection.execute(text(f"select name from analytics_zones() where id = {DESK}")).scalar()  # noqa: S608
    connection.execute(text(f"delete from analytics_zone where id <> {DESK} and name = :zone"), {"zone": time_zone})  # noqa: S608
    _write_zone(connection, DESK, time_zone)
    if before != time_zone:
        connection.execute(text("delete from conversation_day"))
        connection.execute(text(TALK_DAYS.format(zones=ALL_ZONES, chosen="true")))
    for table in (
        "analytics_delta", "analytics_count", "analytics_spread", "analytics_talk_delta", "analytics_talk",
    ):  # fmt: skip
        connection.execute(text(f"delete from {table}"))  # noqa: S608 made of constants
    _retell(connection)
    connection.execute(text("delete from analytics_talk_delta"))
    _count_tickets(connection, ALL_ZONES)
    days = "(select zone_id, day, department_id, channel, outcome, 1 as talks from conversation_day) d"
    connection.execute(text(INTO_TALKS.format(talks=days)))


def _count_tickets(connection: Connection, zones: str, **given: int) -> None:
    """Count every ticket in the days of these zones, of which nothing is counted yet."""
    connection.execute(text(f"create temporary table facts on commit drop as select * from {FACTS} f"))  # noqa: S608
    counted = COUNTED.format(facts="facts", zones=zones)
    connection.execute(text(INTO_COUNTS.format(counted=counted)), given)
    buckets = BUCKETS.format(facts="facts", zones=zones)
    connection.execute(text(f"create temporary table buckets on commit drop as {buckets}"), given)
    connection.execute(text(INTO_SPREADS.format(buckets="buckets")))


def _write_zone(connection: Connection, zone_id: int, name: str) -> None:
    connection.execute(
        text(
            "insert into analytics_zone (id, name, rebuilt_at, used_on) values (:id, :name, :at, :today)"
            " on conflict (id) do update set name = excluded.name, rebuilt_at = excluded.rebuilt_at"
        ),
        {"id": zone_id, "name": name, "at": clock.now(), "today": clock.now().date()},
    )


# --- zones of those who look


def kept(session: Session, name: str) -> Zone | None:
    """The zone of this name, if figures are kept in its days."""
    return session.scalars(select(Zone).where(Zone.name == name).order_by(Zone.id)).first()


def use(session: Session, found: Zone) -> None:
    """Note that somebody looks at figures in it; at most one write a day."""
    today = clock.now().date()
    if found.used_on < today:
        session.execute(update(Zone).where(Zone.id == found.id, Zone.used_on < today).values(used_on=today))


def has_room(session: Session) -> bool:
    """Whether figures can be kept in the days of one more zone."""
    return session.scalar(select(func.count()).where(Zone.id != DESK)) < MOST_ZONES  # type: ignore[operator]


def add_zone(name: str, of: Engine | None = None) -> None:
    """Keep figures in the days of this zone, too; nothing happens when they are, or when there are too many.

    People go on meanwhile: one snapshot is counted, and what waits in it to be folded is folded for the other zones
    first, so that it is not folded into this one a second time.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such zone.
    """
    _alone(lambda connection: _add_zone(connection, ZoneInfo(name).key), of)


def _add_zone(connection: Connection, name: str) -> None:
    names = {row.id: row.name for row in connection.execute(text("select id, name from analytics_zones()"))}
    free = sorted(set(range(1, MOST_ZONES + 1)) - set(names))
    if name in names.values() or not free:
        return
    connection.execute(text(FOLD), {"batch": None})
    _write_zone(connection, free[0], name)
    _count_tickets(connection, ONE_ZONE, zone=free[0])
    connection.execute(text(TALK_DAYS.format(zones=ONE_ZONE, chosen="true")), {"zone": free[0]})


def drop_unused(session: Session) -> None:
    """Forget the zones in which nobody has looked at figures for long."""
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
    unused = session.scalars(select(Zone.id).where(Zone.id != DESK, Zone.used_on < clock.now().date() - UNUSED)).all()
    for zone_id in unused:
        # Days first: their going is written to what is removed after them.
        for table in (
            "conversation_day",
            "analytics_talk_delta",
            "analytics_talk",
            "analytics_count",
            "analytics_spread",
        ):
            session.execute(text(f"delete from {table} where zone_id = :zone"), {"zone": zone_id})  # noqa: S608
        session.execute(delete(Zone).where(Zone.id == zone_id))


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
      select zone_id, day, department_id, dimension, value, {sums}
      from (
        select zone_id, day, department_id, dimension, value, {names} from analytics_count
        union all
        select zone_id, day, department_id, dimension, value, {names}
        from ({COUNTED.format(facts="analytics_delta", zones=ALL_ZONES)}) pending
      ) rows
      group by 1, 2, 3, 4, 5 having {something}
    """  # noqa: S608 made of constants
    counted = COUNTED.format(facts=FACTS, zones=ALL_ZONES)
    anew = f"select zone_id, day, department_id, dimension, value, {names} from ({counted}) counted"  # noqa: S608
    statement = f"select count(*) from (({kept} except {anew}) union all ({anew} except {kept})) wrong"  # noqa: S608
    return int(session.execute(text(statement)).scalar_one())
