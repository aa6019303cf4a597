"""What every chat application (Slack, Teams, Telegram) is to the assistant: a way in, a way out, and what can go wrong.

A vendor's module in `vendors/` translates. It keeps nothing, asks no database and decides nothing about conversations:
what it reads becomes a `Delivery` that `connectors.py` keeps before it acknowledges, and what is to be said comes to it
from `outbound.py` one `Outgoing` at a time.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

import aiohttp

from assistant.channels.installations import Installation, is_safe
from languages import SOURCE

#: Bytes of one request; larger ones are refused unread. Vendors send files as addresses and not as content.
LARGEST_BODY = 1_000_000
#: Bytes of one answer of a vendor that are read.
LARGEST_ANSWER = 4_000_000


# ---- in ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Incoming:
    """A request, as it came."""

    #: Last part of its address: `events`, `interactivity`, `messages`.
    what: str
    #: Names in small letters.
    headers: Mapping[str, str]
    body: bytes
    #: Seconds since 1970.
    at: float = field(default_factory=time.time)


class Refused(Exception):
    """A request that is not the vendor's, or cannot be read. Nothing of it is kept.

    Attributes:
        status: of the answer.
    """

    def __init__(self, words: str, status: int = 401) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True)
class Spoken:
    """Something that is made once it is known in which language somebody is talked to."""

    #: Of the person, as in `Place`.
    external_id: str
    make: Callable[[str], Any]


@dataclass(frozen=True)
class Reply:
    """The answer to a request."""

    status: int = 200
    #: What is answered, or how to make it.
    body: Any | Spoken = None


@dataclass(frozen=True)
class Place:
    """Where somebody talks to us."""

    #: The conversation's sender id, namespaced: `slack:<team>:<user>[:<thread>]`.
    sender_id: str
    #: The person's id at the vendor, the same in every conversation: `<team>:<user>`, `<tenant>:<user>`, `<user>`.
    external_id: str
    #: What `post` needs to get there; kept, so that it works without having been asked.
    address: dict[str, Any]
    #: What they are called there.
    name: str = ""
    #: Others read along: nothing is shown there but what began there.
    shared: bool = False


@dataclass(frozen=True)
class Among:
    """That something was said where several read it: a channel, a group. Teams may be told of tickets there."""

    #: The vendor's id of it, unique in the installation.
    key: str
    #: What `post` needs to begin something there; empty: nothing can be answered one by one.
    address: dict[str, Any]
    #: The vendor's id of the message of ours under which it was said (`Posted.vendor_id`); empty: under none.
    under: str = ""
    #: What `whisper` needs to tell whoever said it something alone.
    aside: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Pressed:
    """A button, by the message that offered it and its number there: what it stands for is looked up, never brought."""

    message_id: int
    number: int

    @property
    def value(self) -> str:
        """What the vendor carries for us."""
        return f"{self.message_id}:{self.number}"

    @classmethod
    def read(cls, value: object) -> Pressed | None:
        """The button that a value stands for; None for what is no value of ours."""
        first, _, second = value.partition(":") if isinstance(value, str) else ("", "", "")
        if not (first.isascii() and first.isdigit() and second.isascii() and second.isdigit()):
            return None
        return cls(int(first), int(second)) if len(first) <= 18 and len(second) <= 3 else None


@dataclass(frozen=True)
class File:
    """A file at the vendor's; it is fetched after the words were kept."""

    id: str
    name: str
    content_type: str = ""
    size: int | None = None
    url: str = ""


@dataclass(frozen=True)
class Words:
    """What somebody said, wrote, sent or pressed."""

    #: The vendor's id of the message, unique in the conversation: two deliveries of one message are one.
    id: str
    text: str = ""
    pressed: Pressed | None = None
    files: Sequence[File] = ()
    #: `edited` or `deleted`: what became of a message that was said before. Counts only where teams are told.
    change: str = ""
    #: The words are ours, of a command in a menu: they say nothing of the person's language.
    command: bool = False


@dataclass(frozen=True)
class FileAnswer:
    """What somebody answered when they were asked whether a file of ours may come (`Connector.change_file`)."""

    message_id: int
    part: int
    #: What the vendor told with the answer, as the connector wants it back.
    told: dict[str, Any]


