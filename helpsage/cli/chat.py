"""`./sage chat`: talk to the assistant from a terminal or a script, through the real website channel."""

from __future__ import annotations

import asyncio
import sys
import uuid
from typing import Annotated, Any

import httpx
import socketio
import typer

from helpsage import settings
from helpsage.cli.output import AsJson, print_json

ANSWER_TIMEOUT_S = 30.0
#: After the assistant has stopped typing, for an agent's words that follow at once.
LINGER_S = 0.15


def chat(
    as_json: AsJson = False,
    session: Annotated[str, typer.Option(help="Token of an earlier conversation, to resume it.")] = "",
) -> None:
    """Send each line of standard input; print each answer. A line like /affirm presses the button with that payload."""
    try:
        asyncio.run(_talk(as_json, session))
    except (httpx.HTTPError, socketio.exceptions.ConnectionError) as error:
        raise RuntimeError(
            f"no chat at {settings.get().chat_url} ({error or type(error).__name__}); is it running? ./sage up"
        ) from error


class Line:
    """One connection to the chat, in the words of docs/webchat-protocol.md."""

    def __init__(self, url: str, token: str, as_json: bool) -> None:
        self._url = url
        self._token = token
        self._as_json = as_json
        self._last_seq = 0
        self._quiet = asyncio.Event()
        self._client = socketio.AsyncClient(reconnection=True)
        self._client.on("messages", self._on_messages)
        self._client.on("typing", self._on_typing)
        self._client.on("notice", self._on_notice)

    async def open(self) -> None:
        """Connect; what was said before is printed by the server's first `messages`."""
        await self._client.connect(
            self._url,
            auth={"token": self._token, "last_seq": self._last_seq},
            transports=["websocket"],
            wait_timeout=10,
        )

    async def close(self) -> None:
        """Hang up."""
        await self._client.disconnect()

    async def say(self, text: str) -> None:
        """Send one line and wait until the assistant has answered it."""
        self._quiet.clear()
        body = {
            "id": uuid.uuid4().hex,
            **({"payload": text, "title": text} if text.startswith("/") else {"text": text}),
        }
        answer = await self._client.call("say", body, timeout=int(ANSWER_TIMEOUT_S))
        if not answer.get("ok"):
            self._print(
                {"seq": None, "author": "system", "text": answer.get("message", ""), "error": answer.get("error")}
            )
            return
        try:
            await asyncio.wait_for(self._quiet.wait(), ANSWER_TIMEOUT_S)
        except TimeoutError:
            raise RuntimeError(f"no answer within {ANSWER_TIMEOUT_S:.0f} s") from None
        await asyncio.sleep(LINGER_S)

    async def _on_messages(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            if message["seq"] > self._last_seq:
                self._last_seq = message["seq"]
                if message["author"] != "person":
                    self._print(message)

    async def _on_typing(self, state: dict[str, Any]) -> None:
        if not state.get("on"):
            self._quiet.set()

    async def _on_notice(self, notice: dict[str, Any]) -> None:
        self._print({"seq": None, "author": "system", **notice})

    def _print(self, message: dict[str, Any]) -> None:
        if self._as_json:
            print_json(message)
            return
        name = {"bot": settings.get().desk_name, "agent": message.get("name") or "Agent"}.get(message["author"], "*")
        typer.echo(f"{name}: {message['text']}")
        for button in message.get("data", {}).get("buttons", []):
            typer.echo(f"    [{button['title']}]  {button['payload']}")


async def _talk(as_json: bool, token: str) -> None:
    url = settings.get().chat_url
    async with httpx.AsyncClient(timeout=10) as client:
        response = await client.post(
            f"{url}/webhooks/webchat/session", json={"token": token or None, "page": "terminal"}
        )
    if response.status_code != 200:
        raise RuntimeError(f"the chat refused: {response.json().get('error', response.status_code)}")
    begun = response.json()
    line = Line(url, begun["token"], as_json)
    await line.open()
    if not as_json:
        typer.echo(f"(resume with --session {begun['token']})", err=True)
    else:
        typer.echo(f"session {begun['token']}", err=True)
    try:
        while text := await asyncio.to_thread(sys.stdin.readline):
            if text.strip():
                await line.say(text.strip("\n"))
    finally:
        await line.close()
