"""How a ticket is said: calm, confused or angry. From the words of `config/tone.yml` and from how it is written.

The words of others do not count: a quoted error message in capitals is not shouting. Scorn and doubt that no word gives
away are known from their meaning (`manner.py`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import yaml

from helpsage.settings import ROOT
from helpsage.triage.reading import Judgement, Tone

VERSION = "tone-2"
FILE = ROOT / "config" / "tone.yml"
LONGEST_TEXT = 6_000
#: What has to be said for a tone that is not calm.
ENOUGH = 1.0
STEEPNESS = 1.8
#: What the meaning counts, times how likely it is.
ANGER_MEANT, DOUBT_MEANT = 2.5, 1.8
MEANT = "sounds {tone}"

_QUOTED = re.compile(r"\"[^\"\n]{3,200}\"|“[^”\n]{3,200}”|`[^`\n]{3,200}`|^>.*$", re.MULTILINE)
_SHOUTED = re.compile(r"\b[A-Z]{3,}(?:['’][A-Z]+)?\b")
_LETTERS = re.compile(r"[A-Za-z]")


@dataclass(frozen=True)
class _Words:
    angry: re.Pattern[str]
    confused: re.Pattern[str]
    friendly: re.Pattern[str]


def read(subject: str, text: str, meant: Mapping[str, float] | None = None) -> Judgement:
    """How it is said.

    Parameters:
        meant: how likely each tone is by the text's meaning; none without an encoder.
    """
    whole = f"{subject}\n{text}"[:LONGEST_TEXT]
    own = _QUOTED.sub(" ", whole)
    anger, angry = _anger(own)
    doubt, confused = _doubt(own)
    friendly = len(_words().friendly.findall(own))
    anger -= 0.25 * min(friendly, 2)
    if meant is not None:
        anger += ANGER_MEANT * meant.get(Tone.ANGRY, 0.0)
        doubt += DOUBT_MEANT * meant.get(Tone.CONFUSED, 0.0)
        angry = angry or [MEANT.format(tone=Tone.ANGRY)]
        confused = confused or [MEANT.format(tone=Tone.CONFUSED)]
    if anger >= ENOUGH and anger >= doubt - 0.3:
        return _judged(Tone.ANGRY, anger - ENOUGH, angry)
    if doubt >= ENOUGH:
        return _judged(Tone.CONFUSED, doubt - ENOUGH, confused)
    return _judged(Tone.CALM, ENOUGH - max(anger, doubt), [])


def _anger(own: str) -> tuple[float, list[str]]:
    said = _found(_words().angry, own)
    score = 1.1 * min(len(said), 3)
    evidence = [f"“{each}”" for each in said]
    shouted = [word for word in _SHOUTED.findall(own) if len(word) > 3]
    letters = len(_LETTERS.findall(own))
    loud = sum(map(len, shouted)) / letters if letters else 0.0
    if len(shouted) >= 3 and loud > 0.25:
        score += 1.0 if loud > 0.5 else 0.6
        evidence.append("written in capitals")
    marks = own.count("!")
    if "!!" in own:
        score += 0.7 if "!!!" in own else 0.45
        evidence.append("several exclamation marks")
    elif marks >= 3:
        score += 0.3
    if re.search(r"[?!]*(?:\?!|!\?)[?!]*", own):
        score += 0.5
        evidence.append("“?!”")
    return score, evidence


def _doubt(own: str) -> tuple[float, list[str]]:
    said = _found(_words().confused, own)
    score = 1.05 * min(len(said), 3)
    evidence = [f"“{each}”" for each in said]
    questions = own.count("?")
    if "??" in own:
        score += 0.5
        evidence.append("“??”")
    elif questions >= 3:
        score += 0.6
        evidence.append(f"{questions} questions")
    elif questions == 2:
        score += 0.2
    return score, evidence


def _found(pattern: re.Pattern[str], text: str) -> list[str]:
    return list(dict.fromkeys(" ".join(match[0].lower().split()) for match in pattern.finditer(text)))


def _judged(value: Tone, distance: float, evidence: list[str]) -> Judgement:
    confidence = 0.5 + 0.47 * math.tanh(STEEPNESS * distance / 2)
    return Judgement(value, confidence, "; ".join(evidence[:4]) or "nothing says otherwise", VERSION)


@lru_cache(maxsize=1)
def _words() -> _Words:
    given = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return _Words(
        angry=_any_of(given["angry"] + given["angry_in_writing"]),
        confused=_any_of(given["confused"]),
        friendly=_any_of(given["friendly"]),
    )


def _any_of(phrases: list[str]) -> re.Pattern[str]:
    alternatives = sorted((_phrase(phrase) for phrase in phrases), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives)})(?!\w)", re.IGNORECASE)


def _phrase(phrase: str) -> str:
    words = [re.escape(word).replace(r"\*", r"\w*").replace("'", "['’]") for word in phrase.split()]
    return r"\s+".join(words)
