"""Putting jobs in, in the transaction of whoever wants them done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

DEFAULT_QUEUE = "default"
#: Reading new tickets and sending them where they belong.
READING_QUEUE = "reading"
#: What may wait while there is anything else to do; a program of its own does it, at a lower priority of the machine.
LATER_QUEUE = "later"
#: All there are.
QUEUES = (DEFAULT_QUEUE, READING_QUEUE, LATER_QUEUE)

_DEFER = text(
    """
    select jobs.procrastinate_defer_jobs_v1(array(
      select row(queue, task, priority, lock, null, arguments, at)::jobs.procrastinate_job_to_defer_v1
      from rows from (jsonb_to_recordset(cast(:jobs as jsonb)) as (
        queue text, task text, priority integer, lock text, arguments jsonb, at timestamptz
      )) with ordinality as given (queue, task, priority, lock, arguments, at, place)
      order by place
    ))
    """
)
_DEPTH = text("select count(*) from jobs.procrastinate_jobs where status in ('todo', 'doing')")


@dataclass(frozen=True)
class Job:
    """Something to be done.

    Attributes:
        task: its registered name.
        arguments: ids and plain values, as JSON.
        lock: jobs with one lock run one after the other, in the order in which they were put in.
        queue: one of QUEUES.
        at: not before this moment; None: as soon as possible.
        priority: the higher, the sooner.
    """

    task: str
    arguments: dict[str, Any]
    lock: str | None = None
    queue: str = DEFAULT_QUEUE
    at: datetime | None = None
    priority: int = 0


def defer_all(session: Session, jobs: Sequence[Job]) -> list[int]:
    """Put jobs in, there and back once; the worker hears of them when the transaction commits.

    Returns:
        Their ids, in the same order.
    """
    if not jobs:
        return []
    rows = [asdict(job) | {"at": job.at.isoformat() if job.at is not None else None} for job in jobs]
    ids: list[int] = session.execute(_DEFER, {"jobs": json.dumps(rows)}).scalar_one()
    return ids


def defer(
    session: Session,
    task: str,
    arguments: dict[str, Any],
    lock: str | None = None,
    queue: str = DEFAULT_QUEUE,
    at: datetime | None = None,
) -> int:
    """Put one job in; returns its id."""
    return defer_all(session, [Job(task, arguments, lock, queue, at)])[0]


def depth(session: Session) -> int:
    """Jobs that wait or run."""
    return int(session.execute(_DEPTH).scalar_one())
