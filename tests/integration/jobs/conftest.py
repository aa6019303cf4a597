"""A worker of the test's own, and an empty queue."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from helpsage.jobs.app import app

T = TypeVar("T")

#: Longer than any of this takes on a busy machine.
PATIENCE_S = 40.0


def eventually(look: Callable[[], T], seconds: float = PATIENCE_S) -> T:
    """What `look` gives as soon as that is something true."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"still {seen!r} after {seconds:.0f} s")
        time.sleep(0.01)


class WorkerProgram:
    """`python -m helpsage.worker` as a process."""

    def __init__(self, *queue: str, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "helpsage.worker", *queue],
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )

    def kill(self) -> None:
        """As the kernel does it when memory runs out."""
        self.process.kill()
        self.process.communicate(timeout=10)

    def stop(self) -> tuple[int, str]:
        """SIGTERM; exit code and what was logged."""
        self.process.send_signal(signal.SIGTERM)
        _, logged = self.process.communicate(timeout=30)
        return self.process.returncode, logged


@pytest.fixture
def queue_database(clean_database: Engine) -> Iterator[Engine]:
    """Empty tables, and no job left from another test."""
    empty = text(
        "truncate jobs.procrastinate_jobs, jobs.procrastinate_workers, jobs.procrastinate_periodic_defers cascade"
    )
    with clean_database.begin() as connection:
        connection.execute(empty)
    yield clean_database
    with clean_database.begin() as connection:
        connection.execute(empty)


@pytest.fixture(autouse=True)
def nothing_periodic(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that runs within a test defers nothing of its own: how many jobs there are is the test's to say."""
    app.perform_import_paths()
    monkeypatch.setattr(app.periodic_registry, "periodic_tasks", {})


@pytest.fixture
def start_worker(queue_database: Engine) -> Iterator[Callable[..., WorkerProgram]]:
    """Start workers; all are gone after the test."""
    started: list[WorkerProgram] = []

    def start(*queue: str, **environment: str) -> WorkerProgram:
        started.append(WorkerProgram(*queue, **environment))
        return started[-1]

    yield start
    for worker in started:
        if worker.process.poll() is None:
            worker.kill()


@pytest.fixture
def new_session(queue_database: Engine) -> Callable[[], Session]:
    """Sessions that commit: `with new_session() as session, session.begin()`."""
    return lambda: Session(queue_database, expire_on_commit=False)
