"""A webhook that is switched off, with a few days of deliveries: nobody is called by a demonstration."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.demo.people import DOMAIN
from helpsage.tickets.models import Ticket
from helpsage.webhooks import messages, signing, words
from helpsage.webhooks.models import Attempt, Message, Stage, Webhook
from helpsage.webhooks.outbound import TOO_SLOW

NAME = "Campus app"
URL = f"https://hooks.{DOMAIN}/help-sage"
BECAUSE = "Only for show: nobody lives at this address"
EVENTS = ("ticket.breached", "ticket.opened", "ticket.replied", "ticket.status_changed")
SENT, DEAD = 40, 2


def hang(session: Session) -> None:
    """Make it, once."""
    if session.scalar(select(Webhook.id).where(Webhook.url == URL)) is not None:
        return
    now = clock.now()
    webhook = Webhook(
        name=NAME,
        url=URL,
        events=sorted(EVENTS),
        secrets=signing.kept(signing.new_key()),
        created_at=now - timedelta(days=30),
        disabled_at=now,
        disabled_because=BECAUSE,
    )
    session.add(webhook)
    session.flush()
    chance = random.Random(str(webhook.url))  # noqa: S311 nothing secret
    newest = session.scalars(select(Ticket).order_by(Ticket.created_at.desc()).limit(SENT + DEAD)).all()
    for place, ticket in enumerate(reversed(newest)):
        _message(session, webhook, ticket, chance, Stage.DEAD if place < DEAD else Stage.SENT)


def _message(session: Session, webhook: Webhook, ticket: Ticket, chance: random.Random, stage: Stage) -> None:
    at = ticket.created_at
    body = messages.body_of(session, "ticket.opened", at, ticket, {"actor_kind": "requester"})
    message = Message(
        webhook_id=webhook.id,
        kind="ticket.opened",
        subject_id=ticket.id,
        body=body,
        stage=stage.value,
        created_at=at,
        due_at=at,
    )
    session.add(message)
    session.flush()
    tried = _tries(at, chance, stage)
    message.attempts, message.done_at = len(tried), tried[-1].at
    for attempt in tried:
        attempt.message_id = message.id
        session.add(attempt)


def _tries(at: datetime, chance: random.Random, stage: Stage) -> list[Attempt]:
    begun = at + timedelta(seconds=1)
    if stage is Stage.DEAD:
        waits = (0, 5, 35, 155)
        return [
            Attempt(at=begun + timedelta(seconds=wait), milliseconds=15_000, status=None, error=TOO_SLOW)
            for wait in waits
        ]
    good = Attempt(at=begun, milliseconds=round(chance.uniform(40, 280)), status=200, answer="ok")
    if chance.random() > 0.1:
        return [good]
    good.at = begun + timedelta(seconds=5)
    return [Attempt(at=begun, milliseconds=round(chance.uniform(20, 90)), status=503, error=words.refused(503)), good]
