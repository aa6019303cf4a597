"""Jobs in a schema of their own; search and paging of tickets"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The queue's tables as the installed package (pinned) carries them. When the pin moves to a release with changes to its
# schema, this migration must stay at the release it was written for: add one with the package's own steps from there.
WRITTEN_FOR = "3.10."

# The queue's functions name their tables without a schema. With a search path of their own they work for every caller:
# a program that writes a ticket and a job in one transaction need not know where jobs live.
PIN_SEARCH_PATH = """
do $$
declare
  each record;
begin
  for each in
    select p.oid::regprocedure as signature from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'jobs'
  loop
    execute format('alter function %s set search_path = jobs, pg_catalog, pg_temp', each.signature);
  end loop;
end $$;
"""

# A job that ends may let the next one with its lock go: workers hear of it as of a new job, and do not wait for a poll.
ANNOUNCE_FREED_LOCKS = """
create function jobs.announce_freed_lock() returns trigger language plpgsql set search_path = jobs, pg_catalog as $$
begin
  if exists (select 1 from procrastinate_jobs where lock = old.lock and status = 'todo') then
    perform pg_notify('procrastinate_any_queue_v1', json_build_object('type', 'job_inserted', 'job_id', old.id)::text);
  end if;
  return null;
end $$;
create trigger lock_freed after update of status or delete on jobs.procrastinate_jobs
  for each row when (old.status = 'doing' and old.lock is not null) execute function jobs.announce_freed_lock();
"""

# Every fetch asks for each lock whether another job holds it; the package's own index begins with the id.
FIND_BY_LOCK = """
create index procrastinate_jobs_by_lock on jobs.procrastinate_jobs (lock) where status in ('todo', 'doing')
"""


def upgrade() -> None:
    """Apply."""
    connection = op.get_bind()
    before = connection.scalar(sa.text("show search_path"))
    op.execute("create schema jobs")
    op.execute("set local search_path = jobs, pg_catalog")
    connection.exec_driver_sql(SchemaManager.get_schema(), execution_options={"no_parameters": True})
    connection.execute(sa.text("select set_config('search_path', :path, true)"), {"path": before})
    op.execute(PIN_SEARCH_PATH)
    op.execute(ANNOUNCE_FREED_LOCKS)
    op.execute(FIND_BY_LOCK)
    op.add_column("dead_letter", sa.Column("job_id", sa.BigInteger(), nullable=True))
    op.add_column("dead_letter", sa.Column("lock", sa.String(), nullable=True))
    op.add_column("dead_letter", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False))
    op.create_unique_constraint(op.f("uq_dead_letter_job_id"), "dead_letter", ["job_id"])
    op.create_index("ix_ticket_priority_status", "ticket", ["priority", "status"])
    op.create_index(
        "ix_ticket_search",
        "ticket",
        [sa.text("to_tsvector('simple', subject || ' ' || description)")],
        postgresql_using="gin",
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ix_ticket_search", table_name="ticket")
    op.drop_index("ix_ticket_priority_status", table_name="ticket")
    op.drop_constraint(op.f("uq_dead_letter_job_id"), "dead_letter")
    op.drop_column("dead_letter", "attempts")
    op.drop_column("dead_letter", "lock")
    op.drop_column("dead_letter", "job_id")
    op.execute("drop schema jobs cascade")
