"""Simulated months: part of the examples is hidden and comes back as traffic; some of it is accepted, and trained.

What is accepted carries its true label, as if somebody who knows had decided. The assistant that asks is the one of the
month before: its own confidence is the uncertainty that the ranking sees.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from assistant.nlu.fusion_model import FusionModel
from assistant.nlu.fusion_training import train
from helpsage.training import ranking

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Texts:
    """Labelled texts with their vectors."""

    texts: Sequence[str]
    labels: Sequence[str]
    vectors: Floats

    def only(self, rows: Sequence[int] | Rows) -> Texts:
        """Some of them."""
        return Texts([self.texts[row] for row in rows], [self.labels[row] for row in rows], self.vectors[list(rows)])


@dataclass(frozen=True)
class Plan:
    """How the months go.

    Attributes:
        hidden: share of the examples that the assistant does not have at first.
        accepted: examples that somebody has time for in a month.
    """

    months: int = 5
    hidden: float = 0.6
    accepted: int = 120


@dataclass
class Course:
    """How one run went: examples accepted, and accuracy on the held-out messages, at first and after each month."""

    accepted: list[int] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)


class Choice(Protocol):
    """Which waiting rows somebody looks at in a month."""

    def __call__(
        self, model: FusionModel, waiting: Texts, ages: Sequence[float], known: Texts, most: int, seed: int
    ) -> list[int]: ...


def by_ranking(
    model: FusionModel, waiting: Texts, ages: Sequence[float], known: Texts, most: int, seed: int
) -> list[int]:
    """The review's own: clusters by `ranking.help_of`, of each the middle first."""
    found = ranking.ranked(
        waiting.vectors,
        ages,
        [1 - confidence(model, text, vector) for text, vector in zip(waiting.texts, waiting.vectors, strict=True)],
        ranking.distances(waiting.vectors, known.vectors),
    )
    return ranking.first_ones(found, most)


def at_random(
    model: FusionModel, waiting: Texts, ages: Sequence[float], known: Texts, most: int, seed: int
) -> list[int]:
    """Any of them."""
    order: list[int] = np.random.default_rng(seed).permutation(len(waiting.texts))[:most].tolist()
    return order


def least_sure(
    model: FusionModel, waiting: Texts, ages: Sequence[float], known: Texts, most: int, seed: int
) -> list[int]:
    """Those of which the assistant is least sure, and nothing else: the textbook's uncertainty sampling."""
    sure = [confidence(model, text, vector) for text, vector in zip(waiting.texts, waiting.vectors, strict=True)]
    order: list[int] = np.argsort(sure, kind="stable")[:most].tolist()
    return order


def confidence(model: FusionModel, text: str, vector: Floats) -> float:
    """Of the likeliest intent."""
    return model.judge(text, vector).intents[0].confidence


def answered(model: FusionModel, text: str, vector: Floats) -> str:
    """The intent, with the entry when it is a question of knowledge."""
    judged = model.judge(text, vector)
    best = judged.intents[0].name
    return judged.answers[best][0].name if best in judged.answers else best


def accuracy(model: FusionModel, held_out: Texts) -> float:
    """Share of held-out messages with the right intent and the right answer."""
    found = [answered(model, text, vector) for text, vector in zip(held_out.texts, held_out.vectors, strict=True)]
    return float(np.mean([one == other for one, other in zip(found, held_out.labels, strict=True)]))


def split(everything: Texts, hidden: float, months: int, seed: int) -> tuple[Rows, list[Rows]]:
    """Rows that are known at first, at least two of each label, and the rows of each month."""
    dice = np.random.default_rng(seed)
    known: list[int] = []
    rest: list[int] = []
    labels = np.asarray(everything.labels)
    for label in sorted(set(everything.labels)):
        rows = dice.permutation(np.flatnonzero(labels == label))
        kept = max(2, round(len(rows) * (1 - hidden)))
        known += rows[:kept].tolist()
        rest += rows[kept:].tolist()
    order = dice.permutation(np.array(sorted(rest), np.int64))
    return np.array(sorted(known), np.int64), list(np.array_split(order, months))


def begun(everything: Texts, plan: Plan, seed: int, encoder: str) -> FusionModel:
    """The assistant before the first month: the same for every way to choose."""
    return trained(everything.only(split(everything, plan.hidden, plan.months, seed)[0]), encoder)


def live(
    everything: Texts, held_out: Texts, plan: Plan, choice: Choice, seed: int, model: FusionModel, encoder: str
) -> Course:
    """Go through the months, from the assistant that `begun` gave."""
    first, months = split(everything, plan.hidden, plan.months, seed)
    known, waiting = first.tolist(), dict[int, int]()
    course = Course()
    _note(course, 0, model, held_out)
    for month, arrived in enumerate(months):
        waiting |= dict.fromkeys(arrived.tolist(), month)
        rows = list(waiting)
        ages = [30.0 * (month - waiting[row]) + 15.0 for row in rows]
        chosen = choice(model, everything.only(rows), ages, everything.only(known), plan.accepted, seed * 1_000 + month)
        for place in chosen:
            known.append(rows[place])
            del waiting[rows[place]]
        model = trained(everything.only(known), encoder)
        _note(course, len(known) - len(first), model, held_out)
    return course


def trained(some: Texts, encoder: str) -> FusionModel:
    """The assistant's classifier, fitted to these."""
    return train(some.texts, some.labels, some.vectors, encoder)


def _note(course: Course, accepted: int, model: FusionModel, held_out: Texts) -> None:
    course.accepted.append(accepted)
    course.accuracy.append(accuracy(model, held_out))


def seconds(began: float) -> float:
    """Since then."""
    return round(time.monotonic() - began, 1)
