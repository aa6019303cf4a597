"""Slack's notation, both ways: https://docs.slack.dev/messaging/formatting-message-text/"""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.channels.markdown import Block, Kind, Span

#: A section's text may have 3,000 characters, notation included: https://docs.slack.dev/reference/block-kit/blocks/
LONGEST_SECTION = 3_000
#: What `split` allows, so that what is escaped and marked still fits.
LONGEST = 2_400

#: Marks work only between characters that are no letters: a zero-width space makes them so.
BESIDE = "\u200b"
BARE = re.compile(r"(https?://[^\s<>]*[^\s<>.,;:!?)\]'\"])")
REFERENCE = re.compile(r"<(?P<sign>[@#!]?)(?P<target>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")


def escape(text: str) -> str:
    """Text that means itself."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def measure(text: str) -> int:
    """Characters that a text has once it is escaped."""
    return len(escape(text))


def render(blocks: Sequence[Block]) -> str:
    """The blocks of our Markdown in Slack's notation."""
    written = ""
    before: Kind | None = None
    for block in blocks:
        if before is not None:
            written += "\n" if before is block.kind is Kind.ITEM else "\n\n"
        written += _block(block)
        before = block.kind
    return written


def _block(block: Block) -> str:
    if block.kind is Kind.CODE:
        return f"```\n{escape(block.text)}\n```"
    words = "".join(_span(span) for span in block.spans)
    if block.kind is Kind.QUOTE:
        return "\n".join(f"> {line}" for line in words.split("\n"))
    return f"{block.marker} {words}" if block.marker else words


def _span(span: Span) -> str:
    if span.href is not None:
        return f"<{_target(span.href)}|{escape(span.text).replace('|', '¦')}>"
    if span.code:
        return f"`{escape(span.text).replace('`', 'ˋ')}`"
    words = _marked(_words(span.text), "_") if span.emphasis else _words(span.text)
    return _marked(words, "*") if span.bold else words


def _words(text: str) -> str:
    """Escaped, with bare addresses as links: what we send is marked as verbatim, so that Slack makes none."""
    return "".join(
        f"<{_target(bit)}>" if bit.startswith(("http://", "https://")) else escape(bit) for bit in BARE.split(text)
    )


def _target(address: str) -> str:
    return escape(address).replace("|", "%7C")


def _marked(words: str, mark: str) -> str:
    """The words between marks, line by line: a mark holds within a line, and beside no space."""
    return "\n".join(_line(line, mark) for line in words.split("\n"))


def _line(line: str, mark: str) -> str:
    kept = line.strip()
    if not kept:
        return line
    before, after = line[: len(line) - len(line.lstrip())], line[len(line.rstrip()) :]
    return f"{before}{BESIDE}{mark}{kept}{mark}{BESIDE}{after}"


def read(text: str, us: str | None) -> str:
    """What somebody wrote, as plain text, without mentions of us.

    Args:
        us: our user id in Slack.
    """

    def said(match: re.Match[str]) -> str:
        sign, target, label = match["sign"], match["target"], match["label"]
        if sign == "@":
            return "" if target == us else f"@{label or target}"
        if sign == "#":
            return f"#{label or target}"
        if sign == "!":
            return label or f"@{target.split('^')[0]}"
        address = target.removeprefix("mailto:").removeprefix("tel:")
        return address if not label or label in (target, address) else f"{label} ({address})"

    without = REFERENCE.sub(said, text)
    return without.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def mentions(text: str, user: str | None) -> bool:
    """Whether a user is mentioned."""
    return bool(user) and any(match["sign"] == "@" and match["target"] == user for match in REFERENCE.finditer(text))
