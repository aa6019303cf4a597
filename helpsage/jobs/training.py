"""A candidate model reads along with what people write."""

from __future__ import annotations

from procrastinate import JobContext

from helpsage.jobs.app import app
from helpsage.training import shadow


@app.periodic(cron="*/3 * * * *")
@app.task(name="training.shadow", lock="training.shadow", queueing_lock="training.shadow", pass_context=True)
def read_along(context: JobContext, timestamp: int) -> None:
    """Every three minutes, while a shadow run goes on: read what was answered since. A failure waits for the next."""
    while shadow.read_along() and not context.should_abort():
        pass
