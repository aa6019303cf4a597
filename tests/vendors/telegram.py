"""Telegram's Bot API on loopback: https://core.telegram.org/bots/api.

It checks what the real one checks: the bot's token, lengths after parsing, the HTML's tags, `callback_data`. Updates
wait for `getUpdates`, or are sent to the webhook by the test.
"""

from __future__ import annotations

import email
import email.policy
import itertools
import json
import re
import threading
import time
from html.parser import HTMLParser
from typing import Any

import httpx

from tests.vendors.loopback import Answer, Asked, Loopback

TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
SECRET = "a-webhook-secret_of_the-tests"
BOT = {"id": 110201543, "is_bot": True, "first_name": "Help Sage", "username": "HelpSageBot"}
ASHA = {"id": 7001, "is_bot": False, "first_name": "Asha", "last_name": "Rao", "language_code": "en"}
BEN = {"id": 7002, "is_bot": False, "first_name": "Ben"}
GROUP = {"id": -1001, "type": "supergroup", "title": "Hostel 3"}
LARGEST_PHOTO, LARGEST_FILE = 10_000_000, 50_000_000
TAGS = {"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}


class _Text(HTMLParser):
    """Text without tags; fails as Telegram does."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in TAGS:
            raise ValueError(f'Unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ValueError(f'Unmatched end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(markup: str) -> str:
    """The text that is shown for some HTML.

    Raises:
        ValueError: as Telegram describes it.
    """
    reader = _Text()
    reader.feed(markup)
    reader.close()
    if reader.open:
        raise ValueError(f'Can\'t find end tag corresponding to start tag "{reader.open[-1]}"')
    return reader.text


class Telegram(Loopback):
    """The server."""

    def __init__(self) -> None:
        super().__init__()
        self.webhook: dict[str, Any] = {}
        #: Messages by chat and id, as they are shown now.
        self.shown: dict[tuple[int, int], dict[str, Any]] = {}
        self.actions: list[dict[str, Any]] = []
        self.answered: list[str] = []
        #: What was shown to whoever pressed, by query.
        self.alerts: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        #: Contents of the files that we sent, by the message.
        self.sent: dict[int, bytes] = {}
        self.waiting: list[dict[str, Any]] = []
        #: `getUpdates` that run now, and the most that ever did.
        self.asking = self.most_asking = 0
        self.trouble = self.hold
        self._updates = itertools.count(900_000)
        self._messages = itertools.count(1)

    # --- what it sends

    def message(
        self, text: str = "", by: dict[str, Any] = ASHA, chat: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """An update with a message."""
        private = {"id": by["id"], "type": "private", "first_name": by["first_name"]}
        message = {"message_id": next(self._messages), "from": by, "chat": chat or private, "date": int(time.time())}
        said = {"text": text} if text else {}
        return {"update_id": next(self._updates), "message": message | said | more}

    def press(self, shown: dict[str, Any], number: int = 0, by: dict[str, Any] = ASHA) -> dict[str, Any]:
        """An update with a pressed button of a message."""
        keys = [key for row in shown["reply_markup"]["inline_keyboard"] for key in row]
        query = {"id": str(next(self._updates)), "from": by, "message": shown, "chat_instance": "1"}
        return {"update_id": next(self._updates), "callback_query": query | {"data": keys[number]["callback_data"]}}

    def membership(self, status: str, by: dict[str, Any] = ASHA) -> dict[str, Any]:
        """An update about somebody who blocks the bot (`kicked`), or lets it write again (`member`)."""
        chat = {"id": by["id"], "type": "private", "first_name": by["first_name"]}
        change = {
            "chat": chat,
            "from": by,
            "date": int(time.time()),
            "old_chat_member": {"user": BOT, "status": "kicked" if status == "member" else "member"},
            "new_chat_member": {"user": BOT, "status": status},
        }
        return {"update_id": next(self._updates), "my_chat_member": change}

    async def send(self, update: dict[str, Any], url: str, secret: str | None = SECRET) -> httpx.Response:
        """Call the webhook."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
        async with httpx.AsyncClient(timeout=10) as client:
            return await client.post(url, json=update, headers=headers)

    def texts(self, chat: int = ASHA["id"]) -> list[str]:
        """What the bot shows in a chat."""
        return [parsed(message.get("text", "")) for (where, _), message in self.shown.items() if where == chat]

    # --- what it answers

    def hold(self, asked: Asked) -> None:
        """Let `getUpdates` wait for something to tell."""
        if not asked.path.endswith("/getUpdates"):
            return
        with self.lock:
            self.asking += 1
            self.most_asking = max(self.most_asking, self.asking)
        deadline = time.monotonic() + min(asked.json.get("timeout", 0), 0.5)
        while time.monotonic() < deadline and not self._due(asked.json.get("offset", 0)):
            threading.Event().wait(0.01)
        with self.lock:
            self.asking -= 1

    def _due(self, offset: int) -> list[dict[str, Any]]:
        return [update for update in self.waiting if update["update_id"] >= offset]

    def answer(self, asked: Asked) -> Answer:
        _, first, *rest = asked.path.split("/")
        if first == "file":
            return Answer(body=self.files[rest[-1]]) if rest[-1] in self.files else _error(404, "Not Found")
        if first != f"bot{TOKEN}":
            return _error(401, "Unauthorized")
        sent = _sent(asked)
        match rest[0]:
            case "getMe":
                return _ok(BOT)
            case "setWebhook":
                self.webhook = sent
                return _ok(True)
            case "deleteWebhook":
                self.webhook = {}
                return _ok(True)
            case "getUpdates":
                if self.webhook:
                    return _error(409, "Conflict: can't use getUpdates method while webhook is active")
                offset = sent.get("offset", 0)
                self.waiting = self._due(offset)
                return _ok(self.waiting)
            case "getFile":
                found = sent.get("file_id")
                return (
                    _ok({"file_id": found, "file_path": found}) if found in self.files else _error(400, "wrong file_id")
                )
            case "answerCallbackQuery":
                if sent["callback_query_id"] in self.answered:
                    return _error(400, "Bad Request: query is too old or its ID is invalid")
                if len(sent.get("text", "")) > 200:
                    return _error(400, "Bad Request: MESSAGE_TOO_LONG")
                self.answered.append(sent["callback_query_id"])
                self.alerts[sent["callback_query_id"]] = sent
                return _ok(True)
            case "sendChatAction":
                self.actions.append(sent)
                return _ok(True)
            case "sendMessage" | "editMessageText":
                return self._show(rest[0], sent)
            case "sendPhoto" | "sendDocument":
                return self._show_file(rest[0].removeprefix("send").lower(), asked)
        return _error(404, "Not Found")

    def _show_file(self, kind: str, asked: Asked) -> Answer:
        fields, file = _multipart(asked)
        if file is None:
            return _error(400, "Bad Request: there is no file in the request")
        name, content_type, content = file
        if len(content) > (LARGEST_PHOTO if kind == "photo" else LARGEST_FILE):
            return _error(413, "Request Entity Too Large")
        if kind == "photo" and not content.startswith((b"\x89PNG", b"\xff\xd8\xff", b"RIFF")):
            return _error(400, "Bad Request: IMAGE_PROCESS_FAILED")
        chat = int(fields["chat_id"])
        identified = next(self._messages)
        described = {"file_id": f"sent-{identified}", "file_unique_id": f"u{identified}", "file_size": len(content)}
        if kind == "photo":
            shown: Any = [{**described, "width": 1, "height": 1}]
        else:
            shown = {**described, "file_name": name, "mime_type": content_type}
        whole = {"message_id": identified, "from": BOT, "chat": self._chat(chat), "date": int(time.time()), kind: shown}
        self.shown[(chat, identified)] = whole | {key: fields[key] for key in ("caption",) if key in fields}
        self.sent[identified] = content
        return _ok(self.shown[(chat, identified)])

    @staticmethod
    def _chat(chat: int) -> dict[str, Any]:
        kind = "private" if chat > 0 else "supergroup"
        return {"id": chat, "type": kind, "first_name": "Asha", "title": "Hostel 3"}

    def _show(self, method: str, sent: dict[str, Any]) -> Answer:
        try:
            text = parsed(sent["text"]) if sent.get("parse_mode") == "HTML" else sent["text"]
        except ValueError as error:
            return _error(400, f"Bad Request: can't parse entities: {error}")
        if not text.strip():
            return _error(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4096:
            return _error(400, "Bad Request: message is too long")
        keys = [key for row in sent.get("reply_markup", {}).get("inline_keyboard", []) for key in row]
        if any(not 0 < len(key["callback_data"].encode()) <= 64 for key in keys):
            return _error(400, "Bad Request: BUTTON_DATA_INVALID")
        chat = sent["chat_id"]
        kept = {
            name: sent[name]
            for name in ("text", "reply_markup", "message_thread_id", "reply_parameters")
            if name in sent
        }
        if method == "editMessageText":
            before = self.shown.get((chat, sent["message_id"]))
            if before is None:
                return _error(400, "Bad Request: message to edit not found")
            identified = sent["message_id"]
        else:
            identified = next(self._messages)
        now = int(time.time())
        whole = {"message_id": identified, "from": BOT, "chat": self._chat(chat), "date": now, **kept}
        self.shown[(chat, identified)] = whole
        return _ok(whole)


def mention(text: str, of: str, kind: str = "mention", **more: Any) -> dict[str, Any]:
    """The entity of some words in a text; offsets are in UTF-16 units."""
    before = text[: re.search(re.escape(of), text).start()]  # type: ignore[union-attr]
    return {
        "type": kind,
        "offset": len(before.encode("utf-16-le")) // 2,
        "length": len(of.encode("utf-16-le")) // 2,
        **more,
    }


def _sent(asked: Asked) -> dict[str, Any]:
    """Parameters: JSON, or a form whose values are JSON where they are no plain words."""
    if isinstance(asked.json, dict):
        return asked.json
    return {name: _value(value) for name, value in {**asked.query, **asked.form}.items()}


def _multipart(asked: Asked) -> tuple[dict[str, str], tuple[str, str, bytes] | None]:
    """The fields of a form with a file, and the file: name, type, content."""
    head = f"Content-Type: {asked.headers.get('content-type', '')}\r\n\r\n".encode()
    fields: dict[str, str] = {}
    file = None
    for part in email.message_from_bytes(head + asked.body, policy=email.policy.HTTP).iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = part.get_filename()
        if name is not None:
            file = (name, part.get_content_type(), content)
        else:
            fields[str(part.get_param("name", header="content-disposition"))] = content.decode()
    return fields, file


def _value(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _ok(result: Any) -> Answer:
    return Answer(body={"ok": True, "result": result})


def _error(code: int, description: str, **parameters: Any) -> Answer:
    body = {"ok": False, "error_code": code, "description": description}
    return Answer(code, body | ({"parameters": parameters} if parameters else {}))


error = _error
