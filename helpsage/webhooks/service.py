"""Webhooks as administrators keep them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, literal, select, tuple_, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.jobs import queue
from helpsage.schema.events import KINDS
from helpsage.webhooks import outbound, signing
from helpsage.webhooks.models import Attempt, Message, Stage, Webhook

LONGEST_NAME = 80
WORK = "webhooks.work"
#: Webhooks share this many lanes, so that those that hang never hold all of a worker.
LANES = 2


class WebhookNotFound(Exception):
    """No webhook, or no message, has this id."""


class InvalidWebhook(ValueError):
    """It cannot be kept.

    Attributes:
        problems: words for the person, by field.
    """

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems.values()))


def add(
    session: Session, name: str, url: str, events: Collection[str], department_id: UUID | None = None
) -> tuple[Webhook, str]:
    """A new webhook, and its key, which is given out here and never again.

    Raises:
        InvalidWebhook
    """
    check(name, url, events)
    key = signing.new_key()
    webhook = Webhook(
        name=name,
        url=url.strip(),
        events=sorted(events),
        department_id=department_id,
        secrets=signing.kept(key),
        created_at=clock.now(),
    )
    session.add(webhook)
    session.flush()
    return webhook, key


def check(name: str, url: str, events: Collection[str]) -> None:
    """Whether it can be kept. A name that is not known today may be known tomorrow; a private address may not.

    Raises:
        InvalidWebhook
    """
    problems = {}
    if not 0 < len(name.strip()) <= LONGEST_NAME or not name.isprintable():
        problems["name"] = ONE_LINE.format(most=LONGEST_NAME)
    try:
        outbound.resolved(outbound.place(url))
    except outbound.Forbidden as error:
        problems["url"] = str(error)
    except outbound.NoAnswer:
        pass
    if not events or not set(events) <= KINDS.keys():
        problems["events"] = CHOOSE
    if problems:
        raise InvalidWebhook(problems)


def by_id(session: Session, webhook_id: UUID) -> Webhook:
    """One that was not removed.

    Raises:
        WebhookNotFound
    """
    found = session.get(Webhook, webhook_id)
    if found is None or found.removed_at is not None:
        raise WebhookNotFound(str(webhook_id))
    return found


def in_use(session: Session) -> list[Webhook]:
    """Those that were not removed, by name."""
    return list(session.scalars(select(Webhook).where(Webhook.removed_at.is_(None)).order_by(Webhook.name, Webhook.id)))


def rotate(session: Session, webhook: Webhook) -> str:
    """A new key, given out here and never again; the one before signs on for a day."""
    key = signing.new_key()
    signing.rotate(webhook, key, clock.now())
    session.flush()
    return key


def disable(session: Session, webhook: Webhook, why: str) -> None:
    """Send nothing any more. What waits becomes dead, and can be replayed."""
    if webhook.disabled_at is None:
        webhook.disabled_at, webhook.disabled_because = clock.now(), why
    session.execute(
        update(Message)
        .where(Message.webhook_id == webhook.id, Message.stage == Stage.WAITING.value)
        .values(stage=Stage.DEAD.value, done_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )


def enable(webhook: Webhook) -> None:
    """Send again, what happens from now on."""
    webhook.disabled_at, webhook.disabled_because = None, ""


def remove(session: Session, webhook: Webhook) -> None:
    """Away with it, and with what was sent and is to be sent."""
    webhook.removed_at = clock.now()
    session.execute(delete(Message).where(Message.webhook_id == webhook.id))


# --- messages


def message(session: Session, message_id: UUID) -> Message:
    """One message.

    Raises:
        WebhookNotFound
    """
    found = session.get(Message, message_id)
    if found is None:
        raise WebhookNotFound(str(message_id))
    return found


def messages(
    session: Session,
    webhook_id: UUID | None = None,
    stage: Stage | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[Message]:
    """Messages, the newest first.

    Parameters:
        before: time and id of the last message of the page before.
    """
    asked = select(Message).order_by(Message.created_at.desc(), Message.id.desc()).limit(limit)
    if webhook_id is not None:
        asked = asked.where(Message.webhook_id == webhook_id)
    if stage is not None:
        asked = asked.where(Message.stage == stage.value)
    if before is not None:
        asked = asked.where(tuple_(Message.created_at, Message.id) < tuple_(literal(before[0]), literal(before[1])))
    return list(session.scalars(asked))


def attempts(session: Session, message_id: UUID) -> list[Attempt]:
    """Every try, the newest first."""
    return list(session.scalars(select(Attempt).where(Attempt.message_id == message_id).order_by(Attempt.id.desc())))


def counted(session: Session, webhook_id: UUID) -> dict[Stage, int]:
    """How many messages are where."""
    asked = select(Message.stage, func.count()).where(Message.webhook_id == webhook_id).group_by(Message.stage)
    found = {Stage(stage): count for stage, count in session.execute(asked)}
    return {stage: found.get(stage, 0) for stage in Stage}


def replay(session: Session, given: Message) -> Message:
    """Send a message again, with all its tries, under its own id; one that waits stays as it is.

    Raises:
        WebhookNotFound: its webhook was removed.
    """
    by_id(session, given.webhook_id)
    found = session.scalars(select(Message).where(Message.id == given.id).with_for_update()).one()
    if found.stage != Stage.WAITING:
        found.stage, found.attempts, found.due_at, found.done_at = Stage.WAITING.value, 0, clock.now(), None
        wake(session, found.webhook_id)
    return found


def replay_dead(session: Session, webhook_id: UUID) -> int:
    """Send every dead message of a webhook again; returns how many."""
    again = (
        update(Message)
        .where(Message.webhook_id == webhook_id, Message.stage == Stage.DEAD.value)
        .values(stage=Stage.WAITING.value, attempts=0, due_at=clock.now(), done_at=None)
        .returning(Message.id)
        .execution_options(synchronize_session="fetch")
    )
    count = len(session.scalars(again).all())
    if count:
        wake(session, webhook_id)
    return count


def wake(session: Session, webhook_id: UUID, at: datetime | None = None) -> None:
    """Have the worker look at this webhook, now or then."""
    queue.defer(session, WORK, {"webhook_id": str(webhook_id)}, f"webhooks:{webhook_id.int % LANES}", at=at)


def forget(session: Session, before: datetime) -> None:
    """Remove messages that ended and were written before this moment, with their tries."""
    session.execute(delete(Message).where(Message.stage != Stage.WAITING.value, Message.created_at < before))


ONE_LINE = "1 to {most} characters on one line."
CHOOSE = "Choose at least one of the list."
