"""Which language a ticket is written in, as a judgement of the reader (`languages/detect.py` finds it)."""

from __future__ import annotations

from helpsage.triage.reading import Judgement
from languages import detect

VERSION = detect.VERSION


def read(text: str) -> Judgement:
    """The language of a text."""
    found = detect.read(text)
    return Judgement(found.value, found.confidence, found.evidence, VERSION, likely=found.likely)
