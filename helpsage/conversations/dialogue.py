"""What the assistant remembers of a conversation, read and set right from outside of it.

Its memory is a row of events a conversation (`Tracker`, `TrackerEvent`). Whoever adds to it counts the version up, so
that an assistant that has an older one in its memory reads it anew before it says anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations.models import Tracker, TrackerEvent

#: What belongs to something that is open: a form, an offer, an answer that may have helped.
OPEN_SLOTS = ("ticket_draft", "follow_up", "offer", "requested_slot")


def slots(session: Session, sender_id: str) -> dict[str, Any]:
    """What the assistant keeps in mind, by name; what is empty is left out."""
    kept: dict[str, Any] = {}
    for event in _events(session, sender_id):
        if event.get("event") == "slot":
            kept[str(event.get("name"))] = event.get("value")
        elif event.get("event") == "restart":
            kept.clear()
    return {name: value for name, value in kept.items() if value is not None}


def close_whatever_is_open(session: Session, sender_id: str) -> None:
    """Forget the form that is open, what was offered and what was asked: a person has dealt with it since."""
    tracker = session.get(Tracker, sender_id, with_for_update=True, populate_existing=True)
    if tracker is None:
        return
    at = clock.now().timestamp()
    known = slots(session, sender_id)
    ended: list[dict[str, Any]] = [{"event": "active_loop", "timestamp": at, "name": None}]
    ended += [{"event": "slot", "timestamp": at, "name": name, "value": None} for name in OPEN_SLOTS if name in known]
    for event in ended:
        session.add(TrackerEvent(sender_id=sender_id, n=tracker.version, data=event))
        tracker.version += 1
    session.flush()


def _events(session: Session, sender_id: str) -> Iterator[Mapping[str, Any]]:
    tracker = session.get(Tracker, sender_id)
    if tracker is None:
        return
    yield from tracker.carried
    asked = select(TrackerEvent.data).where(
        TrackerEvent.sender_id == sender_id,
        TrackerEvent.n >= tracker.window_start,
        TrackerEvent.data["event"].as_string().in_(("slot", "restart")),
    )
    yield from session.scalars(asked.order_by(TrackerEvent.n))
