"""Files that agents send: fetched from the desk for a chat application, or addressed for a window of the chat.

The desk's web program holds them. What opens one there is a signed, short-lived address (a JWT, RFC 7519, for the
audience `file`); `helpsage/attachments/shared.py` reads it. No message holds such an address: it is made when a file is
shown to somebody who may see the conversation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import jwt

from assistant.channels import markdown, words
from assistant.channels.connector import FileGone, Http, Later

AUDIENCE = "file"
ALGORITHM = "HS256"
#: How long an address in a window of the chat opens its file; a window that comes back gets new ones.
SHOWN_S = 24 * 3_600
#: For ourselves, fetching it at once.
FETCHED_S = 300
#: Bytes of an answer of the desk's that holds no file.
LONGEST_REFUSAL = 100_000
MOST = 50


@dataclass(frozen=True)
class SentFile:
    """A file as it stands in a message's `data` (docs/webchat-protocol.md)."""

    id: str
    name: str
    content_type: str
    #: Bytes.
    size: int
    #: The desk has drawings of it.
    is_picture: bool = False


def of_message(data: Mapping[str, Any]) -> list[SentFile]:
    """The files of a message of the desk's; what is no file is left out."""
    found = data.get("files")
    files = (_read(each) for each in (found if isinstance(found, list) else [])[:MOST])
    return [file for file in files if file is not None]


def _read(found: Any) -> SentFile | None:
    if not isinstance(found, dict) or not isinstance(found.get("id"), str) or not isinstance(found.get("size"), int):
        return None
    name, content_type = str(found.get("name") or "file"), str(found.get("content_type") or "")
    return SentFile(found["id"], name, content_type, found["size"], found.get("picture") is True)


class Desk:
    """Where the files are."""

    def __init__(self, http: Http, key: str, public_url: str, web_url: str) -> None:
        """
        Args:
            http: fetches them.
            key: signs addresses.
            public_url: the web program as people reach it.
            web_url: the web program as we reach it.
        """
        self._http = http
        self._key = key
        self._public_url = public_url
        self._web_url = web_url

    def page(self, file: SentFile) -> str:
        """The portal's own address of a file: it opens for those who are logged in and may see the ticket."""
        return f"{self._public_url}/attachments/{quote(file.id)}/{quote(file.name, safe='')}"

    def ticket(self, reference: object) -> str:
        """The portal's page of a ticket; without a reference, of all of somebody's."""
        return f"{self._public_url}/my/tickets" + (f"/{quote(reference)}" if isinstance(reference, str) else "")

    async def content(self, file: SentFile) -> bytes:
        """What is in it.

        Raises:
            FileGone: the desk has it no longer.
            Later: the desk does not answer.
        """
        url = address(self._web_url, file, self._key, FETCHED_S)
        status, content = await self._http.fetch(url, max(file.size, LONGEST_REFUSAL))
        if status in (403, 404, 410):
            raise FileGone(f"{file.name}: the desk answers {status}")
        if status != 200:
            raise Later(f"{file.name}: the desk answers {status}", arrived=False)
        if len(content) != file.size:
            raise Later(f"{file.name}: the desk sends {len(content)} bytes of {file.size}", arrived=False)
        return content


def address(base: str, file: SentFile, key: str, lifetime_s: int) -> str:
    """Where a file opens for whoever has this address, for so many seconds."""
    claims = {"sub": file.id, "aud": AUDIENCE, "exp": int(time.time()) + lifetime_s}
    token = jwt.encode(claims, key, algorithm=ALGORITHM)
    return f"{base}/chat/files/{token}/{quote(file.name, safe='')}"


def with_addresses(messages: Sequence[dict[str, Any]], base: str, key: str) -> list[dict[str, Any]]:
    """Messages as a window of the chat gets them: the desk's files with an address each."""
    return [_addressed(message, base, key) for message in messages]


def _addressed(message: dict[str, Any], base: str, key: str) -> dict[str, Any]:
    if message["author"] == "person" or "files" not in message["data"]:
        return message
    files = [_shown(file, address(base, file, key, SHOWN_S)) for file in of_message(message["data"])]
    return {**message, "data": {**message["data"], "files": files}}


def _shown(file: SentFile, url: str) -> dict[str, Any]:
    shown = {"name": file.name, "content_type": file.content_type, "size": file.size, "url": url}
    return {**shown, "thumbnail": f"{url}?show=thumbnail"} if file.is_picture else shown


def sentence(said: str, file: SentFile, link: str) -> str:
    """Words about a file that cannot be sent itself, as Markdown."""
    return said.format(name=markdown.escaped(file.name), size=size(file.size), link=link)


def size(count: int) -> str:
    """Bytes as people read them: 10^3 to a kilobyte, as everywhere on the desk."""
    if count < 1_000:
        return words.BYTES.format(count=count)
    if count < 1_000_000:
        return words.KILOBYTES.format(count=count / 1_000)
    return words.MEGABYTES.format(count=count / 1_000_000)
