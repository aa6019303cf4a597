"""Personal data taken out of a text before it leaves the machine: what is left still says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable

#: Letters of the shortest part of a name that is looked for.
SHORTEST_PART = 3

_PATTERNS = (
    ("ADDRESS", re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")),
    ("LINK", re.compile(r"\b(?:https?|ftp)://\S+|\bwww\.\S+", re.IGNORECASE)),
    ("IBAN", re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{3,4}){3,8}\b")),
    ("IP", re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b|\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{1,4}\b", re.IGNORECASE)),
    ("SECRET", re.compile(r"(?i)\b(?:password|passwort|passcode|pin|otp|token|cvv)\s*(?:is|was|:|=)\s*\S+")),
    ("NUMBER", re.compile(r"(?<!\w)\+?\d[\d\s()/.-]{6,}\d(?!\w)")),
    # Student numbers, transaction ids: letters and at least four digits in one word.
    ("NUMBER", re.compile(r"\b(?=[A-Za-z_-]*\d)(?:[A-Za-z_-]*\d){4,}[\w-]*\b")),
)
_GREETED = re.compile(
    r"(?P<before>\b(?:my name is|i am called|this is|regards|wishes|sincerely|yours|cheers|thanks|dear)\b"
    r"[ ,\t]*\n?[ \t]*)"
    r"(?P<name>[A-Z][\w'’-]+(?:[ \t]+[A-Z][\w'’-]+){0,3})",
)


def masked(text: str, names: Iterable[str] = ()) -> str:
    """The text with a placeholder for each address, link, number, secret and name.

    Parameters:
        names: of people on the ticket, whole.
    """
    for kind, pattern in _PATTERNS:
        text = pattern.sub(f"[{kind}]", text)
    text = _GREETED.sub(lambda found: f"{found['before']}[NAME]", text)
    parts = {part for name in names for part in (name.strip(), *name.split()) if len(part) >= SHORTEST_PART}
    if parts:
        wanted = "|".join(re.escape(part) for part in sorted(parts, key=len, reverse=True))
        text = re.sub(rf"(?<!\w)(?:{wanted})(?!\w)", "[NAME]", text, flags=re.IGNORECASE)
    return text
