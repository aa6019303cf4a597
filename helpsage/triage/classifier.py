"""Which topic a text is about: three judges, and how often they are right together.

- *meaning*: logistic regression on the encoder's vector;
- *wording*: complement naive Bayes on hashed words (Rennie et al., 2003), for names, codes and the trade's own words;
- *likeness*: the cosine to the nearest examples of each topic.

Their shares are mixed, and the mixture is sharpened or flattened by one number (a temperature) so that its confidence
is the share of right answers (Guo et al., "On Calibration of Modern Neural Networks", 2017). `training.py` fits it.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from helpsage.triage import wording
from helpsage.triage.wording import Floats, Places

FORMAT = 1
#: The class of texts that belong to no topic at all.
NOTHING = ""
#: What each judge's word counts.
MEANING, WORDING, LIKENESS = 0.5, 0.3, 0.2
#: What the vectors are multiplied by before the regression; at length 1 its penalty would flatten it.
VECTOR_SCALE = 8.0
#: How sharply the judges of wording and likeness turn their scores into shares.
WORDING_SHARPNESS, LIKENESS_SHARPNESS = 300.0, 20.0
#: Examples of a topic that its likeness is the mean of.
NEIGHBOURS = 3


class UnknownFormat(Exception):
    """A stored model that this program cannot use: of another format, or broken."""


@dataclass(frozen=True)
class Linear:
    """Scores that grow in a straight line with the features: one column a class."""

    weights: npt.NDArray[Any]
    bias: Floats


@dataclass(frozen=True)
class Examples:
    """Vectors of examples with their classes."""

    vectors: Floats
    labels: Places

    def likeness(self, vectors: Floats, classes: int) -> Floats:
        """The mean of the best cosines to each class, a row each text; a class without examples is unlike anything."""
        labels, places = self._places
        cosines = np.full((len(vectors), len(self.vectors) + 1), -np.inf, np.float32)
        np.matmul(vectors, self.vectors.T, out=cosines[:, :-1])
        best = np.partition(cosines[:, places], -NEIGHBOURS, axis=2)[:, :, -NEIGHBOURS:]
        found = np.full((len(vectors), classes), -1.0, np.float32)
        found[:, labels] = np.where(np.isfinite(best), best, 0).sum(axis=2) / np.isfinite(best).sum(axis=2)
        return found

    @cached_property
    def _places(self) -> tuple[Places, Places]:
        """The classes that have examples, and where theirs stand: a row each, filled up with one behind the last."""
        labels, sizes = np.unique(self.labels, return_counts=True)
        places = np.full((len(labels), max(NEIGHBOURS, *sizes, 0)), len(self.labels), np.int64)
        for row, label in enumerate(labels):
            own = np.flatnonzero(self.labels == label)
            places[row, : len(own)] = own
        return labels, places


@dataclass(frozen=True)
class Judges:
    """The three of them."""

    meaning: Linear
    words: Linear
    rarity: Floats
    examples: Examples

    def shares(self, vectors: Floats, rows: wording.Rows) -> Floats:
        """How likely each class is, not yet calibrated; never quite 0."""
        mixed = (
            MEANING * spread(vectors * np.float32(VECTOR_SCALE) @ self.meaning.weights + self.meaning.bias)
            + WORDING * spread(np.float32(WORDING_SHARPNESS) * rows.times(self.words.weights) + self.words.bias)
            + LIKENESS * spread(np.float32(LIKENESS_SHARPNESS) * self.examples.likeness(vectors, len(self.words.bias)))
        )
        lifted: Floats = np.maximum(mixed, 1e-9).astype(np.float32)
        return lifted


@dataclass(frozen=True)
class Classifier:
    """A trained model. All arrays follow `classes`."""

    #: `local-` and a hash of what it was made from.
    version: str
    #: Of the encoder whose vectors it reads.
    encoder: str
    classes: tuple[str, ...]
    judges: Judges
    temperature: float
    #: On the examples that trainers wrote, by cross-validation.
    accuracy: float = 0.0

    def shares(self, vectors: Floats, rows: wording.Rows) -> Floats:
        """How likely each class is, a row each text; every row adds up to 1."""
        return tempered(self.judges.shares(vectors, rows), self.temperature)

    def judge(self, vectors: Floats, terms: Sequence[Sequence[int]]) -> list[list[tuple[str, float]]]:
        """The classes of each text and how likely they are, the likeliest first.

        Parameters:
            vectors: a row each text.
            terms: what `wording.places` finds in each.
        """
        shares = self.shares(vectors, wording.weighed(terms, self.judges.rarity))
        orders = np.argsort(-shares, axis=1, kind="stable")
        return [
            [(self.classes[number], float(row[number])) for number in order]
            for row, order in zip(shares, orders, strict=True)
        ]

    def to_bytes(self) -> bytes:
        """Numbers and names of classes, nothing that runs; no word of any text."""
        about = {
            "format": FORMAT,
            "version": self.version,
            "encoder": self.encoder,
            "classes": self.classes,
            "temperature": self.temperature,
            "accuracy": self.accuracy,
        }
        file = io.BytesIO()
        np.savez_compressed(
            file,
            about=np.frombuffer(json.dumps(about).encode(), np.uint8),
            meaning=self.judges.meaning.weights.astype(np.float32),
            meaning_bias=self.judges.meaning.bias,
            wording=self.judges.words.weights.astype(np.float32),
            wording_bias=self.judges.words.bias,
            rarity=self.judges.rarity,
            examples=self.judges.examples.vectors.astype(np.float16),
            labels=self.judges.examples.labels,
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, kept: bytes) -> Classifier:
        """Read what `to_bytes` wrote.

        Raises:
            UnknownFormat
        """
        try:
            with np.load(io.BytesIO(kept), allow_pickle=False) as arrays:
                about = json.loads(arrays["about"].tobytes())
                if about["format"] != FORMAT:
                    raise UnknownFormat(f"format {about['format']}")
                judges = Judges(
                    meaning=Linear(arrays["meaning"], arrays["meaning_bias"]),
                    words=Linear(arrays["wording"], arrays["wording_bias"]),
                    rarity=arrays["rarity"],
                    examples=Examples(arrays["examples"].astype(np.float32), arrays["labels"]),
                )
                return cls(
                    about["version"],
                    about["encoder"],
                    tuple(about["classes"]),
                    judges,
                    float(about["temperature"]),
                    float(about["accuracy"]),
                )
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise UnknownFormat(type(error).__name__) from error


def tempered(shares: Floats, temperature: float) -> Floats:
    """Shares made sharper (below 1) or flatter."""
    return spread(np.log(shares) / np.float32(temperature))


def spread(scores: npt.NDArray[np.floating[Any]]) -> Floats:
    """Softmax by row: shares of 1 that grow with the score."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shared: Floats = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return shared
