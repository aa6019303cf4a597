"""The queue of what came in: records that wait, worked off in batches, in order within a shard.

The table itself is the queue. A shard is worked on by one worker at a time (an advisory lock of its connection), so
that what one sender sent stays in order. A batch is one transaction: plain records all at once (`batches.py`), the
others in their order with a savepoint each. When the plain ones fail together, they are tried one by one, and only the
one that cannot be worked off waits. A worker that dies gives everything back, and leaves word of what it was at.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, Select, delete, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, aliased

from helpsage import clock
from helpsage.intake import batches, service
from helpsage.intake.models import Inbound, InboundBatch, Progress
from helpsage.jobs.retries import described

log = logging.getLogger(__name__)

#: Records of one transaction.
BATCH = 200
#: So many at a time of those that were tried so often before: one that kills its worker is soon alone.
TRIED_BEFORE = (BATCH, 25, 5)
_LOCK = 1010


def waiting_shards(session: Session) -> list[int]:
    """The shards in which something is due."""
    asked = select(Inbound.shard).where(Inbound.state == Progress.WAITING.value, Inbound.next_try_at <= clock.now())
    return sorted(session.scalars(asked.distinct()))


def drain(engine: Engine, limit: int = BATCH) -> int:
    """Work off what is due, one batch of each shard; returns how many records were looked at."""
    with Session(engine) as session:
        shards = waiting_shards(session)
    return sum(drain_shard(engine, shard, limit) for shard in shards)


def drain_shard(engine: Engine, shard: int, limit: int = BATCH) -> int:
    """Work off one batch of a shard; 0 when nothing is due, or somebody else is at it."""
    with _alone(engine, shard) as connection:
        batch = _claimed(connection, shard, limit) if connection is not None else []
        if connection is None or not batch:
            return 0
        with Session(connection, expire_on_commit=False) as session, session.begin():
            errors = _worked(session, batch)
            session.execute(delete(InboundBatch).where(InboundBatch.shard == shard))
            for inbound_id, error in errors.items():
                _note(session, inbound_id, error)
    return len(batch)


@contextmanager
def _alone(engine: Engine, shard: int) -> Iterator[Connection | None]:
    """A connection that nobody else works on this shard with; None when somebody does. It ends with its connection."""
    with engine.connect() as connection:
        names = {"lock": _LOCK, "shard": shard}
        with connection.begin():
            got = connection.scalar(text("select pg_try_advisory_lock(:lock, :shard)"), names)
        if not got:
            yield None
            return
        try:
            yield connection
        finally:
            if not connection.invalidated and not connection.closed:
                connection.rollback()
                with connection.begin():
                    connection.execute(text("select pg_advisory_unlock(:lock, :shard)"), names)


def _claimed(connection: Connection, shard: int, limit: int) -> list[int]:
    """The next records, written down before they are begun: one that kills its worker is given up in the end."""
    with Session(connection) as session, session.begin():
        left = session.scalar(select(InboundBatch.inbound_ids).where(InboundBatch.shard == shard))
        if left is not None:
            _count_deaths(session, left)
        rows = session.execute(_due(shard).limit(limit)).all()
        tried = rows[0].attempts if rows else 0
        most = min(limit, TRIED_BEFORE[tried] if tried < len(TRIED_BEFORE) else 1)
        alike = next((place for place, row in enumerate(rows) if row.attempts != tried), len(rows))
        ids = [row.id for row in rows[: min(most, alike)]]
        if ids:
            row = insert(InboundBatch).values(shard=shard, inbound_ids=ids)
            session.execute(row.on_conflict_do_update(index_elements=["shard"], set_={"inbound_ids": ids}))
        elif left is not None:
            session.execute(delete(InboundBatch).where(InboundBatch.shard == shard))
        return ids


def _count_deaths(session: Session, left: Sequence[int]) -> None:
    """Of each record of a batch whose worker died one try more; the last one gives it up."""
    waiting = (Inbound.id.in_(left), Inbound.state == Progress.WAITING.value)
    session.execute(update(Inbound).where(*waiting).values(attempts=Inbound.attempts + 1))
    over = select(Inbound.id).where(*waiting, Inbound.attempts >= service.MOST_TRIES)
    for inbound_id in session.scalars(over).all():
        service.failed(session, inbound_id, "its worker died", service.MOST_TRIES)


def _due(shard: int) -> Select[int, int]:
    """Records whose time has come, and whose sender has none before it that waits for another try."""
    earlier = aliased(Inbound)
    blocked = exists().where(
        earlier.state == Progress.WAITING.value,
        earlier.sender == Inbound.sender,
        earlier.sender != "",
        earlier.id < Inbound.id,
        earlier.next_try_at > clock.now(),
    )
    return (
        select(Inbound.id, Inbound.attempts)
        .where(
            Inbound.state == Progress.WAITING.value,
            Inbound.shard == shard,
            Inbound.next_try_at <= clock.now(),
            ~blocked,
        )
        .order_by(Inbound.id)
    )


def _worked(session: Session, batch: Sequence[int]) -> dict[int, str]:
    """Work a batch off; returns what went wrong with which. What the same sender sent later waits for it."""
    done = _worked_at_once(session, batch) if len(batch) > 1 else set()
    errors: dict[int, str] = {}
    held_up: set[str] = set()
    left = select(Inbound.id, Inbound.sender).where(Inbound.id.in_([each for each in batch if each not in done]))
    for inbound_id, sender in session.execute(left.order_by(Inbound.id)).all() if len(done) < len(batch) else ():
        if sender in held_up:
            continue
        error = _worked_alone(session, inbound_id)
        if error:
            errors[inbound_id] = error
            held_up |= {sender} - {""}
    return errors


def _worked_at_once(session: Session, batch: Sequence[int]) -> set[int]:
    """The plain ones, all or none of them."""
    try:
        with session.begin_nested():
            return batches.work(session, batch)
    except OperationalError:
        raise
    except Exception as error:
        log.warning("a batch of %s records is worked off one by one: %s", len(batch), described(error))
        return set()


def _worked_alone(session: Session, inbound_id: int) -> str:
    """Work one record off; returns what went wrong. A database that goes away is everybody's trouble, and raised."""
    try:
        with session.begin_nested():
            service.work(session, inbound_id)
    except OperationalError:
        raise
    except Exception as error:
        # Type and place alone: PostgreSQL's own words quote the row.
        why = described(error)
        log.warning("record %s could not be worked off: %s", inbound_id, why)
        return why
    return ""


def _note(session: Session, inbound_id: int, error: str) -> None:
    asked = update(Inbound).where(Inbound.id == inbound_id).values(attempts=Inbound.attempts + 1)
    attempts = session.scalar(asked.returning(Inbound.attempts)) or 1
    service.failed(session, inbound_id, error, attempts)
