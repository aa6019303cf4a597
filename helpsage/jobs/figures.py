"""Figures are folded by the clock; in days of another zone they are made anew."""

from __future__ import annotations

from helpsage.analytics import upkeep
from helpsage.db.session import transaction
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF


@app.periodic(cron="* * * * *")
@app.task(name="figures.fold", retry=BACKOFF, lock="figures.fold", queueing_lock="figures.fold")
def fold(timestamp: int) -> None:
    """Every minute: add what changed into the figures."""
    with transaction() as session:
        elsewhere = upkeep.zone_changed(session)
    if elsewhere:
        upkeep.rebuild()
    upkeep.fold_all()
