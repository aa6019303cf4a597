"""What an action says: a response of the domain, or the words of a question that was made on the settings pages."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.turn import Turn


def said(response: str) -> dict[str, object]:
    dispatcher = CollectingDispatcher()
    tracker = Tracker("web:1", {}, {}, [], False, None, {}, None)
    Turn(dispatcher, tracker).say(response, buttons=[{"title": "Red", "payload": "/inform"}])
    message: dict[str, object] = dispatcher.messages[0]
    return message


def test_a_name_is_a_response_of_the_domain() -> None:
    message = said("utter_ask_place")
    assert (message["response"], message["text"]) == ("utter_ask_place", None)


def test_other_words_are_said_as_they_are() -> None:
    message = said("What colour is the bag?")
    assert message["text"] == "What colour is the bag?"
    assert not message.get("response")
    assert message["buttons"] == [{"title": "Red", "payload": "/inform"}]
