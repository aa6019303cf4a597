"""What the pages call reasons, intents and trends."""

from __future__ import annotations

from collections.abc import Mapping

from helpsage.knowledge.faq import title as faq_title
from helpsage.tickets import categories
from helpsage.training.items import Reason

REASONS: Mapping[str, str] = {
    Reason.LOW_CONFIDENCE: "The assistant was not sure",
    Reason.ABANDONED: "The person left after it was not understood",
    Reason.REPHRASED: "The person said much the same again",
    Reason.NOT_THAT: "None of the choices was meant",
    Reason.CHOSE_OTHER: "The person chose another thing",
    Reason.NOT_HELPED: "The answer did not help",
    Reason.CORRECTED: "An agent corrected the category",
}
WHY_SUGGESTED: Mapping[str, str] = {
    "chosen": "what the person chose or said next",
    "corrected": "what the agent corrected it to",
    "near": "what the nearest examples say",
}


def intent(name: str) -> str:
    """What people call an intent: the category's title, the FAQ entry's, or its name in words."""
    group, _, key = name.rpartition("/")
    if group == "faq":
        return f"FAQ: {faq_title(key)}"
    found = categories.catalogue().of_intent(name)
    return found.title if found is not None else name.replace("_", " ").capitalize()


def trend(now: int, before: int) -> str:
    """How the number of a month compares with the month before."""
    if not before:
        return "new this month"
    if now == before:
        return "as many as the month before"
    return f"{'up' if now > before else 'down'} from {before} the month before"


def duration(minutes: int) -> str:
    """Minutes of work, roughly."""
    if minutes < 1:
        return "less than a minute"
    return f"some {minutes} min" if minutes < 90 else f"some {minutes / 60:.1f} h"
