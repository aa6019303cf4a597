"""Figures for analytics"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# In which zone a day begins; without a row: UTC. `helpsage.analytics.upkeep` writes it when the setting changes.
DAY = """
create function analytics_day(at timestamptz) returns date language sql stable parallel safe as $$
  select (at at time zone coalesce((select time_zone from analytics_state), 'UTC'))::date
$$;
"""

# Bucket i holds durations above 1.04^(i-1) and up to 1.04^i seconds. Its middle is never more than 2 % off.
BUCKET = """
create function analytics_bucket(seconds bigint) returns smallint language sql immutable strict parallel safe as $$
  select case
    when seconds <= 1 then 0
    else ceil(ln(seconds::double precision) / ln(1.04::double precision))
  end::smallint
$$;
"""

# A histogram is an array of bucket * 2^32 + count + 2^31 (a count can be negative on its way), without empty buckets.
SPREAD = """
create function analytics_spread_add(kept bigint[], more bigint[]) returns bigint[]
language sql immutable parallel safe as $$
  select coalesce(array_agg((bucket << 32) + n + 2147483648 order by bucket), '{}')
  from (
    select packed >> 32 as bucket, sum((packed & 4294967295) - 2147483648)::bigint as n
    from unnest(kept || more) packed
    group by 1
  ) summed
  where n <> 0
$$;
"""

# What a ticket adds to the figures. A merged one counts as the ticket in which it goes on.
FACTS = """
  select {sign}, t.department_id, t.team_id, t.category, t.channel, t.priority, t.assignee_id,
         analytics_day(t.created_at),
         analytics_day(t.first_response_at),
         greatest(0, extract(epoch from t.first_response_at - t.created_at))::bigint,
         analytics_day(t.resolved_at),
         greatest(0, extract(epoch from t.resolved_at - t.created_at))::bigint,
         t.rating
  from {rows} t
  where t.merged_into_id is null
"""
COLUMNS = (
    "sign, department_id, team_id, category, channel, priority, assignee_id, "
    "opened_on, answered_on, answer_s, done_on, solve_s, rating"
)
# A change of a ticket is a row added, what it was taken away and what it is added: no writer waits for another.
TICKETS = f"""
create function analytics_tickets_added() returns trigger language plpgsql as $$
begin
  insert into analytics_delta ({COLUMNS}) {FACTS.format(sign=1, rows="added")};
  return null;
end $$;
create trigger ticket_counted after insert on ticket
  referencing new table as added for each statement execute function analytics_tickets_added();

create function analytics_tickets_changed() returns trigger language plpgsql as $$
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
create trigger ticket_counted_anew after update on ticket
  referencing old table as were new table as are for each statement execute function analytics_tickets_changed();

create function analytics_tickets_gone() returns trigger language plpgsql as $$
begin
  insert into analytics_delta ({COLUMNS}) {FACTS.format(sign=-1, rows="gone")};
  return null;
end $$;
create trigger ticket_uncounted after delete on ticket
  referencing old table as gone for each statement execute function analytics_tickets_gone();
"""

# A conversation on one day, and what came of it. The person's first words of the day make the row.
TALKS = """
create function analytics_talk(of_conversation uuid, on_day date, more_helped int, more_not int, more_filed int,
                               more_open int)
returns void language sql as $$
  insert into conversation_day as d (conversation_id, day, department_id, channel, helped, not_helped, filed, left_open)
  select c.id, on_day, c.department_id, c.channel,
         greatest(more_helped, 0), greatest(more_not, 0), greatest(more_filed, 0), greatest(more_open, 0)
  from conversation c where c.id = of_conversation
  on conflict (conversation_id, day) do update
     set helped = d.helped + more_helped, not_helped = d.not_helped + more_not, filed = d.filed + more_filed,
         left_open = greatest(0, d.left_open + more_open)
   where (more_helped, more_not, more_filed, more_open) <> (0, 0, 0, 0)
$$;

create function analytics_person_wrote() returns trigger language plpgsql as $$
begin
  perform analytics_talk(new.conversation_id, analytics_day(new.created_at), 0, 0, 0, 0);
  return null;
end $$;
create trigger message_counted after insert on message
  for each row when (new.author = 'person') execute function analytics_person_wrote();

create function analytics_answer_judged() returns trigger language plpgsql as $$
begin
  perform analytics_talk(new.conversation_id, analytics_day(new.at), new.helped::int, (not new.helped)::int, 0, 0);
  return null;
end $$;
create trigger feedback_counted after insert on answer_feedback
  for each row execute function analytics_answer_judged();

create function analytics_ticket_filed() returns trigger language plpgsql as $$
begin
  perform analytics_talk(new.conversation_id, analytics_day(new.created_at), 0, 0, 1, 0);
  return null;
