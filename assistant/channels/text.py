"""What a person typed, made fit to be kept and understood."""

from __future__ import annotations

import re

LONGEST_TEXT = 10_000
LONGEST_ID = 64

#: C0 and C1 control characters and DEL, without tab and line feed.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
LINE_END = re.compile(r"\r\n?|\u2028|\u2029")
SURROGATE = re.compile(r"[\ud800-\udfff]")
LEADING_SLASHES = re.compile(r"^[\s/]+")


def clean(text: str) -> str:
    """The text without control characters, halves of characters and space around it.

    PostgreSQL stores neither NUL nor lone surrogates, and a person cannot have meant them.
    """
    return CONTROL.sub("", SURROGATE.sub("\ufffd", LINE_END.sub("\n", text))).strip()


def for_understanding(text: str) -> str:
    """The text without leading slashes: Rasa takes `/name{...}` for an intent, and only buttons may choose one."""
    return LEADING_SLASHES.sub("", text) if text.startswith("/") else text
