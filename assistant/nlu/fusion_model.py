"""Three judges of what a message asks for, and how sure they are together. Knows no Rasa.

- *meaning*: logistic regression on the sentence vector;
- *wording*: a linear support vector machine on weighted words and word parts, for names, codes and typos;
- *likeness*: the cosine to the nearest training examples of each intent.

Each judge spreads 1 over the intents; their weighted mean decides. The answers of a retrieval intent (`faq/...`) are
one intent to the judge of wording, which so learns how questions begin, and classes of their own to one half of the
judge of meaning, which would otherwise draw one line round seventy subjects. A second round finds the best answer.

How near anything like the message has been seen at all (the cosine to the nearest example) is half of the confidence:
that is what tells a stranger's request from a known one. `docs/understanding.md` has the measurements behind each
number.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.nlu.lexicon import Indices, Lexicon, Weights, clean, is_worded

#: What the vectors are multiplied by before the logistic regression; at length 1 its penalty would flatten it.
VECTOR_SCALE = 8.0
#: How sharply the judges of wording and likeness turn their scores into shares.
WORDING_SHARPNESS = 5.0
LIKENESS_SHARPNESS = 20.0
#: What each judge's word counts.
MEANING, WORDING, LIKENESS = 0.4, 0.4, 0.2
#: Examples of a class that its likeness is the mean of.
NEIGHBOURS = 3
#: Share of the nearest example's cosine in the confidence.
FAMILIARITY = 0.5

ARRAYS_FILE = "fusion.npz"
TEXT_FILE = "fusion.json"
FORMAT = 2

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]


class UnknownFormat(Exception):
    """The stored model was written by another version of this code, or for another encoder."""


@dataclass(frozen=True)
class Guess:
    """A class and how sure the model is of it, 0 to 1."""

    name: str
    confidence: float


@dataclass(frozen=True)
class Judgement:
    """All intents and, for each retrieval intent, all its answers; likeliest first."""

    intents: list[Guess]
    answers: dict[str, list[Guess]]


@dataclass(frozen=True)
class Linear:
    """Scores that grow in a straight line with the features: one column a class."""

    weights: npt.NDArray[Any]
    bias: Floats

    def of_vector(self, vector: Floats) -> Floats:
        """The scores of a sentence vector."""
        scores: Floats = vector @ self.weights + self.bias
        return scores

    def of_terms(self, terms: Indices, weights: Weights) -> Floats:
        """The scores of a text's weighted terms. The columns are kept in 16 bits and few rows of them are needed."""
        scores: Floats = weights @ self.weights[terms].astype(np.float32) + self.bias
        return scores


