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


@app.task(name="figures.add_zone", retry=BACKOFF, lock="figures.fold")
def add_zone(name: str) -> None:
    """Somebody looked at figures from a zone in whose days they are not kept yet."""
    upkeep.add_zone(name)


@app.periodic(cron="17 3 * * *")
@app.task(name="figures.drop_zones", retry=BACKOFF, lock="figures.fold")
def drop_zones(timestamp: int) -> None:
    """Every night: forget zones in which nobody looks any more."""
    with transaction() as session:
        upkeep.drop_unused(session)
