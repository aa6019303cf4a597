"""Urgency and tone as the meaning of a text shows them, learned from the sentences of `config/letters.yml`.

Beside the rules of words (`urgency.py`, `tone.py`), which find what is said; this finds what is meant. The models are
made once and kept under `var/reader`, like the one of topics, and hold numbers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from helpsage.triage import examples, store, training
from helpsage.triage.classifier import Classifier
from helpsage.triage.reading import Tone, Urgency
from helpsage.triage.training import Example
from helpsage.triage.wording import Floats


def shares(tag: str, vectors: Floats, terms: Sequence[Sequence[int]]) -> list[dict[str, float]]:
    """How likely each value of a tag is, of each text.

    Parameters:
        tag: `urgency` or `tone`.
        vectors: a row each text.
        terms: what `wording.places` finds in each.

    Raises:
        encoder.model.EncoderMissing
    """
    return [dict(each) for each in _model(tag).judge(vectors, terms)]


@lru_cache(maxsize=4)
def _model(tag: str) -> Classifier:
    values = [str(each) for each in (Urgency if tag == "urgency" else Tone)]
    column = ("urgency", "tone").index(tag)
    shown = ((text, (urgency, tone)[column]) for urgency, tone, text in examples.manner())
    some = [Example(text, value) for text, value in shown if value]
    version = training.version_of(some, values, store.encoder().version).replace("local", tag, 1)
    return store.made_once(version, lambda: store.fit(some, values))
