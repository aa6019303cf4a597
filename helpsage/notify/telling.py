"""From an event to notices: one for each person and target, on each way that they want, now or when it suits them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.notify import manner, rules, sending
from helpsage.notify.models import Delivery, Notice, Stage, Target
from helpsage.notify.rules import Told
from helpsage.people import preferences
from helpsage.people.models import Person
from helpsage.people.preferences import Channel, Event
from helpsage.tickets.models import Ticket

#: Where a notice goes: the channel, and the target when it is one.
Way = tuple[str, UUID | None]


def tell(session: Session, event_id: int, kind: str, ticket: Ticket, payload: Mapping[str, Any]) -> None:
    """Tell everybody of an event; what was told already is not told again."""
    what = rules.happening(session, event_id, kind, ticket, payload)
    for told in rules.told_by(session, what):
        ways = _ways(session, told)
        if ways:  # who is several things at once is told as the first that they want: the key lets no second one in
            _write(session, event_id, told, ways)


def _ways(session: Session, told: Told) -> list[Way]:
    """Where this one wants to hear of this."""
    if told.target_id is not None:
        return [("target", told.target_id)]
    assert told.person_id is not None
    return ways_of(session, told.person_id, told.event)


def ways_of(session: Session, person_id: UUID, event: Event) -> list[Way]:
    """Where somebody wants to hear of such an event."""
    ways: list[Way] = []
    chosen = preferences.of_person(session, person_id)
    person = session.get_one(Person, person_id)
    if chosen.get((event, Channel.EMAIL), False) and sending.address_of(session, person):
        ways.append(("email", None))
    if chosen.get((event, Channel.TARGET), False):
        own = select(Target.id).where(Target.person_id == person_id, Target.removed_at.is_(None))
        ways += [("target", target_id) for target_id in session.scalars(own.order_by(Target.created_at))]
    return ways


def _write(session: Session, event_id: int, told: Told, ways: list[Way]) -> None:
    now = clock.now()
    row = insert(Notice).values(
        event_id=event_id,
        person_id=told.person_id,
        target_id=told.target_id,
        ticket_id=told.ticket.id,
        event=told.event.value,
        template=told.template,
        because=told.because,
        urgent=told.urgent,
        facts=dict(told.facts),
        created_at=now,
    )
    notice_id = session.scalar(row.on_conflict_do_nothing().returning(Notice.id))
    if notice_id is None:
        return
    for channel, target_id in ways:
        stage, due_at = _when(session, told, channel)
        delivery = Delivery(notice_id=notice_id, channel=channel, target_id=target_id, stage=stage.value, due_at=due_at)
        session.add(delivery)
        session.flush()
        if stage is Stage.WAITING:
            sending.hand_over(session, delivery)


def _when(session: Session, told: Told, channel: str) -> tuple[Stage, Any]:
    """Staff hear of what is urgent at any hour. A place that belongs to nobody has no night."""
    if told.person_id is None or (told.urgent and told.staff):
        return Stage.WAITING, clock.now()
    return manner.when(manner.of_person(session, told.person_id), clock.now(), digests=channel == "email")


def forget(session: Session, before: datetime) -> None:
    """Remove the record of notices older than this, apart from those that still wait."""
    waiting = select(Delivery.notice_id).where(Delivery.stage.in_([Stage.HELD, Stage.DIGEST, Stage.WAITING]))
    session.execute(delete(Notice).where(Notice.created_at < before, Notice.id.not_in(waiting)))
