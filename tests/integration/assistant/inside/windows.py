"""A window with what is carried over behaves like the whole conversation."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import deque
from pathlib import Path

from common import new_sender, phrases, run, stock_agent, talk
from rasa.shared.core.events import ConversationPaused, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from assistant import fast_paths, tracker
from assistant.tracker import KEPT_TURNS, LiveTracker, begin_window, carry_over, window_cut

AGENT = stock_agent(Path(sys.argv[1]))
SLOTS = AGENT.domain.slots
RULES_SEE = fast_paths.longest_rule(AGENT.processor.graph_runner) or 1


def conversation(seed: int, turns: int) -> DialogueStateTracker:
    sender = new_sender()
    asyncio.run(talk(AGENT, sender, phrases(seed, turns)))
    found = asyncio.run(AGENT.tracker_store.retrieve(sender))
    # Slots that only actions set, at chance moments.
    chance = random.Random(seed)
    events = list(found.events)
    for _ in range(3):
        events.insert(chance.randrange(4, len(events)), SlotSet("count", float(chance.randrange(100))))
    return DialogueStateTracker.from_events(sender, events, SLOTS)


def followed(whole: DialogueStateTracker) -> LiveTracker:
    """Ours, after the same events, with windows begun whenever that is due, as the store does."""
    ours = LiveTracker(whole.sender_id, SLOTS)
    for event in whole.events:
        ours.update(event)
        if ours.latest_action_name == "action_listen":
            cut = window_cut(ours)
            if cut is not None:
                begin_window(ours, cut, carry_over(ours, cut))
    return ours


def again(ours: LiveTracker) -> LiveTracker:
    """The same from what would be stored: carried events and the window's own."""
    fresh = LiveTracker(ours.sender_id, SLOTS)
    for event in ours.events:
        fresh.update(event)
    return fresh


def windows_behave_like_the_whole() -> None:
    begun = 0
    for seed in range(30):
        whole = conversation(seed, 30)
        ours = followed(whole)
        begun += ours.carried > 0
        for found in (ours, again(ours)):
            assert found.current_slot_values() == whole.current_slot_values(), seed
            assert found.active_loop_name == whole.active_loop_name, seed
            assert found.is_active_loop_rejected == whole.is_active_loop_rejected, seed
            assert found.latest_action == whole.latest_action, seed
            assert found.followup_action == whole.followup_action, seed
            assert found.is_paused() == whole.is_paused(), seed
            assert found.latest_message == whole.latest_message, seed
            assert found.latest_bot_utterance == whole.latest_bot_utterance, seed
            assert found.past_states(AGENT.domain)[-RULES_SEE:] == whole.past_states(AGENT.domain)[-RULES_SEE:], seed
            expected = AGENT.processor._predict_next_with_tracker(whole)
            predicted = AGENT.processor._predict_next_with_tracker(found)
            assert predicted.probabilities == expected.probabilities, seed
    assert begun >= 25, f"only {begun} of 30 conversations were long enough"


def windows_stay_short() -> None:
    lengths = deque[int]()
    ours = LiveTracker("x", SLOTS)
    for seed in range(12):
        for event in conversation(seed, 30).events:
            ours.update(event)
            cut = window_cut(ours)
            if cut is not None:
                begin_window(ours, cut, carry_over(ours, cut))
            lengths.append(len(ours.events))
    assert max(lengths) <= tracker.LONGEST_WINDOW_EVENTS
    assert max(list(lengths)[-500:]) < 260, max(lengths)


def a_conversation_in_the_hands_of_a_person_stays_so() -> None:
    whole = conversation(3, 30)
    whole.update(ConversationPaused())
    for event in conversation(4, 30).events:
        if type(event).__name__ not in ("SessionStarted", "Restarted", "UserUtteranceReverted"):
            whole.update(event)
    assert whole.is_paused()
    assert followed(whole).is_paused()


def short_conversations_have_no_window() -> None:
    ours = followed(conversation(5, KEPT_TURNS))
    assert ours.carried == 0


if __name__ == "__main__":
    run(
        windows_behave_like_the_whole,
        windows_stay_short,
        a_conversation_in_the_hands_of_a_person_stays_so,
        short_conversations_have_no_window,
    )