@dataclass(frozen=True)
class FusionModel:
    """A trained model. `classes` are sorted, so the answers of one intent stand together; all arrays follow them."""

    classes: list[str]
    #: Version of the encoder whose vectors it was trained on.
    encoder: str
    lexicon: Lexicon
    class_meaning: Linear
    intent_meaning: Linear
    intent_wording: Linear
    #: By retrieval intent; none for one that has a single answer.
    answer_wording: dict[str, Linear]
    examples: Floats  # (examples, width), sorted by class
    first_example: Places  # where each class begins in `examples`
    #: Examples without a letter or digit (an emoji, "?"), which have no meaning or wording of their own.
    symbols: dict[str, str]

    def judge(self, text: str, vector: Floats) -> Judgement:
        """What the message asks for, and which answer of each retrieval intent fits best.

        The shares of the intents are stretched so that the first one's becomes the confidence.
        """
        cleaned = clean(text)
        if not is_worded(cleaned):
            return self._judge_symbol(cleaned)
        terms, weights = self.lexicon.weigh(text)
        class_meaning = _spread(self.class_meaning.of_vector(vector))
        cosines = self.examples @ vector
        intents = self._intent_shares(class_meaning, vector, (terms, weights), cosines)
        answers = {
            name: self._answers(name, class_meaning, (terms, weights), cosines) for name in self.retrieval_intents
        }
        best = float(intents.max())
        sure = (1 - FAMILIARITY) * best + FAMILIARITY * min(1.0, max(0.0, float(cosines.max())))
        return Judgement(_ranked(self.intents, intents * np.float32(sure / best)), answers)

    def _intent_shares(
        self, class_meaning: Floats, vector: Floats, terms: tuple[Indices, Weights], cosines: Floats
    ) -> Floats:
        by_class = np.maximum.reduceat(class_meaning, self._first_class)
        meaning = (by_class + _spread(self.intent_meaning.of_vector(vector))) / 2
        wording = _spread(WORDING_SHARPNESS * self.intent_wording.of_terms(*terms))
        likeness = _spread(LIKENESS_SHARPNESS * _nearest(cosines, self.first_example[self._first_class]))
        shares: Floats = MEANING * meaning + WORDING * wording + LIKENESS * likeness
        return shares

    def _answers(
        self, intent: str, class_meaning: Floats, terms: tuple[Indices, Weights], cosines: Floats
    ) -> list[Guess]:
        """The answers of one retrieval intent; confidences are shares among them, as Rasa's own selector gives."""
        start, end = self._span(intent)
        names = self.classes[start:end]
        if intent not in self.answer_wording:
            return [Guess(names[0], 1.0)]
        meaning = class_meaning[start:end] / max(float(class_meaning[start:end].sum()), 1e-12)
        wording = _spread(WORDING_SHARPNESS * self.answer_wording[intent].of_terms(*terms))
        likeness = _spread(LIKENESS_SHARPNESS * _nearest(cosines, self.first_example)[start:end])
        return _ranked(names, MEANING * meaning + WORDING * wording + LIKENESS * likeness)

    def _judge_symbol(self, cleaned: str) -> Judgement:
        """A message without a letter or digit is known from an example or not at all."""
        known = self.symbols.get(cleaned)
        intents = np.array([float(known is not None and name == intent_of(known)) for name in self.intents], np.float32)
        answers = {}
        for intent in self.retrieval_intents:
            names = self.classes[slice(*self._span(intent))]
            answers[intent] = _ranked(names, np.array([float(name == known) for name in names], np.float32))
        return Judgement(_ranked(self.intents, intents), answers)

    @cached_property
    def intents(self) -> list[str]:
        """The intents, sorted: classes without what follows the slash, each once."""
        return list(dict.fromkeys(intent_of(name) for name in self.classes))

    @cached_property
    def retrieval_intents(self) -> list[str]:
        """The intents whose classes are answers (`faq` of `faq/reset_password`)."""
        return list(dict.fromkeys(intent_of(name) for name in self.classes if "/" in name))

    @cached_property
    def _first_class(self) -> Places:
        names = [intent_of(name) for name in self.classes]
        return np.array([names.index(intent) for intent in self.intents], np.int64)

    def _span(self, intent: str) -> tuple[int, int]:
        start = int(self._first_class[self.intents.index(intent)])
        return start, start + sum(intent_of(name) == intent for name in self.classes)

    def save(self, folder: Path) -> None:
        """Write `fusion.npz` and `fusion.json`: numbers and text, nothing that runs."""
        linear = {
            "class_meaning": self.class_meaning,
            "intent_meaning": self.intent_meaning,
            "intent_wording": self.intent_wording,
            **{f"answers/{intent}": judge for intent, judge in self.answer_wording.items()},
        }
        arrays: dict[str, npt.NDArray[Any]] = {
            "rarity": self.lexicon.rarity,
            "examples": self.examples.astype(np.float16),
            "first_example": self.first_example,
        }
        for name, judge in linear.items():
            arrays[f"{name}:weights"] = judge.weights
            arrays[f"{name}:bias"] = judge.bias
        np.savez_compressed(folder / ARRAYS_FILE, **arrays)  # type: ignore[arg-type]  # its flag takes the names' type
        about = {
            "format": FORMAT,
            "encoder": self.encoder,
            "classes": self.classes,
            "answers": list(self.answer_wording),
            "symbols": self.symbols,
            "terms": list(self.lexicon.numbers),
        }
        (folder / TEXT_FILE).write_text(json.dumps(about, ensure_ascii=False), "utf-8")

    @classmethod
    def load(cls, folder: Path, encoder: str) -> FusionModel:
        """Read what `save` wrote.

        Args:
            folder: where the two files lie.
            encoder: version of the encoder that will be used with it.

        Raises:
            UnknownFormat: other format, or trained on another encoder's vectors: train again.
        """
        about: dict[str, Any] = json.loads((folder / TEXT_FILE).read_text("utf-8"))
        if about["format"] != FORMAT:
            raise UnknownFormat(f"the model has format {about['format']}, this program reads {FORMAT}: train again")
        if about["encoder"] != encoder:
            raise UnknownFormat(f"the model was trained with encoder {about['encoder']}, not {encoder}: train again")
        with np.load(folder / ARRAYS_FILE, allow_pickle=False) as arrays:

            def linear(name: str) -> Linear:
                return Linear(arrays[f"{name}:weights"], arrays[f"{name}:bias"])

            return cls(
                classes=about["classes"],
                encoder=about["encoder"],
                lexicon=Lexicon.from_terms(about["terms"], arrays["rarity"]),
                class_meaning=linear("class_meaning"),
                intent_meaning=linear("intent_meaning"),
                intent_wording=linear("intent_wording"),
                answer_wording={intent: linear(f"answers/{intent}") for intent in about["answers"]},
                examples=arrays["examples"].astype(np.float32),
                first_example=arrays["first_example"],
                symbols=about["symbols"],
            )


def intent_of(name: str) -> str:
    """The intent of a class: `faq` of `faq/reset_password`, and any other name itself."""
    return name.partition("/")[0]


def _ranked(names: Sequence[str], shares: Floats) -> list[Guess]:
    order = np.argsort(-shares, kind="stable")
    return [Guess(names[number], float(shares[number])) for number in order]


def _nearest(cosines: Floats, first: Places) -> Floats:
    """The mean of the best cosines of each group; a group with too few examples counts its last one again."""
    left = cosines.copy()
    groups = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(cosines))))
    best = total = np.maximum.reduceat(left, first)
    for _ in range(NEIGHBOURS - 1):
        left[left == best[groups]] = -np.inf
        following = np.maximum.reduceat(left, first)
        best = np.where(np.isneginf(following), best, following)
        total = total + best
    mean: Floats = (total / NEIGHBOURS).astype(np.float32)
    return mean


def _spread(scores: npt.NDArray[np.floating[Any]]) -> Floats:
    """Softmax: shares of 1 that grow with the score."""
    powers = np.exp(scores - scores.max())
    shared: Floats = (powers / powers.sum()).astype(np.float32)
    return shared
