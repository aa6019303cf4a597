"""What people may write on a ticket: cleaned, measured, never changed in meaning."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from helpsage.tickets.errors import InvalidText

#: Characters a description or a reply may have.
LONGEST_BODY = 20_000
LONGEST_SUBJECT = 200
LONGEST_REASON = 2_000

EMPTY = "There is nothing in this message yet. Please write a few words."
TOO_LONG = "This message has {length:,} characters; at most {limit:,} fit. Please shorten it."

# Control characters carry no words, and PostgreSQL keeps neither NUL nor half of a surrogate pair.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff]")
_NEW_LINE = re.compile(r"\r\n?|\u2028|\u2029|\x85")
#: Characters that turn the direction of what follows, or show nothing: within one line they make it look like another.
#: Those that join letters (U+200C, U+200D) are none of them: Persian, Hindi and emoji need them.
_MISLEADING = re.compile("[\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
#: Categories of characters that show nothing by themselves: separators, control, format.
_INVISIBLE = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})


def clean(text: str) -> str:
    """`text` without control characters, with plain line ends, and trimmed."""
    return _UNPRINTABLE.sub("", _NEW_LINE.sub("\n", text)).strip()


def body(text: str, limit: int = LONGEST_BODY) -> str:
    """Clean words that have to be there.

    Raises:
        InvalidText: nothing visible is left, or more than `limit` characters.
    """
    cleaned = clean(text)
    if not visible(cleaned):
        raise InvalidText("empty", EMPTY)
    if len(cleaned) > limit:
        raise InvalidText("too_long", TOO_LONG.format(length=len(cleaned), limit=limit))
    return cleaned


def reason(text: str) -> str:
    """Clean words that may be missing, cut to what a log line can hold."""
    return shortened(clean(text), LONGEST_REASON)


def subject(text: str, description: str) -> str:
    """One line that names the problem: the given one, else the beginning of the description."""
    line = " ".join(plain_line(clean(text)).split())
    if not visible(line):
        line = " ".join(plain_line(description).split())
    return shortened(line, LONGEST_SUBJECT)


def plain_line(text: str) -> str:
    """Without what makes a line look like another one."""
    return _MISLEADING.sub("", text)


def shortened(line: str, limit: int) -> str:
    """At most `limit` characters, cut between words where there is a place to cut."""
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    at_word = head.rsplit(maxsplit=1)[0] if re.search(r"\s", head[limit // 2 :]) else head
    return at_word.rstrip(" ,;:-\n") + "\u2026"


def visible(text: str) -> bool:
    """Whether there is anything to see."""
    return any(unicodedata.category(character) not in _INVISIBLE for character in text)


def clean_json(value: Any) -> Any:
    """The same structure with every text in it cleaned, as JSONB needs it."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(key)): clean_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_json(item) for item in value]
    return value
