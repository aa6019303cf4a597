"""Fits a classifier to labelled texts, with numpy alone: the help desk's environment holds no training library.

The logistic regression by Nesterov's accelerated gradient with restarts (O'Donoghue and Candes, 2015); the temperature
by cross-validation, so that it is set on texts that the judges did not learn from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from helpsage.triage import wording
from helpsage.triage.classifier import FORMAT, VECTOR_SCALE, Classifier, Examples, Judges, Linear, spread, tempered
from helpsage.triage.wording import Floats

ROUNDS = 100
FOLDS = 4
#: Part of the regression's penalty that one example carries.
PENALTY = 1.0
#: What the naive Bayes adds to every count.
SMOOTHING = 1.0
TEMPERATURES = np.geomspace(0.25, 3.0, 41)
#: Score of a class that has no example yet: never likely.
NEVER = -1e4

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Example:
    """A text with its topic.

    Attributes:
        weight: 1 is an ordinary one.
        kept: whether its vector may stay in the model, as one to compare with. Not for what people wrote in tickets:
            it would outlive them there.
    """

    text: str
    topic: str
    weight: float = 1.0
    kept: bool = True


@dataclass(frozen=True)
class Trained:
    """A model, and how honest its confidence was on texts that it had not learned from (cross-validation).

    Attributes:
        calibration: mean distance between confidence and share of right answers, over ten groups of confidence.
    """

    model: Classifier
    calibration: float


@dataclass(frozen=True)
class _Set:
    """Examples as numbers."""

    vectors: Floats
    counted: list[list[int]]
    labels: Numbers
    weights: Floats
    kept: npt.NDArray[np.bool_]
    classes: int

    def only(self, chosen: Numbers) -> _Set:
        counted = [self.counted[number] for number in chosen]
        return _Set(
            self.vectors[chosen], counted, self.labels[chosen], self.weights[chosen], self.kept[chosen], self.classes
        )


def train(examples: Sequence[Example], vectors: Floats, encoder: str, classes: Sequence[str]) -> Trained:
    """Fit a model.

    Parameters:
        vectors: the encoder's, a row each example.
        encoder: its version.
        classes: every topic there is; one without examples is never likely.

    Raises:
        ValueError: fewer than two topics have examples.
    """
    if len({example.topic for example in examples}) < 2:
        raise ValueError("at least two topics with examples are needed")
    names = sorted(set(classes) | {example.topic for example in examples})
    everything = _Set(
        vectors,
        [wording.places(example.text) for example in examples],
        np.array([names.index(example.topic) for example in examples], np.int64),
        np.array([example.weight for example in examples], np.float32),
        np.array([example.kept for example in examples]),
        len(names),
    )
    unseen = _unseen(everything, [example.text for example in examples])
    temperature = _temperature(unseen, everything)
    calibrated = tempered(unseen, temperature)
    right = calibrated.argmax(axis=1) == everything.labels
    written = everything.kept if everything.kept.any() else np.ones_like(everything.kept)
    accuracy = float(np.average(right[written], weights=everything.weights[written]))
    version = version_of(examples, classes, encoder)
    model = Classifier(version, encoder, tuple(names), _judges(everything), temperature, accuracy)
    return Trained(model, calibration_error(calibrated.max(axis=1), right))


def calibration_error(confidences: npt.NDArray[np.floating], right: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over ten groups of equal width."""
    group = np.minimum((confidences * 10).astype(int), 9)
    return sum(
        abs(float(confidences[group == each].mean()) - float(right[group == each].mean()))
        * float((group == each).mean())
        for each in np.unique(group)
    )


def _unseen(everything: _Set, texts: Sequence[str]) -> Floats:
    """What judges say of each example who have not seen it."""
    # By the text, so that one that stands there twice is not known from its twin.
    fold = np.array([int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) % FOLDS for text in texts])
    shares = np.full((len(texts), everything.classes), 1e-9, np.float32)
    for each in np.unique(fold):
        seen, unseen = np.flatnonzero(fold != each), np.flatnonzero(fold == each)
        if len(seen):
            judges = _judges(everything.only(seen))
            rows = wording.weighed([everything.counted[number] for number in unseen], judges.rarity)
            shares[unseen] = judges.shares(everything.vectors[unseen], rows)
    return shares


