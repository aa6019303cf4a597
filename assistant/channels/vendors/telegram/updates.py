"""What Telegram sends, read: messages, pressed buttons, files.

Format: https://core.telegram.org/bots/api#update. Offsets of entities count UTF-16 units
(https://core.telegram.org/bots/api#messageentity).
"""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass, field
from typing import Any

from assistant.channels.connector import Among, File, Place
from assistant.channels.vendors.telegram import words

#: Kinds of updates that we ask for.
WANTED = ("message", "edited_message", "callback_query", "my_chat_member")
#: Parts of a message that are a file, with the ending of one that has no name.
_FILES = {"document": "", "voice": ".ogg", "audio": ".mp3", "video": ".mp4", "video_note": ".mp4", "animation": ".mp4"}


@dataclass(frozen=True)
class Me:
    """The bot itself: `getMe`."""

    id: int
    #: Without the @.
    username: str


@dataclass(frozen=True)
class Heard:
    """An update as we understand it; one that says nothing to us has no place.

    Attributes:
        key: `update_id`: a second delivery has the same.
        id: of the message, unique in its chat.
        pressed: `callback_data` of a button, with the query to be answered.
        among: the group that it was said in.
        change: `edited`: it was said before, and reads differently now.
        command: its words are what a command of ours stands for, in English, whatever the person speaks.
    """

    key: str
    what: str
    place: Place | None = None
    id: str = ""
    text: str = ""
    files: tuple[File, ...] = ()
    pressed: str | None = None
    query: str = ""
    among: Among | None = None
    change: str = ""
    command: bool = False


class Unreadable(Exception):
    """Not an update."""


def read(update: Any, me: Me) -> Heard:
    """Understand an update.

    Raises:
        Unreadable
    """
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        raise Unreadable("no update")
    key = str(update["update_id"])
    if isinstance(update.get("callback_query"), dict):
        return _press(key, update["callback_query"])
    if isinstance(update.get("message"), dict):
        return _message(key, update["message"], me)
    if isinstance(update.get("my_chat_member"), dict):
        return _member(key, update["my_chat_member"])
    if isinstance(update.get("edited_message"), dict):
        return _edited(key, update["edited_message"], me)
    return Heard(key, next((name for name in update if name != "update_id"), "nothing"))


def _press(key: str, query: dict[str, Any]) -> Heard:
    message, person = _part(query, "message"), _part(query, "from")
    identified = str(query.get("id") or "")
    pressed = query.get("data")
    if not message or not person or not isinstance(pressed, str):
        return Heard(key, "callback_query", query=identified)
    place = _place(message, person)
    among = _among(message, person, _number(message), identified)
    said = f"press-{identified}"[:64]
    return Heard(key, "callback_query", place, said, pressed=pressed, query=identified, among=among)


def _edited(key: str, message: dict[str, Any], me: Me) -> Heard:
    """A message reads differently: only where teams are told of tickets does that mean anything."""
    heard = _message(key, message, me)
    if heard.place is None or heard.among is None or not heard.id or not heard.text:
        return Heard(key, "edited_message")
    stamp = message.get("edit_date")
    identified = f"{heard.id}#{stamp if isinstance(stamp, int) else key}"
    return Heard(key, "edited_message", heard.place, identified, heard.text, among=heard.among, change="edited")


def _member(key: str, change: dict[str, Any]) -> Heard:
    """Whoever lets us write to them again hears what waited meanwhile.

    https://core.telegram.org/bots/api#chatmemberupdated
    """
    person = _part(change, "from")
    welcome = _part(change, "new_chat_member").get("status") == "member"
    private = _part(change, "chat").get("type") == "private"
    place = _place(change, person) if welcome and private and person else None
    return Heard(key, "my_chat_member", place)


def _message(key: str, message: dict[str, Any], me: Me) -> Heard:
    person = _part(message, "from")
    if not person or person.get("is_bot") or not isinstance(message.get("message_id"), int):
        return Heard(key, "message")
    text = _Text(message, me)
    private = _part(message, "chat").get("type") == "private"
    answered = _part(_part(message, "reply_to_message"), "from").get("id") == me.id
    if not private and not answered and not text.names_us:
        return Heard(key, "message")
    files = tuple(_files(message))
    said = text.said
    if not said and not files:
        # Somebody joined, a title changed, a sticker was sent.
        return Heard(key, "message", _place(message, person) if private else None)
    under = _number(_part(message, "reply_to_message")) if answered else ""
    among = _among(message, person, under)
    place = _place(message, person)
    command = said == text.commanded != ""
    return Heard(key, "message", place, str(message["message_id"]), said, files, among=among, command=command)


