"""What triage says to staff: reasons in logs and on the ticket's page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

BY_RULE = "rule “{title}”"
UNDONE = "took back what the rule “{title}” did"
#: Without the words themselves: a log line outlives them.
READ_AS = "as it was read, {percent} % sure"
CORRECTED = "corrected what was read"

#: Conditions of a rule as the ticket tells them.
CONDITIONS = {
    "topics": "topic: {value}",
    "urgency": "urgency: {value}",
    "tone": "tone: {value}",
    "language": "language: {value}",
    "channels": "came by: {value}",
    "departments": "department: {value}",
    "tags": "tag: {value}",
    "hours": "{value} its hours",
}
ALWAYS = "it fits every ticket"

#: Why two tickets may be twins.
MEANING = "{percent} % alike in meaning"
SHARED_WORDS = "same words: {words}"
SHARED_NUMBERS = "both name {numbers}"
SAME_PERSON = "the same person"
APART = "{apart} apart"

MERGED_BY_RULE = "certainly the same, by the rule for twins of one person"


def because(met: Iterable[tuple[str, str]]) -> list[str]:
    """The met conditions of a rule, in words."""
    return [CONDITIONS[name].format(value=value) for name, value in met] or [ALWAYS]


def span(apart: timedelta) -> str:
    """How far apart two moments are, roughly."""
    minutes = abs(apart.total_seconds()) / 60
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size * 1.5 or size == 1:
            count = max(1, round(minutes / size))
            return f"{count} {name}{'' if count == 1 else 's'}"
    return ""
