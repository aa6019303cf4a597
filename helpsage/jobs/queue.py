"""Putting jobs in, in the transaction of whoever wants them done."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

DEFAULT_QUEUE = "default"

_DEFER = text(
    """
    select jobs.procrastinate_defer_jobs_v1(array[
      row(:queue, :task, 0, :lock, null, cast(:arguments as jsonb), null)::jobs.procrastinate_job_to_defer_v1
    ])
    """
)
_DEPTH = text("select count(*) from jobs.procrastinate_jobs where status in ('todo', 'doing')")


def defer(
    session: Session, task: str, arguments: dict[str, Any], lock: str | None = None, queue: str = DEFAULT_QUEUE
) -> int:
    """Put a job in; the worker hears of it when the transaction commits.

    Parameters:
        task: its registered name.
        arguments: ids and plain values, as JSON.
        lock: jobs with one lock run one after the other, in the order in which they were put in.

    Returns:
        The job's id.
    """
    values = {"queue": queue, "task": task, "lock": lock, "arguments": json.dumps(arguments)}
    ids: list[int] = session.execute(_DEFER, values).scalar_one()
    return ids[0]


def depth(session: Session) -> int:
    """Jobs that wait or run."""
    return int(session.execute(_DEPTH).scalar_one())
