"""Search learns new words by the clock: who mistypes a word is helped by those that tickets have."""

from __future__ import annotations

from procrastinate import JobContext

from helpsage.db.session import transaction
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.tickets.search import typos


@app.periodic(cron="* * * * *")
@app.task(name="search.learn", retry=BACKOFF, lock="search.learn", queueing_lock="search.learn", pass_context=True)
def learn(context: JobContext, timestamp: int) -> None:
    """Every minute: take the words of what was written since into the list."""
    learned = 1
    while learned and not context.should_abort():
        with transaction() as session:
            learned = typos.learn(session)
