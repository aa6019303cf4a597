"""When a failed job is tried again, and what is left when it is given up: a dead letter, which a person can replay."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from procrastinate import BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.jobs import Job
from procrastinate.tasks import Task
from procrastinate.worker import Worker
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.db.session import transaction
from helpsage.events.models import DeadLetter
from helpsage.jobs import queue

#: Tries of one job, the first included.
MOST_TRIES = 8
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0


class DeadLetterNotFound(Exception):
    """No dead letter has this number."""


@dataclass(frozen=True)
class Backoff(BaseRetryStrategy):
    """Twice as long each time, from one second, and up to a quarter more by chance: many do not come back at once."""

    #: The first try included.
    most_tries: int = MOST_TRIES
    longest_wait_s: float = LONGEST_WAIT_S

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """None when the job has had its tries."""
        if is_last_try(job, self.most_tries):
            return None
        wait = min(FIRST_WAIT_S * 2**job.attempts, self.longest_wait_s)
        spread = wait * (1 + random.random() / 4)  # noqa: S311 nothing secret
        return RetryDecision(retry_at=clock.now() + timedelta(seconds=spread))


BACKOFF = Backoff()


def is_last_try(job: Job, most_tries: int = MOST_TRIES) -> bool:
    """Whether nothing follows when this try fails."""
    return job.attempts + 1 >= most_tries


def tries_of(task: Task[Any, Any, Any] | None) -> int:
    """How many tries a task's jobs have."""
    strategy = task.retry_strategy if task is not None else None
    return strategy.most_tries if isinstance(strategy, Backoff) else MOST_TRIES


def keep_dead_letters(call_next: Callable[[], Any], context: JobContext, _worker: Worker) -> Any:
    """Middleware of every task: what fails for the last time is written down before the queue forgets it."""
    try:
        return call_next()
    except Exception as error:
        if is_last_try(context.job, tries_of(context.task)):
            give_up(context.job, described(error))
        raise


def give_up(job: Job, error: str) -> None:
    """Write a dead letter, once per job, in a transaction of its own."""
    with transaction() as session:
        session.execute(
            insert(DeadLetter)
            .values(
                job_id=job.id,
                task=job.task_name,
                lock=job.lock,
                arguments=dict(job.task_kwargs),
                attempts=job.attempts + 1,
                error=error,
                failed_at=clock.now(),
            )
            .on_conflict_do_nothing(index_elements=[DeadLetter.job_id])
        )


def described(error: BaseException) -> str:
    """Type and place of an error. Its message is left out: it may quote what people wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "helpsage" in frame.filename] or frames
    place = f" in {ours[-1].name}, line {ours[-1].lineno}" if ours else ""
    return f"{type(error).__module__}.{type(error).__qualname__}{place}"


def waiting_letters(session: Session, limit: int = 100) -> list[DeadLetter]:
    """What was given up and not replayed, the newest first."""
    asked = select(DeadLetter).where(DeadLetter.replayed_at.is_(None)).order_by(DeadLetter.id.desc()).limit(limit)
    return list(session.scalars(asked))


def replay(session: Session, dead_letter_id: int) -> DeadLetter:
    """Put a given-up job in again, with all its tries; a letter that was replayed already stays as it is.

    Raises:
        DeadLetterNotFound
    """
    letter = session.get(DeadLetter, dead_letter_id, with_for_update=True)
    if letter is None:
        raise DeadLetterNotFound(str(dead_letter_id))
    if letter.replayed_at is None:
        queue.defer(session, letter.task, letter.arguments, letter.lock)
        letter.replayed_at = clock.now()
    return letter
