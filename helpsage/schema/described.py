"""Tickets and what is written on them, as other programs read them: the same for the API and for webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.departments.models import Department, Team
from helpsage.people.models import Account
from helpsage.schema.events import Clock, Entry, KeptTicket, KnownRequester, Read, Reading
from helpsage.service_levels import levels, standing
from helpsage.service_levels.standing import State
from helpsage.tickets import models
from helpsage.triage.models import ReadingLabel, ReadingRow


def ticket(session: Session, found: models.Ticket) -> KeptTicket:
    """The ticket as staff know it."""
    return tickets(session, [found])[0]


def tickets(session: Session, found: Sequence[models.Ticket]) -> list[KeptTicket]:
    """The same of many, with as few questions as of one."""
    departments = _named(session, Department.id, Department.key, {one.department_id for one in found})
    teams = _named(session, Team.id, Team.key, {one.team_id for one in found})
    agents = _named(session, Account.id, Account.email, {one.assignee_id for one in found})
    numbers = _named(session, models.Ticket.id, models.Ticket.number, {one.merged_into_id for one in found})
    readings = _readings(session, [one.id for one in found])
    return [
        _ticket(
            one,
            departments.get(one.department_id),
            teams.get(one.team_id),
            agents.get(one.assignee_id),
            numbers.get(one.merged_into_id),
            readings.get(one.id),
        )
        for one in found
    ]


def _named(session: Session, key: Any, value: Any, ids: set[UUID | None]) -> dict[UUID | None, Any]:
    """What goes by these ids."""
    wanted = ids - {None}
    rows = session.execute(select(key, value).where(key.in_(wanted))) if wanted else ()
    return {row[0]: row[1] for row in rows}


def _readings(session: Session, ids: Sequence[UUID]) -> dict[UUID, Reading]:
    """How these tickets were understood, with what people said instead."""
    asked = select(ReadingRow, ReadingLabel).outerjoin(ReadingLabel, ReadingLabel.ticket_id == ReadingRow.ticket_id)
    rows = session.execute(asked.where(ReadingRow.ticket_id.in_(ids))).all() if ids else []
    labels: dict[UUID, dict[str, ReadingLabel]] = {}
    for reading, label in rows:
        labels.setdefault(reading.ticket_id, {}).update({label.tag: label} if label is not None else {})
    return {row[0].ticket_id: _reading(row[0], labels[row[0].ticket_id]) for row in rows}


def _reading(row: ReadingRow, people: Mapping[str, ReadingLabel]) -> Reading:
    def read(tag: str) -> Read:
        said, label = getattr(row, tag), people.get(tag)
        return Read(
            value=label.right if label is not None else said,
            confidence=min(1.0, max(0.0, getattr(row, f"{tag}_confidence"))),
            evidence=getattr(row, f"{tag}_evidence"),
            corrected=label is not None and label.right != said,
        )

    return Reading.model_validate(
        {
            **{tag: read(tag) for tag in ("topic", "urgency", "tone", "language")},
            "reader": row.reader,
            "changed_at": max([row.at, *(label.at for label in people.values())]),
        }
    )


def _clocks(found: models.Ticket) -> list[Clock]:
    # Late is no state here: it comes with time alone, and nothing would tell readers that the answer has changed.
    return [
        Clock.model_validate(
            {
                "clock": each.kind.value,
                "state": (State.RUNNING if each.state is State.LATE else each.state).value,
                "due_at": each.due_at,
                "done_at": each.done_at,
            }
        )
        for each in standing.at_a_glance(found)
    ]


def _ticket(
    found: models.Ticket,
    department: str | None,
    team: str | None,
    assignee: str | None,
    survivor: int | None,
    reading: Reading | None,
) -> KeptTicket:
    person = found.requester
    return KeptTicket.model_validate(
        {
            "id": found.id,
            "reference": found.reference,
            "subject": found.subject,
            "description": found.description,
            "category": found.category,
            "priority": found.priority,
            "requester": KnownRequester(
                id=person.id, name=person.name, email=person.email or person.contact_email or ""
            ),
            "department": department,
            "details": found.details,
            "tags": list(found.tags),
            "status": found.status,
            "team": team,
            "assignee": assignee,
            "channel": found.channel,
            "tone": found.tone,
            "merged_into": f"{models.REFERENCE_PREFIX}{survivor}" if survivor is not None else None,
            "rating": found.rating,
            "rating_comment": found.rating_comment,
            "version": found.version,
            "created_at": found.created_at,
            "updated_at": found.updated_at,
            "first_response_at": found.first_response_at,
            "resolved_at": found.resolved_at,
            "closed_at": found.closed_at,
            "first_response_due_at": found.first_response_due_at,
            "resolution_due_at": found.resolution_due_at,
            "clocks": _clocks(found),
            "reading": reading,
            "url": f"{settings.get().web_url}/agent/tickets/{found.reference}",
        }
    )


def for_requester(kept: KeptTicket) -> KeptTicket:
    """The same for the person who asked: without what staff keep among themselves; due times when this desk tells
    people so.
    """
    kept_back: dict[str, Any] = {"first_response_due_at": None, "resolution_due_at": None, "clocks": []}
    return kept.model_copy(
        update={
            **({} if levels.load().promise else kept_back),
            "reading": None,
            "assignee": None,
            "team": None,
            "tags": [],
            "tone": None,
            "url": f"{settings.get().web_url}/my/tickets/{kept.reference}",
        }
    )


def entry(found: models.Entry) -> Entry:
    """A piece of a thread."""
    return Entry.model_validate(
        {
            "id": found.id,
            "author": found.author_kind,
            "author_name": found.author_name,
            "visibility": found.visibility,
            "body": found.body,
            "source": found.source,
            "created_at": found.created_at,
        }
    )
