"""Where a ticket stands, as steps that its requester can follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from helpsage.tickets.models import Change, Status, Ticket
from helpsage.web.portal import words

#: How far each status is along `words.STEPS`.
REACHED = {
    Status.OPEN: 0,
    Status.IN_PROGRESS: 1,
    Status.WAITING: 1,
    Status.ESCALATED: 1,
    Status.RESOLVED: 2,
    Status.CLOSED: 3,
}


@dataclass(frozen=True)
class Step:
    """One of them.

    Attributes:
        at: when it was reached; None when that is still to come, or was skipped.
    """

    title: str
    state: Literal["done", "current", "todo"]
    at: datetime | None


def steps(ticket: Ticket, log: Sequence[Change]) -> list[Step]:
    """The steps of a ticket as it is now."""
    now = REACHED[Status(ticket.status)]
    reached = (ticket.created_at, _taken_up(ticket, log), ticket.resolved_at, ticket.closed_at)
    return [
        Step(title, "done" if number < now else "current" if number == now else "todo", at if number <= now else None)
        for number, (title, at) in enumerate(zip(words.STEPS, reached, strict=True))
    ]


def _taken_up(ticket: Ticket, log: Sequence[Change]) -> datetime | None:
    """When someone first did something for it."""
    moves = (line.at for line in log if line.action == "status" and REACHED[Status((line.after or {})["status"])] == 1)
    return min(filter(None, (next(moves, None), ticket.first_response_at)), default=None)