end $$;
create trigger ticket_filed_counted after insert on ticket
  for each row when (new.conversation_id is not null) execute function analytics_ticket_filed();

create function analytics_talks_added() returns trigger language plpgsql as $$
begin
  insert into analytics_talk_delta (day, department_id, channel, outcome, talks)
  select day, department_id, channel, outcome, count(*) from added group by 1, 2, 3, 4;
  return null;
end $$;
create trigger talk_counted after insert on conversation_day
  referencing new table as added for each statement execute function analytics_talks_added();

create function analytics_talks_changed() returns trigger language plpgsql as $$
begin
  insert into analytics_talk_delta (day, department_id, channel, outcome, talks)
  select day, department_id, channel, outcome, sum(n)
  from (select *, -1 as n from were union all select *, 1 from are) rows
  group by 1, 2, 3, 4 having sum(n) <> 0;
  return null;
end $$;
create trigger talk_counted_anew after update on conversation_day
  referencing old table as were new table as are for each statement execute function analytics_talks_changed();

create function analytics_talks_gone() returns trigger language plpgsql as $$
begin
  insert into analytics_talk_delta (day, department_id, channel, outcome, talks)
  select day, department_id, channel, outcome, -count(*) from gone group by 1, 2, 3, 4;
  return null;
end $$;
create trigger talk_uncounted after delete on conversation_day
  referencing old table as gone for each statement execute function analytics_talks_gone();
"""

# The assistant keeps the form's draft in a slot: which question is open is in there, turn by turn, and is noted in the
# transaction of the turn. The dialogue's own state is forgotten after some weeks; this row stays with the conversation.
REPORTS = """
create function analytics_draft_changed() returns trigger language plpgsql as $$
declare
  draft constant jsonb := nullif(new.data -> 'value', 'null');
  at constant timestamptz := coalesce(to_timestamp((new.data ->> 'timestamp')::double precision), now());
  conversation constant uuid := (select id from conversation where sender_id = new.sender_id);
begin
  if conversation is null then
    return null;
  elsif new.data ->> 'name' = 'filed' then
    update report_attempt set outcome = 'sent', last_at = at where form = draft ->> 'form';
  elsif draft is null then
    update report_attempt set outcome = 'cancelled', last_at = at
     where conversation_id = conversation and outcome is null;
  elsif draft ->> 'form' is not null then
    insert into report_attempt as r (form, conversation_id, category, asked, begun_at, last_at)
    values (draft ->> 'form', conversation, draft ->> 'category', draft ->> 'asked', at, at)
    on conflict (form) do update
       set category = excluded.category, asked = coalesce(excluded.asked, r.asked), last_at = excluded.last_at
     where r.outcome is null;
  end if;
  return null;
end $$;
create trigger draft_followed after insert on tracker_event
  for each row when (new.data ->> 'event' = 'slot' and new.data ->> 'name' in ('ticket_draft', 'filed'))
  execute function analytics_draft_changed();

create function analytics_attempt_changed() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform analytics_talk(new.conversation_id, analytics_day(new.begun_at), 0, 0, 0, (new.outcome is null)::int);
  elsif (old.outcome is null) <> (new.outcome is null) then
    perform analytics_talk(new.conversation_id, analytics_day(new.begun_at), 0, 0, 0,
                           (new.outcome is null)::int - (old.outcome is null)::int);
  end if;
  return null;
end $$;
create trigger attempt_counted after insert or update of outcome on report_attempt
  for each row execute function analytics_attempt_changed();
"""

# Whose conversation it was stands beside what is counted: a year of a million conversations need not be asked.
DEPARTMENTS = """
create function analytics_department() returns trigger language plpgsql as $$
begin
  new.department_id := (select department_id from conversation where id = new.conversation_id);
  return new;
end $$;
create trigger feedback_placed before insert on answer_feedback
  for each row execute function analytics_department();
create trigger attempt_placed before insert on report_attempt
  for each row execute function analytics_department();
update answer_feedback f set department_id = c.department_id from conversation c
 where c.id = f.conversation_id and c.department_id is not null;
