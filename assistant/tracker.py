"""A dialogue's state that costs the same in its thousandth turn as in its tenth.

Rasa copies a tracker before each action by replaying all of its events, and keeps every event it ever saw. This one is
copied field by field, and what lies before its window is carried over as the few events that lead to the same state.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    ConversationPaused,
    Event,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import AnySlotDict, DialogueStateTracker

#: More live events than this begin a new window, as soon as no form is active.
WINDOW_EVENTS = 120
#: With a form that never ends, the window begins anew all the same.
LONGEST_WINDOW_EVENTS = 400
#: Turns a new window keeps as they were: policies look back no further.
KEPT_TURNS = 8


class LiveTracker(DialogueStateTracker):
    """The state of one conversation, and where its events stand in the database."""

    #: Number of events ever stored: the version that a save must find.
    version: int = 0
    #: Events at the head that stand for everything before the window and are no rows of their own.
    carried: int = 0
    #: Events, carried ones included, that are stored already.
    stored: int = 0

    def copy(self) -> LiveTracker:
        """A tracker in the same state that can change without changing this one."""
        twin: LiveTracker = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin.events = deque(self.events, self._max_event_history)
        twin.slots = _copy_slots(self.slots)
        twin.active_loop = dataclasses.replace(self.active_loop) if self.active_loop is not None else None
        twin.latest_action = dict(self.latest_action) if self.latest_action is not None else None
        return twin

    def init_copy(self) -> LiveTracker:
        """An empty tracker of the same conversation with the same slots."""
        return LiveTracker(
            self.sender_id, self.slots.values(), self._max_event_history, is_rule_tracker=self.is_rule_tracker
        )

    @property
    def window_start(self) -> int:
        """Number of the first event of the window, counted over the whole conversation."""
        return self.version - (self.stored - self.carried)

    def fresh_events(self) -> list[Event]:
        """Events that are not stored yet."""
        return list(self.events)[self.stored :]


def restore(
    sender_id: str, slots: Iterable[Any], version: int, carried: Sequence[Event], events: Sequence[Event]
) -> LiveTracker:
    """The tracker as it was when these events were stored.

    Args:
        sender_id: Whose conversation.
        slots: The domain's slots.
        version: Events ever stored.
        carried: What stands for everything before the window.
        events: The window's events.
    """
    tracker = LiveTracker(sender_id, slots)
    for event in (*carried, *events):
        tracker.update(event)
    tracker.version = version
    tracker.carried = len(carried)
    tracker.stored = len(tracker.events)
    return tracker


def window_cut(tracker: LiveTracker) -> int | None:
    """Where a new window would begin: index of the first event it keeps. None while the present one is short enough."""
    if len(tracker.events) <= WINDOW_EVENTS:
        return None
    too_long = len(tracker.events) > LONGEST_WINDOW_EVENTS
    if tracker.active_loop_name is not None and not too_long:
        return None
    place = {id(event): index for index, event in enumerate(tracker.events)}
    turns = [event for event in tracker.applied_events() if _listens(event)]
    for turn in reversed(turns[:-KEPT_TURNS]):
        index = place[id(turn)]
        if index > tracker.carried and (too_long or not _loop_is_active(tracker, index)):
            return index
    return None


def carry_over(tracker: LiveTracker, cut: int) -> list[Event]:
    """The few events after which a new tracker is in the state that this one was in before its event number `cut`."""
    events = list(tracker.events)
    past = tracker.init_copy()
    for event in events[:cut]:
        past.update(event)
    at = events[cut].timestamp
    carried: list[Event] = []
    latest = past.latest_message
    if latest is not None and latest.text is not None:
        carried += [ActionExecuted(ACTION_LISTEN_NAME, timestamp=at), _without_ranking(latest, at)]
    if past.latest_action_name:
        carried.append(ActionExecuted(past.latest_action_name, timestamp=at))
    carried += [
        SlotSet(slot.name, slot.value, timestamp=at) for slot in past.slots.values() if slot.value != slot.initial_value
    ]
    if past.active_loop_name is not None:
        carried.append(ActiveLoop(past.active_loop_name, timestamp=at))
        if past.is_active_loop_rejected:
            carried.append(ActionExecutionRejected(past.active_loop_name, timestamp=at))
    if past.is_paused():
        carried.append(ConversationPaused(timestamp=at))
    return carried


def begin_window(tracker: LiveTracker, cut: int, carried: Sequence[Event]) -> None:
    """Forget what lies before `cut`; the state stays as it is. Everything must be stored."""
    kept = list(tracker.events)[cut:]
    tracker.events = deque((*carried, *kept))
    tracker.carried = len(carried)
    tracker.stored = len(tracker.events)


def _copy_slots(slots: Any) -> Any:
    copied = AnySlotDict() if isinstance(slots, AnySlotDict) else {}
    for name, slot in slots.items():
        copied[name] = copy.copy(slot)
    return copied


def _listens(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME


def _loop_is_active(tracker: LiveTracker, index: int) -> bool:
    loop = None
    for event in list(tracker.events)[:index]:
        if isinstance(event, ActiveLoop):
            loop = event.name
    return loop is not None


def _without_ranking(message: UserUttered, at: float) -> UserUttered:
    return UserUttered(
        message.text,
        message.intent,
        list(message.entities),
        timestamp=at,
        input_channel=message.input_channel,
        message_id=message.message_id,
    )
