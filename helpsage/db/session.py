"""One way to talk to PostgreSQL: a transaction that commits when its block ends well and rolls back otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from helpsage import settings


@lru_cache(maxsize=8)
def engine_for(url: str) -> Engine:
    """The pool for one database. Connections are tested before use, so that a restarted server is noticed quietly."""
    return create_engine(
        url,
        pool_size=8,
        max_overflow=8,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,  # errors end in logs; what people wrote must not
        connect_args={"connect_timeout": 3, "options": "-c timezone=UTC -c statement_timeout=15000"},
    )


def engine() -> Engine:
    """The pool for the configured database."""
    return engine_for(settings.get().sqlalchemy_url())


@contextmanager
def transaction() -> Iterator[Session]:
    """Open a session whose work is committed as one, or not at all.

    Raises:
        sqlalchemy.exc.OperationalError: the database cannot be reached.
    """
    with Session(engine(), expire_on_commit=False) as session, session.begin():
        yield session
