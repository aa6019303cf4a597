"""One Telegram bot: its updates in, by webhook or by asking for them; our messages out.

Methods: https://core.telegram.org/bots/api (setWebhook, getUpdates, sendMessage, editMessageText, answerCallbackQuery,
sendChatAction, sendPhoto, sendDocument; limits of files: #sending-files);
errors: https://core.telegram.org/bots/api#making-requests and #responseparameters.

Telegram knows no key of a message of ours: one whose answer was lost on the way is sent again and may be shown twice.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any, ClassVar

import aiohttp

from assistant.channels import markdown
from assistant.channels.connector import (
    Answered,
    Connector,
    Delivery,
    Http,
    Impossible,
    Incoming,
    InstallationBroken,
    Later,
    NotPosted,
    Outgoing,
    OutgoingFile,
    PlaceBroken,
    Posted,
    Pressed,
    Refused,
    Reply,
    Words,
)
from assistant.channels.installations import Installation
from assistant.channels.vendors import html
from assistant.channels.vendors.telegram import updates, words
from assistant.channels.vendors.telegram.updates import Heard, Me
from languages import SOURCE

log = logging.getLogger(__name__)

API = "https://api.telegram.org"
HEADER = "x-telegram-bot-api-secret-token"
#: Telegram's own limit of one message, in UTF-16 units without notation; what is left over is for tickets' cards.
LONGEST_MESSAGE = 4_096
LONGEST = 3_500
MOST_BUTTONS = 100
#: Titles up to this length stand two in a row.
SHORT_TITLE = 16
LONGEST_SUBJECT = 120
#: Bytes: https://core.telegram.org/bots/api#sending-files (a photo, and any other file, sent as multipart/form-data).
LARGEST_PHOTO = 10_000_000
LARGEST_FILE = 50_000_000
#: What is shown as a picture; other kinds of pictures are documents.
PHOTOS = frozenset({"image/jpeg", "image/png", "image/webp"})
LONGEST_CAPTION = 1_024
#: Characters of what is shown to whoever pressed a button.
LONGEST_ALERT = 200
#: How long Telegram waits for something to tell before it answers that there is nothing.
ASKED_FOR_S = 25
#: Descriptions of a 400 after which nothing arrives in a chat. Telegram names no codes.
_GONE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "chat_write_forbidden",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "topic_closed",
    "topic_deleted",
    "message thread not found",
)
#: Of an edit that changes nothing, or comes too late: what is shown stays as it is.
_STAYS = ("message is not modified", "message to edit not found", "message can't be edited", "message_id_invalid")


class Telegram(Connector):
    """The connector of kind `telegram`.

    The installation has the secrets `bot_token` and `secret_token` (1 to 256 of `A-Za-z0-9_-`, of our making) and the
    option `mode`: `webhook`, or `polling` for a machine that nobody can reach. `url` is the API's address elsewhere: a
    Bot API server of one's own.
    """

    kind: ClassVar[str] = "telegram"
    longest: ClassVar[int] = LONGEST
    largest_file: ClassVar[int] = LARGEST_FILE

    def __init__(self, installation: Installation, http: Http) -> None:
        super().__init__(installation, http)
        token = installation.secrets["bot_token"]
        self._secret = installation.secrets["secret_token"]
        self._url = f"{(installation.options.get('url') or API).rstrip('/')}/bot{token}"
        self._id = int(token.partition(":")[0])
        self._me: Me | None = None

    @property
    def asks(self) -> bool:
        """Whether updates are asked for."""
        return self.installation.options.get("mode") == "polling"

    # ---- in ---------------------------------------------------------------------------------------------------------

    async def receive(self, incoming: Incoming) -> Delivery | Reply:
        """Check the secret that was given with `setWebhook`, then read the update."""
        shown = incoming.headers.get(HEADER, "")
        if not self._secret or not hmac.compare_digest(shown.encode(), self._secret.encode()):
            raise Refused("without the webhook's secret")
        try:
            update = json.loads(incoming.body)
        except ValueError as error:
            raise Refused("no JSON", 400) from error
        try:
            return await self.read(update)
        except updates.Unreadable as error:
            raise Refused(str(error), 400) from error

    async def read(self, update: Any) -> Delivery:
        """An update as a delivery.

        Raises:
            updates.Unreadable
        """
        heard = updates.read(update, await self._myself())
        then = partial(self._end_waiting, heard.query) if heard.query else None
        known = heard.what == "my_chat_member"
        return Delivery(
            heard.key, heard.what, heard.place, _words(heard), among=heard.among, only_where_known=known, then=then
        )

    async def _end_waiting(self, query: str) -> None:
        """The little clock on a pressed button goes."""
        await self.call("answerCallbackQuery", {"callback_query_id": query})

    async def begin_asking(self) -> None:
        """Telegram sends nothing by itself any more; what waits stays."""
        await self.call("deleteWebhook", {"drop_pending_updates": False})

    async def ask(self, after: int) -> tuple[list[tuple[Delivery, bytes]], int]:
        """Wait for updates; what cannot be read is confirmed and left."""
        wanted = {"offset": after, "timeout": ASKED_FOR_S, "allowed_updates": list(updates.WANTED)}
        patience = aiohttp.ClientTimeout(total=ASKED_FOR_S + 10, connect=Http.CONNECT_S)
        found = await self.call("getUpdates", wanted, timeout=patience)
        brought = []
        for update in found if isinstance(found, list) else []:
            try:
                brought.append((await self.read(update), json.dumps(update).encode()))
            except updates.Unreadable:
                log.warning("telegram %s: an update that cannot be read", self.installation.key)
        numbers = [update["update_id"] for update in found or [] if isinstance(update, dict) and "update_id" in update]
        return brought, max(numbers, default=after - 1) + 1

    async def _myself(self) -> Me:
        """Who we are, asked once. While Telegram does not say so, we answer to no name but to replies and commands."""
        if self._me is None:
            username = self.installation.details.get("username")
            if not username:
                try:
                    found = await self.call("getMe", {})
                    username = found.get("username") if isinstance(found, dict) else None
                except NotPosted:
                    return Me(self._id, "")
            self._me = Me(self._id, str(username or ""))
        return self._me

    # ---- out --------------------------------------------------------------------------------------------------------

    def split(self, text: str) -> list[str]:
        """Parts in Telegram's HTML."""
        return [
            html.render(part, html.TELEGRAM) for part in markdown.split(markdown.read(text), LONGEST, markdown.utf16)
        ]

    async def post(self, message: Outgoing) -> Posted:
        """Send a message; to where the chat has moved, when it became a supergroup."""
        address = dict(message.address)
        body = {**_to(address), **_reply(address), **_shown(message)}
        try:
            sent = await self.call("sendMessage", body)
        except _Moved as moved:
            address["chat"] = moved.to
            sent = await self.call("sendMessage", {**body, "chat_id": moved.to})
        if address.pop("opens", False):
            # What follows in this conversation answers it.
            address["reply_to"] = int(_id_of(sent) or 0)
        return Posted(_id_of(sent), address if address != dict(message.address) else None)

    async def change(self, message: Outgoing, vendor_id: str) -> None:
        """Edit a message: its text and its buttons."""
        body = {"chat_id": message.address["chat"], "message_id": int(vendor_id), **_shown(message)}
        try:
            await self.call("editMessageText", body)
        except Impossible as error:
            if not any(reason in str(error).lower() for reason in _STAYS):
                raise

    async def post_file(self, message: Outgoing, file: OutgoingFile) -> Posted:
        """Send a picture as one, and what Telegram does not take for one as a document, like all the rest."""
        content = await file.content()
        if file.content_type in PHOTOS and file.size <= LARGEST_PHOTO:
            try:
                return await self._send_file("sendPhoto", "photo", message, file, content)
            except Impossible as error:
                log.info("telegram %s: a picture is sent as a document: %s", self.installation.key, error)
        return await self._send_file("sendDocument", "document", message, file, content)

    async def _send_file(self, method: str, part: str, message: Outgoing, file: OutgoingFile, content: bytes) -> Posted:
        try:
            return Posted(_id_of(await self._call_with_file(method, part, message, file, content)))
        except _Moved as moved:
            there = replace(message, address={**message.address, "chat": moved.to})
            sent = await self._call_with_file(method, part, there, file, content)
            return Posted(_id_of(sent), dict(there.address))

    async def _call_with_file(
        self, method: str, part: str, message: Outgoing, file: OutgoingFile, content: bytes
    ) -> Any:
        fields = {**_to(message.address), **_reply(message.address)}
        if message.part == 0 and message.author == "agent" and message.author_name:
            fields["caption"] = message.author_name[:LONGEST_CAPTION]
        form = aiohttp.FormData({name: _written(value) for name, value in fields.items()}, quote_fields=False)
        form.add_field(part, content, filename=file.name, content_type=file.content_type or None)
        return _result(await self.http.send_file("POST", f"{self._url}/{method}", data=form))

    async def whisper(self, address: Mapping[str, Any], text: str, quiet: bool) -> None:
        """The answer to a pressed button, which only its presser sees; else a private message, to whoever began one.

        https://core.telegram.org/bots/api#answercallbackquery (200 characters)
        """
        plain = " ".join(block.text for block in markdown.read(text))
        if address.get("query"):
            shown = plain if len(plain) <= LONGEST_ALERT else plain[: LONGEST_ALERT - 1] + "…"
            body = {"callback_query_id": address["query"], "text": shown, "show_alert": not quiet}
            await self.call("answerCallbackQuery", body)
            if len(plain) <= LONGEST_ALERT:
                return
        if not quiet:
            await self.call("sendMessage", {"chat_id": address["user"], "text": plain})

    async def typing(self, address: Mapping[str, Any], on: bool, language: str = SOURCE) -> None:
        """Shown for five seconds, or until the answer comes."""
        if on:
            await self.call("sendChatAction", {**_to(address), "action": "typing"})

    async def call(self, method: str, body: Mapping[str, Any], **options: Any) -> Any:
        """Call a method; returns its result.

        Raises:
            NotPosted
        """
        return _result(await self.http.send("POST", f"{self._url}/{method}", json=dict(body), **options))


