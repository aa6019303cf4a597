"""The queue's schema in our migration is that of the installed package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session

from helpsage.db import migrate


def test_kept_schema_is_the_installed_ones() -> None:
    """When this fails after an upgrade of procrastinate: write a migration from the package's own."""
    kept = Path(migrate.__file__).parent / "migrations" / "sql" / "procrastinate-3.10.sql"
    installed = (resources.files("procrastinate.sql") / "schema.sql").read_text(encoding="utf-8")
    assert kept.read_text(encoding="utf-8").endswith(installed)


def test_nothing_of_the_queue_lies_among_our_tables(session: Session) -> None:
    asked = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
    ours = "where c.relname like 'procrastinate%' and n.nspname = 'public'"
    assert session.scalar(text(asked + ours)) == 0


def test_queue_works_without_its_schema_in_the_search_path(session: Session) -> None:
    assert session.scalar(text("show search_path")) == '"$user", public'
    session.execute(text("select * from jobs.procrastinate_register_worker_v1()"))
    assert session.scalar(text("select count(*) from jobs.procrastinate_workers")) == 1
