"""E-mail addresses as people type them, and text that goes into a letter's header."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: RFC 5321, section 4.5.3.1.3: a path has at most 256 characters, brackets included.
LONGEST = 254
#: RFC 5321, section 4.5.3.1.1.
LONGEST_LOCAL = 64
LONGEST_SUBJECT = 250

# Without quoted local parts and comments: nobody has such an address, and whoever types one has mistyped.
_LOCAL = re.compile(r"[^\s@<>()\[\]\\,;:\"\x00-\x1f\x7f]+")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


class InvalidAddress(ValueError):
    """Not an address that a letter can be sent to."""


@lru_cache(maxsize=4096)
def parse(typed: str) -> str:
    """The address, trimmed, its domain in lower case and in ASCII (RFC 5890).

    Raises:
        InvalidAddress
    """
    text = unicodedata.normalize("NFC", typed.strip())
    local, _, domain = text.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local.encode()) > LONGEST_LOCAL or _hidden(local):
        raise InvalidAddress(typed[:LONGEST])
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise InvalidAddress(typed[:LONGEST])
    whole = f"{local}@{_ascii(domain)}"
    if len(whole) > LONGEST:
        raise InvalidAddress(typed[:LONGEST])
    return whole


def _ascii(domain: str) -> str:
    try:
        ascii_domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError as error:
        raise InvalidAddress(domain[:LONGEST]) from error
    labels = ascii_domain.lower().split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidAddress(domain[:LONGEST])
    return ".".join(labels)


def _hidden(text: str) -> bool:
    """Characters that cannot be seen make one address look like another."""
    if text.isascii():
        return " " in text or not text.isprintable()
    return any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs") for character in text)


def one_line(text: str) -> str:
    """Text that stays within its line of the header: no line ends, no control characters."""
    if text.isascii() and text.isprintable():  # nearly every line of nearly every letter
        return _SPACE.sub(" ", text).strip()[:LONGEST_SUBJECT]
    visible = "".join(" " if unicodedata.category(one) in ("Cc", "Zl", "Zp") else one for one in text)
    return _SPACE.sub(" ", visible.encode(errors="ignore").decode()).strip()[:LONGEST_SUBJECT]
