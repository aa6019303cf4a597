"""The reader that needs no network: the sentence encoder with a classifier for topics, rules of words for the rest."""

from __future__ import annotations

from dataclasses import dataclass

from encoder.model import EncoderMissing
from helpsage import settings
from helpsage.tickets import categories
from helpsage.triage import essence, language, manner, store, tone, urgency
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


def read(subject: str, text: str, model: Classifier | None, chosen: str | None = None) -> LocalReading:
    """Read a ticket.

    Parameters:
        model: of topics; without one the topic is unsure.
        chosen: the category, when whoever asks chose it: it is recorded, not overruled.
    """
    what = essence.of(subject, text)
    vector = vector_of(what.text)
    topic = _topic(what, vector, model, chosen)
    return LocalReading(
        Reading(
            topic=topic,
            urgency=urgency.read(subject, text, topic.value or topic.likely, _meant(Tag.URGENCY, vector, what.text)),
            tone=tone.read(subject, text, _meant(Tag.TONE, vector, what.text)),
            language=language.read(f"{subject}\n{text}"),
        ),
        vector,
    )


def vector_of(text: str) -> Floats | None:
    """The vector of what is read of a ticket; none when there is no encoder or no word."""
    if not any(map(str.isalnum, text)):
        return None
    try:
        vector: Floats = store.encoder().encode([text])[0]
    except EncoderMissing:
        return None
    return vector


def _meant(tag: Tag, vector: Floats | None, text: str) -> dict[str, float] | None:
    return manner.shares(tag, vector, text) if vector is not None else None


def _topic(what: essence.Essence, vector: Floats | None, model: Classifier | None, chosen: str | None) -> Judgement:
    if chosen is not None:
        return Judgement(chosen, 1.0, CHOSEN_EVIDENCE, CHOSEN)
    if model is None or vector is None:
        return Judgement(None, 0.0, NO_ENCODER if any(map(str.isalnum, what.text)) else NO_TOPIC, NO_MODEL)
    # A category that was removed since the model was made is none any more.
    known = categories.load()
    likely = [(name, share) for name, share in model.judge(vector, what.text) if name == NOTHING or name in known]
    name, share = likely[0]
    evidence = f"“{_shown(what.problem)}”"
    if name == NOTHING:
        return Judgement(None, share, NO_TOPIC, model.version)
    if share < settings.get().triage_sure:
        return Judgement(None, share, evidence, model.version, likely=name)
    return Judgement(name, share, evidence, model.version)


def _shown(sentence: str) -> str:
    return sentence if len(sentence) <= SHOWN else f"{sentence[: SHOWN - 1]}…"
