"""Files that nobody needs any more are removed: every night, and at once when a person is forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.orm import Session

from helpsage.attachments import service, storage
from helpsage.db.session import transaction
from helpsage.handoff import files as chat_files
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.knowledge import files as article_files


@app.periodic(cron="41 3 * * *")
@app.task(name="attachments.sweep", retry=BACKOFF, lock="attachments.sweep")
def sweep(timestamp: int) -> None:
    """Every night: files that were sent with a form that never came to anything, or whose ticket is gone."""
    storage.remove_unfinished(service.KEPT_FOR)
    _remove(storage.older_than(service.KEPT_FOR), service.KEPT_FOR)


@app.task(name="attachments.remove", retry=BACKOFF)
def remove(hashes: list[str]) -> None:
    """Remove these, unless somebody else sent the same."""
    _remove(hashes, timedelta())


def _remove(hashes: Iterable[str], age: timedelta) -> None:
    for sha256 in hashes:
        with transaction() as session:
            service.remove_unneeded(session, sha256, age, _held)


def _held(session: Session, sha256: str) -> bool:
    """Whether an article or a chat has it."""
    return article_files.holds(session, sha256) or chat_files.holds(session, sha256)
