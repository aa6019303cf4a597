"""Learning in the worker: looking for what was misunderstood, and for questions that nothing answers."""

from __future__ import annotations

import logging
from collections.abc import Callable

from procrastinate import JobContext

from encoder.model import EncoderMissing
from helpsage.db.session import transaction
from helpsage.jobs.app import app
from helpsage.jobs.queue import LATER_QUEUE
from helpsage.jobs.retries import BACKOFF
from helpsage.training import finding, gaps, review, taught
from helpsage.triage import store

log = logging.getLogger(__name__)

#: Of one run; the next one goes on.
MOST_BATCHES = 200


@app.periodic(cron="*/10 * * * *")
@app.task(
    name="review.find",
    queue=LATER_QUEUE,
    retry=BACKOFF,
    lock="review",
    queueing_lock="review.find",
    pass_context=True,
)
def find(context: JobContext, timestamp: int) -> None:
    """Every ten minutes: look through what was said since, and rank what is open anew."""
    look(context.should_abort)


@app.periodic(cron="50 2 * * *")
@app.task(name="review.gaps", queue=LATER_QUEUE, retry=BACKOFF, lock="review", queueing_lock="review.gaps")
def find_gaps(timestamp: int) -> None:
    """Every night: group the tickets of two months, and draft what would have answered them."""
    try:
        encoder = store.encoder()
    except EncoderMissing as error:
        log.warning("no gaps can be found: %s", error)
        return
    with transaction() as session:
        gaps.find(session, encoder, taught.now(encoder))


def look(should_stop: Callable[[], bool] = lambda: False) -> int:
    """Look through everything that is settled; returns the number of messages looked at."""
    try:
        encoder = store.encoder()
    except EncoderMissing as error:
        log.warning("nothing can be reviewed: %s", error)
        return 0
    with transaction() as session:
        if not finding.is_anything_there(session):
            return 0
    now, seen = taught.now(encoder), 0
    for _ in range(MOST_BATCHES):
        if should_stop():
            break
        with transaction() as session:
            looked_at = finding.find(session, encoder, now)
        seen += looked_at
        if not looked_at:
            break
    with transaction() as session:
        finding.corrections(session, encoder, now)
        finding.forget_lost(session)
        review.refresh(session, encoder, now)
    return seen
