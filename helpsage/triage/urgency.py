"""How soon a ticket matters, as its words say: the desk's own words for priorities, who is affected, what is blocked,
and by when.

Each piece of evidence moves a score; two cuts make three levels of it, and the distance to the nearest cut says how
sure that is. The category has a say as well, because a failed payment is no small talk.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from helpsage.tickets import categories, priority
from helpsage.tickets.models import Priority
from helpsage.triage.reading import Judgement, Urgency

VERSION = "urgency-2"
LONGEST_TEXT = 6_000
#: Scores between which it is medium.
LOW_BELOW, HIGH_FROM = -0.6, 1.0
#: How quickly certainty grows with the distance from a cut.
STEEPNESS = 2.2
#: What the meaning counts, times how much likelier than usual it is.
MEANT, USUAL_SHARE = 1.5, 0.2
#: How far it has to move the score to be told.
ENOUGH_TO_TELL = 0.4
SOUNDS = "sounds like {level} urgency"

_BY_PRIORITY = {
    Priority.URGENT: Urgency.HIGH,
    Priority.HIGH: Urgency.HIGH,
    Priority.NORMAL: Urgency.MEDIUM,
    Priority.LOW: Urgency.LOW,
}
_USUAL = {Priority.URGENT: 0.8, Priority.HIGH: 0.35, Priority.NORMAL: 0.0, Priority.LOW: -0.5}


@dataclass(frozen=True)
class _Sign:
    weight: float
    pattern: re.Pattern[str]


def _sign(weight: float, *pattern: str) -> _Sign:
    return _Sign(weight, re.compile("".join(pattern), re.IGNORECASE))


_BY_THEN = r"due|deadline|last (?:date|day)|exam|closes?|ends?|meeting|lecture|interview|submit|submission|need\w*|must"
_TODAY = "today|tonight|this (?:morning|afternoon|evening)"
#: What is written, and how much it moves the score.
SIGNS = (
    # in twenty minutes
    _sign(
        1.6,
        r"\b(?:in|within)\s+(?:the\s+next\s+)?(?:\d+|a few|ten|fifteen|twenty|thirty|two|three|four|five|an?|half an)",
        r"\s*(?:min(?:ute)?s?|hours?|hrs?|h)\b",
    ),
    # by 5 pm
    _sign(1.2, r"\b(?:before|by|until|till|at)\s+(?:\d{1,2}(?:[:.]\d{2})?\s*(?:am|pm|o'?clock)|noon|midnight)\b"),
    _sign(1.3, rf"\b(?:{_TODAY}|right now)\b(?=[^.!?]{{0,60}}\b(?:{_BY_THEN})\b)"),
    _sign(1.3, rf"\b(?:{_BY_THEN})\b[^.!?]{{0,60}}\b(?:{_TODAY}|in the morning)\b"),
    _sign(
        1.1,
        rf"\b(?:{_BY_THEN}|presentation|flight|visa)\b[^.!?]{{0,50}}\btomorrow\b",
        r"|\btomorrow\b[^.!?]{0,50}\b(?:due|deadline|exam|closes|interview|presentation|flight)\b",
    ),
    # nobody on our floor can work
    _sign(
        1.2,
        r"\b(?:everyone|everybody|nobody|no one|none of us|all (?:of us|students|users|staff|our)|whole|entire",
        r"|several\s+(?:people|colleagues|students)|many (?:people|of us|students))\b",
        r"(?=[^.!?]{0,70}\b(?:can'?t|cannot|can|unable|affected|down|offline|stuck|waiting|work|log|access|floor|office",
        r"|department|building|class|hall|campus)\b)",
    ),
    _sign(
        0.9,
        r"\b(?:cannot|can'?t|cant|unable to|not able to)\s+(?:work|teach|continue|do my job|do anything|attend|submit",
        r"|access anything)\b",
    ),
    _sign(
        1.0,
        r"\b(?:patients?|customers?|guests?|students|drivers|visitors|people)\s+(?:are\s+)?"
        r"(?:waiting|standing|queu\w+|in the (?:queue|line))\b",
    ),
    # someone is in my account
    _sign(
        1.5,
        r"\b(?:someone|somebody|a stranger|they)\s+(?:is|are|was|has|have)?\s*",
        r"(?:using|used|logged into|logging into|in)\s+my\s+(?:account|card|mail|mailbox|laptop)",
        r"|\bclicked\b[^.!?]{0,60}\b(?:link|attachment)\b",
    ),
    _sign(
        1.3,
        r"\b(?:data|records?|list|file)\b[^.!?]{0,50}\b(?:sent|visible|shared|published|exposed)\b",
        r"[^.!?]{0,40}\b(?:wrong|everyone|public|strangers?|outside|other)\b",
    ),
    _sign(
        1.0,
        r"\b(?:water|leak\w*|burst|burn\w*|melt\w*|smell\w*|gas|sparks?|no heating|no electricity",
        r"|power (?:cut|outage))\b",
    ),
    _sign(0.6, r"\b(?:still|again)\b[^.!?]{0,40}\b(?:no (?:answer|reply|response)|waiting|nothing)\b"),
    _sign(0.5, r"\b(?:lose|losing|lost|forfeit|expel|evict|late fee|penalty|fined)\b"),
    _sign(
        -0.9,
        r"\b(?:no (?:rush|hurry)|not (?:that |very |so )?urgent",
        r"|when(?:ever)? (?:you|someone|it)[^.!?]{0,25}(?:time|chance|suits|convenient|get to it)",
        r"|take your time|just (?:curious|wondering|a question)",
        r"|at your (?:leisure|convenience)|low priority|can wait|nothing urgent)\b",
    ),
    _sign(
        -0.8,
        r"\b(?:next|coming) (?:month|semester|term|year|quarter)|in (?:a few|two|three|some) (?:weeks|months)\b",
    ),
    _sign(
        -0.6,
        r"\b(?:would be (?:nice|great|lovely)|nice to have|suggestion|feature request|idea|cosmetic|typo|minor",
        r"|small (?:thing|question)|general question|for (?:the )?future|some ?day|out of interest)\b",
    ),
    # how do I ...
    _sign(
        -0.5,
        r"^\W*(?:hi|hello|hey|dear [\w ]{0,20})?\W*(?:how|where|what|when|which|is it possible",
        r"|could (?:you|someone) (?:tell|explain)|can (?:i|you tell)|do you (?:know|offer|have)|is there)\b",
    ),
    _sign(
        -0.5,
        r"\b(?:work(?:ed|s|ing)? (?:for now|around)|workaround|in the meantime i|i can (?:still )?(?:use|work))\b",
    ),
)


def read(subject: str, text: str, category: str | None, meant: Mapping[str, float] | None = None) -> Judgement:
    """How soon it matters.

    Parameters:
        category: what it is about, when that is known.
        meant: how likely each urgency is by the text's meaning; none without an encoder.
    """
    whole = f"{subject}\n{text}"[:LONGEST_TEXT]
    level, why = priority.decide(whole, category or "")
    known = categories.catalogue().categories.get(category or "")
    usual = known.priority if known is not None else Priority.NORMAL
    score, reasons = _USUAL[usual], []
    spoken = level is not usual or why.startswith("the ")
    if spoken:
        score += {Priority.URGENT: 2.2, Priority.HIGH: 1.2, Priority.NORMAL: 0.0, Priority.LOW: -1.3}[level]
        reasons.append(why)
    for sign in SIGNS:
        found = sign.pattern.search(whole)
        if found is not None:
            score += sign.weight
            reasons.append(f"“{_short(found[0])}”")
    if meant is not None:
        moved = MEANT * ((meant.get(Urgency.HIGH, 0.0) - USUAL_SHARE) - (meant.get(Urgency.LOW, 0.0) - USUAL_SHARE))
        if abs(moved) > ENOUGH_TO_TELL:
            reasons.append(SOUNDS.format(level=Urgency.HIGH if moved > 0 else Urgency.LOW))
        score += moved
    return _judged(score, reasons, usual, known.title if known is not None else "")


def of_priority(level: Priority | str) -> Urgency:
    """The urgency that a priority stands for."""
    return _BY_PRIORITY[Priority(level)]


def _judged(score: float, reasons: list[str], usual: Priority, title: str) -> Judgement:
    if score >= HIGH_FROM:
        value, distance = Urgency.HIGH, score - HIGH_FROM
    elif score < LOW_BELOW:
        value, distance = Urgency.LOW, LOW_BELOW - score
    else:
        value, distance = Urgency.MEDIUM, min(score - LOW_BELOW, HIGH_FROM - score)
    confidence = 0.5 + 0.47 * math.tanh(STEEPNESS * distance / 2)
    if not reasons:
        reasons = [f"usual for {title}" if title and usual is not Priority.NORMAL else "nothing says otherwise"]
    return Judgement(value, confidence, "; ".join(reasons[:4]), VERSION)


def _short(found: str) -> str:
    said = " ".join(found.split())
    return said if len(said) <= 60 else f"{said[:59]}…"
