"""Tickets that were solved, as a source for agents: what was answered last to somebody who told much the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from helpsage.knowledge import words
from helpsage.knowledge.source import Asked, Suggestion
from helpsage.people import permissions
from helpsage.people.permissions import Action, Viewer
from helpsage.tickets import lifecycle
from helpsage.tickets.models import Ticket
from helpsage.tickets.words import shortened

PREFIX = "ticket:"
#: Below that likeness a ticket is about something else.
NEAR = 0.6
#: The nearest tickets that are asked for a solution.
LOOKED_AT = 40
#: An answer of fewer words ("Done.") helps nobody else.
FEWEST_WORDS = 6
LONGEST_TITLE = 80

_NEAREST = text(
    """
    set local hnsw.iterative_scan = strict_order;
    with near as materialized (
      select m.ticket_id, 1 - (m.vector <=> cast(:vector as vector)) as likeness from ticket_meaning m
      where m.encoder = :encoder order by m.vector <=> cast(:vector as vector) limit :most
    )
    select near.ticket_id, near.likeness, answer.body from near
    join ticket t on t.id = near.ticket_id and t.status = any(:finished) and t.merged_into_id is null
    cross join lateral (
      select e.body from ticket_entry e
      where e.ticket_id = t.id and e.author_kind = 'agent' and e.visibility = 'public'
      order by e.created_at desc limit 1
    ) answer
    where near.likeness >= :least order by near.likeness desc
    """
)


class Solved:
    """The source. What it finds is about other people, and only to be read."""

    def nearest(self, session: Session, asked: Asked, most: int) -> Sequence[Suggestion]:
        """The nearest finished tickets that the agent may see, with the last public answer."""
        if asked.viewer is None:
            return []
        values = {
            "vector": "[" + ",".join(f"{number:.6f}" for number in asked.vector.tolist()) + "]",
            "encoder": asked.encoder.version,
            "finished": [status.value for status in lifecycle.FINISHED],
            "least": NEAR,
            "most": LOOKED_AT,
        }
        rows = [row for row in session.execute(_NEAREST, values) if len(row.body.split()) >= FEWEST_WORDS]
        seen = _visible(session, asked.viewer, rows, asked.but)
        found = [_suggestion(seen[row.ticket_id], row) for row in rows if row.ticket_id in seen]
        return found[:most]

    def text_of(self, session: Session, key: str) -> str | None:
        """Nothing: an answer to somebody else is never put into a reply by itself."""
        return None


def _visible(session: Session, viewer: Viewer, rows: Sequence[Row[Any]], but: UUID | None) -> dict[UUID, Ticket]:
    ids = [row.ticket_id for row in rows if row.ticket_id != but]
    if not ids:
        return {}
    mine = permissions.visible_tickets(viewer, Action.SEE_TICKET)
    return {ticket.id: ticket for ticket in session.scalars(select(Ticket).where(Ticket.id.in_(ids), mine))}


def _suggestion(ticket: Ticket, row: Row[Any]) -> Suggestion:
    named = words.SOLVED.format(reference=ticket.reference, subject=ticket.subject)
    return Suggestion(
        key=f"{PREFIX}{ticket.reference}",
        title=shortened(named, LONGEST_TITLE),
        text=row.body,
        likeness=row.likeness,
        link=f"/agent/tickets/{ticket.reference}",
        only_to_read=True,
    )
