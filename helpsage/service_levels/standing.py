"""How a ticket's clocks stand, for people: due when, paused with how much left, kept or missed."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.service_levels import clocks, levels
from helpsage.service_levels.levels import Kind
from helpsage.tickets.models import Ticket


class State(enum.StrEnum):
    """How one clock stands."""

    RUNNING = "running"
    LATE = "late"
    #: The requester is waited for.
    PAUSED = "paused"
    KEPT = "kept"
    MISSED = "missed"


@dataclass(frozen=True)
class Standing:
    """One clock.

    Attributes:
        due_at: None while it is paused, and when it was stopped in a pause.
        done_at: when it was stopped.
        left: of a paused one, the working time that is left.
    """

    kind: Kind
    state: State
    due_at: datetime | None
    done_at: datetime | None = None
    left: timedelta | None = None


def at_a_glance(ticket: Ticket) -> list[Standing]:
    """The same as `of` without asking the database: of paused clocks it is not known how much time is left."""
    terms = ticket.service_terms
    if terms is None or ticket.merged_into_id is not None:
        return []
    return [_known(ticket, kind) or Standing(kind, State.PAUSED, None) for kind in Kind if terms[kind.value]]


def of(session: Session, ticket: Ticket) -> list[Standing]:
    """The clocks of a ticket; none when nothing was promised, or when it goes on as another one."""
    terms = ticket.service_terms
    if terms is None or ticket.merged_into_id is not None:
        return []
    return [_standing(session, ticket, kind) for kind in Kind if terms[kind.value]]


def _standing(session: Session, ticket: Ticket, kind: Kind) -> Standing:
    known = _known(ticket, kind)
    if known is not None:
        return known
    course = clocks.course_of(session, ticket, levels.load())
    return Standing(kind, State.PAUSED, None, left=course.left(kind, clock.now()) if course is not None else None)


def _known(ticket: Ticket, kind: Kind) -> Standing | None:
    """What the ticket's own row says; None: the clock is paused."""
    due_at: datetime | None = getattr(ticket, f"{kind.value}_due_at")
    done_at = ticket.resolved_at
    if kind is Kind.FIRST_RESPONSE:
        done_at = ticket.first_response_at or ticket.resolved_at
    if done_at is not None:
        kept = due_at is None or done_at <= due_at
        return Standing(kind, State.KEPT if kept else State.MISSED, due_at, done_at)
    if due_at is not None:
        return Standing(kind, State.LATE if due_at < clock.now() else State.RUNNING, due_at)
    return None


def promised(session: Session, ticket: Ticket) -> Standing | None:
    """What its requester may read: the next thing that is due, when this desk tells people so."""
    if not levels.load().promise or clocks.is_over(ticket):
        return None
    waiting = [each for each in of(session, ticket) if each.done_at is None and each.state is not State.PAUSED]
    return min(waiting, key=lambda each: each.due_at or clock.now(), default=None)


def in_words(moment: datetime) -> str:
    """A moment as it is said in a chat or a letter, in the desk's own zone: `Friday 20 November, 14:30`."""
    local = moment.astimezone(ZoneInfo(settings.get().time_zone))
    today = clock.now().astimezone(local.tzinfo).date()
    zone = f" {local:%Z}"
    if local.date() == today:
        return f"{local:%H:%M}{zone} today"
    return f"{local:%A %-d %B, %H:%M}{zone}"
