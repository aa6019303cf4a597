"""Whether someone is angry: enough to say sorry, and for the ticket. One sentence, never a lecture."""

from __future__ import annotations

import re
from functools import lru_cache

import yaml

from helpsage.settings import ROOT

FILE = ROOT / "config" / "tone.yml"
#: Words of four or more letters in capitals that read as shouting.
SHOUTED_WORDS = 3


def of(text: str) -> str | None:
    """`angry`, or None when nothing says so."""
    shouted = re.findall(r"\b[A-Z]{4,}\b", text)
    angry = len(shouted) >= SHOUTED_WORDS or "!!!" in text or _angry_words().search(text) is not None
    return "angry" if angry else None


@lru_cache(maxsize=1)
def _angry_words() -> re.Pattern[str]:
    words = yaml.safe_load(FILE.read_text(encoding="utf-8"))["angry"]
    return re.compile(rf"\b(?:{'|'.join(re.escape(word) for word in words)})\b", re.IGNORECASE)
