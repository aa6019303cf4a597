"""What somebody wrote just now, without the letters below it and the signature. The whole stays a click away."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailparser_reply.parser import EmailMessage

from helpsage.tickets.words import visible

#: The parser's languages in which our people's mail programs write "On ... wrote:".
LANGUAGES = ("en", "de", "fr", "es", "it", "nl")
#: What of a letter the parser's expressions are let at: some of them take a line's length to the third power.
MOST_LINES, LONGEST_LINE = 600, 200
#: A "signature" that is longer is somebody's words below a "Thanks".
LONGEST_SIGNATURE, MOST_SIGNATURE_LINES = 800, 14

_QUOTE = re.compile(r"\s*>")
#: In every introduction of an older letter, in each of those languages. Without any of these there is none.
_MAY_QUOTE = re.compile(r"[:>]|-{3}|_{3}")
_INTRODUCED = re.compile(r".{0,300}:\s*$")
_DASHES = re.compile(r"^-- ?$", re.MULTILINE)


@dataclass(frozen=True)
class Latest:
    """The new words of a letter.

    Attributes:
        cut: there is more in the letter than this.
    """

    text: str
    cut: bool


def latest(text: str) -> Latest:
    """The new words of a letter; all of it when nothing else would be left, or when it answers between the lines."""
    whole = text.strip()
    kept = _without_quote_below(_first_reply(whole.split("\n")))
    found = _without_signature("\n".join(kept).strip()).strip()
    if not visible(found):
        return Latest(whole, False)
    return Latest(found, found != whole)


def _first_reply(lines: list[str]) -> list[str]:
    """The lines before the first letter that is quoted."""
    if not any(_MAY_QUOTE.search(line) for line in lines):
        return lines
    replies = _read(lines).replies
    first = next((reply for reply in replies if visible(reply.content)), None)
    if first is None or len(replies) < 2 or first.headers:
        return lines
    began = next(number for number, line in enumerate(lines) if line.strip())
    end = began + len(first.content.split("\n"))
    return lines if _answers_between(lines[end:]) else lines[:end]


def _read(lines: list[str]) -> EmailMessage:
    """The parser's view of the beginnings of these lines; it counts lines as we do."""
    seen = [line.strip()[:LONGEST_LINE] for line in lines[:MOST_LINES]]
    # A ruler of underscores would make it lose a line.
    seen = [line[:31] if set(line) <= {"_", "-"} else line for line in seen]
    return EmailMessage(text="\n".join(seen), languages=list(LANGUAGES), keep_hyphen_lists=True).read()


def _answers_between(below: list[str]) -> bool:
    """Whether somebody's own words stand between quoted lines: then the quote is needed to understand them."""
    quoted = [number for number, line in enumerate(below) if _QUOTE.match(line)]
    if len(quoted) < 2:
        return False
    between = below[quoted[0] : quoted[-1]]
    own = (line for line in between if line.strip() and not _QUOTE.match(line))
    return any(not _INTRODUCED.match(line) and visible(line) for line in own)


def _without_quote_below(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and (not lines[end - 1].strip() or _QUOTE.match(lines[end - 1])):
        end -= 1
    if end == len(lines) or not any(_QUOTE.match(line) for line in lines[end:]):
        return lines
    if _answers_between(lines):
        return lines
    return lines[: end - 1] if end and _INTRODUCED.match(lines[end - 1]) else lines[:end]


def _without_signature(text: str) -> str:
    """RFC 3676, 4.3, and the ways in which programs and people sign besides."""
    dashed = _DASHES.search(text)
    if dashed is not None and _is_short(text[dashed.start() :]):
        return text[: dashed.start()]
    lines = text.split("\n")
    parsed = _read(lines).replies[:1]
    signature = (parsed[0].signatures or "").split("\n") if parsed else []
    seen = [line.strip()[:LONGEST_LINE] for line in lines]
    if not any(signature) or len(signature) >= len(lines) or seen[-len(signature) :] != signature:
        return text
    tail = "\n".join(lines[-len(signature) :])
    return text[: -len(tail)] if _is_short(tail) else text


def _is_short(signature: str) -> bool:
    return len(signature) <= LONGEST_SIGNATURE and signature.count("\n") < MOST_SIGNATURE_LINES
