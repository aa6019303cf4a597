"""Letters as they come, read without trust: any bytes give a `Letter`, and words in them are never lost.

Follows RFC 5322 and 2045 to 2047 where a letter does, and goes on with the best guess where it does not.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import policy
from email.feedparser import FeedParser
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses

from helpsage.mail import html
from helpsage.mail.address import InvalidAddress, one_line, parse
from helpsage.tickets.words import clean, visible

log = logging.getLogger(__name__)

#: Parts of a letter that are looked at; a thousand attachments are more than anybody means.
MOST_PARTS = 1_200
#: Multiparts within multiparts, and letters within letters.
DEEPEST = 40
#: Lines that are taken apart, at most; each costs the parser a look at every multipart around it. 25 MB of files have
#: 350,000. What comes below is in the raw letter only.
MOST_LINES = 600_000
#: Lines times boundaries: a letter beyond it is a trap and read as one text.
MOST_WORK = 8_000_000
#: Characters of the body that are read.
LONGEST_TEXT = 1_000_000
#: Bytes of a whole header, and characters of one of its fields.
LONGEST_HEADING = 262_144
LONGEST_FIELD = 20_000
#: A plain text part with fewer words than this share of the page beside it only says "look at the page".
STUB_SHARE = 0.1
_STUB_BELOW = 300

#: Fields of one name in which addresses are looked for.
_MOST_ADDRESS_FIELDS = 50

_BRACKETED = re.compile(r"([^<>,;:\"()]{0,500})<([^<>\s]{1,320})>")
#: An address and nothing else, as the library finds it too, at ten times the cost.
_BARE = re.compile(r"[\w.+-]{1,64}@[\w.-]{1,255}", re.ASCII)
#: Of no use to people, and nothing that they attached.
_SIGNATURES = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "application/pgp-encrypted",
    }
)
#: RFC 8551 and 3156.
_ENCRYPTED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"})
_ENCODED_GAP = re.compile(r"(\?=)\s+(=\?)")
_CHARSETS = ("utf-8", "cp1252")


@dataclass(frozen=True)
class Address:
    """Somebody in a header."""

    #: In small letters; empty when what stands there is no address.
    address: str
    name: str = ""


@dataclass(frozen=True)
class Part:
    """A file that came with a letter.

    Attributes:
        inline: it is shown within the words (a picture, most often a logo).
    """

    name: str
    content_type: str
    content: bytes
    inline: bool = False


@dataclass
class Letter:
    """What a letter says."""

    #: Header fields in small letters; several of one name in their order.
    headers: dict[str, list[str]]
    sender: Address = field(default_factory=lambda: Address(""))
    #: It names several: which of them wrote it, and for which a server vouches, nobody can tell.
    several_senders: bool = False
    reply_to: Address = field(default_factory=lambda: Address(""))
    to: list[Address] = field(default_factory=list)
    subject: str = ""
    #: All of its words, quotes and signatures included.
    text: str = ""
    parts: list[Part] = field(default_factory=list)
    #: Further files that were not looked at.
    more_parts: int = 0
    #: Letters within it (message/rfc822), as bytes.
    letters: list[bytes] = field(default_factory=list)
    #: The machine-readable part of a delivery report (RFC 3464): one group of fields a recipient.
    reports: list[Mapping[str, str]] = field(default_factory=list)
    #: Header of the letter that a report is about.
    returned: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    report_type: str = ""
    #: It could not be taken apart; its text is the whole of it.
    broken: bool = False

    def header(self, name: str) -> str:
        """The first field of this name; empty when there is none."""
        return next(iter(self.headers.get(name.lower(), [])), "")

    @property
    def is_encrypted(self) -> bool:
        """Whether its words are for somebody with a key."""
        return self.content_type in _ENCRYPTED

    @property
    def message_id(self) -> str:
        """With its angle brackets; empty for none."""
        found = re.search(r"<[^<>\s\x00-\x1f\x7f]{1,498}>", self.header("message-id"))
        return found[0] if found else ""


def read(raw: bytes) -> Letter:
    """Take a letter apart. Never raises."""
    try:
        return _Reading(_taken_apart(raw)).letter()
    except Exception as error:  # whatever a hostile letter makes the parsers do, its words are kept
        log.warning("a letter could not be taken apart: %s", type(error).__name__)
        return _as_text(raw)


class _Bounded(FeedParser):
    """The library's parser, which below a certain depth takes a part as it stands.

    It has no limit of its own: it calls itself for each multipart, up to the end of the stack, and asks every one that
    is open about every line.
    """

    #: Set by the library before it begins to parse; true: everything below the header is one text.
    _headersonly: bool

    def __init__(self) -> None:
        self._depth = 0
        super().__init__(policy=policy.compat32)

    def _parsegen(self) -> Iterator[object]:
        self._depth += 1
        above, self._headersonly = self._headersonly, self._headersonly or self._depth > DEEPEST
        try:
            yield from super()._parsegen()  # type: ignore[misc]
        finally:
            self._depth -= 1
            self._headersonly = above

    def _parse_headers(self, lines: list[str]) -> None:
        super()._parse_headers(_fitting(lines))  # type: ignore[misc]


def _fitting(lines: list[str]) -> list[str]:
    """Of a header, fields and lines up to what anybody means: the library takes the square of their length."""
    kept: list[str] = []
    whole = of_field = 0
    for line in lines:
        of_field = len(line) + (of_field if line[:1] in " \t" else 0)
        if of_field <= LONGEST_FIELD and whole + len(line) <= LONGEST_HEADING:
            kept.append(line)
            whole += len(line)
    return kept


def _taken_apart(raw: bytes) -> Message:
    """The message as the library has it.

    Raises:
        ValueError: it was written to keep us busy.
    """
    end = _end_of_line(raw, MOST_LINES)
    open_at_once = min(raw[:end].lower().count(b"boundary"), DEEPEST)
    if open_at_once > 1 and raw.count(b"\n", 0, end) * open_at_once > MOST_WORK:
        raise ValueError("too many lines in too many parts")
    parser = _Bounded()
    parser.feed(raw[:end].decode("ascii", "surrogateescape"))
    return parser.close()


def _end_of_line(raw: bytes, number: int) -> int:
    """Where this line ends; the end of the letter when it has fewer."""
    if raw.count(b"\n") <= number:
        return len(raw)
    at = -1
    for _ in range(number):
        at = raw.index(b"\n", at + 1)
    return at + 1


def heading(raw: bytes) -> Letter:
    """The header alone, which costs little however large the letter is. Never raises."""
    head = re.split(rb"\r?\n\r?\n", raw[:LONGEST_HEADING], maxsplit=1)[0]
    return read(head + b"\r\n\r\n")


def key_of(letter: Letter, raw: bytes) -> str:
    """What names a letter, the same however often and whichever way it comes.

    The Message-ID alone would let one person keep another's letter out, and some scanners use one for all they send:
    sender and date count too. Without one it is what the letter holds, below the lines that each server adds.
    """
    if letter.message_id:
        told = f"{letter.sender.address}\n{letter.header('date').strip()}"
        return f"{letter.message_id} {hashlib.sha256(told.encode(errors='replace')).hexdigest()[:16]}"
    fields = "\n".join(letter.header(name) for name in ("from", "to", "date", "subject"))
    digest = hashlib.sha256(fields.encode(errors="replace"))
    digest.update(re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1].replace(b"\r\n", b"\n").strip())
    return f"sha256:{digest.hexdigest()}"


def _as_text(raw: bytes) -> Letter:
    """A letter that defeats the parser: its first lines are searched for a header, the rest is words."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    headers: dict[str, list[str]] = {}
    for line in head[:LONGEST_FIELD].split(b"\n"):
        name, colon, value = line.partition(b":")
        if colon and name and b" " not in name:
            headers.setdefault(_decoded(name, "").lower(), []).append(_decoded(value, "").strip())
    letter = Letter(headers, broken=True)
    with contextlib.suppress(Exception):
        letter.sender = next(iter(_addresses(letter.header("from"))), Address(""))
        letter.several_senders = len(letter.headers.get("from", [])) > 1
    letter.subject = one_line(letter.header("subject"))
    letter.text = clean(_decoded((body or raw)[:LONGEST_TEXT], ""))
    return letter


