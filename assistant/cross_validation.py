"""`python -m assistant.cross_validation FOLDS` (in Rasa's environment): the classifier on examples kept from it.

Standard input: `{"texts": [...], "labels": [...], "vectors": "file.npy", "encoder": "version"}`. Every example is read
once by a classifier that was fitted to the other folds; folds hold the same share of every label. Vectors are computed
once, by whoever asks; folds share the processors.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt

from assistant.nlu.fusion_model import FusionModel, intent_of
from assistant.nlu.fusion_training import train

#: Which examples fall into which fold is the same at every run.
SEED = 1


def folds_of(labels: Sequence[str], folds: int) -> npt.NDArray[np.int64]:
    """The fold of every example, each label spread evenly over them."""
    chance = np.random.default_rng(SEED)
    found = np.zeros(len(labels), np.int64)
    names = np.asarray(labels)
    for shift, label in enumerate(sorted(set(labels))):
        places = chance.permutation(np.flatnonzero(names == label))
        found[places] = (np.arange(len(places)) + shift) % folds
    return found


@dataclass(frozen=True)
class Examples:
    """Texts, labels, vectors, and the fold of each."""

    texts: Sequence[str]
    labels: Sequence[str]
    vectors: npt.NDArray[np.float32]
    encoder: str
    fold: npt.NDArray[np.int64]

    def read_by_others(self, number: int) -> list[tuple[int, dict[str, Any]]]:
        """What a classifier fitted without this fold says of its examples."""
        kept = np.flatnonzero(self.fold != number).tolist()
        model = train(
            [self.texts[place] for place in kept],
            [self.labels[place] for place in kept],
            self.vectors[kept],
            self.encoder,
        )
        return [
            (place, _digest(model, self.texts[place], self.vectors[place]))
            for place in np.flatnonzero(self.fold == number).tolist()
        ]


def validate(examples: Examples, folds: int) -> list[dict[str, Any]]:
    """What is said of every example by a classifier that has not seen it."""
    said: list[dict[str, Any]] = [{} for _ in examples.texts]
    with ProcessPoolExecutor(min(folds, os.cpu_count() or 1), mp_context=get_context("fork")) as pool:
        for fold in pool.map(examples.read_by_others, range(folds)):
            for place, digest in fold:
                said[place] = digest
    return said


def _digest(model: FusionModel, text: str, vector: npt.NDArray[np.float32]) -> dict[str, Any]:
    judgement = model.judge(text, vector)
    best = judgement.intents[0]
    answers = judgement.answers.get(intent_of(best.name))
    return {"label": answers[0].name if answers else best.name, "confidence": round(best.confidence, 4)}


def main() -> int:
    """Read, validate, print."""
    given = json.load(sys.stdin)
    try:
        folds = int(sys.argv[1])
        vectors = np.load(given["vectors"], allow_pickle=False)
        fold = folds_of(given["labels"], folds)
        said = validate(Examples(given["texts"], given["labels"], vectors, given["encoder"], fold), folds)
    except ValueError as error:
        sys.stderr.write(f"\n{' '.join(str(error).split())}\n")
        return 2
    json.dump(said, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
