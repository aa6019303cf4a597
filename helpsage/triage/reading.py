"""What a reader says of a ticket."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Urgency(enum.StrEnum):
    """How soon it matters, as it is written."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Tone(enum.StrEnum):
    """How it is said."""

    CALM = "calm"
    CONFUSED = "confused"
    ANGRY = "angry"


class Tag(enum.StrEnum):
    """What can be read, and corrected."""

    TOPIC = "topic"
    URGENCY = "urgency"
    TONE = "tone"


@dataclass(frozen=True)
class Judgement:
    """One tag of a reading.

    Attributes:
        value: a category's name, an urgency, a tone, a language's code; None for a topic or language that is unsure.
        confidence: 0 to 1; of a hundred judgements with 0.8 about eighty are right.
        evidence: what it rests on, in words for people.
        version: of what judged.
        likely: the best guess when `value` is None.
    """

    value: str | None
    confidence: float
    evidence: str
    version: str
    likely: str | None = None


@dataclass(frozen=True)
class Reading:
    """All tags of one ticket.

    Attributes:
        reader: `local` or `remote`.
        fell_back: why the remote reader was not used although it is set up; empty when it was, or is not.
    """

    topic: Judgement
    urgency: Judgement
    tone: Judgement
    language: Judgement
    reader: str = "local"
    fell_back: str = ""
