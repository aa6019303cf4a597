"""Plain records, many at once: their people, tickets, log lines and events in a handful of statements.

What is made is what `service.work` would have made of each. Whatever a batch cannot be sure of is left to that one:
a record that is more than a ticket of its own (`Plain`), everything behind it of the same sender, and the whole batch
when it fails (`drain.py`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.orm import Session, undefer

from helpsage import clock
from helpsage.departments import service as departments
from helpsage.intake import forms, letters, tickets
from helpsage.intake.made import Homes, Plain
from helpsage.intake.models import Inbound, Lane, Progress
from helpsage.mail import threading
from helpsage.people import directory
from helpsage.tickets import opening
from helpsage.tickets.service import Actor

log = logging.getLogger(__name__)

#: What tells whether a record of a lane is plain. The others are worked off one by one.
_PLAIN: Mapping[Lane, Callable[[Homes, Inbound], Plain | None]] = {
    Lane.EMAIL: letters.plain,
    Lane.FORM: forms.plain,
    Lane.API: tickets.plain,
}

_KNOWN = text(
    """
    select asked.address, known.person_id, proven.id as proven_id, person.name, person.contact_email,
      known.bounced_at is not null as bounced
    from unnest(cast(:addresses as text[])) as asked (address)
    left join mail_identity known on known.address = asked.address
    left join person on person.id = known.person_id
    left join person proven on lower(proven.email) = asked.address
    where known.person_id is not null or proven.id is not null
    """
)
_MEET = text(
    """
    with given as materialized (
      select * from jsonb_to_recordset(cast(:rows as jsonb))
        as given (id uuid, name text, contact_email text, address text)
    ), people as (
      insert into person (id, name, contact_email, locale, created_at)
      select id, name, contact_email, 'en', :now from given
    )
    insert into mail_identity (address, person_id, created_at)
    select address, id, :now from given where address <> ''
    on conflict (address) do nothing returning address
    """
)
_REMEMBER = text(
    """
    insert into mail_reference (message_id, ticket_id, sender, at)
    select distinct on (message_id) message_id, ticket_id, sender, :now
    from jsonb_to_recordset(cast(:rows as jsonb)) as given (message_id text, ticket_id uuid, sender text)
    on conflict (message_id) do nothing
    """
)
_DONE = text(
    """
    update inbound set state = :done, reason = '', ticket_id = made.ticket_id, person_id = made.person_id,
      entry_id = null, worked_at = :now
    from jsonb_to_recordset(cast(:rows as jsonb)) as made (id bigint, ticket_id uuid, person_id uuid)
    where inbound.id = made.id
    """
)


class MetMeanwhile(Exception):
    """Somebody else has just met one of these people: one by one it is found out who they are."""


@dataclass
class _Somebody:
    """Who sent something; `is_new` until the batch is written."""

    id: UUID
    name: str
    contact_email: str | None
    is_new: bool = False


def work(session: Session, inbound_ids: Sequence[int]) -> set[int]:
    """Work off those of these records that are plain; returns which.

    Raises:
        whatever went wrong, also because of a single one of them: then nothing of it may be kept.
    """
    asked = select(Inbound).where(Inbound.id.in_(inbound_ids), Inbound.state == Progress.WAITING.value)
    asked = asked.options(undefer(Inbound.raw)).order_by(Inbound.id).with_for_update(skip_locked=True)
    found = _plain_ones(session, session.scalars(asked).all())
    people = _People(session, [plain.address for _, plain in found])
    certain: list[tuple[Inbound, Plain, _Somebody]] = []
    held_up: set[str] = set()
    for record, plain in found:
        somebody = people.who(plain) if record.sender not in held_up or not record.sender else None
        if somebody is not None:
            certain.append((record, plain, somebody))
        else:
            held_up.add(record.sender)
    people.write()
    _write(session, certain)
    return {record.id for record, _, _ in certain}


def _plain_ones(session: Session, records: Sequence[Inbound]) -> list[tuple[Inbound, Plain]]:
    """Those that are plain, and have nothing of the same sender before them that is not."""
    homes = departments.ids_by_key(session)
    found: list[tuple[Inbound, Plain]] = []
    held_up: set[str] = set()
    for record in records:
        plain = _plain(homes, record) if record.sender not in held_up else None
        if plain is not None:
            found.append((record, plain))
        elif record.sender:
            held_up.add(record.sender)
    return found


def _plain(homes: Homes, record: Inbound) -> Plain | None:
    look = _PLAIN.get(Lane(record.lane))
    if look is None:
        return None
    try:
        return look(homes, record)
    except ValueError:  # it is told when it is worked off alone
        return None


class _People:
    """Who is behind the addresses of a batch, as `people.by_mail` finds them."""

    def __init__(self, session: Session, addresses: Sequence[str]) -> None:
        self._session = session
        rows = session.execute(_KNOWN, {"addresses": sorted({each for each in addresses if each})})
        self._known: dict[str, Any] = {row.address: row for row in rows}
        self._met: dict[str, _Somebody] = {}
        self._new: list[tuple[str, _Somebody]] = []

    def who(self, plain: Plain) -> _Somebody | None:
        """The person; None when something about them has to be changed, which is done one by one."""
        name = directory.clean_name(plain.name)
        known = self._known.get(plain.address)
        if known is None:
            return self._stranger(plain.address, name)
        unproven = known.proven_id is None
        new_name = bool(name) and not known.name
        new_address = unproven and known.contact_email != plain.address
        if known.person_id is None or known.bounced or new_name or new_address:
            return None
        if not unproven and known.person_id != known.proven_id:
            return None
        return _Somebody(known.person_id, known.name, known.contact_email)

    def _stranger(self, address: str, name: str) -> _Somebody:
        somebody = self._met.get(address) if address else None
        if somebody is None:
            somebody = _Somebody(uuid4(), name, address or None, is_new=True)
            self._new.append((address, somebody))
            self._met[address] = somebody
        somebody.name = somebody.name or name
        return somebody

    def write(self) -> None:
        """Make the new ones known.

        Raises:
            MetMeanwhile
        """
        if not self._new:
            return
        rows = [
            {"id": str(each.id), "name": each.name, "contact_email": each.contact_email, "address": address}
            for address, each in self._new
        ]
        met = self._session.execute(_MEET, {"rows": json.dumps(rows), "now": clock.now()}).all()
        if len(met) != sum(bool(address) for address, _ in self._new):
            raise MetMeanwhile


def _write(session: Session, certain: Sequence[tuple[Inbound, Plain, _Somebody]]) -> None:
    if not certain:
        return
    asked: list[opening.Opening] = []
    for _, plain, somebody in certain:
        new = replace(plain.ticket, requester_id=somebody.id, requester_name=somebody.name)
        asked.append((new, Actor("requester", somebody.name, somebody.id)))
    ids = opening.open_many(session, asked)
    now = clock.now()
    named = [
        {"message_id": plain.message_id, "ticket_id": str(ticket_id), "sender": plain.address}
        for (_, plain, _), ticket_id in zip(certain, ids, strict=True)
        if threading.ids_in(plain.message_id)
    ]
    if named:
        session.execute(_REMEMBER, {"rows": json.dumps(named), "now": now})
    done = [
        {"id": record.id, "ticket_id": str(ticket_id), "person_id": str(somebody.id)}
        for (record, _, somebody), ticket_id in zip(certain, ids, strict=True)
    ]
    session.execute(_DONE, {"rows": json.dumps(done), "now": now, "done": Progress.DONE.value})
