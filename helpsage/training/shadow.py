"""A candidate that reads along: what would it have understood of what people write now, beside the model in use?

It never answers, and costs the assistant nothing: the worker hands it, every few minutes, the messages that were
answered since, and it reads them with what the processor has left over. One run at a time; it ends by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.db.session import transaction
from helpsage.privacy.words import REMOVED
from helpsage.setup import steps
from helpsage.training import library, real, signing, understanding
from helpsage.training.models import ShadowReading, ShadowRun

MOST_DAYS = 60
#: Messages that are read at a time.
BATCH = 500
#: Differences that a report lists, the newest.
MOST_SHOWN = 100
GOING = "a shadow run of {model} is going on until {until:%Y-%m-%d %H:%M} UTC; end it with ./sage shadow --stop"
ENDED, STOPPED, LOST = "its time was over", "stopped by {who}", "its model is gone or has changed: {why}"

#: Runs begin one after the other.
BEGIN_LOCK = "select pg_advisory_xact_lock(hashtext('helpsage.shadow_run'))"
#: Locked: two workers never read the same messages.
LOCK = "select pg_try_advisory_xact_lock(hashtext('helpsage.shadow'))"
UNREAD = """
    select m.id, m.text from message m
     where m.author = 'person' and m.handled_at is not null and m.intent is not null and m.intent <> :not_read
       and m.text <> '' and m.text <> :removed and not m.data ? 'payload'
       and m.created_at >= :since and m.created_at < :until
       and not exists (select 1 from shadow_reading r where r.run_id = :run and r.message_id = m.id)
     order by m.id limit :batch
"""
BOTH = """
    select m.id, m.text, m.intent as intent_before, m.confidence as confidence_before, m.model,
           r.intent, r.likeliest, r.confidence
      from shadow_reading r join message m on m.id = r.message_id
     where r.run_id = :run order by m.id desc