class _Reading:
    """Goes through a message once."""

    def __init__(self, message: Message) -> None:
        self._message = message
        self._letter = Letter(_headers(message))
        self._looked_at = 0
        #: Bytes that may still be read as words.
        self._left = 4 * LONGEST_TEXT

    def letter(self) -> Letter:
        """The result."""
        found, top = self._letter, self._message
        written = _as_written(top, ("from", "reply-to", "to", "cc"))
        senders = list(_several(written["from"]))
        found.sender = next(iter(senders), Address(""))
        found.several_senders = len(written["from"]) > 1 or len({each.address for each in senders}) > 1
        found.reply_to = next(iter(_several(written["reply-to"])), Address(""))
        found.to = [each for name in ("to", "cc") for each in _several(written[name])]
        found.subject = one_line(found.header("subject"))
        found.content_type = top.get_content_type()
        if found.content_type.startswith("multipart/"):
            found.report_type = str(top.get_param("report-type", "") or "").lower()
        found.text = clean(self._words(top, 0)[:LONGEST_TEXT])
        return found

    def _words(self, part: Message, depth: int) -> str:
        """The words of this part and of those below it; its files go to the letter."""
        self._looked_at += 1
        if self._looked_at > MOST_PARTS:
            self._letter.more_parts += 1
            return ""
        kind = one_line(part.get_content_type())
        if kind == "message/delivery-status":
            self._letter.reports += [_fields(group) for group in _payloads(part)]
            return ""
        if kind in ("message/rfc822", "text/rfc822-headers") and self._is_below_a_report(depth):
            self._returned(part)
            return ""
        if kind == "message/rfc822" and part.is_multipart():
            return self._enclosed(part)
        if part.is_multipart():
            return self._below(part, kind, depth)
        if kind.startswith(("multipart/", "message/")):  # broken, or too deep: what stands there are its words
            return _decoded(_payload(part)[: 4 * LONGEST_TEXT], "")
        return self._leaf(part, kind)

    def _is_below_a_report(self, depth: int) -> bool:
        return depth > 0 and self._letter.content_type == "multipart/report"

    def _below(self, part: Message, kind: str, depth: int) -> str:
        inner = _payloads(part)
        if depth >= DEEPEST:
            return clean(_decoded(_whole(part)[:LONGEST_TEXT], ""))
        if kind == "multipart/alternative":
            return self._best([(each.get_content_type(), self._words(each, depth + 1)) for each in inner])
        files = len(self._letter.parts)
        words = _joined(self._words(each, depth + 1) for each in inner)
        if words or len(self._letter.parts) > files:
            return words
        # A program that got the marks wrong wrote its words before the first or behind the last of them.
        return _joined(each or "" for each in (part.preamble, part.epilogue))

    def _best(self, found: list[tuple[str, str]]) -> str:
        """RFC 2046, 5.1.4: several of the same; the plain one, unless it only points to the page."""
        spoken = [(kind, words) for kind, words in found if words.strip()]
        plain = "\n\n".join(words for kind, words in spoken if kind == "text/plain")
        rich = max((words for kind, words in spoken if kind != "text/plain"), key=len, default="")
        stub = len(plain) < min(_STUB_BELOW, len(rich) * STUB_SHARE)
        return rich if stub and rich else plain or rich

    def _leaf(self, part: Message, kind: str) -> str:
        content = _payload(part)
        name = _name(part)
        disposition = (part.get_content_disposition() or "").lower()
        if kind in _SIGNATURES:
            return ""
        alone = part is self._message
        if kind in ("text/plain", "text/html") and disposition != "attachment" and (alone or not name):
            content = content[: self._left]
            self._left -= len(content)
            words = _decoded(content, str(part.get_param("charset", "") or ""))
            return html.text_of(words) if kind == "text/html" else words
        inline = kind.startswith("image/") and (disposition == "inline" or part.get("content-id") is not None)
        if content or name:
            self._letter.parts.append(Part(name or _nameless(kind), kind, content, inline))
        return ""

    def _enclosed(self, part: Message) -> str:
        for inner in _payloads(part)[:1]:
            whole = _whole(inner)
            self._letter.letters.append(whole)
            called = one_line(_header(str(inner.get("subject", ""))))[:80] or "letter"
            self._letter.parts.append(Part(f"{called}.eml", "message/rfc822", whole))
        return ""

    def _returned(self, part: Message) -> None:
        if part.get_content_type() == "message/rfc822":
            for inner in _payloads(part)[:1]:
                self._letter.returned = {name: values[0] for name, values in _headers(inner).items()}
        else:
            lines = _taken_apart(_payload(part))
            self._letter.returned = {name: values[0] for name, values in _headers(lines).items()}


