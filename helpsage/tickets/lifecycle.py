"""Where a ticket may go from where it stands: the whole map, and when a closed one may come back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from helpsage.tickets.models import Status

OPEN, IN_PROGRESS, WAITING = Status.OPEN, Status.IN_PROGRESS, Status.WAITING
ESCALATED, RESOLVED, CLOSED = Status.ESCALATED, Status.RESOLVED, Status.CLOSED

#: Every legal move. What is not here does not happen.
TRANSITIONS: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        OPEN: frozenset({IN_PROGRESS, WAITING, ESCALATED, RESOLVED, CLOSED}),
        # Back to open: the agent puts it back into the queue.
        IN_PROGRESS: frozenset({OPEN, WAITING, ESCALATED, RESOLVED, CLOSED}),
        WAITING: frozenset({IN_PROGRESS, ESCALATED, RESOLVED, CLOSED}),
        ESCALATED: frozenset({IN_PROGRESS, WAITING, RESOLVED, CLOSED}),
        # Open is what a reopened ticket becomes: someone has to look at it anew.
        RESOLVED: frozenset({OPEN, IN_PROGRESS, CLOSED}),
        CLOSED: frozenset({OPEN}),
    }
)

#: Nobody works on these any more.
FINISHED = frozenset({RESOLVED, CLOSED})


def allowed(from_status: Status | str) -> set[Status]:
    """The statuses that can follow this one."""
    return set(TRANSITIONS[Status(from_status)])


def may_come_back(closed_at: datetime | None, now: datetime, days: int) -> bool:
    """Whether a closed ticket can still be reopened; later a new ticket serves everyone better. 0 days: always."""
    return days == 0 or closed_at is None or now - closed_at <= timedelta(days=days)
