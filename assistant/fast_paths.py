"""Rasa, without what it does for every message and need not.

Each function below replaces one thing, says what it costs in Rasa 3.6.21, and leaves the result the same; the tests
hold each to Rasa's own. `install` puts them in place, once, before a model is loaded.
"""

from __future__ import annotations

import json
import re
import types
from typing import Any

import rasa.core.actions.action as actions
import rasa.core.actions.forms as forms
import rasa.core.agent as agent
import rasa.core.policies.memoization as memoization
import rasa.core.policies.rule_policy as rule_policy
import rasa.core.processor as processor
import rasa.shared.utils.common
from rasa.core.nlg import interpolator
from rasa.core.policies.policy import Policy
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.constants import PREVIOUS_ACTION, REQUESTED_SLOT, SHOULD_NOT_BE_SET, USER
from rasa.shared.core.events import ActionExecuted, Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, ACTION_TEXT, INTENT

from assistant import action_server
from assistant.processor import TurnProcessor


def install() -> None:
    """Put every fast path in place. Twice is the same as once."""
    agent.MessageProcessor = TurnProcessor
    actions.RemoteAction.run = action_server.run_remotely
    Event.resolve_by_type = staticmethod(event_class)
    forms.FormAction._temporary_tracker = temporary_tracker
    DaskGraphRunner.run = run_graph
    interpolator.interpolate_text = fill_in
    rule_policy.RulePolicy._get_possible_keys = possible_keys
    for module in (processor, forms, rule_policy, memoization):
        module.copy = NO_COPY


def possible_keys(self: rule_policy.RulePolicy, lookup: dict[str, str], states: list[dict[str, Any]]) -> set[str]:
    """The rules that fit a conversation. Rasa tries every rule on every state, also when none is left.

    Here only those are tried whose latest state follows the latest action and, where it names an intent, that intent.
    """
    indexes: dict[int, dict[tuple[Any, Any], list[str]]] = self.__dict__.setdefault("_indexes", {})
    index = indexes.get(id(lookup))
    if index is None:
        index = indexes[id(lookup)] = {}
        for key in lookup:
            index.setdefault(_signature(self._rule_key_to_state(key)[-1]), []).append(key)
    action, intent = _signature(states[-1]) if states else (None, None)
    found = {*index.get((action, intent), ()), *index.get((action, None), ())}
    for place, state in enumerate(reversed(states)):
        found = {key for key in found if self._is_rule_applicable(key, place, state)}
        if not found:
            break
    return found


def _signature(state: dict[str, Any]) -> tuple[Any, Any]:
    """What a rule's state and a conversation's have in common when they fit: the action before it, and the intent."""
    before = state.get(PREVIOUS_ACTION) or {}
    intent = (state.get(USER) or {}).get(INTENT)
    return before.get(ACTION_NAME) or before.get(ACTION_TEXT), intent if intent != SHOULD_NOT_BE_SET else None


def longest_rule(runner: DaskGraphRunner) -> int | None:
    """How many states of a conversation a model's rules can look at, and one more; None when it has no rules.

    Rasa describes every state since the conversation began to its rules, which look at the last few.
    """
    keys = [
        key
        for node in runner._instantiated_nodes.values()
        if isinstance(node._component, rule_policy.RulePolicy)
        for kind in (rule_policy.RULES, rule_policy.RULES_FOR_LOOP_UNHAPPY_PATH)
        for key in node._component.lookup.get(kind, {})
    ]
    return max(len(json.loads(key)) for key in keys) + 1 if keys else None


def longest_story(runner: DaskGraphRunner) -> int | None:
    """How many states a model's other policies look at; None when one of them looks at all."""
    histories: list[Any] = [
        node._component.featurizer.max_history if node._component.featurizer is not None else None
        for node in runner._instantiated_nodes.values()
        if isinstance(node._component, Policy) and not isinstance(node._component, rule_policy.RulePolicy)
    ]
    return max(histories, default=1) if None not in histories else None


def event_class(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    """The class of an event. Rasa walks all classes for every event that it reads (16 % of a profile)."""
    if not EVENT_CLASSES:
        for found in rasa.shared.utils.common.all_subclasses(Event):
            EVENT_CLASSES.setdefault(found.type_name, found)
    if type_name in EVENT_CLASSES:
        return EVENT_CLASSES[type_name]
    if type_name == "topic":
        return None
    if default is not None:
        return default
    raise ValueError(f"Unknown event name '{type_name}'.")


EVENT_CLASSES: dict[str, type[Event]] = {}

#: In these modules Rasa copies values deeply only to hand them to its debug log, at every message.
NO_COPY = types.SimpleNamespace(deepcopy=lambda value: value)


def fill_in(response: str, values: dict[str, Any]) -> str:
    """Put slot values into a response's text.

    Rasa logs an error with a stack trace, the person's slot values included, for every button whose payload carries
    JSON, because its braces look like placeholders.
    """
    if "{" not in response:
        return response
    try:
        text = PLACEHOLDER.sub(r"{0[\1]}", response).format(values)
        return response.format({}) if "0[" in text else text
    except KeyError:
        return response


PLACEHOLDER = re.compile(r"{([^\n{}]+?)}")


def temporary_tracker(
    self: forms.FormAction, current_tracker: DialogueStateTracker, additional_events: list[Event], domain: Any
) -> DialogueStateTracker:
    """The tracker a form validates on. Rasa replays the whole conversation for it, twice a message."""
    tracker = current_tracker.copy()
    requested = self.get_slot_to_fill(current_tracker)
    for event in (SlotSet(REQUESTED_SLOT, requested), ActionExecuted(self.name()), *additional_events):
        tracker.update(event)
    return tracker


def run_graph(
    self: DaskGraphRunner, inputs: dict[str, Any] | None = None, targets: list[str] | None = None
) -> dict[str, Any]:
    """Run a model's graph node by node.

    Rasa plans the graph anew for every run, hands it to dask's scheduler, and writes the whole schema out as text for a
    debug log; a message runs it at least four times.
    """
    wanted = tuple(targets or self._graph_schema.target_names)
    plans: dict[tuple[str, ...], list[tuple[Any, tuple[str, ...]]]] = self.__dict__.setdefault("_plans", {})
    if wanted not in plans:
        plans[wanted] = _plan(self, list(wanted))
    results: dict[str, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
    for node, needs in plans[wanted]:
        output = node(*[results.get(need, need) for need in needs])
        results[output[0]] = output
    return dict(results[target] for target in wanted)


def _plan(runner: DaskGraphRunner, targets: list[str]) -> list[tuple[Any, tuple[str, ...]]]:
    """The nodes that the targets need, each after those it needs itself."""
    schema = runner._graph_schema.minimal_graph_schema(targets)
    ordered: list[str] = []
    started: set[str] = set()

    def visit(name: str) -> None:
        if name in started or name not in schema.nodes:
            return
        started.add(name)
        for need in schema.nodes[name].needs.values():
            visit(need)
        ordered.append(name)

    for target in targets:
        visit(target)
    return [(runner._instantiated_nodes[name], tuple(schema.nodes[name].needs.values())) for name in ordered]
