"""What every test may ask for: a real PostgreSQL, one for the whole run, with a migrated database per test worker."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
import pytest
from psycopg2.errors import DeadlockDetected
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from xdist.scheduler import LoadScopeScheduling

from helpsage import settings
from helpsage.db import embedded, migrate
from helpsage.db.session import engine_for
from helpsage.db.tables import metadata
from helpsage.people import passwords

if TYPE_CHECKING:
    from tests.stack import Stack

#: The server's address, handed from the controlling process to its workers.
SERVER_VARIABLE = "HELPSAGE_TEST_SERVER"
EMPTYING_ATTEMPTS = 5
#: Bytes from which on a table gets new files.
LARGE = 1_000_000
SIZES = """
    select '"' || relname || '"', pg_relation_size(oid) from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relpages > 100
"""
JOB_TABLES = ("jobs.procrastinate_events", "jobs.procrastinate_periodic_defers", "jobs.procrastinate_jobs")
#: Tests below these folders share running programs: one worker gets all of a name.
SHARED = {
    "tests/browser": "live",
    "tests/conversations": "live",
    "tests/faults": "faults",
    "tests/channels": "channels",
    "tests/integration/assistant": "channels",
}


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process starts the database server, before any worker."""
    # Logging in costs a tenth of a second by intent, which thousands of tests need not pay.
    passwords.recommended = lambda: PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    if hasattr(config, "workerinput") or os.environ.get(SERVER_VARIABLE) or config.option.collectonly:
        return
    var = Path(tempfile.mkdtemp(prefix="helpsage-test-"))
    var.chmod(0o711)
    os.environ[SERVER_VARIABLE] = embedded.start(var)
    config.add_cleanup(lambda: _stop_server(var))
    _forget_after_crashes(os.environ[SERVER_VARIABLE])


def _forget_after_crashes(server: str) -> None:
    """Nothing here outlives the run: waiting for the disk would only cost time, most of all when the server stops."""
    admin = psycopg2.connect(server)
    admin.autocommit = True
    try:
        with admin.cursor() as cursor:
            cursor.execute("alter system set fsync = off")
            cursor.execute("select pg_reload_conf()")
    finally:
        admin.close()


def _stop_server(var: Path) -> None:
    del os.environ[SERVER_VARIABLE]
    embedded.stop(var)
    shutil.rmtree(var)


def fresh_database(name: str) -> str:
    """Make an empty, migrated database on the test server, dropping one of the same name; returns its libpq address."""
    server = os.environ[SERVER_VARIABLE]
    admin = psycopg2.connect(server)
    admin.autocommit = True
    try:
        with admin.cursor() as cursor:
            cursor.execute(f'drop database if exists "{name}" with (force)')
            cursor.execute(f'create database "{name}"')
    finally:
        admin.close()
    url = server.replace(f"/{embedded.DATABASE}?", f"/{name}?")
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    migrate.upgrade(engine)
    engine.dispose()
    return url


class Together(LoadScopeScheduling):
    """Hands out tests by module, and in one piece those that share something costly."""

    def _split_scope(self, nodeid: str) -> str:
        return next((name for folder, name in SHARED.items() if nodeid.startswith(folder)), nodeid.split("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Together:
    """Which worker gets which tests. (The `loadgroup` of pytest-xdist 3.8 has no effect under pytest 9.2.)"""
    return Together(config, log)


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The four programs, running, on a database of their own; one set for the whole session."""
    from tests.stack import Stack  # only tests that need the programs pay for importing them

    stack = Stack(tmp_path_factory.mktemp("live"), fresh_database("live"))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The four programs and a PostgreSQL server that nobody else uses: to be killed, stopped and started."""
    from tests.stack import Stack

    stack = Stack(tmp_path_factory.mktemp("own"), None)
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="session")
def database_url(worker_id: str) -> str:
    """A migrated database of this test worker; the settings point to it."""
    url = fresh_database(f"test_{worker_id}")
    os.environ["DATABASE_URL"] = url
    settings.get.cache_clear()
    return url


@pytest.fixture
def engine(database_url: str) -> Engine:
    """The pool that the code under test uses."""
    return engine_for(settings.get().sqlalchemy_url())


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """A session whose work is rolled back after the test, commits included."""
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


@pytest.fixture
def clean_database(engine: Engine) -> Iterator[Engine]:
    """For tests that commit, or that look from several connections: every table is emptied before and after."""
    _empty(engine)
    yield engine
    _empty(engine)


def _empty(engine: Engine) -> None:
    """Delete what has rows. Truncating would give each table new files, which costs many times more than a few rows;
    what has many, or had them, is truncated all the same.

    Numbers go on: programs that run through several tests know the newest event by its number.
    """
    tables = [*(f'"{table.name}"' for table in metadata.sorted_tables), *JOB_TABLES]
    questions = " union all ".join(f"select '{name}' where exists (select 1 from {name})" for name in tables)
    for attempt in range(EMPTYING_ATTEMPTS):
        try:
            with engine.begin() as connection:
                names = [name for (name,) in connection.execute(text(questions))]
                sizes = dict(connection.execute(text(SIZES)).all())
                if names:
                    # What refers to what does not matter when everything goes; triggers have nothing to say to it.
                    everything = "; ".join(f"delete from {name}" for name in names)
                    connection.execute(text(f"set local session_replication_role = replica; {everything}"))
                large = [name for name in tables if sizes.get(name, 0) > LARGE]
                if large:
                    connection.execute(text(f"truncate {', '.join(large)} cascade"))
            return
        except OperationalError as error:
            # A page that was open until now may still be writing, in another order; PostgreSQL ends one of the two.
            if not isinstance(error.orig, DeadlockDetected) or attempt == EMPTYING_ATTEMPTS - 1:
                raise
