"""Every fast path gives what Rasa gives."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import rasa.core.policies.rule_policy as rule_policy
from common import new_sender, phrases, run, stock_agent, talk
from rasa.core.actions.forms import FormAction
from rasa.core.nlg import interpolator
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.utils.common import all_subclasses

from assistant import fast_paths
from assistant.tracker import LiveTracker, restore

STOCK_RUN = DaskGraphRunner.run
STOCK_KEYS = rule_policy.RulePolicy._get_possible_keys
STOCK_TEMPORARY = FormAction._temporary_tracker
STOCK_FILL_IN = interpolator.interpolate_text
STOCK_RESOLVE = Event.resolve_by_type

AGENT = stock_agent(Path(sys.argv[1]))
SLOTS = AGENT.domain.slots


def stock_conversations() -> list[DialogueStateTracker]:
    """Conversations led by Rasa itself."""
    found = []
    for seed in range(25):
        sender = new_sender()
        asyncio.run(talk(AGENT, sender, phrases(seed, 14)))
        found.append(asyncio.run(AGENT.tracker_store.retrieve(sender)))
    return found


CONVERSATIONS = stock_conversations()


def rule_policies() -> list[Any]:
    return [
        node._component
        for node in AGENT.processor.graph_runner._instantiated_nodes.values()
        if isinstance(node._component, rule_policy.RulePolicy)
    ]


def every_prefix() -> Any:
    """Each conversation at each of its moments: Rasa's tracker and ours, which has followed event by event."""
    for conversation in CONVERSATIONS:
        ours = LiveTracker(conversation.sender_id, SLOTS)
        for count, event in enumerate(conversation.events, 1):
            ours.update(event)
            if count % 3 == 0 or count == len(conversation.events):
                stock = DialogueStateTracker.from_events(
                    conversation.sender_id, list(conversation.events)[:count], SLOTS
                )
                yield stock, ours


def state_of(tracker: DialogueStateTracker) -> dict[str, Any]:
    return {
        "slots": tracker.current_slot_values(),
        "loop": vars(tracker.active_loop) if tracker.active_loop else None,
        "action": tracker.latest_action,
        "followup": tracker.followup_action,
        "paused": tracker.is_paused(),
        "message": tracker.latest_message,
        "bot": tracker.latest_bot_utterance,
        "events": list(tracker.events),
    }


def copies_are_equal_and_apart() -> None:
    for stock, ours in every_prefix():
        assert state_of(ours.copy()) == state_of(stock.copy())
    copied = ours.copy()
    copied.update(SlotSet("count", 900.0))
    assert ours.get_slot("count") != 900.0
    assert len(copied.events) == len(ours.events) + 1


def the_same_events_count() -> None:
    for stock, ours in every_prefix():
        assert [id(event) for event in ours.applied_events()] == [id(event) for event in stock.applied_events()]


def policies_see_the_same_states() -> None:
    only_in_rules = {"rule_only_slots": ["room"], "rule_only_loops": ["order_form"]}
    for stock, ours in every_prefix():
        assert ours.past_states(AGENT.domain) == stock.past_states(AGENT.domain)
        assert ours.past_states(AGENT.domain, True) == stock.past_states(AGENT.domain, True)
        learned = {"ignore_rule_only_turns": True, "rule_only_data": only_in_rules}
        assert ours.past_states(AGENT.domain, **learned) == stock.past_states(AGENT.domain, **learned)


def states_can_be_changed_by_whoever_asked() -> None:
    *_, (_, ours) = every_prefix()
    for state in ours.past_states(AGENT.domain):
        state.clear()
    assert all(ours.past_states(AGENT.domain)[1:])


def the_same_rules_fit() -> None:
    shown = fast_paths.longest_rule(AGENT.processor.graph_runner)
    assert shown is not None
    for policy in rule_policies():
        for stock, _ in every_prefix():
            states = stock.past_states(AGENT.domain)
            for kind in (rule_policy.RULES, rule_policy.RULES_FOR_LOOP_UNHAPPY_PATH):
                lookup = policy.lookup[kind]
                expected = STOCK_KEYS(policy, lookup, states)
                assert fast_paths.possible_keys(policy, lookup, states) == expected
                assert fast_paths.possible_keys(policy, lookup, states[-shown:]) == expected


def the_graph_gives_the_same() -> None:
    processor = AGENT.processor
    for text in ("hello", "wifi please", "nothing known", "", "/affirm"):
        from rasa.core.channels.channel import UserMessage

        inputs = {PLACEHOLDER_MESSAGE: [UserMessage(text)], PLACEHOLDER_TRACKER: CONVERSATIONS[0]}
        targets = [processor.model_metadata.nlu_target]
        expected = STOCK_RUN(processor.graph_runner, inputs, targets)
        found = fast_paths.run_graph(processor.graph_runner, inputs, targets)
        assert found[targets[0]][0].as_dict() == expected[targets[0]][0].as_dict()
    targets = [processor.model_metadata.core_target]
    for stock, _ in every_prefix():
        inputs = {PLACEHOLDER_TRACKER: stock}
        expected = STOCK_RUN(processor.graph_runner, inputs, targets)[targets[0]]
        found = fast_paths.run_graph(processor.graph_runner, inputs, targets)[targets[0]]
        assert (found.probabilities, found.policy_name) == (expected.probabilities, expected.policy_name)


def forms_validate_on_the_same_tracker() -> None:
    form = FormAction("order_form", None)
    for stock, ours in every_prefix():
        events = [SlotSet("room", "12")]
        expected = STOCK_TEMPORARY(form, stock, events, AGENT.domain)
        found = fast_paths.temporary_tracker(form, ours, events, AGENT.domain)
        left, right = state_of(found), state_of(expected)
        assert left.pop("events")[-3:] == right.pop("events")[-3:]
        assert left == right


def every_kind_of_event_is_found() -> None:
    for found in all_subclasses(Event):
        assert fast_paths.event_class(found.type_name) is STOCK_RESOLVE(found.type_name)
    assert fast_paths.event_class("topic") is None
    try:
        fast_paths.event_class("nonsense")
    except ValueError:
        pass
    else:
        raise AssertionError("an unknown event was accepted")


def responses_are_filled_in_alike() -> None:
    values = {"room": "12", "drink": None, "odd": "{room}", "a.b": 1}
    for text in ("{room}", "{drink} for {room}", "no slot", "{{room}}", "{odd}", "{a.b}", "{unknown}", '/x{"a": "b"}'):
        assert fast_paths.fill_in(text, values) == STOCK_FILL_IN(text, values), text


def restored_trackers_are_the_same() -> None:
    for conversation in CONVERSATIONS:
        found = restore(conversation.sender_id, SLOTS, len(conversation.events), [], list(conversation.events))
        assert state_of(found) == state_of(conversation)


if __name__ == "__main__":
    run(
        copies_are_equal_and_apart,
        the_same_events_count,
        policies_see_the_same_states,
        states_can_be_changed_by_whoever_asked,
        the_same_rules_fit,
        the_graph_gives_the_same,
        forms_validate_on_the_same_tracker,
        every_kind_of_event_is_found,
        responses_are_filled_in_alike,
        restored_trackers_are_the_same,
    )
