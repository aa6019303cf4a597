"""Task boards are looked at every few seconds, each by one job at a time."""

from __future__ import annotations

from uuid import UUID

from helpsage.boards import sync
from helpsage.db.session import transaction
from helpsage.jobs import queue
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF


@app.periodic(cron="* * * * * */10")
@app.task(name="boards.tick", retry=BACKOFF, lock="boards.tick", queueing_lock="boards.tick")
def tick(timestamp: int) -> None:
    """Put in a job for each board that is due."""
    with transaction() as session:
        for board_id in sync.due(session):
            queue.defer(session, "boards.look", {"board_id": str(board_id)}, f"boards:{board_id}")


@app.task(name="boards.look", retry=BACKOFF)
def look(board_id: str) -> None:
    """Look at one board."""
    sync.run(UUID(board_id))
