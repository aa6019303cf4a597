"""Blocks of a text as the small HTML that Telegram and Teams show.

Telegram: https://core.telegram.org/bots/api#html-style (b, i, code, pre, a, blockquote; line ends are line ends).
Teams: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages (`textFormat` `xml`: the
same without `blockquote` of its own look, lists as `ul` and `ol`; line ends are `br`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from assistant.channels.markdown import Block, Kind, Span


@dataclass(frozen=True)
class Dialect:
    """What differs between those who show it."""

    line_end: str
    between: str


TELEGRAM = Dialect("\n", "\n\n")
TEAMS = Dialect("<br>", "<br><br>")


def render(blocks: Sequence[Block], dialect: Dialect) -> str:
    """The blocks, well-formed whatever was typed."""
    written = ""
    before: Kind | None = None
    for block in blocks:
        if before is not None:
            # Items of one list stand close together.
            written += dialect.line_end if before is block.kind is Kind.ITEM else dialect.between
        written += _block(block, dialect)
        before = block.kind
    return written


def _block(block: Block, dialect: Dialect) -> str:
    if block.kind is Kind.CODE:
        # Within `pre` line ends are line ends for both.
        return f"<pre>{escape(block.text, quote=False)}</pre>"
    words = "".join(_span(span) for span in block.spans).replace("\n", dialect.line_end)
    if block.kind is Kind.QUOTE:
        return f"<blockquote>{words}</blockquote>"
    return f"{block.marker} {words}" if block.marker else words


def _span(span: Span) -> str:
    words = escape(span.text, quote=False)
    if span.code:
        words = f"<code>{words}</code>"
    if span.emphasis:
        words = f"<i>{words}</i>"
    if span.bold:
        words = f"<b>{words}</b>"
    if span.href is not None:
        words = f'<a href="{escape(span.href)}">{words}</a>'
    return words
