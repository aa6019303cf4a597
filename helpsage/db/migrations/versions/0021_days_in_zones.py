"""Figures in days of several zones"""

from __future__ import annotations

from importlib import import_module

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

before = import_module("helpsage.db.migrations.versions.0009_analytics")

# Zone 0 is the desk's own; without a row: UTC. The others are those of people who look at figures.
ZONES = """
create function analytics_zones() returns table (id smallint, name text) language sql stable parallel safe as $$
  select id, name from analytics_zone
  union all
  select 0::smallint, 'UTC' where not exists (select from analytics_zone where id = 0)
$$;
create or replace function analytics_day(at timestamptz) returns date language sql stable parallel safe as $$
  select (at at time zone coalesce((select name from analytics_zone where id = 0), 'UTC'))::date
$$;
"""
DAY = before.DAY.replace("create function", "create or replace function")

# The moments themselves: in how many zones they are days is decided when they are folded.
FACTS = """
  select {sign}, t.department_id, t.team_id, t.category, t.channel, t.priority, t.assignee_id,
         t.created_at,
         t.first_response_at,
         greatest(0, extract(epoch from t.first_response_at - t.created_at))::bigint,
         t.resolved_at,
         greatest(0, extract(epoch from t.resolved_at - t.created_at))::bigint,
         t.rating
  from {rows} t
  where t.merged_into_id is null
"""
MOMENTS = (("opened_on", "opened_at"), ("answered_on", "answered_at"), ("done_on", "done_at"))
COLUMNS = (
    "sign, department_id, team_id, category, channel, priority, assignee_id, "
    "opened_at, answered_at, answer_s, done_at, solve_s, rating"
)
TICKETS = f"""
create or replace function analytics_tickets_added() returns trigger language plpgsql as $$
begin
  insert into analytics_delta ({COLUMNS}) {FACTS.format(sign=1, rows="added")};
  return null;
end $$;
create or replace function analytics_tickets_changed() returns trigger language plpgsql as $$
begin
  insert into analytics_delta ({COLUMNS})
  select sum(sign), {COLUMNS.removeprefix("sign, ")}
  from (
    {FACTS.format(sign="-1 as sign", rows="were")}
    union all
    {FACTS.format(sign="1 as sign", rows="are")}
  ) facts({COLUMNS})
  group by {COLUMNS.removeprefix("sign, ")} having sum(sign) <> 0;
  return null;
end $$;
create or replace function analytics_tickets_gone() returns trigger language plpgsql as $$
begin
  insert into analytics_delta ({COLUMNS}) {FACTS.format(sign=-1, rows="gone")};
  return null;
end $$;
"""

# The desk's own days are written with what happened; those of other zones follow when the worker folds.
TALKS = """
create or replace function analytics_talk(of_conversation uuid, on_day date, more_helped int, more_not int,
                                          more_filed int, more_open int)
returns void language sql as $$
  insert into conversation_day as d (conversation_id, day, department_id, channel, helped, not_helped, filed, left_open)
  select c.id, on_day, c.department_id, c.channel,
         greatest(more_helped, 0), greatest(more_not, 0), greatest(more_filed, 0), greatest(more_open, 0)
  from conversation c where c.id = of_conversation
  on conflict (conversation_id, zone_id, day) do update
     set helped = d.helped + more_helped, not_helped = d.not_helped + more_not, filed = d.filed + more_filed,
         left_open = greatest(0, d.left_open + more_open)
   where (more_helped, more_not, more_filed, more_open) <> (0, 0, 0, 0);
  insert into analytics_touched (conversation_id) values (of_conversation);
$$;
create or replace function analytics_talks_added() returns trigger language plpgsql as $$
begin
  insert into analytics_talk_delta (zone_id, day, department_id, channel, outcome, talks)
  select zone_id, day, department_id, channel, outcome, count(*) from added group by 1, 2, 3, 4, 5;
  return null;
end $$;
create or replace function analytics_talks_changed() returns trigger language plpgsql as $$
begin
  insert into analytics_talk_delta (zone_id, day, department_id, channel, outcome, talks)
  select zone_id, day, department_id, channel, outcome, sum(n)
  from (select *, -1 as n from were union all select *, 1 from are) rows
  group by 1, 2, 3, 4, 5 having sum(n) <> 0;
  return null;
end $$;
create or replace function analytics_talks_gone() returns trigger language plpgsql as $$
begin
  insert into analytics_talk_delta (zone_id, day, department_id, channel, outcome, talks)
  select zone_id, day, department_id, channel, outcome, -count(*) from gone group by 1, 2, 3, 4, 5;
  return null;
end $$;
"""
#: Tables with days, and the rest of their keys.
KEYS = {
    "analytics_count": ("dimension", "day", "department_id", "value"),
    "analytics_spread": ("dimension", "measure", "grain", "day", "department_id", "value"),
    "analytics_talk": ("day", "department_id", "channel", "outcome"),
    "conversation_day": ("conversation_id", "day"),
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "analytics_zone",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rebuilt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_zone")),
    )
    op.execute(
        "insert into analytics_zone (id, name, rebuilt_at, used_on)"
        " select 0, time_zone, rebuilt_at, rebuilt_at::date from analytics_state"
    )
    op.execute(ZONES)
    op.drop_table("analytics_state")
    op.create_table(
        "analytics_touched",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_touched")),
    )
    for table in (*KEYS, "analytics_talk_delta"):
        op.add_column(table, sa.Column("zone_id", sa.SmallInteger(), server_default=sa.text("0"), nullable=False))
    for table, key in KEYS.items():
        _key(table, ("conversation_id", "zone_id", "day") if table == "conversation_day" else ("zone_id", *key))
    _moments()
    op.execute(TICKETS)
    op.execute(TALKS)


