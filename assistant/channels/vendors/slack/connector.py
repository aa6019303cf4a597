"""One Slack workspace as the assistant talks to it."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from assistant.channels import markdown
from assistant.channels.connector import (
    Connector,
    Delivery,
    Http,
    Impossible,
    Incoming,
    Later,
    NotPosted,
    Outgoing,
    OutgoingFile,
    Posted,
    Reply,
    Spoken,
)
from assistant.channels.installations import Installation
from assistant.channels.vendors.slack import blocks, events, mrkdwn, signature, views, words
from assistant.channels.vendors.slack.api import BASE, SlackApi
from languages import SOURCE, catalogues

log = logging.getLogger(__name__)

#: By what we find a message of ours again: https://docs.slack.dev/messaging/message-metadata/
METADATA = "help_sage_post"
#: Messages that are looked through for it.
LOOKED_THROUGH = 30
#: Bytes of a file that we carry: Slack takes 1 GB.
LARGEST_FILE = 100_000_000


class Slack(Connector):
    """Posts with the bot's token, reads what the app's signing secret proves.

    A call whose answer was lost is followed by a look into the channel: every message of ours carries its key, so that
    it is not posted twice.
    """

    kind: ClassVar[str] = "slack"
    longest: ClassVar[int] = mrkdwn.LONGEST
    largest_file: ClassVar[int] = LARGEST_FILE

    def __init__(self, installation: Installation, http: Http) -> None:
        """
        Raises:
            KeyError: the token or the signing secret is missing.
        """
        super().__init__(installation, http)
        self._secret = installation.secrets["signing_secret"]
        self._api = SlackApi(http, installation.secrets["token"], installation.options.get("url") or BASE)
        self._us: str | None = installation.details.get("user_id")
        self._team: str | None = installation.options.get("team") or installation.details.get("team_id")

    async def receive(self, incoming: Incoming) -> Delivery | Reply:
        """Check the signature, then read.

        Raises:
            Refused
        """
        signature.check(self._secret, incoming.headers, incoming.body, incoming.at)
        found = events.read(incoming, self._us, self._team)
        if isinstance(found, Reply):
            return found
        delivery = found.delivery
        if found.form_for:
            opened = Spoken(found.form_of, partial(self._open_form, found.form_for, found.form_text))
            return replace(delivery, then_spoken=opened)
        if found.home_of:
            return replace(delivery, with_tickets=partial(self._draw_home, found.home_of))
        return delivery

    def split(self, text: str) -> list[str]:
        """The text in Slack's notation, each part short enough for one block."""
        parts = markdown.split(markdown.read(text), self.longest, mrkdwn.measure)
        return [mrkdwn.render(part) for part in parts]

    async def post(self, message: Outgoing) -> Posted:
        """Say it in the channel or thread.

        Raises:
            NotPosted
        """
        if message.again:
            before = await self._find(message)
            if before is not None:
                return before
        try:
            said = await self._api.call("chat.postMessage", **self._content(message), **self._where(message))
        except Impossible as error:
            log.warning("message %s is posted without blocks: %s", message.message_id, error)
            bare = {"text": blocks.fallback(message), "metadata": _metadata(message)}
            said = await self._api.call("chat.postMessage", **bare, **self._where(message))
        return _posted(message, str(said["ts"]), said.get("channel"))

    async def change(self, message: Outgoing, vendor_id: str) -> None:
        """Replace what was posted.

        Raises:
            NotPosted
        """
        channel, _, at = vendor_id.partition(":")
        await self._api.call("chat.update", channel=channel, ts=at, **self._content(message))

    async def post_file(self, message: Outgoing, file: OutgoingFile) -> Posted:
        """Upload a file, then share it in the channel or thread: https://docs.slack.dev/messaging/working-with-files/

        What was uploaded is kept before it is shared: an attempt whose answer was lost looks at it before it does the
        same again.

        Raises:
            NotPosted
        """
        channel = await self._channel(message.address)
        if file.kept and await self._is_shared(file.kept, channel):
            return _posted_file(message, file.kept, channel)
        content = await file.content()
        asked = await self._api.ask("files.getUploadURLExternal", filename=file.name, length=str(len(content)))
        sent = await self.http.send_file("POST", str(asked["upload_url"]), data=content)
        if sent.status != 200:
            raise Later(f"the upload: Slack answered {sent.status}", arrived=False)
        identified = str(asked["file_id"])
        if file.keep is not None:
            await file.keep(identified)
        shared = {"files": json.dumps([{"id": identified, "title": file.name}]), "channel_id": channel}
        if message.address.get("thread_ts"):
            shared["thread_ts"] = str(message.address["thread_ts"])
        if message.part == 0 and message.author == "agent" and message.author_name:
            shared["initial_comment"] = f"*{mrkdwn.escape(message.author_name)}*"
        await self._api.ask("files.completeUploadExternal", **shared)
        return _posted_file(message, identified, channel)

    async def _channel(self, address: Mapping[str, Any]) -> str:
        """Files are shared in channels alone: the direct one of a user is asked for."""
        channel = str(address["channel"])
        if not channel.startswith(("U", "W")):
            return channel
        opened = (await self._api.call("conversations.open", users=channel)).get("channel")
        return str(opened["id"]) if isinstance(opened, dict) else channel

    async def _is_shared(self, identified: str, channel: str) -> bool:
        """Whether a file is in a channel already; one that nothing is known of is not."""
        try:
            file = (await self._api.ask("files.info", file=identified)).get("file")
        except NotPosted as error:
            log.warning("whether file %s was shared cannot be seen: %s", identified, error)
            return False
        if not isinstance(file, dict):
            return False
        shares = file.get("shares")
        places = [each for each in (shares.values() if isinstance(shares, dict) else ()) if isinstance(each, dict)]
        listed = [each for name in ("channels", "groups", "ims") for each in file.get(name) or []]
        return channel in listed or any(channel in each for each in places)

    async def typing(self, address: Mapping[str, Any], on: bool, language: str = SOURCE) -> None:
        """The status of an assistant's thread; Slack shows bots no typing anywhere else.

        https://docs.slack.dev/reference/methods/assistant.threads.setStatus/
        """
        if self.installation.options.get("assistant") and address.get("thread_ts"):
            status = catalogues.said(words.TYPING, language) if on else ""
            channel, thread = address["channel"], address["thread_ts"]
            await self._api.call("assistant.threads.setStatus", channel_id=channel, thread_ts=thread, status=status)

    async def whisper(self, address: Mapping[str, Any], text: str, quiet: bool) -> None:
        """A message that nobody else sees: https://docs.slack.dev/reference/methods/chat.postEphemeral/

        Raises:
            NotPosted
        """
        await self._api.call("chat.postEphemeral", text="\n".join(self.split(text)), **address)

    async def email_of(self, address: Mapping[str, Any]) -> str | None:
        """The confirmed address of a full member of this workspace.

        https://docs.slack.dev/reference/methods/users.info/

        Raises:
            NotPosted
        """
        user = (await self._api.ask("users.info", user=str(address["user"]))).get("user")
        if not isinstance(user, dict) or user.get("team_id") != address.get("team"):
            return None
        guest = any(user.get(name) for name in ("deleted", "is_bot", "is_stranger", "is_ultra_restricted"))
        profile = user.get("profile")
        email = profile.get("email") if isinstance(profile, dict) else None
        return email if isinstance(email, str) and user.get("is_email_confirmed") and not guest else None

    def _content(self, message: Outgoing) -> dict[str, Any]:
        return {
            "text": blocks.fallback(message),
            "blocks": blocks.of_message(message),
            "metadata": _metadata(message),
        }

    def _where(self, message: Outgoing) -> dict[str, Any]:
        thread = message.address.get("thread_ts")
        where = {"channel": message.address["channel"], "unfurl_links": False, "unfurl_media": False}
        return where | ({"thread_ts": thread} if thread else {})

    async def _find(self, message: Outgoing) -> Posted | None:
        """The message, if an earlier attempt arrived after all. Without the scope to look it is posted again."""
        channel, thread = message.address["channel"], message.address.get("thread_ts")
        asked = {"channel": channel, "limit": str(LOOKED_THROUGH), "include_all_metadata": "true"}
        try:
            if thread:
                found = await self._api.ask("conversations.replies", ts=thread, **asked)
            else:
                found = await self._api.ask("conversations.history", **asked)
        except NotPosted as error:
            log.warning("whether message %s was posted cannot be seen: %s", message.message_id, error)
            return None
        for each in found.get("messages") or []:
            if isinstance(each, dict) and _is(each.get("metadata"), message):
                return _posted(message, str(each["ts"]), channel)
        return None

    async def _open_form(self, trigger: str, text: str, language: str) -> None:
        await self._api.call("views.open", trigger_id=trigger, view=views.form(text, language))

    async def _draw_home(self, user: str, tickets: Sequence[Mapping[str, Any]], language: str) -> None:
        shown = views.home(tickets, self.installation.name, language)
        await self._api.call("views.publish", user_id=user, view=shown)


def _metadata(message: Outgoing) -> dict[str, Any]:
    return {"event_type": METADATA, "event_payload": {"key": message.key}}


def _is(metadata: Any, message: Outgoing) -> bool:
    if not isinstance(metadata, dict) or metadata.get("event_type") != METADATA:
        return False
    payload = metadata.get("event_payload")
    return isinstance(payload, dict) and payload.get("key") == message.key


def _posted_file(message: Outgoing, identified: str, channel: str) -> Posted:
    moved = {**message.address, "channel": channel} if channel != message.address["channel"] else None
    return Posted(f"file:{identified}", moved)


def _posted(message: Outgoing, at: str, channel: Any) -> Posted:
    where = channel if isinstance(channel, str) and channel else str(message.address["channel"])
    moved = {**message.address, "channel": where} if where != message.address["channel"] else None
    if message.address.get("opens"):
        # What follows in this conversation is a thread under it.
        moved = {name: value for name, value in message.address.items() if name != "opens"} | {"thread_ts": at}
    return Posted(f"{where}:{at}", moved)
