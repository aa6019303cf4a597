"""Opening many tickets at once, in one statement: what a burst of letters and forms becomes.

For tickets without a conversation whose requester is known. Each is what `service.open_ticket` would have made of it,
with the same line in the log and the same event.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments import service as departments
from helpsage.service_levels import clocks
from helpsage.tickets import service, words
from helpsage.tickets.actor import Actor
from helpsage.tickets.models import REFERENCE_PREFIX, Status, Ticket
from helpsage.tickets.service import NewTicket

#: A ticket waiting to be opened, and whose doing it is.
Opening = tuple[NewTicket, Actor]
_MICROSECOND = timedelta(microseconds=1)
_Place = tuple[UUID | None, UUID | None]

#: What depends on where a ticket stands and how soon it matters, and not on the ticket.
_TERMS = (
    "service_terms",
    "first_response_due_at",
    "resolution_due_at",
    "next_due_at",
    "clocks_paused_at",
    "next_alarm_at",
)
# Tickets, their log and their events go there and back once. Numbers are given in the order of the list.
_OPEN = text(
    """
    with given as materialized (
      select * from jsonb_to_recordset(cast(:rows as jsonb)) as given (
        place integer, at timestamptz, id uuid, idempotency_key text, requester_id uuid, subject text, description text,
        category text, priority text, priority_reason text, tone text, channel text, department_id uuid, team_id uuid,
        details jsonb, gaps jsonb, service_terms jsonb, first_response_due_at timestamptz,
        resolution_due_at timestamptz, next_due_at timestamptz, clocks_paused_at timestamptz,
        next_alarm_at timestamptz,
        actor_kind text, actor_id uuid, actor_name text
      )
    ), made as (
      insert into ticket (
        id, idempotency_key, requester_id, subject, description, category, priority, priority_reason, status, tone,
        channel, department_id, team_id, details, gaps, version, created_at, updated_at, service_terms,
        first_response_due_at, resolution_due_at, next_due_at, clocks_paused_at, next_alarm_at
      )
      select id, idempotency_key, requester_id, subject, description, category, priority, priority_reason, :open, tone,
        channel, department_id, team_id, details, gaps, 1, at, at, service_terms,
        first_response_due_at, resolution_due_at, next_due_at, clocks_paused_at, next_alarm_at
      from given order by place
      on conflict (idempotency_key) do nothing
      returning id, number
    ), logged as (
      insert into ticket_change (ticket_id, at, actor_kind, actor_id, actor_name, action, before, after, reason)
      select id, at, actor_kind, actor_id, actor_name, 'created', 'null',
        jsonb_build_object('status', cast(:open as text), 'priority', priority, 'category', category), priority_reason
      from made join given using (id) order by place
    ), told as (
      insert into outbox_event (kind, subject_id, payload, created_at)
      select 'ticket.opened', id, jsonb_build_object(
          'reference', cast(:prefix as text) || number, 'actor_kind', actor_kind, 'actor_id', actor_id,
          'category', category, 'priority', priority), at
      from made join given using (id) order by place
    )
    select id from made
    """
)
_OPENED_BEFORE = text(
    "select idempotency_key, id from ticket where idempotency_key = any(cast(:keys as text[])) and id <> all(:ours)"
)


def open_many(session: Session, asked: Sequence[Opening]) -> list[UUID]:
    """Open tickets, once per `idempotency_key`, numbered in this order; whoever comes second gets the first one.

    Parameters:
        asked: each with `requester_id` and `idempotency_key`, and without a conversation.

    Returns:
        The tickets' ids, in the same order.

    Raises:
        InvalidText: no description, or one that is too long.
    """
    if not asked:
        return []
    session.flush()
    known = _Known(session)
    rows = [known.row(place, new, actor) for place, (new, actor) in enumerate(asked)]
    values = {"rows": json.dumps(rows), "open": Status.OPEN.value, "prefix": REFERENCE_PREFIX}
    made = {row.id for row in session.execute(_OPEN, values)}
    ids = [UUID(row["id"]) for row in rows]
    if len(made) == len(ids):
        return ids
    keys = [new.idempotency_key for new, _ in asked]
    before: dict[str | None, UUID] = {
        row.idempotency_key: row.id for row in session.execute(_OPENED_BEFORE, {"keys": keys, "ours": list(made)})
    }
    return [each if each in made else before[key] for each, key in zip(ids, keys, strict=True)]


class _Known:
    """What many tickets have in common is asked once."""

    def __init__(self, session: Session) -> None:
        self.now = clock.now()
        self._session = session
        self._places: dict[tuple[str, UUID | None], _Place] = {}
        self._terms: dict[tuple[Any, ...], dict[str, Any]] = {}

    def row(self, place: int, new: NewTicket, actor: Actor) -> dict[str, Any]:
        """A ticket as the statement takes it."""
        assert new.requester_id is not None
        assert new.idempotency_key is not None
        assert new.conversation_id is None
        description = words.body(new.description)
        priority, why = service.priority_of(new, description)
        department_id, team_id = self._place(new)
        return {
            "place": place,
            # None is as old as another one: what compares them knows which came first.
            "at": (self.now + place * _MICROSECOND).isoformat(),
            "id": str(uuid4()),
            "idempotency_key": new.idempotency_key,
            "requester_id": str(new.requester_id),
            "subject": words.subject(new.subject, description),
            "description": description,
            "category": new.category,
            "priority": priority.value,
            "priority_reason": why,
            "tone": new.tone,
            "channel": new.channel,
            "department_id": str(department_id) if department_id is not None else None,
            "team_id": str(team_id) if team_id is not None else None,
            "details": words.clean_json(new.details),
            "gaps": words.clean_json(new.gaps),
            "actor_kind": actor.kind,
            "actor_id": str(actor.person_id) if actor.person_id is not None else None,
            "actor_name": actor.name,
            **self._promised(new.category, priority.value, department_id),
        }

    def _place(self, new: NewTicket) -> _Place:
        wanted = (new.category, new.department_id)
        if wanted not in self._places:
            self._places[wanted] = departments.place(self._session, new.category, department_id=new.department_id)
        return self._places[wanted]

    def _promised(self, category: str, priority: str, department_id: UUID | None) -> dict[str, Any]:
        alike = (category, priority, department_id)
        if alike not in self._terms:
            ticket = Ticket(category=category, priority=priority, department_id=department_id, created_at=self.now)
            ticket.status = Status.OPEN.value
            clocks.begin(self._session, ticket)
            promised = {name: getattr(ticket, name) for name in _TERMS}
            self._terms[alike] = {
                name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in promised.items()
            }
        return self._terms[alike]
