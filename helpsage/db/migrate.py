"""Bring a database to the schema this version needs, or back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

#: Advisory lock: two programs that start together migrate one after the other.
MIGRATION_LOCK = 4_207_001


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Apply migrations up to `revision`; safe to call from several programs at once."""
    _run(engine, lambda config: command.upgrade(config, revision))


def downgrade(engine: Engine, revision: str) -> None:
    """Take migrations back to `revision` (`base` removes everything)."""
    _run(engine, lambda config: command.downgrade(config, revision))


def current(engine: Engine) -> str | None:
    """The revision the database is at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest() -> str:
    """The revision this version of the program needs."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    if head is None:  # a broken checkout
        raise RuntimeError("no migrations found")
    return head


def _run(engine: Engine, work: Callable[[Config], None]) -> None:
    with engine.connect() as connection:
        # An index on a million rows takes its time, and so does whoever migrates before us.
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        connection.commit()
        try:
            work(_config(connection))
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("select pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
            connection.execute(text("reset statement_timeout"))
            connection.commit()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config
