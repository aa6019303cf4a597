"""Rasa's message processor, in which an action that fails ends the turn instead of vanishing from it.

Rasa logs "the actions events are lost" and says nothing to the person. Here the turn fails as a whole: nothing of it is
stored, and the channel tells the person so.
"""

from __future__ import annotations

from typing import Any

from rasa.core.actions.action import Action, ActionExecutionRejection
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.events import ActionExecuted, ActionExecutionRejected, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import FULL_RETRIEVAL_INTENT_NAME_KEY

from assistant.turn import Turn, Understood, current
from languages import detect

#: Intent of words that answer an agent; a rule of the dialogue puts them on the ticket.
ANSWER_AGENT = "answer_agent"
#: What a wish for a language alone counts as.
WISHED, WISHED_IN_FORM = "greet", "help"


class TurnProcessor(MessageProcessor):
    """The processor of every model that this program loads."""

    #: Intents that are not an answer to an agent even while one is awaited, when the model is this sure of them.
    spared_intents: frozenset[str] = frozenset()
    spared_from: float = 0.8

    async def _handle_message_with_tracker(self, message: UserMessage, tracker: DialogueStateTracker) -> None:
        parse_data = message.parse_data or await self.parse_message(message, tracker)
        turn = current.get()
        if turn is not None:
            if turn.awaiting and not message.parse_data and self._answers_an_agent(parse_data, tracker):
                parse_data["intent"] = {"name": ANSWER_AGENT, "confidence": 1.0}
                message.metadata = {**(message.metadata or {}), "awaiting_ticket": turn.awaiting}
            if not message.parse_data and detect.is_only_a_wish(message.text or ""):
                # Whoever only says which language they want is told in it what can be done here.
                intent = WISHED if tracker.active_loop_name is None else WISHED_IN_FORM
                parse_data["intent"] = {"name": intent, "confidence": 1.0}
            _note(turn, parse_data, self.model_filename)
        parse_data["message_id"] = message.message_id
        parse_data["metadata"] = message.metadata or {}
        tracker.update(
            UserUttered(
                message.text,
                parse_data["intent"],
                parse_data["entities"],
                parse_data,
                input_channel=message.input_channel,
                message_id=message.message_id,
                metadata=message.metadata,
            ),
            self.domain,
        )

    def _answers_an_agent(self, parse_data: dict[str, Any], tracker: DialogueStateTracker) -> bool:
        if ANSWER_AGENT not in self.domain.intents or tracker.active_loop_name is not None:
            return False
        intent = parse_data["intent"]
        return not (intent.get("name") in self.spared_intents and intent.get("confidence", 0.0) >= self.spared_from)

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        """Run one action; what it raises, except a refusal, ends the turn."""
        temporary = tracker.copy()
        temporary.update_with_events(prediction.events, self.domain)
        try:
            events = await action.run(output_channel, nlg, temporary, self.domain)
        except ActionExecutionRejection:
            tracker.update(ActionExecutionRejected(action.name(), prediction.policy_name, prediction.max_confidence))
            return bool(self.should_predict_another_action(action.name()))
        self._log_action_on_tracker(tracker, action, events, prediction)
        if any(isinstance(event, UserUttered) for event in events):
            await self.run_action_extract_slots(output_channel, tracker)
        await self.execute_side_effects(events, tracker, output_channel)
        return bool(self.should_predict_another_action(action.name()))

    def is_action_limit_reached(self, tracker: DialogueStateTracker, should_predict_another_action: bool) -> bool:
        """Whether the dialogue goes round in circles, told from the events of this turn only."""
        predicted = 0
        for event in reversed(tracker.events):
            if isinstance(event, ActionExecuted):
                if event.action_name in (ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME):
                    break
                predicted += 1
        return predicted >= self.max_number_of_predictions and should_predict_another_action


def _note(turn: Turn, parse_data: dict[str, Any], model: str) -> None:
    intent = parse_data["intent"]
    turn.understood = Understood(
        intent=intent.get(FULL_RETRIEVAL_INTENT_NAME_KEY) or intent.get("name"),
        confidence=float(intent.get("confidence") or 0.0),
        entities=parse_data.get("entities") or [],
    )
    turn.model = model
