"""The one path of everything that comes in: accept it raw, work it off once, look at it, replay it.

`accept` writes the record in the caller's transaction; the caller commits before it tells anybody that it arrived.
`work` makes one ticket or one comment of a record, in one transaction with the record's own state: a worker that dies
has either done both or nothing.
"""

from __future__ import annotations

import json
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, text, update
from sqlalchemy.orm import Session, undefer

from helpsage import clock
from helpsage.intake import chats, forms, letters, tickets
from helpsage.intake.made import Made
from helpsage.intake.models import Inbound, Lane, Progress
from helpsage.mail.address import one_line
from helpsage.tickets.words import clean_json

#: Records of one sender are worked off in order, those of different shards side by side. Few, so that what comes in one
#: after the other is worked off together: a batch of one costs nearly as much as one of ten.
SHARDS = 4
#: Tries of one record; the waits between them double from one second.
MOST_TRIES = 8
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=5)
LONGEST_KEY = 900

_NAMESPACE = uuid.UUID("5f2a9be4-2a3b-4d6c-9a57-1e0c9d2b7a10")

#: What a record of each lane means.
_WORK: Mapping[Lane, Callable[[Session, Inbound], Made]] = {
    Lane.EMAIL: letters.work,
    Lane.FORM: forms.work,
    Lane.CHAT: chats.work,
    Lane.API: tickets.work,
}


#: Many records in one round trip, the first of each key. What another transaction has only just kept is not seen yet.
_ACCEPT = text(
    """
    with given as materialized (
      select * from unnest(
        cast(:lanes as text[]), cast(:keys as text[]), cast(:raws as bytea[]), cast(:content_types as text[]),
        cast(:metas as jsonb[]), cast(:senders as text[]), cast(:subjects as text[]), cast(:shards as integer[])
      ) with ordinality as given (lane, key, raw, content_type, meta, sender, subject, shard, place)
    ), made as (
      insert into inbound (lane, key, raw, content_type, meta, sender, subject, shard, received_at, next_try_at)
      select lane, key, raw, content_type, meta, sender, subject, shard, :now, :now from given order by place
      on conflict (lane, key) do nothing
      returning id, lane, key
    )
    select coalesce(made.id, inbound.id) as id, made.id is not null as is_new
    from given left join made using (lane, key) left join inbound using (lane, key)
    order by place
    """
)


@dataclass(frozen=True)
class Arrival:
    """Something that came in, ready to be kept (`arrival`)."""

    lane: Lane
    key: str
    raw: bytes
    content_type: str
    #: JSON.
    meta: str
    sender: str
    subject: str

    @property
    def shard(self) -> int:
        """Where it is worked off, in order with everything of its sender."""
        return zlib.crc32((self.sender or self.key).encode()) % SHARDS


class InboundNotFound(Exception):
    """No record has this number."""


def arrival(
    lane: Lane | str,
    key: str,
    raw: bytes,
    content_type: str,
    meta: Mapping[str, Any] | None = None,
    sender: str = "",
    subject: str = "",
) -> Arrival:
    """Make ready what came in.

    Parameters:
        key: from Message-ID, form, conversation or Idempotency-Key.
        meta: what the lane knows besides, as JSON.
        sender: the address that it gives as its own. Records of one sender are worked off in their order.
    """
    return Arrival(
        Lane(lane),
        _kept_key(key),
        raw,
        one_line(content_type)[:200],
        json.dumps(clean_json(dict(meta or {}))),
        one_line(sender).lower(),
        one_line(subject),
    )


@dataclass(frozen=True)
class Kept:
    """Where something lies that came in.

    Attributes:
        is_new: nothing had come under its key before.
    """

    number: int
    is_new: bool


def accept_all(session: Session, some: Sequence[Arrival]) -> list[Kept]:
    """Keep what came in, each once per lane and key: whoever brings one again gets the first record's number.

    The caller commits before it acknowledges. Numbers are given in this order.
    """
    values = {
        "lanes": [each.lane.value for each in some],
        "keys": [each.key for each in some],
        "raws": [each.raw for each in some],
        "content_types": [each.content_type for each in some],
        "metas": [each.meta for each in some],
        "senders": [each.sender for each in some],
        "subjects": [each.subject for each in some],
        "shards": [each.shard for each in some],
        "now": clock.now(),
    }
    rows = session.execute(_ACCEPT, values).all()
    return [Kept(number or _number(session, each), is_new) for (number, is_new), each in zip(rows, some, strict=True)]


def _number(session: Session, kept: Arrival) -> int:
    asked = select(Inbound.id).where(Inbound.lane == kept.lane.value, Inbound.key == kept.key)
    return session.scalars(asked).one()


def accept(
    session: Session,
    lane: Lane | str,
    key: str,
    raw: bytes,
    content_type: str,
    meta: Mapping[str, Any] | None = None,
    sender: str = "",
    subject: str = "",
) -> Inbound:
    """Keep one thing that came in (`arrival`, `accept_all`), and return its record, or the first one of its key.

    The caller commits before it acknowledges.
    """
    (kept,) = accept_all(session, [arrival(lane, key, raw, content_type, meta, sender, subject)])
    return session.get_one(Inbound, kept.number)


