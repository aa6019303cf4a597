"""What Teams sends, read: messages, pressed buttons, files, and who joins or leaves.

Formats: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-api-reference (Activity);
below https://learn.microsoft.com/microsoftteams/platform: bots/how-to/conversations/channel-and-group-conversations
(mentions), bots/how-to/bots-filesv4 (files), task-modules-and-cards/cards/cards-actions (messageBack, submit).
"""

from __future__ import annotations

import enum
import hashlib
import html
import json
import re
from dataclasses import dataclass
from typing import Any

from assistant.channels.vendors.teams.tokens import tenant_of

#: The answer to the question whether a file may come.
CONSENT = "fileConsent/invoke"
#: What our buttons send back: `{"hs": "<issued id>"}`.
PRESSED = "hs"
FILE = "application/vnd.microsoft.teams.file.download.info"
LONGEST_ID = 500
#: Between a channel's id and the message at the root of a thread in it.
_THREAD = ";messageid="
_TAG = re.compile(r"<[^>]{0,500}>")
_BREAK = re.compile(r"<br\s*/?>|</p>|</div>|</li>", re.IGNORECASE)
_SPACES = re.compile(r"[^\S\n]+")


class Place(enum.StrEnum):
    """Where a conversation is. The three are kept apart: what is said in one is not shown in another."""

    PERSONAL = "personal"
    GROUP = "groupChat"
    CHANNEL = "channel"


class What(enum.StrEnum):
    """What an activity is to us."""

    #: Words, with or without files.
    MESSAGE = "message"
    #: A button of ours.
    PRESS = "press"
    #: Whether a file of ours may come.
    FILE = "file"
    #: The bot came into the conversation, or was taken out.
    ADDED = "added"
    REMOVED = "removed"
    #: Something that wants an answer in the response, and is none of the above.
    INVOKE = "invoke"
    #: Nothing we do anything about.
    OTHER = "other"
    #: Something that was said before reads differently, or is gone.
    EDITED = "edited"
    DELETED = "deleted"


@dataclass(frozen=True)
class File:
    """A file that came with a message.

    Attributes:
        url: where it lies.
        ours: fetching it takes our own token (pictures pasted into a message); else the address opens by itself.
    """

    name: str
    url: str
    content_type: str = ""
    ours: bool = False


@dataclass(frozen=True)
class Heard:
    """An activity as we understand it.

    Attributes:
        key: names the activity: a second delivery has the same.
        tenant, user, name: who, as Teams knows them; `user` stays the same in every conversation of the tenant.
        conversation: its id; in a channel it names the thread.
        reference: what is needed to speak there unasked.
    """

    what: What
    key: str
    tenant: str
    user: str
    name: str
    conversation: str
    place: Place
    reference: dict[str, Any]
    text: str = ""
    #: The activity's own id: of a message that is changed, that message's.
    message: str = ""
    #: The issued id of the pressed button.
    pressed: str = ""
    files: tuple[File, ...] = ()
    #: Of the answer about a file: where it may be put (`uploadInfo`); None: it may not come.
    upload: dict[str, Any] | None = None
    #: Name of an invoke.
    invoke: str = ""

    @property
    def sender(self) -> str:
        """The conversation's sender id: one person in one conversation."""
        return f"teams:{self.tenant}:{self.conversation}:{self.user}"

    @property
    def person(self) -> str:
        """The person, in every conversation of the tenant."""
        return f"{self.tenant}:{self.user}"

    @property
    def channel(self) -> str:
        """The channel that a thread is in; empty elsewhere."""
        return self.conversation.partition(_THREAD)[0] if self.place is Place.CHANNEL else ""

    @property
    def thread(self) -> str:
        """The id of the message at the root of a channel's thread; empty elsewhere."""
        return self.conversation.partition(_THREAD)[2] if self.place is Place.CHANNEL else ""

    @property
    def shared(self) -> bool:
        """Whether others read along."""
        return self.place is not Place.PERSONAL


class Unreadable(Exception):
    """Not an activity, or one without what every activity has."""


def read(activity: dict[str, Any]) -> Heard:
    """Understand an activity whose token was checked.

    Raises:
        Unreadable
    """
    conversation, sender = _part(activity, "conversation"), _part(activity, "from")
    user = _text(sender.get("aadObjectId")) or _text(sender.get("id"))
    identified = _text(conversation.get("id"))
    if not identified or not isinstance(activity.get("type"), str):
        raise Unreadable("no conversation")
    what = _what(activity)
    if what in (What.MESSAGE, What.PRESS, What.FILE) and not user:
        raise Unreadable("from nobody")
    return Heard(
        what=what,
        key=_key(activity, identified),
        tenant=tenant_of(activity),
        user=user,
        name=_text(sender.get("name")),
        conversation=identified,
        place=_place(conversation, identified),
        reference=reference(activity),
        text=_words(activity) if what in (What.MESSAGE, What.PRESS, What.EDITED) else "",
        message=_text(activity.get("id")),
        pressed=_pressed(activity),
        files=tuple(_files(activity)) if what is What.MESSAGE else (),
        upload=_upload(activity) if what is What.FILE else None,
        invoke=_text(activity.get("name")) if activity["type"] == "invoke" else "",
    )


