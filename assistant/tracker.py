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

from rasa.shared.constants import ASSISTANT_ID_KEY
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
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
from rasa.shared.nlu.constants import METADATA_MODEL_ID

from assistant.history import History, State

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
    #: States that rule policies look at; no rule is longer. None: all of them.
    states_shown: int | None = None
    #: States that policies which learn from stories look at.
    learned_states_shown: int | None = None
    _history: History | None = None

    def update(self, event: Event, domain: Domain | None = None) -> None:
        """Append an event and change the state by it."""
        if self.model_id and METADATA_MODEL_ID not in event.metadata:
            event.metadata = {**event.metadata, METADATA_MODEL_ID: self.model_id}
        if self.assistant_id and ASSISTANT_ID_KEY not in event.metadata:
            event.metadata = {**event.metadata, ASSISTANT_ID_KEY: self.assistant_id}
        self.events.append(event)
        event.apply_to(self)

    def applied_events(self) -> list[Event]:
        """Events that count: neither taken back nor an earlier run of a form."""
        return list(self._followed().applied)

    def past_states(
        self,
        domain: Domain,
        omit_unset_slots: bool = False,
        ignore_rule_only_turns: bool = False,
        rule_only_data: dict[str, Any] | None = None,
    ) -> list[State]:
        """The states that policies predict from: one before each action, the present one last."""
        if omit_unset_slots:
            found: list[State] = super().past_states(domain, True, ignore_rule_only_turns, rule_only_data)
            return found
        if ignore_rule_only_turns:
            return self._followed().learned_states(domain, rule_only_data, self.learned_states_shown)
        return self._followed().states(domain, self.states_shown)

    def _followed(self) -> History:
        if self._history is None:
            self._history = History(self.init_copy)
        self._history.follow(self)
        return self._history

    def copy(self) -> LiveTracker:
        """A tracker in the same state that can change without changing this one."""
        twin: LiveTracker = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        twin._history = None
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
    tracker._history = None


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
