"""The reader that needs no network: the sentence encoder with a classifier for topics, rules of words for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from encoder.model import EncoderMissing
from helpsage import settings
from helpsage.tickets import categories
from helpsage.triage import essence, language, manner, store, tone, urgency, wording
from helpsage.triage.classifier import NOTHING, Classifier
from helpsage.triage.reading import Judgement, Reading, Tag
from helpsage.triage.wording import Floats

#: Version of a topic that a person chose.
CHOSEN = "chosen"
NO_MODEL = "no-model"
CHOSEN_EVIDENCE = "chosen by the person"
NO_ENCODER = "the sentence encoder is missing"
NO_TOPIC = "like nothing that the desk takes care of"
#: Characters of the problem's sentence that are shown as evidence.
SHOWN = 160


@dataclass(frozen=True)
class LocalReading:
    """A reading, and the vector of what was read, which finding twins needs too; none without an encoder."""

    reading: Reading
    vector: Floats | None


@dataclass(frozen=True)
class Asked:
    """What is to be read.

    Attributes:
        chosen: the category, when whoever asks chose it: it is recorded, not overruled.
    """

    subject: str
    text: str
    chosen: str | None = None


@dataclass(frozen=True)
class _Meant:
    """How likely each value of the tags is by what a text means; nothing without an encoder."""

    topic: Sequence[tuple[str, float]] | None = None
    urgency: Mapping[str, float] | None = None
    tone: Mapping[str, float] | None = None


def read(subject: str, text: str, model: Classifier | None, chosen: str | None = None) -> LocalReading:
    """Read a ticket (`read_all`)."""
    return read_all([Asked(subject, text, chosen)], model)[0]


def read_all(asked: Sequence[Asked], model: Classifier | None) -> list[LocalReading]:
    """Read tickets, in the order given: judging many at once takes little longer than judging one.

    Parameters:
        model: of topics; without one they are unsure.
    """
    essences = [essence.of(each.subject, each.text) for each in asked]
    vectors = vectors_of([what.text for what in essences])
    meant = _meant(essences, vectors, model)
    return [_read(*each, model) for each in zip(asked, essences, vectors, meant, strict=True)]


def _read(
    asked: Asked, what: essence.Essence, vector: Floats | None, meant: _Meant, model: Classifier | None
) -> LocalReading:
    subject, text = asked.subject, asked.text
    topic = _topic(what, meant, model, asked.chosen)
    return LocalReading(
        Reading(
            topic=topic,
            urgency=urgency.read(subject, text, topic.value or topic.likely, meant.urgency),
            tone=tone.read(subject, text, meant.tone),
            language=language.read(f"{subject}\n{text}"),
        ),
        vector,
    )


def vector_of(text: str) -> Floats | None:
    """The vector of what is read of a ticket; none when there is no encoder or no word."""
    return vectors_of([text])[0]


def vectors_of(texts: Sequence[str]) -> list[Floats | None]:
    """The same of many."""
    found: list[Floats | None] = [None] * len(texts)
    said = [place for place, text in enumerate(texts) if any(map(str.isalnum, text))]
    if not said:
        return found
    try:
        vectors = store.encoder().encode([texts[place] for place in said])
    except EncoderMissing:
        return found
    for place, vector in zip(said, vectors, strict=True):
        found[place] = vector
    return found


def _meant(
    essences: Sequence[essence.Essence], vectors: Sequence[Floats | None], model: Classifier | None
) -> list[_Meant]:
    found = [_Meant()] * len(essences)
    known = [(place, vector) for place, vector in enumerate(vectors) if vector is not None]
    if not known:
        return found
    rows = np.stack([vector for _, vector in known])
    terms = [wording.places(essences[place].text) for place, _ in known]
    topics: Sequence[Sequence[tuple[str, float]] | None] = [None] * len(known)
    if model is not None:
        topics = model.judge(rows, terms)
    urgencies, tones = manner.shares(Tag.URGENCY, rows, terms), manner.shares(Tag.TONE, rows, terms)
    for (place, _), topic, soon, said in zip(known, topics, urgencies, tones, strict=True):
        found[place] = _Meant(topic, soon, said)
    return found


def _topic(what: essence.Essence, meant: _Meant, model: Classifier | None, chosen: str | None) -> Judgement:
    if chosen is not None:
        return Judgement(chosen, 1.0, CHOSEN_EVIDENCE, CHOSEN)
    if model is None or meant.topic is None:
        return Judgement(None, 0.0, NO_ENCODER if any(map(str.isalnum, what.text)) else NO_TOPIC, NO_MODEL)
    # A category that was removed since the model was made is none any more.
    known = categories.load()
    likely = [(name, share) for name, share in meant.topic if name == NOTHING or name in known]
    name, share = likely[0]
    evidence = f"“{_shown(what.problem)}”"
    if name == NOTHING:
        return Judgement(None, share, NO_TOPIC, model.version)
    if share < settings.get().triage_sure:
        return Judgement(None, share, evidence, model.version, likely=name)
    return Judgement(name, share, evidence, model.version)


def _shown(sentence: str) -> str:
    return sentence if len(sentence) <= SHOWN else f"{sentence[: SHOWN - 1]}…"
