"""The protocol of the public npm widget `rasa-webchat` (1.0.1), for pages that have it already.

Off unless the operator switches it on. The session id that the widget keeps in the browser is our signed token, so that
knowing an id gives nothing here either.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from assistant import conversations
from assistant.channels import markdown, tokens, words
from assistant.database import UNAVAILABLE

if TYPE_CHECKING:
    from assistant.channels.webchat import WebChat

log = logging.getLogger(__name__)

#: A room beside the conversation's own, for windows that speak this protocol.
ROOM = "{conversation}:public"


class PublicWidget:
    """Translates between that widget's events and ours."""

    def __init__(self, channel: WebChat, sio: Any, key: str) -> None:
        self._channel = channel
        self._sio = sio
        self._key = key

    def register(self) -> None:
        """Listen to the widget's events."""
        self._sio.on("session_request", self._session_request)
        self._sio.on("user_uttered", self._user_uttered)

    async def show(self, conversation: str, messages: list[dict[str, Any]]) -> None:
        """Show messages in that conversation's public widgets; what the person wrote they show themselves."""
        for message in messages:
            if message["author"] != "person":
                await self._sio.emit("bot_uttered", as_uttered(message), room=ROOM.format(conversation=conversation))

    async def _session_request(self, socket: str, body: Any = None) -> None:
        earlier = body.get("session_id") if isinstance(body, dict) else None
        try:
            opened = await self._opened(earlier)
            await self._enter(socket, opened.conversation)
        except UNAVAILABLE:
            await self._refuse(socket, words.UNAVAILABLE)
            return
        await self._sio.emit("session_confirm", tokens.issue(opened, self._key).text, to=socket)

    async def _opened(self, earlier: object) -> tokens.Opened:
        try:
            return await self._channel.opened(earlier)
        except tokens.TokenInvalid:
            return tokens.Opened(uuid4())

    async def _enter(self, socket: str, conversation: UUID) -> None:
        pool = await self._channel.pool()
        await conversations.create(pool, conversation, "")
        newest = await conversations.last_seq(pool, conversation)

        async def admit(_: list[dict[str, Any]]) -> None:
            await self._sio.enter_room(socket, ROOM.format(conversation=conversation))

        await self._channel.rooms.enter(socket, conversation, newest, admit)

    async def _user_uttered(self, socket: str, body: Any = None) -> None:
        conversation = self._channel.rooms.of(socket)
        text = body.get("message") if isinstance(body, dict) else None
        if isinstance(body, dict) and text is None:
            return  # opened without a first payload, the widget sends an empty message: nobody has said anything
        if conversation is None or not isinstance(text, str):
            await self._refuse(socket, words.INVALID)
            return
        said = {"id": uuid4().hex, "text": text}
        if text.startswith("/"):
            said = await self._pressed(conversation, text) or said
        answer = await self._channel.say(socket, conversation, said)
        if not answer["ok"]:
            await self._refuse(socket, answer["message"])

    async def _pressed(self, conversation: UUID, payload: str) -> dict[str, Any] | None:
        """The `say` of a button; None when no such button was offered, and the text is just text."""
        try:
            title = await conversations.title_of(await self._channel.pool(), conversation, payload)
        except UNAVAILABLE:
            return None
        return {"id": uuid4().hex, "payload": payload, "title": title} if title is not None else None

    async def _refuse(self, socket: str, text: str) -> None:
        await self._sio.emit("bot_uttered", {"text": text}, to=socket)


def as_uttered(message: dict[str, Any]) -> dict[str, Any]:
    """One of our messages as that widget reads it: text with quick replies; cards and files become lines of text."""
    text = message["text"]
    if message["author"] == "agent" and message["name"]:
        text = f"{message['name']}: {text}"
    data = message["data"]
    cards = [data["ticket"]] if data.get("ticket") else data.get("tickets", [])
    for card in cards:
        parts = (card.get("reference"), card.get("subject"), card.get("status_label"))
        text += "\n" + " · ".join(str(part) for part in parts if part)
    for file in data.get("files", []) if message["author"] != "person" else []:
        text += f"\n[{markdown.escaped(file['name'])}]({file['url']})"
    uttered: dict[str, Any] = {"text": text.strip()}
    if data.get("buttons"):
        uttered["quick_replies"] = [{"content_type": "text", **button} for button in data["buttons"]]
    return uttered