@dataclass(frozen=True)
class Happened:
    """Something for the help desk that is not words: goes through the outbox, in the delivery's transaction."""

    #: `conversation.form_sent`, for example.
    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Delivery:
    """One thing that a vendor brought."""

    #: The vendor's own id of it (`event_id`, `update_id`): the second delivery finds the first.
    key: str
    #: For people: `message`, `block_actions`.
    what: str
    place: Place | None = None
    words: Words | None = None
    happened: Happened | None = None
    file_answer: FileAnswer | None = None
    among: Among | None = None
    #: Words not meant for us by name count only where the person talks to us already; elsewhere nothing is kept.
    only_where_known: bool = False
    reply: Reply = Reply()
    #: Done once after the delivery was kept; may fail without harm.
    then: Callable[[], Awaitable[None]] | None = None
    #: The same, in somebody's language.
    then_spoken: Spoken | None = None
    #: The same, with the cards of the person's tickets (docs/webchat-protocol.md), the newest first, and the language.
    with_tickets: Callable[[list[dict[str, Any]], str], Awaitable[None]] | None = None


# ---- out --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outgoing:
    """One part of a message, on its way to a vendor."""

    message_id: int
    part: int
    #: `bot`, `agent` or `system`.
    author: str
    author_name: str
    #: In the vendor's notation: one of the parts that `split` returned.
    text: str
    #: docs/webchat-protocol.md: buttons, ticket, tickets; empty but for the last part.
    data: Mapping[str, Any]
    #: Where: `Place.address`.
    address: Mapping[str, Any]
    #: Tried before, and nobody knows whether it arrived.
    again: bool = False
    #: That the conversation is held in.
    language: str = SOURCE

    @property
    def key(self) -> str:
        """The same at every attempt."""
        return f"{self.message_id}.{self.part}"


