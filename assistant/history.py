"""What a conversation's events amount to, brought up to date event by event.

For every prediction Rasa decides anew, two or three times, which of all events count (a form's earlier runs and what
was taken back do not), replays those into a new tracker, and describes the state before each action to the policies.
Here each of the three is continued from where the last prediction left it; tests hold the result to Rasa's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rasa.shared.core.constants import PREVIOUS_ACTION
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionReverted,
    ActiveLoop,
    Event,
    Restarted,
    SessionStarted,
    UserUtteranceReverted,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker

State = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Moment:
    """The state before an action."""

    state: State
    previous_action: dict[str, str] | None
    #: Whether the turn's visibility to policies that learn from stories may change here.
    decides_visibility: bool
    hidden: bool


class History:
    """The counting events of one tracker, and the moments between them."""

    def __init__(self, new_tracker: Callable[[], DialogueStateTracker]) -> None:
        """
        Args:
            new_tracker: Makes an empty tracker with the conversation's slots.
        """
        self._new_tracker = new_tracker
        self.applied: list[Event] = []
        #: Events looked at so far.
        self.seen = 0
        self._loops: set[str] = set()
        self._replay: DialogueStateTracker | None = None
        self._replayed = 0
        self._moments: list[Moment] = []
        self._domain: Domain | None = None

    def follow(self, tracker: DialogueStateTracker) -> None:
        """Take in the events that the tracker got since the last time."""
        fresh = list(islice(tracker.events, self.seen, None))
        if any(isinstance(event, ActiveLoop) and event.name and event.name not in self._loops for event in fresh):
            self._begin_again(tracker)
            fresh = list(tracker.events)
        for event in fresh:
            self._take_in(tracker, event)
        self.seen = len(tracker.events)

    def moments(self, domain: Domain) -> list[Moment]:
        """The state before each action that counts, oldest first, and the present one last."""
        if domain is not self._domain:
            self._domain = domain
            self._forget_replay()
        if self._replay is None:
            self._replay = self._new_tracker()
        for event in islice(self.applied, self._replayed, None):
            if isinstance(event, ActionExecuted):
                self._moments.append(_moment(self._replay, domain, event.hide_rule_turn))
            self._replay.update(event)
        self._replayed = len(self.applied)
        return [*self._moments, _moment(self._replay, domain, hidden=False)]

    def _take_in(self, tracker: DialogueStateTracker, event: Event) -> None:
        """One step of `DialogueStateTracker.applied_events`."""
        if isinstance(event, Restarted | SessionStarted):
            self.applied = []
            self._forget_replay()
        elif isinstance(event, ActionReverted):
            tracker._undo_till_previous(ActionExecuted, self.applied)
            self._forget_replay()
        elif isinstance(event, UserUtteranceReverted):
            tracker._undo_till_previous(UserUttered, self.applied)
            tracker._undo_till_previous(ActionExecuted, self.applied)
            self._forget_replay()
        elif (
            isinstance(event, ActionExecuted)
            and event.action_name in self._loops
            and not tracker._first_loop_execution_or_unhappy_path(event.action_name, self.applied)
        ):
            tracker._undo_till_previous_loop_execution(event.action_name, self.applied)
            self._forget_replay()
        else:
            self.applied.append(event)

    def _begin_again(self, tracker: DialogueStateTracker) -> None:
        """Which events count depends on which names are loops."""
        self._loops = {event.name for event in tracker.events if isinstance(event, ActiveLoop) and event.name}
        self.applied = []
        self._forget_replay()

    def _forget_replay(self) -> None:
        self._replay = None
        self._replayed = 0
        self._moments = []


def states(
    moments: list[Moment], domain: Domain, ignore_rule_only_turns: bool, rule_only_data: dict[str, Any] | None
) -> list[State]:
    """What `Domain.states_for_tracker_history` makes of the same conversation."""
    if not ignore_rule_only_turns:
        return [_copied(moment.state) for moment in moments]
    found: list[State] = []
    last_action: dict[str, str] | None = None
    hidden = False
    for moment in moments:
        if not hidden:
            last_action = moment.previous_action
        if moment.decides_visibility:
            hidden = moment.hidden
        if hidden:
            continue
        state = _copied(moment.state)
        domain._remove_rule_only_features(state, rule_only_data)
        if found:
            domain._substitute_rule_only_user_input(state, found[-1])
        if last_action:
            state[PREVIOUS_ACTION] = last_action
        found.append(domain._clean_state(state))
    return found


def _moment(tracker: DialogueStateTracker, domain: Domain, hidden: bool) -> Moment:
    return Moment(
        domain.get_active_state(tracker),
        tracker.latest_action,
        not tracker.followup_action and tracker.latest_action_name != tracker.active_loop_name,
        hidden,
    )


def _copied(state: State) -> State:
    return {kind: dict(part) for kind, part in state.items()}
