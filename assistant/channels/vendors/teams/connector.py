"""One Teams app: its activities in, ours out.

Calls: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-send-and-receive-messages
(send, update), .../bot-framework-rest-connector-api-reference (operations). Failures:
https://learn.microsoft.com/microsoftteams/platform/bots/how-to/rate-limit and, for the codes in the body of a refusal,
.../bots/build-conversational-capability#status-codes-from-bot-conversational-apis. Files: .../bots/how-to/bots-filesv4.

The connector knows no key of a message of ours: a message whose answer was lost on the way is sent again and may be
shown twice.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from html import escape
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

from assistant.channels import markdown
from assistant.channels.connector import (
    Among,
    Answered,
    Connector,
    Delivery,
    File,
    FileAnswer,
    FileDeclined,
    FileNotTaken,
    Http,
    Impossible,
    Incoming,
    InstallationBroken,
    Later,
    NotPosted,
    Outgoing,
    OutgoingFile,
    Place,
    PlaceBroken,
    Posted,
    Pressed,
    Refused,
    Reply,
    Words,
)
from assistant.channels.installations import Installation, is_safe
from assistant.channels.vendors import html
from assistant.channels.vendors.teams import activities, cards, tokens, words
from assistant.channels.vendors.teams.activities import PRESSED, Heard, What
from assistant.channels.vendors.teams.activities import Place as Where
from assistant.channels.vendors.teams.tokens import App, Keys, Speaking
from languages import SOURCE, catalogues

log = logging.getLogger(__name__)

#: What we are asked to say so that Teams, which allows 100 KB with everything in it, shows it without folding it away.
LONGEST = 7_000
LONGEST_SUMMARY = 200
#: Bytes of a file that is put to OneDrive in one piece:
#: https://learn.microsoft.com/graph/api/driveitem-createuploadsession#upload-bytes-to-the-upload-session
LARGEST_FILE = 60_000_000
_CONSENT_CARD = "application/vnd.microsoft.teams.card.file.consent"
_INFO_CARD = "application/vnd.microsoft.teams.card.file.info"
#: Where files of people lie: whoever answers a question about a file names an address, and it has to be there.
_ONEDRIVE = (
    ".sharepoint.com",
    ".sharepoint.us",
    ".sharepoint-mil.us",
    ".onedrive.com",
    ".microsoftpersonalcontent.com",
)
#: Codes of a 404 after which nothing arrives in a conversation; every 403 says so.
_GONE = frozenset({"BotNotInConversationRoster", "ConversationNotFound", "MemberNotFoundInConversation"})


class Teams(Connector):
    """The connector of kind `teams`.

    The installation has the options `app_id` and `tenant` (empty for an app of many tenants) and the secret
    `app_secret`; tests point `login_url` and `metadata_url` elsewhere.
    """

    kind: ClassVar[str] = "teams"
    longest: ClassVar[int] = LONGEST
    largest_file: ClassVar[int] = LARGEST_FILE

    def __init__(self, installation: Installation, http: Http) -> None:
        super().__init__(installation, http)
        options = installation.options
        self._app = App(options["app_id"], options.get("tenant") or "")
        self._keys = Keys(self._fetch, options.get("metadata_url") or tokens.METADATA_URL)
        login = options.get("login_url") or tokens.LOGIN_URL
        self._login = login
        self._speaking = Speaking(self._log_in, self._app, installation.secrets["app_secret"], login)

    # ---- in ---------------------------------------------------------------------------------------------------------

    async def receive(self, incoming: Incoming) -> Delivery | Reply:
        """Check the token against the activity, then read it."""
        try:
            activity = json.loads(incoming.body)
        except ValueError as error:
            raise Refused("no JSON", 400) from error
        if not isinstance(activity, dict):
            raise Refused("no activity", 400)
        try:
            await tokens.check(incoming.headers.get("authorization"), activity, self._app, self._keys)
            heard = activities.read(activity)
        except tokens.Untrusted as error:
            # 403, as the vendor's page says.
            raise Refused(str(error), 403) from error
        except tokens.KeysUnavailable as error:
            raise Refused(str(error), 503) from error
        except activities.Unreadable as error:
            raise Refused(str(error), 400) from error
        if not is_safe(heard.reference["serviceUrl"]):
            raise Refused("the service address is not https", 403)
        return self._delivery(heard)

    def _delivery(self, heard: Heard) -> Delivery | Reply:
        if heard.what is What.OTHER:
            return Reply()
        if heard.what is What.INVOKE:
            # https://learn.microsoft.com/azure/bot-service/rest-api: 501 is what an invoke nobody handles is answered.
            return Reply(501)
        if heard.what is What.REMOVED or not heard.user:
            return Delivery(heard.key, heard.what.value)
        place = Place(
            heard.sender, heard.person, {**heard.reference, "place": heard.place.value}, heard.name, heard.shared
        )
        if heard.what is What.ADDED:
            # Whoever takes us in again hears what waited meanwhile.
            return Delivery(heard.key, heard.what.value, place, only_where_known=True)
        if heard.what is What.FILE:
            return _file_answer(heard, place)
        reply = Reply(200, _card_answer()) if heard.invoke else Reply()
        among = _among(heard)
        if heard.what is What.PRESS:
            # What is no button of ours is looked up in vain, and answered as one that is too old.
            pressed = Pressed.read(heard.pressed) or Pressed(0, 0)
            said = Words(heard.key[:60], heard.text, pressed)
            return Delivery(heard.key, "press", place, said, among=among, reply=reply)
        if heard.what in (What.EDITED, What.DELETED):
            first = activities.key_of("message", heard.conversation, heard.message)[:60]
            said = Words(f"{first}#{heard.key[:16]}", heard.text, change=heard.what.value)
            return Delivery(heard.key, heard.what.value, place, said, among=among, only_where_known=True)
        files = tuple(
            File(f"{heard.key[:16]}.{number}", file.name, file.content_type, url=file.url)
            for number, file in enumerate(heard.files)
        )
        if not heard.text and not files:
            return Delivery(heard.key, "message", place)
        return Delivery(heard.key, "message", place, Words(heard.key[:60], heard.text, files=files), among=among)

    async def whisper(self, address: Mapping[str, Any], text: str, quiet: bool) -> None:
        """A message in the personal chat with whoever it is; nothing that can be left out is said there.

        https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages: it is
        made when there is none, and needs the app in the team or with the person.
        """
        if quiet:
            return
        asked = {
            "bot": address["bot"],
            "members": [address["user"]],
            "isGroup": False,
            "tenantId": address["tenant"],
            "channelData": {"tenant": {"id": address["tenant"]}},
        }
        found = _json(await self._call("POST", address, "v3/conversations", asked)).get("id")
        if not isinstance(found, str):
            raise Impossible(words.NO_PERSONAL_CHAT)
        blocks = markdown.read(text)
        told = {"type": "message", "from": address["bot"], "recipient": address["user"], "conversation": {"id": found}}
        told |= {"textFormat": "xml", "text": html.render(blocks, html.TEAMS)}
        await self._call("POST", address, f"v3/conversations/{_quoted(found)}/activities", told)

    async def email_of(self, address: Mapping[str, Any]) -> str | None:
        """The address in somebody's profile: of members of this very tenant, never of guests.

        https://learn.microsoft.com/microsoftteams/platform/bots/how-to/get-teams-context (a single member).
        """
        user = str(address.get("user", {}).get("id") or "")
        path = f"v3/conversations/{_quoted(address['conversation']['id'])}/members/{_quoted(user)}"
        found = await self._call("GET", address, path)
        body = _json(found)
        tenant = str(address.get("conversation", {}).get("tenantId") or "")
        same = not body.get("tenantId") or str(body["tenantId"]).lower() == tenant.lower()
        if not self._app.tenant or not same or str(body.get("userRole")).lower() in ("guest", "anonymous"):
            return None
        email = body.get("email")
        return email if isinstance(email, str) and "#EXT#" not in str(body.get("userPrincipalName")) else None

    # ---- out --------------------------------------------------------------------------------------------------------

    def split(self, text: str) -> list[str]:
        """Parts as blocks: a text shows them as HTML, a card in runs."""
        return [markdown.dump(part) for part in markdown.split(markdown.read(text), LONGEST, markdown.utf16)]

    async def post(self, message: Outgoing) -> Posted:
        """Send an activity; what opens a thread is its first message."""
        if message.address.get("opens"):
            return await self._open(message)
        return await self._post(message.address, self._activity(message))

    async def _open(self, message: Outgoing) -> Posted:
        """Begin a thread in a channel; returns it as the place of what follows.

        https://learn.microsoft.com/microsoftteams/platform/bots/how-to/conversations/send-proactive-messages
        """
        address = message.address
        channel, tenant = str(address["conversation"]["id"]), str(address["conversation"].get("tenantId") or "")
        asked = {
            "isGroup": True,
            "bot": address["bot"],
            "tenantId": tenant,
            "channelData": {"channel": {"id": channel}, "tenant": {"id": tenant}},
            "activity": self._activity(message),
        }
        found = _json(await self._call("POST", address, "v3/conversations", asked))
        thread, posted = found.get("id"), found.get("activityId")
        if not isinstance(thread, str) or not isinstance(posted, str):
            raise Impossible(words.NO_THREAD)
        there = {name: value for name, value in address.items() if name != "opens"}
        return Posted(posted, {**there, "conversation": {**address["conversation"], "id": thread}})

    async def change(self, message: Outgoing, vendor_id: str) -> None:
        """Replace an activity."""
        if not vendor_id:
            return
        path = f"v3/conversations/{_quoted(message.address['conversation']['id'])}/activities/{_quoted(vendor_id)}"
        await self._call("PUT", message.address, path, self._activity(message) | {"id": vendor_id})

    async def post_file(self, message: Outgoing, file: OutgoingFile) -> Posted:
        """Ask whether a file may come: it is put into the person's OneDrive, which only they can allow.

        Bots send files in personal chats alone.
        """
        if message.address.get("place") != Where.PERSONAL:
            raise FileNotTaken("Teams takes no files of bots in channels and groups")
        asked = Pressed(message.message_id, message.part).value
        question = {
            "description": catalogues.said(words.FILE_OFFERED, message.language),
            "sizeInBytes": file.size,
            "acceptContext": {PRESSED: asked},
            "declineContext": {PRESSED: asked},
        }
        attachment = {"contentType": _CONSENT_CARD, "name": file.name, "content": question}
        return await self._post(message.address, {"attachments": [attachment], "summary": file.name})

    async def change_file(self, message: Outgoing, file: OutgoingFile, vendor_id: str, told: Mapping[str, Any]) -> None:
        """Put an allowed file where it may be put, and show it."""
        if not told.get("uploadUrl"):
            raise FileDeclined("the person did not take it")
        await self._upload(str(told["uploadUrl"]), await file.content())
        shown = {
            "contentType": _INFO_CARD,
            "contentUrl": told.get("contentUrl"),
            "name": told.get("name") or file.name,
            "content": {"uniqueId": told.get("uniqueId"), "fileType": told.get("fileType")},
        }
        await self._post(message.address, {"attachments": [shown], "summary": file.name})
        try:
            text = markdown.dump(markdown.read(markdown.escaped(words.FILE_SENT.format(name=file.name))))
            await self.change(replace(message, text=text), vendor_id)
        except NotPosted as error:
            # The file is there; the question above it only looks unanswered.
            log.warning("teams %s: a question stays as it was: %s", self.installation.key, error)

    async def _upload(self, url: str, content: bytes) -> None:
        """One piece of an upload session is the whole file."""
        host = urlsplit(url).hostname or ""
        if not is_safe(url) or not (host.endswith(_ONEDRIVE) or urlsplit(url).netloc == urlsplit(self._login).netloc):
            raise Impossible(words.ELSEWHERE.format(host=host[:100]))
        span = f"bytes 0-{len(content) - 1}/{len(content)}"
        answer = await self.http.send_file("PUT", url, data=content, headers={"Content-Range": span})
        if answer.status == 429 or answer.status >= 500:
            raise Later(words.NOT_STORED.format(status=answer.status))
        if answer.status // 100 != 2:
            raise Impossible(words.NOT_STORED.format(status=answer.status))

    async def _post(self, address: Mapping[str, Any], shown: Mapping[str, Any]) -> Posted:
        path = f"v3/conversations/{_quoted(address['conversation']['id'])}/activities"
        answer = await self._call("POST", address, path, {**self._to(address, "message"), **shown})
        identified = _json(answer).get("id")
        return Posted(identified if isinstance(identified, str) else "")

    async def typing(self, address: Mapping[str, Any], on: bool, language: str = SOURCE) -> None:
        """Three dots for some seconds."""
        if on:
            path = f"v3/conversations/{_quoted(address['conversation']['id'])}/activities"
            await self._call("POST", address, path, self._to(address, "typing"))

    def _to(self, address: Mapping[str, Any], kind: str) -> dict[str, Any]:
        recipient = {"recipient": address["user"]} if address.get("user") else {}
        return {"type": kind, "from": address["bot"], "conversation": address["conversation"], **recipient}

    def _activity(self, message: Outgoing) -> dict[str, Any]:
        """Text alone is text; text with choices or tickets is one card, so that all of it has one id to be changed by.

        (Text and attachment in one activity are split by Teams into two, and neither id is told.)
        """
        named = message.author_name if message.author == "agent" else ""
        activity = self._to(message.address, "message")
        blocks = markdown.load(message.text)
        shown = _card(message)
        if shown:
            # Where only words are shown: in the list of chats and in notifications.
            summary = " ".join(block.text for block in blocks)[:LONGEST_SUMMARY]
            summary = summary or catalogues.said(words.SUMMARY, message.language)
            attachment = cards.card(cards.said(blocks, named) + shown)
            return activity | {"attachments": [attachment], "summary": summary}
        heading = f"<b>{escape(named)}</b><br>" if named else ""
        return activity | {"textFormat": "xml", "text": heading + html.render(blocks, html.TEAMS)}

    async def _call(
        self, method: str, address: Mapping[str, Any], path: str, body: Mapping[str, Any] | None = None
    ) -> Answered:
        url = f"{str(address['serviceUrl']).rstrip('/')}/{path}"
        headers = {"Authorization": f"Bearer {await self._token()}"}
        options = {"json": body} if body is not None else {}
        answer = await self.http.send(method, url, headers=headers, **options)
        if answer.status == 401:
            # Ours may have been taken back before its end: once with a new one.
            self._speaking.refused()
            headers = {"Authorization": f"Bearer {await self._token()}"}
            answer = await self.http.send(method, url, headers=headers, **options)
        if answer.status // 100 != 2:
            raise _failure(answer)
        if answer.body.strip() and not _is_object(answer):
            # A page of something in between: nobody can tell whether the connector has it.
            raise Later(words.NO_JSON.format(status=answer.status))
        return answer

    async def _token(self) -> str:
        try:
            return await self._speaking.token()
        except tokens.NoToken as error:
            raise InstallationBroken(words.NO_LOGIN.format(reason=error)) from error
        except tokens.LoginUnavailable as error:
            raise Later(words.LOGIN_AWAY.format(reason=error), arrived=False) from error

    async def _log_in(self, url: str, form: dict[str, str]) -> tuple[int, Any]:
        answer = await self.http.send("POST", url, data=form)
        return answer.status, _json(answer) or None

    async def _fetch(self, url: str) -> Any:
        answer = await self.http.send("GET", url)
        if answer.status != 200:
            raise Later(f"{urlsplit(url).hostname}: status {answer.status}")
        return json.loads(answer.body)


def _among(heard: Heard) -> Among | None:
    """A channel and the thread in it. In a group chat nothing can be answered one by one: it has no address."""
    if not heard.shared:
        return None
    reference = heard.reference
    aside = {
        "serviceUrl": reference["serviceUrl"],
        "bot": reference["bot"],
        "user": reference["user"],
        "tenant": heard.tenant,
    }
    if not heard.channel:
        return Among(f"{heard.tenant}:{heard.conversation}", {}, aside=aside)
    conversation = {**reference["conversation"], "id": heard.channel}
    address = {name: reference[name] for name in ("serviceUrl", "channelId", "bot")}
    address |= {"conversation": conversation, "place": heard.place.value}
    return Among(f"{heard.tenant}:{heard.channel}", address, heard.thread, aside)


def _failure(answer: Answered) -> Exception:
    """What a refusal of the connector means."""
    error = _json(answer).get("error")
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    told = words.REFUSED.format(status=answer.status, code=code or "-")
    if answer.status == 401:
        return InstallationBroken(words.NOT_AUTHORISED)
    if answer.status == 403 or (answer.status == 404 and code in _GONE):
        return PlaceBroken(told)
    if answer.status in (412, 429):
        return Later(told, _seconds(answer.headers.get("Retry-After")), arrived=False)
    if answer.status >= 500 or answer.status in (404, 408):
        return Later(told, arrived=False if answer.status == 404 else None)
    return Impossible(told)


def _seconds(value: str | None) -> float:
    """What `Retry-After` asks for; the vendor names no number when it leaves it out."""
    try:
        return max(1.0, float(value or ""))
    except ValueError:
        return 2.0


def _card(message: Outgoing) -> list[dict[str, Any]]:
    data = message.data
    tickets = [data["ticket"]] if isinstance(data.get("ticket"), dict) else list(data.get("tickets") or [])
    shown = [cards.ticket(found) for found in tickets if isinstance(found, dict)]
    if data.get("pressed"):
        return [*shown, cards.chosen(str(data["pressed"]))]
    buttons = [
        (str(button.get("title") or ""), Pressed(message.message_id, number).value)
        for number, button in enumerate(data.get("buttons") or [])
    ]
    return shown + cards.choices(buttons)


def _card_answer() -> dict[str, Any]:
    """`adaptiveCard/action` wants an answer in the response."""
    return {"statusCode": 200, "type": "application/vnd.microsoft.activity.message", "value": ""}


def _file_answer(heard: Heard, place: Place) -> Delivery | Reply:
    asked = Pressed.read(heard.pressed)
    if asked is None:
        return Reply()
    answer = FileAnswer(asked.message_id, asked.number, heard.upload or {})
    return Delivery(heard.key, "file", place, file_answer=answer, only_where_known=True)


def _quoted(part: str) -> str:
    return quote(part, safe="")


def _is_object(answer: Answered) -> bool:
    try:
        return isinstance(json.loads(answer.body), dict)
    except ValueError:
        return False


def _json(answer: Answered) -> dict[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