def _joined(found: Iterable[str]) -> str:
    return "\n\n".join(words for words in found if words.strip())


def _payloads(part: Message) -> list[Message]:
    found = part.get_payload()
    return [each for each in found if isinstance(each, Message)] if isinstance(found, list) else []


def _payload(part: Message) -> bytes:
    """The part's bytes; of a part that cannot be decoded, what stands there."""
    with contextlib.suppress(Exception):
        found = part.get_payload(decode=True)
        if isinstance(found, bytes):
            return found
    written = part.get_payload()
    return written.encode("utf-8", "surrogateescape") if isinstance(written, str) else b""


def _whole(part: Message) -> bytes:
    """A part as it came, header and all; of a broken one that the library does not write in bytes, its characters."""
    try:
        return part.as_bytes()
    except UnicodeEncodeError:
        return part.as_string().encode("utf-8", "surrogateescape")


def _headers(message: Message) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in message.raw_items() if hasattr(message, "raw_items") else message.items():
        found.setdefault(str(name).lower(), []).append(_header(str(value)[:LONGEST_FIELD]))
    return found


def _fields(group: Message) -> Mapping[str, str]:
    return {name: values[0] for name, values in _headers(group).items()}


def _header(written: str) -> str:
    """RFC 2047, and raw bytes where a program did not know of it."""
    unfolded = re.sub(r"\r?\n[ \t]*", " ", written)
    if not unfolded.isascii():
        unfolded = _decoded(unfolded.encode("utf-8", "surrogateescape"), "")
    if "=?" not in unfolded:  # no encoded word begins otherwise
        return unfolded.replace("\x00", "").strip()
    try:
        pieces = decode_header(_ENCODED_GAP.sub(r"\1 \2", unfolded))
        decoded = "".join(
            _decoded(piece, charset or "") if isinstance(piece, bytes) else piece for piece, charset in pieces
        )
        return decoded.replace("\x00", "").strip()
    except Exception:  # the library's own errors are of many kinds
        return unfolded.replace("\x00", "").strip()


