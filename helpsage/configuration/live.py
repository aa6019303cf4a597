"""Documents as this process knows them: read once, kept in memory, renewed when the database announces a change.

A reader never waits: it gets what was last read and understood. A thread listens to PostgreSQL's `configuration`
channel (a trigger speaks there) and reads again; without a database the files in `config/` count, and while it is away,
what was read last.
"""

from __future__ import annotations

import contextlib
import logging
import select
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import psycopg2
import yaml
from psycopg2.extensions import ISOLATION_LEVEL_AUTOCOMMIT

from helpsage import settings

log = logging.getLogger(__name__)

Parsed = TypeVar("Parsed")

#: How the listening connection is called in `pg_stat_activity`.
APPLICATION = "helpsage configuration"
RETRY_S = 2.0
#: A connection that broke without a word is noticed after this time.
CHECK_S = 30.0
CONNECT_WITHIN_S = 3

_READ = "select content, version from configuration where name = %s"


class Live(Generic[Parsed]):
    """One document, ready to be used.

    Attributes:
        name: under which it is kept in the database.
        file: what counts while nobody has changed it.
    """

    def __init__(self, name: str, file: Path, parse: Callable[[Any], Parsed]) -> None:
        """
        Args:
            parse: Checks the content and makes of it what readers use; raises ValueError for what cannot be used.
        """
        self.name = name
        self.file = file
        self._parse = parse
        self._kept: tuple[int, Parsed] | None = None
        self._lock = threading.Lock()

    def get(self) -> Parsed:
        """The document as it is now.

        Raises:
            ValueError: the file in `config/` cannot be used, and nothing better is known.
        """
        kept = self._kept
        if kept is None:
            with self._lock:
                kept = self._kept or self._first()
        return kept[1]

    @property
    def is_read(self) -> bool:
        """Whether the database has said what counts. Until then it is the file, which may say less."""
        self.get()
        return self._kept is not None and self._kept[0] >= 0

    def renew(self, connection: Any) -> None:
        """Read it again, if it has changed; one that cannot be understood leaves the last good one in place."""
        with connection.cursor() as cursor:
            cursor.execute(_READ, (self.name,))
            row = cursor.fetchone()
        content, version = row if row is not None else (None, 0)
        if self._kept is not None and self._kept[0] == version:
            return
        try:
            self._kept = version, self._parse(content if row is not None else seed(self.file))
        except ValueError as error:
            log.error("the kept %s cannot be used: %s", self.name, error)

    def _first(self) -> tuple[int, Parsed]:
        _WATCHER.follow(self)
        if self._kept is None:
            # Version -1 equals none in the database: it is read as soon as that is there.
            self._kept = -1, self._parse(seed(self.file))
        return self._kept


def seed(file: Path) -> Any:
    """The content of a file in `config/`.

    Raises:
        ValueError: it is not there or no YAML.
    """
    try:
        return yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"{file.name}: {error}") from error


class _Watcher:
    """The thread that listens, for all documents of this process."""

    def __init__(self) -> None:
        self._documents: list[Live[Any]] = []
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def follow(self, document: Live[Any]) -> None:
        """Read a document now, if the database answers, and keep it up to date from now on."""
        with self._lock:
            if document not in self._documents:
                self._documents.append(document)
            with contextlib.suppress(psycopg2.Error, RuntimeError), _connected() as connection:
                document.renew(connection)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch_forever, name=APPLICATION, daemon=True)
                self._thread.start()

    def _watch_forever(self) -> None:
        while True:
            try:
                with _connected() as connection:
                    self._watch(connection)
            except (psycopg2.Error, RuntimeError, OSError) as error:
                log.debug("configuration waits for the database: %s", type(error).__name__)
            except Exception:
                log.exception("configuration is not renewed")
            time.sleep(RETRY_S)

    def _watch(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("listen configuration")
        while True:
            connection.notifies.clear()
            for document in tuple(self._documents):
                document.renew(connection)
            if not connection.notifies:
                select.select([connection], [], [], CHECK_S)
                connection.poll()


@contextlib.contextmanager
def _connected() -> Any:
    connection = psycopg2.connect(
        settings.get().libpq_url(), connect_timeout=CONNECT_WITHIN_S, application_name=APPLICATION
    )
    try:
        connection.set_isolation_level(ISOLATION_LEVEL_AUTOCOMMIT)
        yield connection
    finally:
        connection.close()


_WATCHER = _Watcher()
