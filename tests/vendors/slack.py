"""Slack on loopback: the Web API's methods that we call, and the requests that Slack sends us.

It checks what the real one checks: the bot's token, whether the channel takes messages, the limits of blocks and views,
whether a message is there to be changed. Formats: https://docs.slack.dev/reference/methods/ and
https://docs.slack.dev/reference/block-kit/. What it sends is signed by slack_sdk.
"""

from __future__ import annotations

import itertools
import json
import time
from typing import Any
from urllib.parse import urlencode

import httpx
from slack_sdk.signature import SignatureVerifier

from tests.vendors.loopback import Answer, Asked, Loopback

TOKEN, SIGNING_SECRET = "xoxb-of-the-tests", "8f742231b10e8888abcd99yyyzzz85a5"
TEAM, US, APP = "T0DESK", "U0BOT", "A0APP"
ANA, BEN = "U0ANA", "U0BEN"
#: Ana's and Ben's direct channels, and a channel of everybody's.
DIRECT = {ANA: "D0ANA", BEN: "D0BEN"}
GENERAL = "C0GENERAL"


class Slack(Loopback):
    """The server."""

    def __init__(self) -> None:
        super().__init__()
        self.token = TOKEN
        self.archived: set[str] = set()
        #: Messages by channel, in order.
        self.channels: dict[str, list[dict[str, Any]]] = {channel: [] for channel in (*DIRECT.values(), GENERAL)}
        self.files: dict[str, bytes] = {}
        self.users: dict[str, dict[str, Any]] = {}
        self.views: list[dict[str, Any]] = []
        self.homes: dict[str, dict[str, Any]] = {}
        self.statuses: list[dict[str, Any]] = []
        #: Files that we bring: what was asked for, what came, and where it is shared.
        self.uploads: dict[str, dict[str, Any]] = {}
        #: What one person alone sees: user, text, channel, thread.
        self.asides: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)

    def answer(self, asked: Asked) -> Answer:
        """A method of the Web API."""
        method = asked.path.removeprefix("/api/")
        if asked.path.startswith("/files/"):
            return self._file(asked)
        if asked.path.startswith("/upload/"):
            return self._uploaded(asked)
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            return _no("invalid_auth" if self.token == TOKEN else "token_revoked")
        is_json = asked.headers.get("content-type", "").startswith("application/json")
        given: dict[str, Any] = asked.json if is_json else asked.form
        handler = getattr(self, f"_{method.replace('.', '_')}", None)
        return handler(given) if handler is not None else _no("unknown_method")

    def files_in(self, channel: str) -> list[tuple[str, bytes]]:
        """Names and contents of the files that our bot shared there."""
        with self.lock:
            said = [each for each in self.channels[channel] if each.get("files")]
            return [(file["title"], file["content"]) for each in said for file in each["files"]]

    def texts(self, channel: str, thread: str | None = None) -> list[str]:
        """What our bot said there, by its fallback texts."""
        with self.lock:
            return [each["text"] for each in self.channels[channel] if thread is None or each["thread_ts"] == thread]

    def newest(self, channel: str) -> dict[str, Any]:
        """The latest message of our bot there."""
        with self.lock:
            return self.channels[channel][-1]

    def _file(self, asked: Asked) -> Answer:
        content = self.files.get(asked.path.rpartition("/")[2])
        if asked.headers.get("authorization") != f"Bearer {self.token}":
            # The real one shows a log-in page.
            return Answer(302, b"", (("Location", "https://desk.slack.com/"),))
        return Answer(404, b"") if content is None else Answer(200, content, (("Content-Type", "image/png"),))

    def _uploaded(self, asked: Asked) -> Answer:
        """The address of an upload opens by itself; the token has no business there."""
        upload = self.uploads.get(asked.path.rpartition("/")[2])
        if upload is None or "authorization" in asked.headers or len(asked.body) != upload["length"]:
            return Answer(400, b"no such upload")
        upload["content"] = asked.body
        return Answer(200, f"OK - {len(asked.body)}".encode())

    # ---- methods

    def _files_getUploadURLExternal(self, given: dict[str, Any]) -> Answer:
        if not given.get("filename") or not str(given.get("length", "")).isdigit() or int(given["length"]) == 0:
            return _no("invalid_arguments")
        identified = f"F{next(self._numbers):08d}"
        self.uploads[identified] = {"name": given["filename"], "length": int(given["length"]), "channels": []}
        return _yes(upload_url=f"{self.url}/upload/{identified}", file_id=identified)

    def _files_completeUploadExternal(self, given: dict[str, Any]) -> Answer:
        shared = json.loads(given["files"]) if isinstance(given["files"], str) else given["files"]
        channel = given.get("channel_id", "")
        if channel not in self.channels:
            return _no("channel_not_found")
        if channel in self.archived:
            return _no("is_archived")
        if any("content" not in self.uploads.get(each["id"], {}) for each in shared):
            return _no("file_not_found")
        for each in shared:
            self.uploads[each["id"]]["channels"].append(channel)
        said = {
            "ts": f"{int(time.time())}.{next(self._numbers):06d}",
            "text": given.get("initial_comment", ""),
            "blocks": [],
            "files": [{**each, **self.uploads[each["id"]]} for each in shared],
            "thread_ts": given.get("thread_ts"),
            "metadata": None,
            "user": US,
            "bot_id": "B0BOT",
        }
        self.channels[channel].append(said)
        return _yes(files=[{"id": each["id"], "title": each.get("title", "")} for each in shared])

    def _files_info(self, given: dict[str, Any]) -> Answer:
        upload = self.uploads.get(given.get("file", ""))
        if upload is None or not upload["channels"]:
            return _no("file_not_found")
        shares = {"private": {channel: [{"ts": "1.1"}] for channel in upload["channels"]}}
        return _yes(file={"id": given["file"], "name": upload["name"], "shares": shares})

    def _files_upload(self, given: dict[str, Any]) -> Answer:
        return _no("method_deprecated")

    def _conversations_open(self, given: dict[str, Any]) -> Answer:
        channel = DIRECT.get(given.get("users", ""))
        return _yes(channel={"id": channel}) if channel is not None else _no("user_not_found")

    def _auth_test(self, given: dict[str, Any]) -> Answer:
        return _yes(
            team="Desk", team_id=TEAM, user="helpsage", user_id=US, bot_id="B0BOT", url="https://desk.slack.com/"
        )

    def _chat_postMessage(self, given: dict[str, Any]) -> Answer:
        channel = DIRECT.get(given.get("channel", ""), given.get("channel", ""))
        if channel not in self.channels:
            return _no("channel_not_found")
        if channel in self.archived:
            return _no("is_archived")
        problem = wrong_blocks(given.get("blocks", []))
        if problem or not (given.get("text") or given.get("blocks")):
            return _no("invalid_blocks", errors=[problem]) if problem else _no("no_text")
        said = {
            "ts": f"{int(time.time())}.{next(self._numbers):06d}",
            "text": given.get("text", ""),
            "blocks": given.get("blocks", []),
            "thread_ts": given.get("thread_ts"),
            "metadata": given.get("metadata"),
            "user": US,
            "bot_id": "B0BOT",
        }
        self.channels[channel].append(said)
        return _yes(channel=channel, ts=said["ts"], message=said)

    def _chat_update(self, given: dict[str, Any]) -> Answer:
        found = next((each for each in self.channels.get(given["channel"], []) if each["ts"] == given["ts"]), None)
        if found is None:
            return _no("message_not_found")
        problem = wrong_blocks(given.get("blocks", []))
        if problem:
            return _no("invalid_blocks", errors=[problem])
        found.update(text=given.get("text", ""), blocks=given.get("blocks", []), edited=True)
        return _yes(channel=given["channel"], ts=given["ts"])

    def _chat_postEphemeral(self, given: dict[str, Any]) -> Answer:
        if given.get("channel") not in self.channels:
            return _no("channel_not_found")
        if not given.get("user") or not given.get("text"):
            return _no("no_text" if given.get("user") else "user_not_in_channel")
        self.asides.append(given)
        return _yes(message_ts=f"{int(time.time())}.{next(self._numbers):06d}")

    def _users_info(self, given: dict[str, Any]) -> Answer:
        found = self.users.get(given.get("user", ""))
        return _yes(user=found) if found is not None else _no("user_not_found")

    def _conversations_history(self, given: dict[str, Any]) -> Answer:
        if given["channel"] not in self.channels:
            return _no("channel_not_found")
        newest_first = list(reversed(self.channels[given["channel"]]))
        return _yes(messages=newest_first[: int(given["limit"])])

    def _conversations_replies(self, given: dict[str, Any]) -> Answer:
        found = [each for each in self.channels[given["channel"]] if each["thread_ts"] == given["ts"]]
        return _yes(messages=found[: int(given["limit"])])

    def _views_open(self, given: dict[str, Any]) -> Answer:
        if not given.get("trigger_id"):
            return _no("invalid_trigger_id")
        self.views.append(given["view"])
        return _yes(view={"id": f"V{next(self._numbers)}"})

    def _views_publish(self, given: dict[str, Any]) -> Answer:
        if len(given["view"]["blocks"]) > 100 or wrong_blocks(given["view"]["blocks"], most=100):
            return _no("invalid_arguments")
        self.homes[given["user_id"]] = given["view"]
        return _yes()

    def _assistant_threads_setStatus(self, given: dict[str, Any]) -> Answer:
        self.statuses.append(given)
        return _yes()


