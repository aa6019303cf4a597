"""The queue of what came in: records that wait, worked off in batches, in order within a shard.

The table itself is the queue. A shard is worked on by one worker at a time (an advisory lock of its connection), so
that what one sender sent stays in order; one worker takes several together where little is due, since a batch of one
costs nearly as much as one of ten. A batch is one transaction: plain records all at once (`batches.py`), the
others in their order with a savepoint each. When the plain ones fail together, they are tried one by one, and only the
one that cannot be worked off waits. A worker that dies gives everything back, and leaves word of what it was at.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile

from sqlalchemy import Connection, Engine, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.intake import batches, service
from helpsage.intake.models import Inbound, Progress
from helpsage.jobs.retries import described

log = logging.getLogger(__name__)

#: Records of one transaction.
BATCH = 200
#: So many at a time of those that were tried so often before: one that kills its worker is soon alone.
TRIED_BEFORE = (BATCH, 25, 5)
#: First number of the advisory locks; the second is the shard.
_LOCKED = 1010

_WAITING = text(
    "select shard, count(*) as due from inbound where state = 'waiting' and next_try_at <= :now group by shard"
)
_LOCK = text(
    "select shard from unnest(cast(:shards as integer[])) as asked (shard) where pg_try_advisory_lock(:lock, shard)"
)
_UNLOCK = text("select pg_advisory_unlock(:lock, shard) from unnest(cast(:shards as integer[])) as ours (shard)")
# Records whose time has come, and whose sender has none before it that waits for another try.
_DUE = text(
    """
    select id, shard, attempts from inbound
    where state = 'waiting' and shard = any(:shards) and next_try_at <= :now and not exists (
      select from inbound earlier
      where earlier.state = 'waiting' and earlier.sender = inbound.sender and earlier.sender <> ''
        and earlier.id < inbound.id and earlier.next_try_at > :now
    )
    order by id limit :most
    """
)
_TAKE = text(
    """
    insert into inbound_batch (shard, inbound_ids)
    select shard, array_agg(id) from unnest(cast(:ids as bigint[]), cast(:shards as integer[])) as taken (id, shard)
    group by shard
    """
)
#: What a worker was at in these shards, which it is no longer.
_LEFT = text("delete from inbound_batch where shard = any(:shards) returning inbound_ids")


def waiting(session: Session) -> dict[int, int]:
    """How much is due, by shard; shards with nothing are left out."""
    return {row.shard: row.due for row in session.execute(_WAITING, {"now": clock.now()})}


def drain(engine: Engine, limit: int = BATCH) -> int:
    """Work off what is due, one batch; returns how many records were looked at."""
    with Session(engine) as session:
        shards = waiting(session)
    return drain_shards(engine, list(shards), limit)


def drain_shards(engine: Engine, shards: Sequence[int], limit: int = BATCH) -> int:
    """Work off one batch of what is due in these shards; 0 when nothing is, or others are at all of them."""
    with _alone(engine, shards) as (connection, ours):
        batch = _claimed(connection, ours, limit) if ours else []
        if not batch:
            return 0
        with Session(connection, expire_on_commit=False) as session, session.begin():
            errors = _worked(session, batch)
            session.execute(_LEFT, {"shards": ours})
            for inbound_id, error in errors.items():
                _note(session, inbound_id, error)
    return len(batch)


@contextmanager
def _alone(engine: Engine, shards: Sequence[int]) -> Iterator[tuple[Connection, list[int]]]:
    """A connection, and those of the shards that nobody else works on while it lives and this block lasts."""
    with engine.connect() as connection:
        with connection.begin():
            ours = list(connection.scalars(_LOCK, {"lock": _LOCKED, "shards": list(shards)}))
        try:
            yield connection, ours
        finally:
            if ours and not connection.invalidated and not connection.closed:
                connection.rollback()
                with connection.begin():
                    connection.execute(_UNLOCK, {"lock": _LOCKED, "shards": ours})


def _claimed(connection: Connection, shards: Sequence[int], limit: int) -> list[int]:
    """The next records, written down before they are begun: one that kills its worker is given up in the end."""
    with Session(connection) as session, session.begin():
        left = [each for ids in session.scalars(_LEFT, {"shards": shards}) for each in ids]
        if left:
            _count_deaths(session, left)
        rows = session.execute(_DUE, {"shards": shards, "now": clock.now(), "most": limit}).all()
        tried = rows[0].attempts if rows else 0
        most = min(limit, TRIED_BEFORE[tried] if tried < len(TRIED_BEFORE) else 1)
        batch = list(takewhile(lambda row: row.attempts == tried, rows[:most]))
        if batch:
            taken = {"ids": [row.id for row in batch], "shards": [row.shard for row in batch]}
            session.execute(_TAKE, taken)
        return [row.id for row in batch]


def _count_deaths(session: Session, left: Sequence[int]) -> None:
    """Of each record of a batch whose worker died one try more; the last one gives it up."""
    waiting = (Inbound.id.in_(left), Inbound.state == Progress.WAITING.value)
    session.execute(update(Inbound).where(*waiting).values(attempts=Inbound.attempts + 1))
    over = select(Inbound.id).where(*waiting, Inbound.attempts >= service.MOST_TRIES)
    for inbound_id in session.scalars(over).all():
        service.failed(session, inbound_id, "its worker died", service.MOST_TRIES)


def _worked(session: Session, batch: Sequence[int]) -> dict[int, str]:
    """Work a batch off; returns what went wrong with which. What the same sender sent later waits for it."""
    done = _worked_at_once(session, batch)
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