def _moments() -> None:
    """What waits to be folded was a day of the desk's; its first moment is on that day."""
    for day, moment in MOMENTS:
        op.add_column("analytics_delta", sa.Column(moment, sa.DateTime(timezone=True), nullable=True))
        op.execute(
            f"update analytics_delta set {moment} = {day}::timestamp at time zone"
            " coalesce((select name from analytics_zone where id = 0), 'UTC')"
        )
        op.drop_column("analytics_delta", day)
    op.alter_column("analytics_delta", "opened_at", nullable=False)


def _key(table: str, columns: tuple[str, ...]) -> None:
    op.drop_constraint(op.f(f"pk_{table}"), table, type_="primary")
    op.create_primary_key(op.f(f"pk_{table}"), table, list(columns))


def downgrade() -> None:
    """Take back."""
    op.execute("delete from conversation_day where zone_id <> 0")
    for table in (*KEYS, "analytics_talk_delta"):
        op.execute(f"delete from {table} where zone_id <> 0")
    for day, moment in MOMENTS:
        op.add_column("analytics_delta", sa.Column(day, sa.Date(), nullable=True))
        op.execute(f"update analytics_delta set {day} = analytics_day({moment})")
        op.drop_column("analytics_delta", moment)
    op.alter_column("analytics_delta", "opened_on", nullable=False)
    op.create_table(
        "analytics_state",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("rebuilt_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id", name=op.f("ck_analytics_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_state")),
    )
    op.execute(
        "insert into analytics_state (time_zone, rebuilt_at) select name, rebuilt_at from analytics_zone where id = 0"
    )
    op.execute(DAY)
    op.execute("drop function analytics_zones()")
    op.drop_table("analytics_zone")
    _functions_as_before()
    op.drop_table("analytics_touched")
    for table, key in KEYS.items():
        _key(table, key)
    for table in (*KEYS, "analytics_talk_delta"):
        op.drop_column(table, "zone_id")


def _functions_as_before() -> None:
    for table, triggers in (*before.TRIGGERS[:3], ("conversation_day", _OF_DAYS)):
        for trigger in triggers:
            if trigger not in _STAY:
                op.execute(f"drop trigger {trigger} on {table}")
    for function in before.FUNCTIONS:
        if function.startswith(_MADE_ANEW):
            op.execute(f"drop function {function}")
    op.execute(before.TICKETS)
    op.execute(before.TALKS)


_OF_DAYS = ("talk_counted", "talk_counted_anew", "talk_uncounted")
_STAY = ("feedback_placed",)
#: What 0009 makes with `TICKETS` and `TALKS`.
_MADE_ANEW = (
    "analytics_tickets_",
    "analytics_person_wrote",
    "analytics_answer_judged",
    "analytics_ticket_filed",
    "analytics_talks_",
    "analytics_talk(",
)
