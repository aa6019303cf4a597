"""The migrations build exactly the schema that the models describe, and can be taken back."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from helpsage.db import migrate
from helpsage.db.tables import metadata
from tests.conftest import fresh_database


@pytest.fixture
def own_engine(worker_id: str) -> Engine:
    url = fresh_database(f"migrations_{worker_id}")
    return create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))


def test_schema_is_what_the_models_say(own_engine: Engine) -> None:
    with own_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_down_to_nothing_and_up_again(own_engine: Engine) -> None:
    before = set(inspect(own_engine).get_table_names())
    migrate.downgrade(own_engine, "base")
    assert set(inspect(own_engine).get_table_names()) <= {"alembic_version"}
    migrate.upgrade(own_engine)
    assert set(inspect(own_engine).get_table_names()) == before
    assert migrate.current(own_engine) == migrate.newest()


def test_two_programs_migrate_at_once(own_engine: Engine) -> None:
    migrate.downgrade(own_engine, "base")
    code = "from helpsage.db import migrate, session; migrate.upgrade(session.engine())"
    environment = {**os.environ, "DATABASE_URL": own_engine.url.render_as_string(hide_password=False)}
    starters = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(2)]
    assert [starter.wait(60) for starter in starters] == [0, 0]
    assert migrate.current(own_engine) == migrate.newest()


_WAITS_LONG = """
    select exists (select from pg_stat_activity where datname = current_database() and wait_event = 'advisory'
                   and now() - query_start > interval '600 milliseconds')
"""


def test_the_time_limit_of_ordinary_statements_is_not_that_of_migrations(own_engine: Engine) -> None:
    hasty = create_engine(own_engine.url, connect_args={"options": "-c statement_timeout=500"}, pool_size=1)
    with own_engine.connect() as holder, ThreadPoolExecutor(1) as pool:
        holder.execute(text("select pg_advisory_lock(:key)"), {"key": migrate.MIGRATION_LOCK})
        holder.commit()
        upgraded = pool.submit(migrate.upgrade, hasty)
        while not upgraded.done() and not holder.scalar(text(_WAITS_LONG)):
            holder.rollback()
        holder.execute(text("select pg_advisory_unlock(:key)"), {"key": migrate.MIGRATION_LOCK})
        upgraded.result(60)
    with hasty.connect() as connection:  # the same one, out of the pool
        assert connection.scalar(text("show statement_timeout")) == "500ms"