def reference(activity: dict[str, Any]) -> dict[str, Any]:
    """What is kept of an activity to speak in its conversation later (a ConversationReference)."""
    conversation = _part(activity, "conversation")
    kept = {
        name: conversation[name] for name in ("id", "conversationType", "tenantId", "isGroup") if name in conversation
    }
    return {
        "serviceUrl": _text(activity.get("serviceUrl")),
        "channelId": _text(activity.get("channelId")),
        "conversation": kept,
        "bot": _account(_part(activity, "recipient")),
        "user": _account(_part(activity, "from")),
    }


def _account(account: dict[str, Any]) -> dict[str, str]:
    return {name: _text(account[name]) for name in ("id", "name", "aadObjectId") if account.get(name)}


def _what(activity: dict[str, Any]) -> What:
    kind = activity["type"]
    if kind == "message":
        return What.PRESS if _pressed(activity) else What.MESSAGE
    if kind == "invoke" and activity.get("name") == CONSENT:
        return What.FILE
    if kind == "invoke":
        return What.PRESS if _pressed(activity) else What.INVOKE
    if kind == "messageUpdate" and _part(activity, "channelData").get("eventType") == "editMessage":
        return What.EDITED
    if kind == "messageDelete" and _part(activity, "channelData").get("eventType") == "softDeleteMessage":
        return What.DELETED
    if kind == "installationUpdate":
        return What.REMOVED if _text(activity.get("action")).startswith("remove") else What.ADDED
    if kind == "conversationUpdate":
        bot = _text(_part(activity, "recipient").get("id"))
        for name, what in (("membersRemoved", What.REMOVED), ("membersAdded", What.ADDED)):
            members = activity.get(name)
            if isinstance(members, list) and any(isinstance(one, dict) and one.get("id") == bot for one in members):
                return what
    return What.OTHER


def _pressed(activity: dict[str, Any]) -> str:
    """Of a submitted card or messageBack, the value; of `adaptiveCard/action`, the data of its action; of an answer
    about a file, what we gave with the question.
    """
    value = activity.get("value")
    if activity.get("name") == CONSENT:
        value = value.get("context") if isinstance(value, dict) else None
    elif activity.get("type") == "invoke":
        action = value.get("action") if isinstance(value, dict) else None
        value = action.get("data") if isinstance(action, dict) else None
    if isinstance(value, str):
        # Some clients send the object of a messageBack as its JSON.
        try:
            value = json.loads(value)
        except ValueError:
            return ""
    pressed = value.get(PRESSED) if isinstance(value, dict) else None
    return pressed if isinstance(pressed, str) and 0 < len(pressed) <= LONGEST_ID else ""


def _upload(activity: dict[str, Any]) -> dict[str, Any] | None:
    value = _part(activity, "value")
    if value.get("action") != "accept":
        return None
    told = _part(value, "uploadInfo")
    return {name: _text(told.get(name)) for name in ("uploadUrl", "contentUrl", "uniqueId", "fileType", "name")}


def _words(activity: dict[str, Any]) -> str:
    """The text, with the bot's own mention gone and those of others as their names.

    Which mentions there are stands in `entities`; the tags in the text can be typed by anyone.
    """
    text = _text(activity.get("text"))
    bot = _part(activity, "recipient").get("id")
    entities = activity.get("entities")
    for entity in entities if isinstance(entities, list) else ():
        if not isinstance(entity, dict) or str(entity.get("type")).lower() != "mention":
            continue
        mentioned, written = _part(entity, "mentioned"), _text(entity.get("text"))
        if written:
            name = "" if mentioned.get("id") == bot else _text(mentioned.get("name"))
            text = text.replace(written, name, 1)
    if activity.get("textFormat") == "xml":
        text = html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
    text = text.replace("&nbsp;", " ").replace("\r\n", "\n")
    return "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n")).strip()


def _files(activity: dict[str, Any]) -> list[File]:
    found = []
    attachments = activity.get("attachments")
    for attachment in attachments if isinstance(attachments, list) else ():
        if not isinstance(attachment, dict):
            continue
        kind, name = _text(attachment.get("contentType")), _text(attachment.get("name"))
        if kind == FILE:
            url = _text(_part(attachment, "content").get("downloadUrl"))
            found.append(File(name or "file", url))
        elif kind.startswith("image/") and _text(attachment.get("contentUrl")):
            subtype = kind.removeprefix("image/")
            ending = subtype if subtype.isalnum() else "png"
            found.append(File(name or f"picture.{ending}", attachment["contentUrl"], kind, ours=True))
    return [one for one in found if one.url]


def _place(conversation: dict[str, Any], identified: str) -> Place:
    named = conversation.get("conversationType")
    if named in set(Place):
        return Place(named)
    # Left out in some personal chats; whatever else it may be, others may read along.
    return Place.GROUP if conversation.get("isGroup") or identified.startswith("19:") else Place.PERSONAL


def key_of(kind: str, conversation: str, identified: str) -> str:
    """Names an activity: ids are unique within their conversation. An edited message keeps its id, and is another."""
    return hashlib.sha256(f"{conversation} {kind} {identified}".encode()).hexdigest()


def _key(activity: dict[str, Any], conversation: str) -> str:
    identified = _text(activity.get("id"))
    if not identified or activity["type"] in ("messageUpdate", "messageDelete"):
        # One message can be edited many times: each time its content is another.
        identified = hashlib.sha256(json.dumps(activity, sort_keys=True).encode()).hexdigest()
    return key_of(activity["type"], conversation, identified)


def _part(found: dict[str, Any], name: str) -> dict[str, Any]:
    part = found.get(name)
    return part if isinstance(part, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
