"""What every action shares: it reads the turn, does its part, and never leaves the person without an answer."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.desk import DeskUnavailable
from actions.turn import Event, Turn

#: Slot of the offer that a yes or no answers.
OFFER = "offer"

log = logging.getLogger(__name__)


class Step(Action):
    """One action. Subclasses set `action` and implement `take`."""

    action: str

    def name(self) -> str:
        """The name in `domain.yml`."""
        return self.action

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Event]:
        """Take the step. An offer made before it is off the table, unless the step makes a new one."""
        turn = Turn(dispatcher, tracker)
        try:
            events = await self.take(turn)
        except DeskUnavailable:
            turn.say("utter_unavailable")
            return self.unchanged(turn)
        except Exception:
            incident = uuid.uuid4().hex[:8]
            log.exception("incident %s in %s", incident, self.action)
            turn.say("utter_failed", incident=incident)
            return self.unchanged(turn)
        if turn.slot(OFFER) is not None and not _sets(events, OFFER):
            events.append(SlotSet(OFFER, None))
        return events

    def unchanged(self, turn: Turn) -> list[Event]:
        """What to remember when the step could not be taken."""
        return []

    async def take(self, turn: Turn) -> list[Event]:
        """Do it and say so. Returns events for the conversation's memory.

        Raises:
            DeskUnavailable: the person is told, and nothing is remembered.
        """
        raise NotImplementedError


def offer(kind: str, **about: Any) -> Event:
    """Remember what the next yes or no will answer."""
    event: Event = SlotSet(OFFER, {"kind": kind, **about})
    return event


def _sets(events: list[Event], slot: str) -> bool:
    return any(event.get("event") == "slot" and event.get("name") == slot for event in events)
