"""Delivering messages: in the order in which they happened to a ticket, for days, and then to the dead letters.

Each webhook is worked on by one job at a time. A message waits for the earlier ones about the same ticket, and for
nothing else. What fails is tried again later and later; a webhook that fails is looked at once a minute, so that one
that hangs costs little.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from helpsage import __version__, clock, sealed, settings
from helpsage.db.session import transaction
from helpsage.people import administrators
from helpsage.schema.events import MODELS, TEST, TestData
from helpsage.webhooks import outbound, service, signing, words
from helpsage.webhooks.models import Attempt, Message, Stage, Webhook

#: Seconds after each failure; the last one again and again.
WAITS_S = (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 21_600)
LONGEST_WAIT_S = 86_400
#: Seconds that one job works on a webhook before others have their turn.
TURN_S = 20.0
#: Answers that were no success after which a job leaves a webhook alone.
MOST_FAILURES = 5


@dataclass(frozen=True)
class _Prepared:
    """What is sent, read from the database."""

    message_id: UUID
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """How a try went.

    Attributes:
        status: of the answer; None when there was none.
        error: empty for success.
        retry_after_s: what the other side asks for.
    """

    status: int | None
    error: str
    answer: str
    milliseconds: int
    retry_after_s: int | None = None

    @property
    def is_gone(self) -> bool:
        """The other side says that it never wants to hear again (RFC 9110, section 15.5.11)."""
        return self.status == 410


def work(webhook_id: UUID) -> None:
    """Send what is due."""
    failures = 0
    until = time.monotonic() + TURN_S
    while failures < MOST_FAILURES:
        with transaction() as session:
            prepared = _next(session, webhook_id)
        if prepared is None:
            return
        outcome = _send(prepared)
        with transaction() as session:
            _note(session, prepared.message_id, outcome)
        if outcome.error:
            failures += 1 if outcome.status is not None else MOST_FAILURES
        if time.monotonic() > until:
            with transaction() as session:
                service.wake(session, webhook_id)
            return


def wake_due(session: Session) -> None:
    """Have every webhook worked on that has something to send by now."""
    due = select(Message.webhook_id).where(Message.stage == Stage.WAITING.value, Message.due_at <= clock.now())
    for webhook_id in session.scalars(due.distinct()).all():
        service.wake(session, webhook_id)


def try_out(webhook_id: UUID) -> Outcome:
    """Send a test now, and say how that went. It is written down like every message, and not tried again.

    Raises:
        WebhookNotFound
    """
    with transaction() as session:
        webhook = service.by_id(session, webhook_id)
        now = clock.now()
        test = MODELS[TEST](type=TEST, timestamp=now, data=TestData(message=words.TEST))
        message = Message(
            id=uuid4(),
            webhook_id=webhook.id,
            kind=TEST,
            subject_id=uuid4(),
            body=test.model_dump_json(),
            stage=Stage.DEAD.value,
            due_at=now,
            created_at=now,
        )
        session.add(message)
        session.flush()
        prepared = _prepared(session, webhook, message)
    outcome = _send(prepared)
    with transaction() as session:
        written = session.get_one(Message, prepared.message_id)
        _log(session, written, outcome)
        written.stage = (Stage.DEAD if outcome.error else Stage.SENT).value
        written.done_at = clock.now()
    return outcome


# --- one message


def _next(session: Session, webhook_id: UUID) -> _Prepared | None:
    """The oldest message that is due and has no earlier one about the same subject before it."""
    webhook = session.get(Webhook, webhook_id)
    if webhook is None or webhook.removed_at is not None or webhook.disabled_at is not None:
        return None
    earlier = aliased(Message)
    held_up = exists().where(
        earlier.webhook_id == Message.webhook_id,
        earlier.subject_id == Message.subject_id,
        earlier.stage == Stage.WAITING.value,
        earlier.seq < Message.seq,
    )
    asked = (
        select(Message)
        .where(
            Message.webhook_id == webhook_id,
            Message.stage == Stage.WAITING.value,
            Message.due_at <= clock.now(),
            ~held_up,
        )
        .order_by(Message.seq)
        .limit(1)
    )
    message = session.scalar(asked)
    return _prepared(session, webhook, message) if message is not None else None


def _prepared(session: Session, webhook: Webhook, message: Message) -> _Prepared:
    body = message.body.encode()
    try:
        signing_keys = signing.keys(webhook, clock.now())
    except sealed.Unreadable:
        signing_keys = []
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"HelpSage/{__version__}",
        **(signing.headers(f"msg_{message.id.hex}", clock.now(), body, signing_keys) if signing_keys else {}),
    }
    return _Prepared(message.id, webhook.url, body, headers)


def _send(prepared: _Prepared) -> Outcome:
    began = time.monotonic()
    status: int | None = None
    answer, error, later = "", "", None
    if "webhook-signature" not in prepared.headers:
        error = words.UNREADABLE
    else:
        try:
            got = outbound.post(prepared.url, prepared.body, prepared.headers)
            status, answer, later = got.status, got.body, got.retry_after_s
            error = "" if 200 <= status <= 299 else words.refused(status)
        except (outbound.Forbidden, outbound.NoAnswer) as trouble:
            error = str(trouble)
    return Outcome(status, error, answer, round((time.monotonic() - began) * 1000), later)


def _note(session: Session, message_id: UUID, outcome: Outcome) -> None:
    message = session.get(Message, message_id, with_for_update=True)
    if message is None:  # removed, or forgotten with the person it was about
        return
    _log(session, message, outcome)
    if message.stage != Stage.WAITING:
        return
    message.attempts += 1
    if not outcome.error:
        message.stage, message.done_at = Stage.SENT.value, clock.now()
        return
    webhook = session.get_one(Webhook, message.webhook_id)
    if outcome.is_gone:
        service.disable(session, webhook, words.GONE)
        _tell(session, webhook, words.GONE_LETTER, f"gone:{clock.now():%Y-%m-%dT%H}")
        return
    wait = _wait(message.attempts, outcome.retry_after_s)
    if wait is None:
        message.stage, message.done_at = Stage.DEAD.value, clock.now()
        _tell(session, webhook, words.DEAD_LETTER.format(error=outcome.error), f"dead:{clock.now():%Y-%m-%d}")
        return
    message.due_at = clock.now() + timedelta(seconds=wait)
    if wait < 60:
        service.wake(session, webhook.id, message.due_at)


def _log(session: Session, message: Message, outcome: Outcome) -> None:
    session.add(
        Attempt(
            message_id=message.id,
            at=clock.now(),
            milliseconds=outcome.milliseconds,
            status=outcome.status,
            error=outcome.error,
            answer=outcome.answer,
        )
    )


def _wait(attempts: int, asked_s: int | None) -> float | None:
    """Seconds until the next try; None when it has been tried for long enough."""
    waits = [*WAITS_S, *[WAITS_S[-1]] * attempts][:attempts]
    if sum(waits) > settings.get().webhook_patience_hours * 3_600:
        return None
    spread = waits[-1] * (1 + random.random() / 5)  # noqa: S311 nothing secret
    return max(spread, min(asked_s or 0, LONGEST_WAIT_S))


def _tell(session: Session, webhook: Webhook, what: str, key: str) -> None:
    """Write to the administrators, once per key."""
    values = {
        "webhook": webhook.name,
        "words": what,
        "link": f"{settings.get().web_url}/settings/webhooks/{webhook.id}",
    }
    administrators.tell(session, "webhook_trouble", values, f"webhook:{webhook.id}:{key}")