def _yes(**more: Any) -> Answer:
    return Answer(200, {"ok": True, **more})


def _no(error: str, **more: Any) -> Answer:
    return Answer(200, {"ok": False, "error": error, **more})


def wrong_blocks(blocks: list[dict[str, Any]], most: int = 50) -> str | None:
    """What Slack would refuse about these blocks."""
    if len(blocks) > most:
        return "too many blocks"
    for block in blocks:
        elements = block.get("elements", [])
        if block["type"] == "section" and not 0 < len(block["text"]["text"]) <= 3_000:
            return "the text of a section"
        if block["type"] == "actions" and not 0 < len(elements) <= 25:
            return "the number of elements"
        if len({each.get("action_id") for each in elements}) != len(elements) and block["type"] == "actions":
            return "an action_id twice"
        for each in elements:
            if each["type"] == "button" and not 0 < len(each["text"]["text"]) <= 75:
                return "the text of a button"
            if len(each.get("value", "")) > 2_000:
                return "the value of a button"
    return None


def buttons(message: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The buttons of a message by their titles."""
    rows = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]
    return {each["text"]["text"]: each for row in rows for each in row}


class Workspace:
    """What Slack sends to one installation."""

    def __init__(self, address: str, secret: str = SIGNING_SECRET) -> None:
        """
        Args:
            address: `/webhooks/slack/<key>` of the assistant.
        """
        self.address = address
        self._secret = secret
        self._numbers = itertools.count(int(time.time() * 1000))

    def signed(self, body: bytes, content_type: str, at: float | None = None) -> dict[str, str]:
        """The headers with which Slack sends a body."""
        stamp = str(int(at if at is not None else time.time()))
        signature = SignatureVerifier(self._secret).generate_signature(timestamp=stamp, body=body)
        return {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": str(signature),
        }

    async def send(
        self, what: str, body: bytes, content_type: str, at: float | None = None, **headers: str
    ) -> httpx.Response:
        """Sign and send."""
        signed = {**self.signed(body, content_type, at), **headers}
        async with httpx.AsyncClient(timeout=10) as client:
            return await client.post(f"{self.address}/{what}", content=body, headers=signed)

    def envelope(self, event: dict[str, Any], event_id: str | None = None) -> dict[str, Any]:
        """An event as the Events API wraps it."""
        return {
            "token": "not used any more",
            "team_id": TEAM,
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": event_id or f"Ev{next(self._numbers)}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": US, "is_bot": True}],
        }

    async def event(self, event: dict[str, Any], event_id: str | None = None, **headers: str) -> httpx.Response:
        """Deliver an event."""
        body = json.dumps(self.envelope(event, event_id)).encode()
        return await self.send("events", body, "application/json", **headers)

    def written(self, text: str, user: str = ANA, channel: str | None = None, **more: Any) -> dict[str, Any]:
        """A message as an event; direct unless it has a channel."""
        at = f"{int(time.time())}.{next(self._numbers) % 1_000_000:06d}"
        return {
            "type": "message",
            "user": user,
            "text": text,
            "ts": at,
            "event_ts": at,
            "channel": channel or DIRECT[user],
            "channel_type": "channel" if channel else "im",
            **more,
        }

    async def say(self, text: str, user: str = ANA, channel: str | None = None, **more: Any) -> dict[str, Any]:
        """Somebody writes; returns the event."""
        event = self.written(text, user, channel, **more)
        answer = await self.event(event)
        assert answer.status_code == 200, answer.text
        return event

    async def mention(self, text: str, user: str = ANA, **more: Any) -> dict[str, Any]:
        """Somebody calls us in the channel of everybody's."""
        return await self.say(f"<@{US}> {text}", user, GENERAL, type="app_mention", **more)

    async def interact(self, payload: dict[str, Any]) -> httpx.Response:
        """Deliver an interaction."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self.send("interactivity", body, "application/x-www-form-urlencoded")

    def pressed(self, message: dict[str, Any], title: str, channel: str, user: str = ANA) -> dict[str, Any]:
        """A pressed button."""
        button = buttons(message)[title]
        container = {"type": "message", "message_ts": message["ts"], "channel_id": channel}
        if message.get("thread_ts"):
            container["thread_ts"] = message["thread_ts"]
        return {
            "type": "block_actions",
            "user": {"id": user, "team_id": TEAM},
            "team": {"id": TEAM},
            "trigger_id": f"{next(self._numbers)}.trigger",
            "container": container,
            "channel": {"id": channel},
            "actions": [{**button, "action_ts": f"{time.time():.6f}"}],
        }

    async def command(self, text: str, user: str = ANA) -> httpx.Response:
        """Somebody types the slash command."""
        form = {
            "command": "/help-sage",
            "text": text,
            "team_id": TEAM,
            "user_id": user,
            "channel_id": GENERAL,
            "trigger_id": f"{next(self._numbers)}.trigger",
        }
        return await self.send("commands", urlencode(form).encode(), "application/x-www-form-urlencoded")

    def submitted(self, subject: str, description: str, view: str = "V1", user: str = ANA) -> dict[str, Any]:
        """The filled-in ticket form."""
        values = {
            name: {name: {"value": value}} for name, value in (("subject", subject), ("description", description))
        }
        return {
            "type": "view_submission",
            "team": {"id": TEAM},
            "user": {"id": user, "team_id": TEAM},
            "trigger_id": f"{next(self._numbers)}.trigger",
            "view": {"id": view, "callback_id": "ticket_form", "state": {"values": values}},
        }
