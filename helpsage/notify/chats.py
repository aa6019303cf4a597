"""A chat waits and nobody takes it: agents who could are told, where they chose, once a chat.

It is worth nothing later: who has quiet hours now, or reads letters as a digest, is not told.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.handoff import staffing
from helpsage.handoff.models import Handoff
from helpsage.notify import manner, sending, telling
from helpsage.notify.models import Delivery, Notice, Stage
from helpsage.people.models import Account
from helpsage.people.preferences import Event


def tell(session: Session, event_id: int, handoff: Handoff) -> int:
    """Tell everybody who could take this chat and wants to hear of it; returns how many."""
    told = 0
    for account_id in sorted(staffing.could_come(session, handoff)):
        account = session.get_one(Account, account_id)
        ways = [
            way for way in telling.ways_of(session, account.person_id, Event.WAITING) if _now(session, account, way)
        ]
        if ways and _write(session, event_id, handoff, account.person_id, ways):
            told += 1
    return told


def _now(session: Session, account: Account, way: telling.Way) -> bool:
    chosen = manner.of_person(session, account.person_id)
    stage, _ = manner.when(chosen, clock.now(), digests=way[0] == "email")
    return stage is Stage.WAITING


def _write(session: Session, event_id: int, handoff: Handoff, person_id: UUID, ways: list[telling.Way]) -> bool:
    row = insert(Notice).values(
        event_id=event_id,
        person_id=person_id,
        handoff_id=handoff.id,
        event=Event.WAITING.value,
        template="staff_chat",
        because="chats",
        created_at=clock.now(),
    )
    notice_id = session.scalar(row.on_conflict_do_nothing().returning(Notice.id))
    if notice_id is None:
        return False
    for channel, target_id in ways:
        delivery = Delivery(
            notice_id=notice_id, channel=channel, target_id=target_id, stage=Stage.WAITING.value, due_at=clock.now()
        )
        session.add(delivery)
        session.flush()
        sending.hand_over(session, delivery)
    return True