def _number(message: dict[str, Any]) -> str:
    found = message.get("message_id")
    return str(found) if isinstance(found, int) else ""


def _among(message: dict[str, Any], person: dict[str, Any], under: str, query: str = "") -> Among | None:
    """A group, and the message of ours that this is about; None in a private chat."""
    chat = _part(message, "chat")
    if chat.get("type") not in ("group", "supergroup"):
        return None
    address: dict[str, Any] = {"chat": chat.get("id")}
    if message.get("is_topic_message"):
        address["topic"] = message.get("message_thread_id")
    aside = {"user": person.get("id")} | ({"query": query} if query else {})
    return Among(str(chat.get("id")), address, under, aside)


def _place(message: dict[str, Any], person: dict[str, Any]) -> Place:
    """A private chat is one conversation; in a group each person has one of their own, answered by replies."""
    chat = _part(message, "chat")
    name = " ".join(str(person[part]) for part in ("first_name", "last_name") if person.get(part))
    user = str(person.get("id"))
    if chat.get("type") == "private":
        return Place(f"telegram:{chat.get('id')}", user, {"chat": chat.get("id")}, name)
    address: dict[str, Any] = {"chat": chat.get("id"), "reply_to": message.get("message_id")}
    if message.get("is_topic_message"):
        address["topic"] = message.get("message_thread_id")
    return Place(f"telegram:{chat.get('id')}:{user}", user, address, name, shared=True)


@dataclass
class _Text:
    """The words of a message: without our name and with commands as what they stand for."""

    message: dict[str, Any]
    me: Me
    names_us: bool = field(init=False, default=False)
    said: str = field(init=False, default="")
    #: What the command at its beginning stands for, when it is one of ours.
    commanded: str = field(init=False, default="")

    def __post_init__(self) -> None:
        text = self.message.get("text") or self.message.get("caption") or ""
        entities = self.message.get("entities") or self.message.get("caption_entities") or []
        encoded = str(text).encode("utf-16-le", "surrogatepass")
        parts, at = [], 0
        for entity in sorted(filter(_is_placed, entities), key=lambda one: one["offset"]):
            start, end = entity["offset"] * 2, (entity["offset"] + entity["length"]) * 2
            if start < at or end > len(encoded):
                continue
            instead = self._instead(entity, _decoded(encoded[start:end]))
            if instead is not None:
                parts += [_decoded(encoded[at:start]), instead]
                at = end
        self.said = "".join([*parts, _decoded(encoded[at:])]).strip()

    def _instead(self, entity: dict[str, Any], written: str) -> str | None:
        """What stands in the place of an entity; None: itself."""
        kind, name = entity.get("type"), f"@{self.me.username}".lower()
        ours = (kind == "mention" and written.lower() == name) or (
            kind == "text_mention" and _part(entity, "user").get("id") == self.me.id
        )
        if ours:
            self.names_us = True
            return ""
        if kind != "bot_command":
            return None
        command, _, whose = written.removeprefix("/").partition("@")
        if whose and f"@{whose.lower()}" != name:
            return None
        self.names_us = True
        if entity["offset"] != 0:
            return None
        self.commanded = words.COMMANDS.get(command.lower(), "")
        return self.commanded or command.replace("_", " ")


def _is_placed(entity: Any) -> bool:
    return (
        isinstance(entity, dict)
        and isinstance(entity.get("offset"), int)
        and isinstance(entity.get("length"), int)
        and entity["offset"] >= 0
        and entity["length"] > 0
    )


def _decoded(encoded: bytes) -> str:
    return encoded.decode("utf-16-le", "replace")


def _files(message: dict[str, Any]) -> list[File]:
    photos = message.get("photo")
    if isinstance(photos, list) and photos and isinstance(photos[-1], dict):
        # The sizes of one picture, the largest last.
        return [_file(photos[-1], ".jpg", "image/jpeg", "photo")]
    for part, ending in _FILES.items():
        found = _part(message, part)
        if found:
            return [_file(found, ending, str(found.get("mime_type") or ""), part)]
    return []


def _file(found: dict[str, Any], ending: str, content_type: str, kind: str) -> File:
    name = found.get("file_name") or f"{kind}{ending or mimetypes.guess_extension(content_type) or ''}"
    size = found.get("file_size")
    return File(str(found.get("file_id") or ""), str(name), content_type, size if isinstance(size, int) else None)


def _part(found: dict[str, Any], name: str) -> dict[str, Any]:
    part = found.get(name)
    return part if isinstance(part, dict) else {}