def _temperature(shares: Floats, everything: _Set) -> float:
    """The one under which the right answers are likeliest."""
    own = np.arange(len(shares)), everything.labels
    losses = [
        float(-np.average(np.log(np.maximum(tempered(shares, each)[own], 1e-9)), weights=everything.weights))
        for each in TEMPERATURES
    ]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _judges(some: _Set) -> Judges:
    worth = wording.rarity(some.counted)
    rows = wording.weighed(some.counted, worth)
    examples = Examples(some.vectors[some.kept], some.labels[some.kept])
    return Judges(_fit_meaning(some), _fit_wording(some, rows), worth, examples)


def _fit_wording(some: _Set, rows: wording.Rows) -> Linear:
    """Complement naive Bayes: what the other classes say seldom speaks for this one; classes of all sizes are equal."""
    counts = np.zeros((wording.SIZE, some.classes))
    of_term = np.repeat(np.arange(len(some.labels)), np.diff(rows.starts))
    np.add.at(counts, (rows.columns, some.labels[of_term]), rows.weights * some.weights[of_term])
    others = counts.sum(axis=1, keepdims=True) - counts + SMOOTHING
    logs = np.log(others / others.sum(axis=0, keepdims=True))
    weights = -logs / np.abs(logs).sum(axis=0, keepdims=True) * wording.SIZE
    bias = np.zeros(some.classes, np.float32)
    bias[_without_examples(some)] = NEVER
    return Linear((weights - weights.mean(axis=1, keepdims=True)).astype(np.float32), bias)


def _fit_meaning(some: _Set) -> Linear:
    """Minimise the weighted cross-entropy and a squared penalty."""
    vectors, rows = some.vectors * np.float32(VECTOR_SCALE), np.float32(len(some.labels))
    importance = _balanced(some)
    target = np.zeros((len(some.labels), some.classes), np.float32)
    target[np.arange(len(some.labels)), some.labels] = 1
    decay = np.float32(PENALTY) / rows
    # A row's loss has a curvature of at most half its squared length, and on average far less: the restart catches
    # steps that overshoot.
    step = np.float32(2.0 / (0.5 * (VECTOR_SCALE**2 + 1) * float(importance.max()) + float(decay)))
    here = ahead = np.zeros((vectors.shape[1] + 1, some.classes), np.float32)
    momentum, empty = 1.0, _without_examples(some)
    for _ in range(ROUNDS):
        scores = vectors @ ahead[:-1] + ahead[-1]
        scores[:, empty] = NEVER
        errors = (spread(scores) - target) * importance[:, None] / rows
        slope = np.concatenate([vectors.T @ errors + decay * ahead[:-1], errors.sum(axis=0)[None, :]])
        following = ahead - step * slope
        if float(np.vdot(slope, following - here)) > 0:
            momentum = 1.0
        after = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead = following + np.float32((momentum - 1) / after) * (following - here)
        here, momentum = following, after
    bias = here[-1].copy()
    bias[empty] = NEVER
    return Linear(here[:-1], bias)


def _without_examples(some: _Set) -> Numbers:
    return np.setdiff1d(np.arange(some.classes), some.labels)


def _balanced(some: _Set) -> Floats:
    """Each example's weight, topics with few examples lifted half of the way to equality."""
    counts = np.bincount(some.labels, weights=some.weights, minlength=some.classes)
    per_class = np.sqrt(some.weights.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1e-9)))
    balanced: Floats = (some.weights * per_class[some.labels]).astype(np.float32)
    return balanced


def version_of(examples: Sequence[Example], classes: Sequence[str], encoder: str) -> str:
    """What a model made from these is called."""
    names = sorted(set(classes) | {example.topic for example in examples})
    digest = hashlib.sha256(f"{FORMAT}\0{encoder}\0{'|'.join(names)}".encode())
    for example in sorted(examples, key=lambda each: (each.topic, each.text)):
        digest.update(f"\0{example.topic}\0{example.weight}\0{example.text}".encode("utf-8", "surrogatepass"))
    return f"local-{digest.hexdigest()[:10]}"