@dataclass(frozen=True)
class OutgoingFile:
    """A file of a message, on its way to a vendor: a part of the message like its texts, and posted after them."""

    name: str
    #: What it is by what it holds.
    content_type: str
    #: Bytes.
    size: int
    #: The desk's page that gives it to whoever may have it.
    link: str
    #: Fetches it from the desk. Raises FileGone, Later.
    content: Callable[[], Awaitable[bytes]]
    #: What an earlier attempt kept: the vendor's own id of what was uploaded.
    kept: str = ""
    #: Keeps it for the attempts that follow.
    keep: Callable[[str], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Posted:
    """What became of it."""

    #: The vendor's id of the message, to change it later.
    vendor_id: str
    #: Where the conversation is from now on, when posting found out (a direct channel that was opened).
    address: dict[str, Any] | None = None


class NotPosted(Exception):
    """Why something did not arrive, in words for administrators."""


class Later(NotPosted):
    """It may arrive if it is tried again.

    Attributes:
        after_s: how long the vendor asks to wait; the whole installation does. None: this message alone, by our rule.
        arrived: False when the vendor has certainly not taken it.
    """

    def __init__(self, words: str, after_s: float | None = None, *, arrived: bool | None = None) -> None:
        super().__init__(words)
        self.after_s = after_s
        self.arrived = arrived


class InstallationBroken(NotPosted):
    """Nothing arrives until an administrator does something: a token was revoked."""


class PlaceBroken(NotPosted):
    """Nothing arrives in this conversation: its channel is archived, the person left or blocked us."""


class Impossible(NotPosted):
    """This one never arrives."""


class FileGone(Impossible):
    """The desk has the file no longer."""


class FileDeclined(Impossible):
    """Whoever it is for was asked, and does not want it."""


class FileNotTaken(Impossible):
    """Files do not come here at all, or not this one: people get its address instead."""


class Connector(ABC):
    """One installation's vendor. Made anew when its configuration changes."""

    kind: ClassVar[str]
    #: Characters of one part, as the vendor counts them.
    longest: ClassVar[int]
    #: Bytes of a file that the vendor takes from a bot.
    largest_file: ClassVar[int] = 0

    def __init__(self, installation: Installation, http: Http) -> None:
        self.installation = installation
        self.http = http

    @abstractmethod
    async def receive(self, incoming: Incoming) -> Delivery | Reply:
        """Check that the vendor sent this, and read it. A `Reply` when there is nothing to keep.

        Raises:
            Refused
        """

    @abstractmethod
    def split(self, text: str) -> list[str]:
        """Our Markdown in the vendor's notation, in parts that it takes. The same text gives the same parts."""

    @abstractmethod
    async def post(self, message: Outgoing) -> Posted:
        """Say it.

        Raises:
            NotPosted
        """

    @abstractmethod
    async def change(self, message: Outgoing, vendor_id: str) -> None:
        """Show it differently from now on.

        Raises:
            NotPosted
        """

    async def post_file(self, message: Outgoing, file: OutgoingFile) -> Posted:
        """Send a file. What the vendor does not take becomes words with its address.

        Raises:
            NotPosted
        """
        raise FileNotTaken("files do not come here")

    async def change_file(self, message: Outgoing, file: OutgoingFile, vendor_id: str, told: Mapping[str, Any]) -> None:
        """Go on with a file after somebody answered whether it may come.

        Args:
            vendor_id: of the question.
            told: `FileAnswer.told`.

        Raises:
            NotPosted
        """
        raise Impossible("nobody was asked")

    async def whisper(self, address: Mapping[str, Any], text: str, quiet: bool) -> None:
        """Tell one person something where others do not read it.

        Args:
            address: `Among.aside`.
            text: light Markdown.
            quiet: nothing that they need: said only where it disturbs nobody.

        Raises:
            NotPosted
        """
        raise Impossible("there is no way to tell somebody alone")

    async def email_of(self, address: Mapping[str, Any]) -> str | None:
        """The address in the profile of whoever talks there; None when there is none that the vendor vouches for.

        Raises:
            NotPosted
        """
        return None

    async def typing(self, address: Mapping[str, Any], on: bool, language: str = SOURCE) -> None:  # noqa: B027 not every vendor can
        """Show that an answer is being made. May fail without harm."""

    @property
    def asks(self) -> bool:
        """Whether what there is has to be asked for, since nobody can call us."""
        return False

    async def begin_asking(self) -> None:  # noqa: B027 not every vendor can be asked
        """Ask from now on.

        Raises:
            NotPosted
        """

    async def ask(self, after: int) -> tuple[list[tuple[Delivery, bytes]], int]:
        """Wait for what there is after a number; returns it, raw too, with the number to ask with next.

        Asking with a number confirms everything before it.

        Raises:
            NotPosted
        """
        raise NotImplementedError

    async def close(self) -> None:  # noqa: B027 most have nothing to end
        """End what runs by itself."""


# ---- HTTP -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    """A vendor's answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """Calls of vendors, from one pool, with time-outs."""

    TOTAL_S = 10.0
    CONNECT_S = 3.0
    #: For everything that is done about one file, in seconds.
    FILE_S = 120.0

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def send(self, method: str, url: str, **options: Any) -> Answered:
        """Send a request; redirects are not followed, since they would carry our token elsewhere.

        Raises:
            Later: no connection, no answer in time, or one that is too long.
            InstallationBroken: the address may not be called.
        """
        if not is_safe(url):
            raise InstallationBroken(f"{urlsplit(url).hostname or 'the address'} must be called over https")
        try:
            async with self._connections().request(method, url, allow_redirects=False, **options) as answer:
                body = await answer.content.read(LARGEST_ANSWER)
                while not answer.content.at_eof():
                    more = await answer.content.read(LARGEST_ANSWER)
                    body += more
                    if len(body) > LARGEST_ANSWER:
                        raise Later("the answer is too long")
                return Answered(answer.status, answer.headers, body)
        except aiohttp.ClientConnectorError as error:
            raise Later(f"no connection: {type(error).__name__}", arrived=False) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Later(f"no answer: {type(error).__name__}") from error

    async def send_file(self, method: str, url: str, **options: Any) -> Answered:
        """The same for a request with a file in it, which may take longer.

        Raises:
            Later, InstallationBroken
        """
        patience = aiohttp.ClientTimeout(total=self.FILE_S, connect=self.CONNECT_S)
        return await self.send(method, url, timeout=patience, **options)

    async def fetch(self, url: str, longest: int) -> tuple[int, bytes]:
        """Status and body of what our own desk has at an address.

        Raises:
            Later: no answer, or one that is longer than `longest`.
        """
        patience = aiohttp.ClientTimeout(total=self.FILE_S, connect=self.CONNECT_S)
        try:
            async with self._connections().get(url, allow_redirects=False, timeout=patience) as answer:
                body = bytearray()
                async for block in answer.content.iter_chunked(65_536):
                    body += block
                    if len(body) > longest:
                        raise Later("the desk sends more than it has", arrived=False)
                return answer.status, bytes(body)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Later(f"the desk does not answer: {type(error).__name__}", arrived=False) from error

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _connections(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self.TOTAL_S, connect=self.CONNECT_S),
                connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=20),
            )
        return self._session
