"""Fits the fusion model's judges to examples. Apart from the model, because only training needs scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from assistant.nlu.fusion_model import VECTOR_SCALE, Floats, FusionModel, Linear, intent_of
from assistant.nlu.lexicon import Lexicon, clean, is_worded

Names = npt.NDArray[np.str_]


def train(texts: Sequence[str], labels: Sequence[str], vectors: Floats, encoder: str) -> FusionModel:
    """Fit the three judges.

    Args:
        texts: the examples.
        labels: their classes; those with a slash are answers of the retrieval intent before it.
        vectors: their sentence vectors, one row each.
        encoder: version of the encoder that made the vectors.

    Raises:
        ValueError: fewer than two intents; there is nothing to tell apart.
    """
    order = _worded(texts, labels)
    names = np.asarray(labels)[order]
    intents = np.array([intent_of(name) for name in names])
    if len(set(intents)) < 2:
        raise ValueError("at least two intents with examples are needed")
    ordered = [texts[number] for number in order]
    examples = np.ascontiguousarray(vectors[order], np.float32)
    classes, first = np.unique(names, return_index=True)
    lexicon = Lexicon.of(ordered)
    terms = _matrix(lexicon, ordered)
    class_meaning = _fit_meaning(examples, names)
    return FusionModel(
        classes=classes.tolist(),
        encoder=encoder,
        lexicon=lexicon,
        class_meaning=class_meaning,
        intent_meaning=class_meaning if len(set(intents)) == len(classes) else _fit_meaning(examples, intents),
        intent_wording=_fit_wording(terms, intents),
        answer_wording=_fit_answers(terms, names, intents),
        examples=examples,
        first_example=first.astype(np.int64),
        symbols=_symbols(texts, labels),
    )


def _fit_meaning(examples: Floats, names: Names) -> Linear:
    judge = LogisticRegression(C=1.0, class_weight="balanced", max_iter=300)
    judge.fit(examples * np.float32(VECTOR_SCALE), names)
    fitted = _all_columns(judge.coef_, judge.intercept_)
    return Linear((fitted.weights * VECTOR_SCALE).astype(np.float32), fitted.bias)


def _fit_wording(terms: csr_matrix, names: Names) -> Linear:
    judge = LinearSVC(C=1.0, class_weight="balanced", random_state=0)
    judge.fit(terms, names)
    fitted = _all_columns(judge.coef_, judge.intercept_)
    return Linear(fitted.weights.astype(np.float16), fitted.bias)


def _fit_answers(terms: csr_matrix, names: Names, intents: Names) -> dict[str, Linear]:
    judges = {}
    for intent in sorted({intent_of(name) for name in names if "/" in name}):
        of_intent = intents == intent
        if len(set(names[of_intent])) > 1:
            judges[intent] = _fit_wording(terms[of_intent], names[of_intent])
    return judges


def _matrix(lexicon: Lexicon, texts: Sequence[str]) -> csr_matrix:
    rows = [lexicon.weigh(text) for text in texts]
    starts = np.cumsum([0, *(len(indices) for indices, _ in rows)])
    indices = np.concatenate([indices for indices, _ in rows])
    weights = np.concatenate([weights for _, weights in rows])
    return csr_matrix((weights, indices, starts), shape=(len(texts), len(lexicon)))


def _all_columns(weights: Floats, bias: Floats) -> Linear:
    """Of two classes the library stores only the second one's column; the first is its mirror."""
    if len(bias) == 1:
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    return Linear(np.ascontiguousarray(weights.T), bias.astype(np.float32))


def _worded(texts: Sequence[str], labels: Sequence[str]) -> list[int]:
    """The numbers of the examples with a letter or digit, by class.

    The others have no words to learn from, and the encoder gives all of them, and every word it cannot read, the same
    vector. They are kept as symbols, unless a class has nothing else.
    """
    worded = {label for text, label in zip(texts, labels, strict=True) if is_worded(text)}
    kept = [number for number, text in enumerate(texts) if is_worded(text) or labels[number] not in worded]
    return sorted(kept, key=lambda number: labels[number])


def _symbols(texts: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    cleaned = ((clean(text), label) for text, label in zip(texts, labels, strict=True))
    return {text: label for text, label in cleaned if text and not is_worded(text)}
