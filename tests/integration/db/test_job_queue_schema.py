"""The job queue lives in a schema of its own and is reachable from everywhere."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.orm import Session

from helpsage.db import migrate


def test_migration_was_written_for_the_installed_queue() -> None:
    """When this fails after an upgrade of procrastinate: write a migration with the package's own steps."""
    assert version("procrastinate").startswith(jobs_migration().WRITTEN_FOR)


def jobs_migration() -> ModuleType:
    return ScriptDirectory(str(Path(migrate.__file__).parent / "migrations")).get_revision("0002").module


def test_nothing_of_the_queue_lies_among_our_tables(session: Session) -> None:
    asked = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    ours = "where c.relname like 'procrastinate%' and n.nspname = 'public'"
    assert session.scalar(text(asked + ours)) == 0


def test_queue_works_without_its_schema_in_the_search_path(session: Session) -> None:
    assert session.scalar(text("show search_path")) == '"$user", public'
    session.execute(text("select * from jobs.procrastinate_register_worker_v1()"))
    assert session.scalar(text("select count(*) from jobs.procrastinate_workers")) == 1
