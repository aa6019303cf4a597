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
        self._learned: Learned | None = None
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

    def states(self, domain: Domain, limit: int | None) -> list[State]:
        """The state before each action that counts, and the present one: what rules see.

        Args:
            domain: The model's domain.
            limit: How many of the latest are wanted; None for all.
        """
        self._replay_until_now(domain)
        moments = [*self._moments, self._now(domain)]
        return [_copied(moment.state) for moment in (moments[-limit:] if limit is not None else moments)]

    def learned_states(self, domain: Domain, rule_only: dict[str, Any] | None, limit: int | None) -> list[State]:
        """The same as policies that learn from stories see it: without turns that only rules made.

        Args:
            domain: The model's domain.
            rule_only: Slots and forms that occur in rules only.
            limit: How many of the latest are wanted; None for all.
        """
        self._replay_until_now(domain)
        if self._learned is None or self._learned.rule_only != rule_only:
            self._learned = Learned(domain, rule_only)
        self._learned.follow(self._moments)
        states = self._learned.states_with(self._now(domain))
        return [_copied(state) for state in (states[-limit:] if limit is not None else states)]

    def _replay_until_now(self, domain: Domain) -> None:
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

    def _now(self, domain: Domain) -> Moment:
        return _moment(self._replay, domain, hidden=False)

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
        self._learned = None


class Learned:
    """What `Domain.states_for_tracker_history` makes of moments when it leaves out turns that only rules made."""

    def __init__(self, domain: Domain, rule_only: dict[str, Any] | None) -> None:
        self.rule_only = rule_only
        self._domain = domain
        self._states: list[State] = []
        self._followed = 0
        self._last_action: dict[str, str] | None = None
        self._hidden = False

    def follow(self, moments: list[Moment]) -> None:
        """Take in the moments that were added."""
        for moment in islice(moments, self._followed, None):
            state, self._last_action, self._hidden = self._seen(moment)
            if state is not None:
                self._states.append(state)
        self._followed = len(moments)

    def states_with(self, now: Moment) -> list[State]:
        """The states so far and, where it is not hidden, the present one."""
        state, _, _ = self._seen(now)
        return [*self._states, state] if state is not None else self._states

    def _seen(self, moment: Moment) -> tuple[State | None, dict[str, str] | None, bool]:
        last_action = self._last_action if self._hidden else moment.previous_action
        hidden = moment.hidden if moment.decides_visibility else self._hidden
        if hidden:
            return None, last_action, hidden
        state = _copied(moment.state)
        self._domain._remove_rule_only_features(state, self.rule_only)
        if self._states:
            self._domain._substitute_rule_only_user_input(state, self._states[-1])
        if last_action:
            state[PREVIOUS_ACTION] = last_action
        return self._domain._clean_state(state), last_action, hidden


def _moment(tracker: Any, domain: Domain, hidden: bool) -> Moment:
    return Moment(
        domain.get_active_state(tracker),
        tracker.latest_action,
        not tracker.followup_action and tracker.latest_action_name != tracker.active_loop_name,
        hidden,
    )


def _copied(state: State) -> State:
    return {kind: dict(part) for kind, part in state.items()}
