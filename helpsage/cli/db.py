"""`./sage db`: schema, backup, restore, a prompt."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from helpsage import settings
from helpsage.cli.output import AsJson, print_json
from helpsage.db import embedded, migrate
from helpsage.db.embedded import EmbeddedDatabaseError
from helpsage.db.session import engine

app = typer.Typer(help="Upgrade, back up and restore the database.", no_args_is_help=True)


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Bring the schema to this version."""
    with running():
        migrate.upgrade(engine())
        revision = migrate.current(engine())
    if as_json:
        print_json({"revision": revision})
    else:
        typer.echo(f"The schema is at revision {revision}.")


@app.command()
def backup(
    to: Annotated[Path | None, typer.Argument(help="File to write; var/backups/<time>.dump when not given.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write everything into one file, while the programs run. It is whole or it is not there."""
    target = to or settings.get().var / "backups" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.dump"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with running():
        _run("pg_dump", "--format=custom", "--no-owner", f"--file={partial}", settings.get().libpq_url())
    partial.chmod(0o600)
    partial.replace(target)
    if as_json:
        print_json({"file": str(target), "bytes": target.stat().st_size})
    else:
        typer.echo(f"{target} ({target.stat().st_size / 1e6:.1f} MB)")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replace the database's content by a backup. All or nothing: on an error it stays as it was."""
    if not yes:
        typer.confirm("This replaces everything in the database. Go on?", abort=True)
    with running():
        _run(
            "pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error",
            f"--dbname={settings.get().libpq_url()}", str(file),
        )  # fmt: skip
        migrate.upgrade(engine())
        revision = migrate.current(engine())
    if as_json:
        print_json({"restored": str(file), "revision": revision})
    else:
        typer.echo(f"Restored from {file}; the schema is at revision {revision}.")


@app.command()
def psql() -> None:
    """Open a PostgreSQL prompt."""
    if not settings.get().database_url and not embedded.is_running(settings.get().var):
        raise EmbeddedDatabaseError("the embedded database is not running: ./sage up")
    program = _tool("psql")
    os.execv(program, [program, settings.get().libpq_url()])


@contextlib.contextmanager
def running() -> Iterator[None]:
    """The database is up inside; the embedded one is started for it when it is not."""
    configured = settings.get()
    if configured.database_url or embedded.is_running(configured.var):
        yield
        return
    embedded.start(configured.var)
    try:
        yield
    finally:
        embedded.stop(configured.var)


def _tool(name: str) -> str:
    with contextlib.suppress(EmbeddedDatabaseError):
        if embedded.tool(name).exists():
            return str(embedded.tool(name))
    found = shutil.which(name)
    if found is None:
        raise EmbeddedDatabaseError(f"{name} is not installed")
    return found


def _run(name: str, *arguments: str) -> None:
    finished = subprocess.run([_tool(name), *arguments], capture_output=True, text=True, check=False)
    if finished.returncode != 0:
        raise EmbeddedDatabaseError(f"{name}: {' '.join(finished.stderr.split())[-400:]}")
