"""Articles in the worker: what is published becomes findable, what is withdrawn stops being so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from procrastinate import JobContext

from helpsage.db.session import transaction
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.knowledge import index


@app.task(name="knowledge.index", retry=BACKOFF)
def index_article(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Follow `article.published` and `article.withdrawn`."""
    with transaction() as session:
        index.build(session, UUID(subject_id))


@app.periodic(cron="23 * * * *")
@app.task(name="knowledge.catch_up", retry=BACKOFF, lock="knowledge.catch_up", pass_context=True)
def catch_up(context: JobContext, timestamp: int) -> None:
    """Every hour: what another encoder made is made anew, a transaction an article."""
    with transaction() as session:
        waiting = index.outdated(session)
    for article_id in waiting:
        if context.should_abort():
            return
        with transaction() as session:
            index.build(session, article_id)
