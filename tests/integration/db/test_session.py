"""Connections are kept, looked at before use, and need no transaction to read."""

from __future__ import annotations

import psycopg2
from sqlalchemy import Engine, text

from helpsage import settings
from helpsage.db.session import reading, transaction
from helpsage.people.models import Person

OWN = text("select pg_backend_pid()")


def test_a_connection_that_the_server_closed_is_replaced_quietly(engine: Engine) -> None:
    with transaction() as session:
        kept = session.scalar(OWN)
    other = psycopg2.connect(settings.get().libpq_url())
    with other.cursor() as cursor:
        # Waits until it is gone.
        cursor.execute("select pg_terminate_backend(%s, 5000)", (kept,))
        assert cursor.fetchone() == (True,)
    other.close()
    with reading() as reader:
        assert reader.scalar(OWN) != kept


def test_what_is_read_needs_no_transaction(engine: Engine) -> None:
    with reading() as reader:
        raw = reader.connection().connection.dbapi_connection
        reader.execute(text("select 1"))
        assert raw is not None
        assert raw.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_IDLE
    with transaction() as session:
        again = session.connection().connection.dbapi_connection
        session.execute(text("select 1"))
        assert again is not None
        assert again.info.transaction_status == psycopg2.extensions.TRANSACTION_STATUS_INTRANS


def test_objects_that_were_changed_while_reading_are_not_written(clean_database: Engine) -> None:
    with transaction() as session:
        session.add(Person(name="Asha"))
    with reading() as reader:
        reader.query(Person).one().name = "Somebody else"
        assert reader.query(Person).count() == 1
    with reading() as reader:
        assert reader.query(Person).one().name == "Asha"
