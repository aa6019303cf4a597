"""Tickets are given out as soon as there is one and somebody for it, and come back from those who are away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from procrastinate import JobContext

from helpsage.assignment import giving, returning
from helpsage.db.session import transaction
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.tickets import service

BATCH = 100
#: A new ticket that nothing has routed by now is given out where it stands.
SETTLED = timedelta(seconds=10)


@app.task(name="assignment.give", retry=BACKOFF, pass_context=True)
def give(context: JobContext, event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Something about a ticket changed: its team may have one to give, or somebody with room for one."""
    with transaction() as session:
        team_id = service.by_id(session, UUID(subject_id)).team_id
        gives = giving.is_given_out(session, team_id)
    if gives and team_id is not None:
        _give_all(context, team_id)


@app.task(name="assignment.moved", retry=BACKOFF, pass_context=True)
def moved(context: JobContext, event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """A ticket came to another team: where the desk gives them out, it leaves whoever has it and works elsewhere."""
    with transaction() as session:
        returning.leave_other_team(session, UUID(subject_id))
    give(context, event_id, subject_id, payload)


@app.periodic(cron="* * * * *")
@app.task(
    name="assignment.tick", retry=BACKOFF, lock="assignment.tick", queueing_lock="assignment.tick", pass_context=True
)
def tick(context: JobContext, timestamp: int) -> None:
    """Every minute: back from those who are away, and out to those who have come."""
    bring_back_all(context)
    with transaction() as session:
        teams = giving.teams_that_give(session)
    for team_id in teams:
        _give_all(context, team_id, SETTLED)


def bring_back_all(context: JobContext) -> None:
    """Every ticket that was left behind, back to its queue."""
    tried: set[UUID] = set()
    while not context.should_abort():
        with transaction() as session:
            found = [each for each in returning.left_behind(session, BATCH + len(tried)) if each not in tried]
        if not found:
            return
        for ticket_id in found:
            with transaction() as session:
                returning.bring_back(session, ticket_id)
        tried.update(found)


def _give_all(context: JobContext, team_id: UUID, settled: timedelta = timedelta(0)) -> None:
    given = True
    while given and not context.should_abort():
        with transaction() as session:
            given = giving.give_next(session, team_id, settled) is not None
