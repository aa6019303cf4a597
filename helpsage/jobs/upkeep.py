"""What is done by the clock: forgetting what is no longer needed."""

from __future__ import annotations

from datetime import timedelta

from procrastinate import JobContext
from sqlalchemy import text
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.db.session import transaction
from helpsage.jobs.app import app
from helpsage.jobs.retries import BACKOFF
from helpsage.mail import service as mail
from helpsage.notify import telling as notices
from helpsage.people import accounts, identities
from helpsage.tickets import bulk, drafts, presence
from helpsage.tokens import answers
from helpsage.tokens import service as tokens
from helpsage.webhooks import service as webhooks

#: Rows removed by one transaction, so that no lock is held for long.
BATCH = 2_000

#: Everything said in a conversation that led to no ticket; with a ticket it is part of the record.
FORGET_CONVERSATIONS = """
    delete from conversation where id in (
      select c.id from conversation c
      where coalesce(c.last_message_at, c.created_at) < :before and c.awaiting_ticket_id is null
        and not exists (select 1 from ticket t where t.conversation_id = c.id)
      order by coalesce(c.last_message_at, c.created_at) limit :batch
    )
"""
#: State of dialogues long silent. The transcript stays.
FORGET_TRACKERS = """
    delete from tracker where sender_id in (
      select sender_id from tracker where updated_at < :before order by updated_at limit :batch
    )
"""
FORGET_EVENTS = """
    delete from outbox_event where id in (
      select id from outbox_event where dispatched_at < :before order by id limit :batch
    )
"""
FORGET_JOBS = """
    delete from jobs.procrastinate_jobs where id in (
      select job.id from jobs.procrastinate_jobs job
      where job.status in ('failed', 'succeeded', 'cancelled', 'aborted')
        and not exists (select 1 from jobs.procrastinate_events e where e.job_id = job.id and e.at >= :before)
      limit :batch
    )
"""
FORGET_LETTERS = """
    delete from dead_letter where id in (select id from dead_letter where replayed_at < :before limit :batch)
"""
FORGET_RECEIVED = """
    delete from inbound where id in (
      select id from inbound where received_at < :before and state in ('done', 'ignored') order by id limit :batch
    )
"""
FORGET_DELIVERIES = """
    delete from channel_delivery where id in (
      select id from channel_delivery where received_at < :before order by received_at limit :batch
    )
"""
FORGET_PROGRAMS = "delete from heartbeat where at < :before"


@app.periodic(cron="17 3 * * *")
@app.task(name="upkeep.forget", retry=BACKOFF, lock="upkeep.forget", pass_context=True)
def forget(context: JobContext, timestamp: int) -> None:
    """Every night: remove what has outlived its time in the settings. 0 days keeps it."""
    limits = settings.get()
    for days, statement in (
        (limits.conversation_retention_days, FORGET_CONVERSATIONS),
        (limits.tracker_retention_days, FORGET_TRACKERS),
        (limits.outbox_retention_days, FORGET_EVENTS),
        (limits.outbox_retention_days, FORGET_JOBS),
        (limits.outbox_retention_days, FORGET_LETTERS),
        (limits.inbound_retention_days, FORGET_RECEIVED),
        (limits.inbound_retention_days, FORGET_DELIVERIES),
    ):
        while days and not context.should_abort() and _forgot_full_batch(statement, days):
            pass
    with transaction() as session:
        accounts.tidy(session)
        identities.tidy(session, clock.now())
        for kept in (drafts, presence, bulk, tokens, answers):
            kept.tidy(session)
        if limits.notice_retention_days:
            notices.forget(session, clock.now() - timedelta(days=limits.notice_retention_days))
        if limits.webhook_retention_days:
            webhooks.forget(session, clock.now() - timedelta(days=limits.webhook_retention_days))
        if limits.mail_retention_days:
            mail.forget(session, clock.now() - timedelta(days=limits.mail_retention_days))
        session.execute(text(FORGET_PROGRAMS), {"before": clock.now() - timedelta(days=1)})


def _forgot_full_batch(statement: str, days: int) -> bool:
    with transaction() as session:
        return _run(session, statement, days) == BATCH


def _run(session: Session, statement: str, days: int) -> int:
    before = clock.now() - timedelta(days=days)
    connection = session.connection()
    return connection.execute(text(statement), {"before": before, "batch": BATCH}).rowcount