"""


class NotPossible(RuntimeError):
    """The run cannot begin; the message says why."""


@dataclass(frozen=True)
class Difference:
    """A message that the two understand differently."""

    message_id: int
    text: str
    before: str
    confidence_before: float
    after: str
    confidence: float


@dataclass(frozen=True)
class Report:
    """What a run has found so far.

    Attributes:
        alike: share of messages of which both say the same.
        asks_back, asked_back: share of messages of which the candidate, or the one in use, is not sure enough.
        answers_now, asks_now: messages that only one of the two answers: the candidate, or the one in use.
        changes: from one meaning to another, and how often.
    """

    model: str
    in_use: Sequence[str]
    started_at: Any
    until: Any
    ended_at: Any
    why_ended: str
    messages: int
    alike: float
    asked_back: float
    asks_back: float
    answers_now: int
    asks_now: int
    confidence_before: float
    confidence: float
    changes: Sequence[tuple[str, str, int]] = field(default_factory=tuple)
    differences: Sequence[Difference] = field(default_factory=tuple)


def begin(session: Session, path: Path, days: int, who: str) -> ShadowRun:
    """Let a candidate read along from now on.

    Raises:
        NotGenuine: unsigned or changed.
        NotPossible: another run goes on, or the model is of other code.
    """
    seal = signing.verify(path)
    if seal.code != steps.code_version():
        raise NotPossible(library.other_code(path.name))
    if path.resolve().parent != steps.MODELS.resolve():
        raise NotPossible(f"{path} does not lie in {steps.MODELS}: put it there first")
    session.execute(text(BEGIN_LOCK))
    now = clock.now()
    end_if_over(session)
    other = going(session)
    if other is not None:
        raise NotPossible(GOING.format(model=other.model, until=other.until))
    run = ShadowRun(model=path.name, sha256=seal.sha256, by_name=who, started_at=now, until=now + timedelta(days=days))
    session.add(run)
    session.flush()
    return run


def stop(session: Session, who: str) -> bool:
    """End the run that goes on; False when none does."""
    run = going(session)
    if run is None:
        return False
    run.ended_at, run.why_ended = clock.now(), STOPPED.format(who=who)
    session.flush()
    return True


def going(session: Session) -> ShadowRun | None:
    """The run that goes on."""
    return session.scalar(select(ShadowRun).where(ShadowRun.ended_at.is_(None)))


def newest(session: Session) -> ShadowRun | None:
    """The run that began last."""
    return session.scalar(select(ShadowRun).order_by(ShadowRun.id.desc()).limit(1))


def end_if_over(session: Session) -> bool:
    """End a run whose time is over and that has nothing left to read."""
    run = going(session)
    if run is None or clock.now() < run.until or _unread(session, run):
        return False
    run.ended_at, run.why_ended = run.until, ENDED
    session.flush()
    return True


def read_along() -> int:
    """Read what was answered since; returns how many messages. For the worker.

    Raises:
        NotUnderstood: the model cannot be asked now; tried again next time.
    """
    with transaction() as session:
        run = going(session)
        if run is None or end_if_over(session):
            return 0
        waiting = _unread(session, run)
        path = steps.MODELS / run.model
        try:
            if signing.verify(path).sha256 != run.sha256:
                raise signing.NotGenuine("it was trained anew")
        except signing.NotGenuine as error:
            run.ended_at, run.why_ended = clock.now(), LOST.format(why=error)
            return 0
    if not waiting:
        return 0
    # For seconds: no transaction is open meanwhile.
    said = understanding.ask(path, [words for _, words in waiting], idly=True)
    with transaction() as session:
        if not session.scalar(text(LOCK)):
            return 0
        still = {message_id for message_id, _ in _unread(session, run)}
        for (message_id, _), one in zip(waiting, said, strict=True):
            if message_id in still:
                session.add(
                    ShadowReading(
                        run_id=run.id,
                        message_id=message_id,
                        intent=real.FALLBACK if one.fell_back else one.label,
                        likeliest=one.label,
                        confidence=one.confidence,
                    )
                )
    return len(waiting)


def report(session: Session, run: ShadowRun) -> Report:
    """What a run has found so far."""
    rows = [dict(row) for row in session.execute(text(BOTH), {"run": run.id}).mappings()]
    count = len(rows) or 1
    differing = [row for row in rows if row["intent"] != row["intent_before"]]
    changes = Counter((row["intent_before"], row["intent"]) for row in differing)
    return Report(
        model=run.model,
        in_use=sorted({row["model"] for row in rows if row["model"]}),
        started_at=run.started_at,
        until=run.until,
        ended_at=run.ended_at,
        why_ended=run.why_ended,
        messages=len(rows),
        alike=1 - len(differing) / count,
        asked_back=sum(row["intent_before"] == real.FALLBACK for row in rows) / count,
        asks_back=sum(row["intent"] == real.FALLBACK for row in rows) / count,
        answers_now=sum(row["intent_before"] == real.FALLBACK for row in differing),
        asks_now=sum(row["intent"] == real.FALLBACK for row in differing),
        confidence_before=sum(row["confidence_before"] or 0.0 for row in rows) / count,
        confidence=sum(row["confidence"] for row in rows) / count,
        changes=[(before, after, times) for (before, after), times in changes.most_common()],
        differences=[
            Difference(
                row["id"],
                row["text"],
                row["intent_before"],
                round(row["confidence_before"] or 0.0, 4),
                row["intent"],
                round(row["confidence"], 4),
            )
            for row in differing[:MOST_SHOWN]
        ],
    )


def _unread(session: Session, run: ShadowRun) -> list[tuple[int, str]]:
    asked = {
        "run": run.id,
        "since": run.started_at,
        "until": run.until,
        "batch": BATCH,
        "not_read": real.NOT_READ,
        "removed": REMOVED,
    }
    return [(row.id, row.text) for row in session.execute(text(UNREAD), asked)]