"""

TRIGGERS = (
    ("ticket", ("ticket_counted", "ticket_counted_anew", "ticket_uncounted", "ticket_filed_counted")),
    ("message", ("message_counted",)),
    ("answer_feedback", ("feedback_counted", "feedback_placed")),
    ("tracker_event", ("draft_followed",)),
)
FUNCTIONS = (
    "analytics_tickets_added()",
    "analytics_tickets_changed()",
    "analytics_tickets_gone()",
    "analytics_person_wrote()",
    "analytics_answer_judged()",
    "analytics_ticket_filed()",
    "analytics_talks_added()",
    "analytics_talks_changed()",
    "analytics_talks_gone()",
    "analytics_draft_changed()",
    "analytics_attempt_changed()",
    "analytics_department()",
    "analytics_talk(uuid, date, int, int, int, int)",
    "analytics_spread_add(bigint[], bigint[])",
    "analytics_bucket(bigint)",
    "analytics_day(timestamptz)",
)
NOBODY = sa.text("'00000000-0000-0000-0000-000000000000'::uuid")
UNFINISHED = "resolved_at is null and merged_into_id is null"


def upgrade() -> None:
    """Apply."""
    _tables()
    op.add_column("answer_feedback", sa.Column("department_id", sa.Uuid(), nullable=True))
    for statements in (DAY, BUCKET, SPREAD, TICKETS, TALKS, REPORTS, DEPARTMENTS):
        op.execute(statements)
    op.create_index(
        "ix_ticket_unfinished",
        "ticket",
        ["priority", "created_at"],
        postgresql_include=["department_id", "team_id", "category", "channel", "assignee_id", "status"],
        postgresql_where=sa.text(UNFINISHED),
    )
    op.create_index("ix_ticket_created_at_id", "ticket", ["created_at", "id"])
    op.create_index("ix_ticket_first_response_at_id", "ticket", ["first_response_at", "id"])
    op.create_index("ix_ticket_resolved_at_id", "ticket", ["resolved_at", "id"])
    op.create_index(
        "ix_answer_feedback_at", "answer_feedback", ["at"], postgresql_include=["answer", "helped", "department_id"]
    )


def _tables() -> None:
    op.create_table(
        "analytics_state",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("rebuilt_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id", name=op.f("ck_analytics_state_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_state")),
    )
    op.create_table(
        "analytics_delta",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sign", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("answer_s", sa.BigInteger(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("solve_s", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_delta")),
    )
    op.create_table(
        "analytics_count",
        *_key(),
        *(
            sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)
            for name in ("opened", "answered", "answer_s", "done", "solve_s", "rated", "rating_sum", "satisfied")
        ),
        sa.PrimaryKeyConstraint("dimension", "day", "department_id", "value", name=op.f("pk_analytics_count")),
    )
    op.create_table(
        "analytics_spread",
        sa.Column("grain", sa.String(), nullable=False),
        *_key(),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("spread", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.PrimaryKeyConstraint(
            "dimension", "measure", "grain", "day", "department_id", "value", name=op.f("pk_analytics_spread")
        ),
    )
    _talk_tables()


def _talk_tables() -> None:
    op.create_table(
        "conversation_day",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in ("helped", "not_helped", "filed", "left_open")
        ),
        sa.Column(
            "outcome",
            sa.String(),
            sa.Computed(
                "case when filed > 0 then 'ticket' when left_open > 0 then 'left' when helped > 0 then 'helped'"
                " when not_helped > 0 then 'not_helped' else 'other' end",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_conversation_day_conversation_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "day", name=op.f("pk_conversation_day")),
    )
    op.create_table(
        "analytics_talk_delta",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("talks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analytics_talk_delta")),
    )
    op.create_table(
        "analytics_talk",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("department_id", sa.Uuid(), server_default=NOBODY, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("talks", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "department_id", "channel", "outcome", name=op.f("pk_analytics_talk")),
    )
    op.create_table(
        "report_attempt",
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("asked", sa.String(), nullable=True),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("department_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("outcome in ('sent','cancelled')", name=op.f("ck_report_attempt_outcome")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_report_attempt_conversation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("form", name=op.f("pk_report_attempt")),
    )
    op.create_index(op.f("ix_report_attempt_conversation_id"), "report_attempt", ["conversation_id"])
    op.create_index(
        "ix_report_attempt_left",
        "report_attempt",
        ["begun_at"],
        postgresql_include=["asked", "category", "conversation_id", "department_id"],
        postgresql_where=sa.text("outcome is null"),
    )


def _key() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("department_id", sa.Uuid(), server_default=NOBODY, nullable=False),
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_answer_feedback_at", table_name="answer_feedback")
    for name in ("resolved_at_id", "first_response_at_id", "created_at_id", "unfinished"):
        op.drop_index(f"ix_ticket_{name}", table_name="ticket")
    for table, triggers in TRIGGERS:
        for trigger in triggers:
            op.execute(f"drop trigger {trigger} on {table}")
    op.drop_column("answer_feedback", "department_id")
    for table in ("report_attempt", "conversation_day", "analytics_talk", "analytics_talk_delta"):
        op.drop_table(table)
    for function in FUNCTIONS:
        op.execute(f"drop function {function}")
    for table in ("analytics_spread", "analytics_count", "analytics_delta", "analytics_state"):
        op.drop_table(table)
