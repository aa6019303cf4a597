"""Actions of the tiny assistant, served by the real rasa-sdk server."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.endpoint import create_app
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher


class Count(Action):
    """Counts how often it was asked, in a slot."""

    def name(self) -> str:
        return "action_count"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        count = int(tracker.get_slot("count") or 0) + 1
        card = {"ticket": {"reference": f"HS-{count}"}}
        dispatcher.utter_message(text=f"That was number {count}.", json_message=card)
        return [SlotSet("count", float(count))]


class Fail(Action):
    """Raises."""

    def name(self) -> str:
        return "action_fail"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        raise RuntimeError("this action fails")


class Wait(Action):
    """Takes as long as the file that it is told about says: until it is gone."""

    def name(self) -> str:
        return "action_wait"

    async def run(  # type: ignore[override]
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        while GATE.exists():
            await asyncio.sleep(0.02)
        dispatcher.utter_message(text="That took a while.")
        return []


if __name__ == "__main__":
    GATE = Path(sys.argv[2])
    executor = ActionExecutor()
    for action in (Count(), Fail(), Wait()):
        executor.register_action(action)
    create_app(executor).run(host="127.0.0.1", port=int(sys.argv[1]), single_process=True, access_log=False)
