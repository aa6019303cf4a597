"""The protocol of the public `rasa-webchat` widget, event by event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import socketio

from tests.channels.harness import PUBLIC_URL, ActionServer, Assistant, Person
from tests.channels.installed import Query, speak

pytestmark = [pytest.mark.rasa]


@pytest.fixture(scope="module")
def open_assistant(
    tmp_path_factory: pytest.TempPathFactory, model: Path, actions: ActionServer, chat_database: str
) -> Iterator[Assistant]:
    """An assistant that speaks that protocol too."""
    found = Assistant(tmp_path_factory.mktemp("open"), model, chat_database, actions.url, HELPSAGE_RASA_WEBCHAT="1")
    found.start()
    yield found
    found.kill()


class Widget:
    """What the widget does on the wire."""

    def __init__(self) -> None:
        self._client = socketio.AsyncClient(reconnection=False)
        self._confirmed: asyncio.Queue[str] = asyncio.Queue()
        self._uttered: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._client.on("session_confirm", self._confirmed.put_nowait)
        self._client.on("bot_uttered", self._uttered.put_nowait)
        self.session = ""

    async def open(self, url: str, session: str | None = None) -> Widget:
        """Connect as the widget does: without a token, then ask for a session."""
        await self._client.connect(url, transports=["websocket"], wait_timeout=30)
        await self._client.emit("session_request", {"session_id": session})
        self.session = await asyncio.wait_for(self._confirmed.get(), 10)
        return self

    async def close(self) -> None:
        await self._client.disconnect()

    async def emit(self, uttered: dict[str, Any]) -> None:
        """Send the event of an utterance as it is."""
        await self._client.emit("user_uttered", uttered)

    async def ask(self, message: str) -> dict[str, Any]:
        """Send a message and return the next answer."""
        await self.emit({"message": message, "session_id": self.session, "customData": {}})
        return await self.hear()

    async def hear(self) -> dict[str, Any]:
        """The next answer."""
        return await asyncio.wait_for(self._uttered.get(), 20)


@pytest.fixture
async def widget(open_assistant: Assistant) -> AsyncIterator[Widget]:
    """An open widget."""
    found = await Widget().open(open_assistant.url)
    yield found
    await found.close()


async def test_it_talks(widget: Widget) -> None:
    assert await widget.ask("hello") == {
        "text": "Hello!",
        "quick_replies": [
            {"content_type": "text", "title": "Yes", "payload": "/affirm"},
            {"content_type": "text", "title": "No", "payload": '/deny{"reason": "none"}'},
        ],
    }


async def test_a_file_that_an_agent_sends_is_a_link(widget: Widget, query: Query) -> None:
    await widget.ask("hello")
    file = {"id": str(uuid4()), "name": "a map.txt", "content_type": "text/plain", "size": 5}
    (chat,) = query("select sender_id from conversation order by created_at desc limit 1")
    speak(query, chat["sender_id"], "agent", "Here.", {"files": [file]}, "Priya")
    heard = (await widget.hear())["text"]
    assert heard.startswith(f"Priya: Here.\n[a map\\.txt]({PUBLIC_URL}/chat/files/")


async def test_a_quick_reply_is_a_button_pressed(widget: Widget) -> None:
    await widget.ask("hello")
    assert (await widget.ask("/affirm"))["text"] == "You said yes."


async def test_a_typed_slash_is_text(widget: Widget) -> None:
    await widget.ask("hello")
    assert (await widget.ask("/count"))["text"] == "That was number 1.\nHS-1"  # the word, not the intent
    assert (await widget.ask('/deny{"reason": "mine"}'))["text"] == "I did not understand."


async def test_the_session_goes_on_after_a_reload(widget: Widget, open_assistant: Assistant) -> None:
    assert (await widget.ask("count"))["text"] == "That was number 1.\nHS-1"
    await widget.close()
    again = await Widget().open(open_assistant.url, widget.session)
    assert (await again.ask("count"))["text"] == "That was number 2.\nHS-2"
    await again.close()


async def test_knowing_a_conversation_gives_nothing(widget: Widget, open_assistant: Assistant) -> None:
    assert (await widget.ask("count"))["text"] == "That was number 1.\nHS-1"
    person = await Person(open_assistant.url).begin()
    stranger = await Widget().open(open_assistant.url, person.conversation)
    assert (await stranger.ask("count"))["text"] == "That was number 1.\nHS-1"
    assert person.messages == []
    await stranger.close()
    await person.disconnect()


async def test_our_own_protocol_works_beside_it(widget: Widget, open_assistant: Assistant) -> None:
    person = await Person(open_assistant.url).begin(widget.session)
    assert (await widget.ask("hello"))["text"] == "Hello!"
    assert await person.ask("wifi") == "Choose the network **eduroam** and sign in."
    assert "Hello!" in person.texts
    await person.disconnect()


async def test_what_cannot_be_read_is_answered_kindly(widget: Widget) -> None:
    assert "empty" in (await widget.ask("   "))["text"]


async def test_opening_without_words_is_not_answered(widget: Widget) -> None:
    await widget.emit({"session_id": widget.session, "customData": {}})  # as it does without a first payload
    assert (await widget.ask("hello"))["text"] == "Hello!"


async def test_it_is_off_unless_switched_on(assistant: Assistant) -> None:
    client = socketio.AsyncClient(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await client.connect(assistant.url, transports=["websocket"], wait_timeout=30)
    await client.disconnect()
