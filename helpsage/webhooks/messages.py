"""From an event to messages: what each webhook that chose it is sent, written once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments.models import Team
from helpsage.people.models import Account
from helpsage.schema import described
from helpsage.schema.events import KINDS, MODELS, Changed, Data, Due, Entry, Moved, Said, Timed, Written
from helpsage.tickets import models as tickets
from helpsage.webhooks import service
from helpsage.webhooks.models import Message, Stage, Webhook


def write(
    session: Session, event_id: int, kind: str, at: datetime, ticket: tickets.Ticket, payload: Mapping[str, Any]
) -> int:
    """Write a message for each webhook that chose this event, once; returns how many are new."""
    if kind not in KINDS:
        return 0
    chosen = select(Webhook.id).where(
        Webhook.events.contains([kind]),
        Webhook.disabled_at.is_(None),
        Webhook.removed_at.is_(None),
        or_(Webhook.department_id.is_(None), Webhook.department_id == ticket.department_id),
    )
    ids = list(session.scalars(chosen.order_by(Webhook.id)))
    if not ids:
        return 0
    body = body_of(session, kind, at, ticket, payload)
    return sum(_write(session, webhook_id, event_id, kind, ticket.id, body) for webhook_id in ids)


def _write(session: Session, webhook_id: UUID, event_id: int, kind: str, ticket_id: UUID, body: str) -> bool:
    row = insert(Message).values(
        id=uuid4(),
        webhook_id=webhook_id,
        event_id=event_id,
        kind=kind,
        subject_id=ticket_id,
        body=body,
        due_at=clock.now(),
        created_at=clock.now(),
    )
    made = session.scalar(row.on_conflict_do_nothing(index_elements=["webhook_id", "event_id"]).returning(Message.id))
    # While it fails it is looked at every minute and not with each event.
    if made is not None and not is_failing(session, webhook_id):
        service.wake(session, webhook_id)
    return made is not None


def is_failing(session: Session, webhook_id: UUID) -> bool:
    """Whether a message waits that was tried before."""
    tried = select(Message.id).where(
        Message.webhook_id == webhook_id, Message.stage == Stage.WAITING.value, Message.attempts > 0
    )
    return session.scalar(tried.limit(1)) is not None


def body_of(session: Session, kind: str, at: datetime, ticket: tickets.Ticket, payload: Mapping[str, Any]) -> str:
    """What is sent of an event: the ticket as it is now, in the envelope of Standard Webhooks."""
    model = MODELS[kind]
    data = _data(session, KINDS[kind][1], ticket, payload)
    return model(type=kind, timestamp=at, data=data).model_dump_json(by_alias=True)


def _data(session: Session, data: type[Data], ticket: tickets.Ticket, payload: Mapping[str, Any]) -> Data:
    known: dict[str, Any] = {"ticket": described.ticket(session, ticket), "by": payload.get("actor_kind", "system")}
    entry = _entry(session, payload)
    if issubclass(data, Written | Said):
        known["entry"] = entry
    if issubclass(data, Moved):
        known["change"] = Changed.model_validate(
            {"from": _named(session, payload.get("from")), "to": _named(session, payload.get("to"))}
        )
    if issubclass(data, Timed):
        due = payload.get("due_at")
        known["due"] = Due(clock=payload.get("clock"), due_at=datetime.fromisoformat(due) if due else None)
    return data(**known)


def _entry(session: Session, payload: Mapping[str, Any]) -> Entry | None:
    found = session.get(tickets.Entry, UUID(payload["entry_id"])) if payload.get("entry_id") else None
    return described.entry(found) if found is not None else None


def _named(session: Session, value: Any) -> str | list[str] | None:
    """An account by its address, a team by its key, everything else as it is."""
    if isinstance(value, list):
        return [str(one) for one in value]
    if not isinstance(value, str):
        return None
    try:
        given = UUID(value)
    except ValueError:
        return value
    account, team = session.get(Account, given), session.get(Team, given)
    if account is not None:
        return account.email
    return team.key if team is not None else value