def _decoded(content: bytes, charset: str) -> str:
    """By its charset; by the likely ones when that is wrong or unknown; never without a letter."""
    for name in (charset.strip(" \"'"), *_CHARSETS):
        if not name:
            continue
        with contextlib.suppress(LookupError, UnicodeError, ValueError):
            decoded = content.decode(name)
            if isinstance(decoded, str):
                # UTF-7 and its like can stand for halves of characters, which nobody can write down.
                decoded.encode()
                return decoded
    return content.decode("latin-1")


def _as_written(message: Message, names: Sequence[str]) -> dict[str, list[str]]:
    """The fields of these names, their encoded words left as they are: these name people, and never hold an address
    (RFC 2047, section 5). Decoded first, "=3Cboss=40desk=3E" would be one, before the address that the server vouches
    for.
    """
    found: dict[str, list[str]] = {name: [] for name in names}
    for name, value in message.raw_items() if hasattr(message, "raw_items") else message.items():
        fields = found.get(str(name).lower())
        if fields is not None:
            written = re.sub(r"\r?\n[ \t]*", " ", str(value)[:LONGEST_FIELD])
            fields.append(written if written.isascii() else _decoded(written.encode("utf-8", "surrogateescape"), ""))
    return found


def _addresses(written: str) -> Iterator[Address]:
    if not written.strip():
        return
    # What stands between the only brackets is the address, also when the name beside it looks like one.
    alone = _BRACKETED.fullmatch(written.strip())
    bare = _BARE.fullmatch(written.strip())
    if alone is not None:
        named = [(alone[1], alone[2])]
    else:
        named = [("", bare[0])] if bare is not None else getaddresses([written.replace("\n", " ")])
    for name, found in named:
        try:
            yield Address(parse(found).lower(), one_line(_header(name))[:200])
        except InvalidAddress:
            continue


def _several(fields: list[str]) -> Iterator[Address]:
    """Of all fields of a name, up to what one may hold."""
    yield from _addresses(", ".join(fields[:_MOST_ADDRESS_FIELDS])[:LONGEST_FIELD])


def _name(part: Message) -> str:
    """A file's name as its sender has it (RFC 2231, or RFC 2047 where it is used in spite of that)."""
    if part.get("content-disposition") is None and "name" not in str(part.get("content-type", "")).lower():
        return ""
    with contextlib.suppress(Exception):
        return one_line(_header(part.get_filename() or ""))
    return ""


def _nameless(kind: str) -> str:
    return {"text/calendar": "invitation.ics", "text/vcard": "contact.vcf"}.get(kind, kind.partition("/")[0])


def has_words(letter: Letter) -> bool:
    """Whether there is anything to read."""
    return visible(letter.text)