def _result(answer: Answered) -> Any:
    found = _json(answer)
    if found.get("ok") is True:
        return found.get("result")
    raise _failure(answer.status, found)


def _words(heard: Heard) -> Words | None:
    if heard.place is None or not heard.id:
        return None
    if heard.pressed is None:
        return Words(heard.id, heard.text, files=heard.files, change=heard.change, command=heard.command)
    # What is no button of ours is looked up in vain, and answered as one that is too old.
    return Words(heard.id, pressed=Pressed.read(heard.pressed) or Pressed(0, 0))


def _to(address: Mapping[str, Any]) -> dict[str, Any]:
    to = {"chat_id": address["chat"]}
    return to | ({"message_thread_id": address["topic"]} if address.get("topic") else {})


def _reply(address: Mapping[str, Any]) -> dict[str, Any]:
    if not address.get("reply_to"):
        return {}
    return {"reply_parameters": {"message_id": address["reply_to"], "allow_sending_without_reply": True}}


def _written(value: Any) -> str:
    """A parameter in a form: JSON but for plain words."""
    return value if isinstance(value, str) else json.dumps(value)


def _shown(message: Outgoing) -> dict[str, Any]:
    """Text, tickets and buttons of a message."""
    name = message.author_name if message.author == "agent" else ""
    parts = [f"<b>{escape(name, quote=False)}</b>\n{message.text}" if name else message.text]
    room = LONGEST_MESSAGE - LONGEST - markdown.utf16(name)
    for ticket in _tickets(message.data):
        card = _card(ticket)
        room -= markdown.utf16(card)
        if room < 0:
            break
        parts.append(card)
    if message.data.get("pressed"):
        parts.append(f"<i>{escape(words.CHOSEN.format(title=message.data['pressed']), quote=False)}</i>")
    text = "\n\n".join(part for part in parts if part) or words.NO_WORDS
    shown = {"text": text, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
    keyboard = _keyboard(message)
    return shown | ({"reply_markup": {"inline_keyboard": keyboard}} if keyboard else {})


def _tickets(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = [data["ticket"]] if isinstance(data.get("ticket"), dict) else list(data.get("tickets") or [])
    return [one for one in found if isinstance(one, dict)]


def _card(ticket: Mapping[str, Any]) -> str:
    reference, status = str(ticket.get("reference") or ""), str(ticket.get("status_label") or "")
    subject = str(ticket.get("subject") or "")
    if len(subject) > LONGEST_SUBJECT:
        subject = subject[: LONGEST_SUBJECT - 1] + "…"
    return f"<b>{escape(reference)}</b> · {escape(status, quote=False)}\n{escape(subject, quote=False)}"


def _keyboard(message: Outgoing) -> list[list[dict[str, str]]]:
    if message.data.get("pressed"):
        return []
    rows: list[list[dict[str, str]]] = []
    for number, button in enumerate(list(message.data.get("buttons") or [])[:MOST_BUTTONS]):
        title = str(button.get("title") or words.NO_WORDS)
        key = {"text": title, "callback_data": Pressed(message.message_id, number).value}
        if rows and len(rows[-1]) == 1 and len(title) <= SHORT_TITLE and len(rows[-1][0]["text"]) <= SHORT_TITLE:
            rows[-1].append(key)
        else:
            rows.append([key])
    return rows


class _Moved(NotPosted):
    """The group became a supergroup: it has another id."""

    def __init__(self, to: int) -> None:
        super().__init__("the group became a supergroup")
        self.to = to


def _failure(status: int, found: dict[str, Any]) -> NotPosted:
    """What a refusal means."""
    parameters = found.get("parameters")
    asked = parameters if isinstance(parameters, dict) else {}
    code, described = found.get("error_code", status), str(found.get("description") or "")
    told = words.REFUSED.format(reason=described[:200] or code)
    if isinstance(asked.get("migrate_to_chat_id"), int):
        return _Moved(asked["migrate_to_chat_id"])
    if not found or code >= 500:
        return Later(words.TROUBLE.format(status=status))
    if code == 429:
        return Later(told, float(asked.get("retry_after") or 1), arrived=False)
    if code in (401, 404):
        return InstallationBroken(words.BAD_LOGIN)
    if code == 409:
        return Later(words.ASKED_ELSEWHERE, arrived=False)
    if code == 403 or any(reason in described.lower() for reason in _GONE):
        return PlaceBroken(told)
    return Impossible(told)


def _id_of(sent: Any) -> str:
    return str(sent["message_id"]) if isinstance(sent, dict) and "message_id" in sent else ""


def _json(answer: Answered) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
