"""Ways to talk to PostgreSQL: a transaction that commits when its block ends well and rolls back otherwise, and, for
pages that only read, statements without one.
"""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg2
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session

from helpsage import settings

#: Connections that a program keeps. The web program works in as many threads: none of them waits for a connection.
POOL_SIZE = 16
#: Besides: for work that needs a second connection while it holds one.
SPARE = 4
#: Seconds that someone waits for a connection before being told to come again.
POOL_TIMEOUT_S = 5
#: A connection that nobody used for so long is asked whether it lives; a firewall may have forgotten it.
ASKED_AFTER_S = 30.0


@lru_cache(maxsize=8)
def engine_for(url: str) -> Engine:
    """The pool for one database. They are looked at before use, so that a restarted server is noticed quietly."""
    made = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=SPARE,
        pool_timeout=POOL_TIMEOUT_S,
        # Rows of one kind are changed in one way there and back instead of one each. How many there were is not known
        # then: whoever changes many has locked them before.
        executemany_mode="values_plus_batch",
        hide_parameters=True,  # errors end in logs; what people wrote must not
        connect_args={"connect_timeout": 3, "options": "-c timezone=UTC -c statement_timeout=15000"},
    )
    event.listen(made, "checkin", _left)
    event.listen(made, "checkout", _alive)
    return made


def _left(connection: Any, record: Any) -> None:
    record.info["left_at"] = time.monotonic()


def _alive(connection: Any, record: Any, proxy: Any) -> None:
    """Refuse a connection that the server has closed; the pool then makes another one.

    A server that goes says so: an idle connection with something to read is at its end. Asking it with a statement
    would cost each page a way there and back.
    """
    left_at = record.info.get("left_at")
    if left_at is None:
        return  # just made
    if connection.closed or _has_news(connection.fileno()):
        raise DisconnectionError
    if time.monotonic() - left_at > ASKED_AFTER_S:
        try:
            with connection.cursor() as cursor:
                cursor.execute("select 1")
            connection.rollback()
        except psycopg2.Error as error:
            raise DisconnectionError from error


def _has_news(descriptor: int) -> bool:
    # Not `select.select`: that one takes no descriptor above 1,023, and a web program has many browsers connected.
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(0))


def engine() -> Engine:
    """The pool for the configured database."""
    return engine_for(settings.get().sqlalchemy_url())


#: In the `info` of a session whose changes are written together at the end of a block.
TOGETHER = "together"


def write(session: Session) -> None:
    """Write what was changed until now, unless it is written together with more (`clocks.together`)."""
    if TOGETHER not in session.info:
        session.flush()


@contextmanager
def transaction() -> Iterator[Session]:
    """Open a session whose work is committed as one, or not at all.

    Raises:
        sqlalchemy.exc.OperationalError: the database cannot be reached.
    """
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """Open a session to read only: each statement is one way there and back, without BEGIN and COMMIT around them.

    Like in `transaction`, each statement sees what is committed when it begins. Changed objects are never written; a
    statement that writes must not be sent.

    Raises:
        sqlalchemy.exc.OperationalError: the database cannot be reached.
    """
    with engine().connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        # Known to the driver alone; SQLAlchemy's own AUTOCOMMIT tells the server each time, there and back again.
        raw.autocommit = True
        try:
            with Session(connection, expire_on_commit=False, autoflush=False) as session:
                yield session
        finally:
            if not raw.closed:
                raw.autocommit = False
