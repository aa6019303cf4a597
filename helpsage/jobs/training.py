"""What the workbench leaves to the worker: it takes a minute, or goes on for days."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from procrastinate import JobContext

from encoder.model import EncoderMissing
from helpsage.jobs.app import app
from helpsage.jobs.queue import LATER_QUEUE
from helpsage.training import attempts, checks, evaluation, library, report, shadow
from helpsage.training.promotions import Who

#: Never two of these at once: each fills a processor.
LOCK = "training.measure"

log = logging.getLogger(__name__)


@app.periodic(cron="*/3 * * * *")
@app.task(
    name="training.shadow",
    queue=LATER_QUEUE,
    lock="training.shadow",
    queueing_lock="training.shadow",
    pass_context=True,
)
def read_along(context: JobContext, timestamp: int) -> None:
    """Every three minutes, while a shadow run goes on: read what was answered since. A failure waits for the next."""
    while shadow.read_along() and not context.should_abort():
        pass


@app.task(name="training.promote", queue=LATER_QUEUE, lock=LOCK)
def promote(model: str, by_name: str, by_id: str, why: str, anyway: bool) -> None:
    """Compare a model with the one in use and put it to work unless it is worse; the page shows the comparison."""
    with _told(f"Putting {model} to work"):
        attempts.promote(library.find(model, None), Who(by_name, UUID(by_id)), why, anyway=anyway, idly=True)


@app.task(name="training.evaluate", queue=LATER_QUEUE, lock=LOCK)
def evaluate(model: str) -> None:
    """Measure a model; the page shows it."""
    with _told(f"Measuring {model}"):
        report.of_evaluation(evaluation.evaluate(library.find(model, None), idly=True))


@app.task(name="training.check", queue=LATER_QUEUE, lock=LOCK)
def check() -> None:
    """Look for what is wrong in `data/`; the page shows it."""
    with _told("Looking through the data"):
        report.of_check(checks.run())


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Who asked waits before a page: it says why nothing came of it. Trying again later would surprise them."""
    try:
        yield
    except (RuntimeError, EncoderMissing, OSError) as error:
        log.warning("%s: %s", what, error)
        report.of_trouble(what, str(error))