def _kept_key(key: str) -> str:
    """As it can be kept: not too long, without what PostgreSQL does not take."""
    writable = key.encode(errors="replace").decode().replace("\x00", "")
    return writable if len(writable) <= LONGEST_KEY else f"sha256:{uuid.uuid5(_NAMESPACE, writable).hex}"


def is_known(session: Session, lane: Lane, key: str) -> bool:
    """Whether a record of this key is here already."""
    known = select(Inbound.id).where(Inbound.lane == lane.value, Inbound.key == _kept_key(key))
    return session.scalar(known) is not None


def work(session: Session, inbound_id: int) -> Inbound | None:
    """Make of a record what it means. None when it does not wait, or somebody else is at it.

    Raises:
        whatever went wrong; the caller rolls back and calls `failed`.
    """
    asked = select(Inbound).where(Inbound.id == inbound_id, Inbound.state == Progress.WAITING.value)
    asked = asked.options(undefer(Inbound.raw)).execution_options(populate_existing=True)
    record = session.scalar(asked.with_for_update(skip_locked=True))
    if record is None:
        return None
    made = _WORK[Lane(record.lane)](session, record)
    record.state = (Progress.IGNORED if made.ignored else Progress.DONE).value
    record.reason = made.ignored
    record.ticket_id, record.entry_id, record.person_id = made.ticket_id, made.entry_id, made.person_id
    record.worked_at = clock.now()
    session.flush()
    return record


def is_behind(session: Session, record: Inbound) -> bool:
    """Whether something that the same sender sent before still waits: what one sender sent is worked off in order."""
    before = select(Inbound.id).where(
        Inbound.state == Progress.WAITING.value, Inbound.sender == record.sender, Inbound.id < record.id
    )
    return record.sender != "" and session.scalar(before.limit(1)) is not None


def failed(session: Session, inbound_id: int, error: str, attempts: int) -> None:
    """Write down that working a record off went wrong; it is tried again later, or given up for a person to replay."""
    over = attempts >= MOST_TRIES
    wait = min(FIRST_WAIT * 2 ** max(0, attempts - 1), LONGEST_WAIT)
    session.execute(
        update(Inbound)
        .where(Inbound.id == inbound_id, Inbound.state == Progress.WAITING.value)
        .values(
            state=(Progress.FAILED if over else Progress.WAITING).value,
            reason=error[:500],
            next_try_at=clock.now() + wait,
        )
    )


def replay(session: Session, inbound_id: int) -> Inbound:
    """Let a record be worked off anew. One that was ignored becomes a ticket now; one that was done finds its own.

    Raises:
        InboundNotFound
    """
    record = session.get(Inbound, inbound_id, with_for_update=True)
    if record is None:
        raise InboundNotFound(str(inbound_id))
    record.forced = record.forced or record.state == Progress.IGNORED
    record.state, record.reason, record.attempts = Progress.WAITING.value, "", 0
    record.next_try_at = clock.now()
    session.flush()
    return record


# --- looking at them


@dataclass(frozen=True)
class Wanted:
    """Which records to show. Empty shows every one."""

    lane: Lane | None = None
    state: Progress | None = None
    #: The beginning of an address, or a whole one.
    sender: str = ""
    #: Words of the subject.
    words: str = ""


def by_id(session: Session, inbound_id: int) -> Inbound:
    """One record.

    Raises:
        InboundNotFound
    """
    found = session.get(Inbound, inbound_id)
    if found is None:
        raise InboundNotFound(str(inbound_id))
    return found


def newest(session: Session, wanted: Wanted, before_id: int | None = None, limit: int = 50) -> list[Inbound]:
    """Records, the newest first.

    Parameters:
        before_id: the last one of the page before.
    """
    conditions: list[ColumnElement[bool]] = []
    if wanted.lane is not None:
        conditions.append(Inbound.lane == wanted.lane.value)
    if wanted.state is not None:
        conditions.append(Inbound.state == wanted.state.value)
    if wanted.sender.strip():
        conditions.append(Inbound.sender.startswith(wanted.sender.strip().lower(), autoescape=True))
    conditions += [Inbound.subject.icontains(word, autoescape=True) for word in wanted.words.split()[:8]]
    if before_id is not None:
        conditions.append(Inbound.id < before_id)
    return list(session.scalars(select(Inbound).where(*conditions).order_by(Inbound.id.desc()).limit(limit)))


def counted(session: Session) -> dict[str, int]:
    """How many records wait, and how many were given up."""
    some = (Progress.WAITING.value, Progress.FAILED.value)
    rows = session.execute(select(Inbound.state, func.count()).where(Inbound.state.in_(some)).group_by(Inbound.state))
    return dict.fromkeys(some, 0) | {str(state): count for state, count in rows}


def letters_of(ticket_ids: Sequence[uuid.UUID]) -> Select[Inbound]:
    """The question for the letters of which these tickets and what was said on them were made."""
    made = Inbound.lane == Lane.EMAIL.value, Inbound.state == Progress.DONE.value
    return select(Inbound).where(Inbound.ticket_id.in_(ticket_ids), *made)
