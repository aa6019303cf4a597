"""Three judges of what a message asks for, and how sure they are together. Knows no Rasa.

- *meaning*: logistic regression on the sentence vector;
- *wording*: a linear support vector machine on weighted words and word parts, for names, codes and typos;
- *likeness*: the cosine to the nearest training example of each class, which carries classes with few examples.

Each judge spreads 1 over the classes; their mean decides. How far anything like the message has been seen at all (the
cosine to the nearest example) is half of the confidence: that is what tells a stranger's request from a known one.
`docs/understanding.md` has the measurements behind each number.
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

from assistant.nlu.lexicon import Lexicon, clean

#: What the vectors are multiplied by before the logistic regression; at length 1 its penalty would flatten it.
VECTOR_SCALE = 8.0
#: How sharply the second and third judge turn their scores into shares.
WORDING_SHARPNESS = 5.0
LIKENESS_SHARPNESS = 20.0
#: Share of the nearest example's cosine in the confidence.
FAMILIARITY = 0.5

ARRAYS_FILE = "fusion.npz"
TEXT_FILE = "fusion.json"
FORMAT = 1

Floats = npt.NDArray[np.float32]


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
class FusionModel:
    """A trained model. `classes` are sorted, so the answers of one intent stand together; all arrays follow them."""

    classes: list[str]
    #: Version of the encoder whose vectors it was trained on.
    encoder: str
    meaning_weights: Floats  # (width, classes)
    meaning_bias: Floats
    lexicon: Lexicon
    wording_weights: npt.NDArray[np.float16]  # (terms, classes)
    wording_bias: Floats
    examples: Floats  # (examples, width), sorted by class
    first_example: npt.NDArray[np.int64]  # where each class begins in `examples`
    #: Examples without a letter or digit (an emoji, "?"), which have no meaning or wording of their own.
    symbols: dict[str, str]

    def shares(self, text: str, vector: Floats) -> tuple[Floats, float]:
        """Each class's share of 1, and the cosine to the nearest example of all."""
        meaning = _spread(vector @ self.meaning_weights + self.meaning_bias)
        terms, weights = self.lexicon.weigh(text)
        wording = weights @ self.wording_weights[terms].astype(np.float32) + self.wording_bias
        likeness = np.maximum.reduceat(self.examples @ vector, self.first_example)
        judged = meaning + _spread(WORDING_SHARPNESS * wording) + _spread(LIKENESS_SHARPNESS * likeness)
        return (judged / 3).astype(np.float32), float(likeness.max())

    def judge(self, text: str, vector: Floats) -> Judgement:
        """What the message asks for, and which answer of each retrieval intent fits best."""
        cleaned = clean(text)
        if any(character.isalnum() for character in cleaned):
            shares, nearest = self.shares(text, vector)
        else:
            shares, nearest = self._shares_of_symbol(cleaned)
        intents = np.maximum.reduceat(shares, self._first_of_intent)
        best = float(intents.max())
        sure = (1 - FAMILIARITY) * best + FAMILIARITY * min(1.0, max(0.0, nearest))
        stretch = sure / best if best else 0.0
        ranking = [Guess(self.intents[number], float(intents[number]) * stretch) for number in _descending(intents)]
        return Judgement(ranking, {name: self._answers(name, shares) for name in self.retrieval_intents})

    def _shares_of_symbol(self, cleaned: str) -> tuple[Floats, float]:
        shares = np.zeros(len(self.classes), np.float32)
        if cleaned not in self.symbols:
            return shares, 0.0
        shares[self.classes.index(self.symbols[cleaned])] = 1.0
        return shares, 1.0

    def _answers(self, intent: str, shares: Floats) -> list[Guess]:
        """The answers of one retrieval intent; confidences are shares among them, as Rasa's own selector gives."""
        start = self._first_of_intent[self.intents.index(intent)]
        end = start + sum(name.startswith(f"{intent}/") for name in self.classes)
        among = shares[start:end] / max(float(shares[start:end].sum()), 1e-12)
        return [Guess(self.classes[start + number], float(among[number])) for number in _descending(among)]

    @cached_property
    def intents(self) -> list[str]:
        """The intents, sorted: classes without what follows the slash, each once."""
        return list(dict.fromkeys(intent_of(name) for name in self.classes))

    @cached_property
    def retrieval_intents(self) -> list[str]:
        """The intents whose classes are answers (`faq` of `faq/reset_password`)."""
        return list(dict.fromkeys(intent_of(name) for name in self.classes if "/" in name))

    @cached_property
    def _first_of_intent(self) -> npt.NDArray[np.int64]:
        names = [intent_of(name) for name in self.classes]
        return np.array([names.index(intent) for intent in self.intents], np.int64)

    def save(self, folder: Path) -> None:
        """Write `fusion.npz` and `fusion.json`: numbers and text, nothing that runs."""
        np.savez_compressed(
            folder / ARRAYS_FILE,
            meaning_weights=self.meaning_weights,
            meaning_bias=self.meaning_bias,
            rarity=self.lexicon.rarity,
            wording_weights=self.wording_weights,
            wording_bias=self.wording_bias,
            examples=self.examples.astype(np.float16),
            first_example=self.first_example,
        )
        about = {
            "format": FORMAT,
            "encoder": self.encoder,
            "classes": self.classes,
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
            return cls(
                classes=about["classes"],
                encoder=about["encoder"],
                meaning_weights=arrays["meaning_weights"],
                meaning_bias=arrays["meaning_bias"],
                lexicon=Lexicon.from_terms(about["terms"], arrays["rarity"]),
                wording_weights=arrays["wording_weights"],
                wording_bias=arrays["wording_bias"],
                examples=arrays["examples"].astype(np.float32),
                first_example=arrays["first_example"],
                symbols=about["symbols"],
            )


def intent_of(name: str) -> str:
    """The intent of a class: `faq` of `faq/reset_password`, and any other name itself."""
    return name.partition("/")[0]


def train(texts: Sequence[str], labels: Sequence[str], vectors: Floats, encoder: str) -> FusionModel:
    """Fit the three judges.

    Args:
        texts: the examples.
        labels: their classes.
        vectors: their sentence vectors, one row each.
        encoder: version of the encoder that made the vectors.

    Raises:
        ValueError: fewer than two classes; there is nothing to tell apart.
    """
    order = np.argsort(np.asarray(labels), kind="stable")
    names = np.asarray(labels)[order]
    classes, first = np.unique(names, return_index=True)
    if len(classes) < 2:
        raise ValueError("at least two intents with examples are needed")
    sorted_texts = [texts[number] for number in order]
    examples = np.ascontiguousarray(vectors[order], np.float32)
    lexicon = Lexicon.of(sorted_texts)
    meaning = _fit_meaning(examples, names)
    wording = _fit_wording(lexicon, sorted_texts, names)
    return FusionModel(
        classes=classes.tolist(),
        encoder=encoder,
        meaning_weights=(meaning[0] * VECTOR_SCALE).astype(np.float32),
        meaning_bias=meaning[1].astype(np.float32),
        lexicon=lexicon,
        wording_weights=wording[0].astype(np.float16),
        wording_bias=wording[1].astype(np.float32),
        examples=examples,
        first_example=first.astype(np.int64),
        symbols=_symbols(sorted_texts, names.tolist()),
    )


def _fit_meaning(examples: Floats, names: npt.NDArray[np.str_]) -> tuple[Any, Any]:
    from sklearn.linear_model import LogisticRegression

    judge = LogisticRegression(C=1.0, class_weight="balanced", max_iter=300)
    judge.fit(examples * np.float32(VECTOR_SCALE), names)
    return _all_columns(judge.coef_, judge.intercept_)


def _fit_wording(lexicon: Lexicon, texts: Sequence[str], names: npt.NDArray[np.str_]) -> tuple[Any, Any]:
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC

    rows = [lexicon.weigh(text) for text in texts]
    starts = np.cumsum([0, *(len(indices) for indices, _ in rows)])
    indices = np.concatenate([indices for indices, _ in rows])
    weights = np.concatenate([weights for _, weights in rows])
    matrix = csr_matrix((weights, indices, starts), shape=(len(texts), len(lexicon)))
    judge = LinearSVC(C=1.0, random_state=0)
    judge.fit(matrix, names)
    return _all_columns(judge.coef_, judge.intercept_)


def _all_columns(weights: Any, bias: Any) -> tuple[Any, Any]:
    """Of two classes the library stores only the second one's column; the first is its mirror."""
    if len(bias) == 1:
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    return weights.T, bias


def _symbols(texts: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    cleaned = ((clean(text), label) for text, label in zip(texts, labels, strict=True))
    return {text: label for text, label in cleaned if text and not any(character.isalnum() for character in text)}


def _descending(shares: Floats) -> list[int]:
    order: list[int] = np.argsort(-shares, kind="stable").tolist()
    return order


def _spread(scores: npt.NDArray[np.floating[Any]]) -> Floats:
    """Softmax: shares of 1 that grow with the score."""
    powers = np.exp(scores - scores.max())
    shared: Floats = (powers / powers.sum()).astype(np.float32)
    return shared
