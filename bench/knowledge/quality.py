"""Whether the right article comes first, and what would be quoted to whom."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from bench.knowledge.questions import Question
from helpsage.knowledge import search
from helpsage.knowledge.reading import STAFF
from helpsage.knowledge.search import Passage

MOST = 5
#: Of what is out of scope, at most so much may be answered on the half that the threshold is set by.
FALSE_ANSWERS = 0.05
#: Name -> words, meaning.
WAYS = {"words and meaning": (True, True), "words only": (True, False), "meaning only": (False, True)}
#: Of the fit: how strongly small weights are preferred.
RIDGE = 0.001


@dataclass(frozen=True)
class Found:
    """What came of a question.

    Attributes:
        rank: of the first right article, from 1; None: it is not among those found.
    """

    question: Question
    first: Passage | None
    rank: int | None

    @property
    def right(self) -> bool:
        return self.rank == 1


def ask(session: Session, questions: Sequence[Question], way: str) -> list[Found]:
    """Ask everything in one way, as staff: all that is published may be found."""
    by_words, by_meaning = WAYS[way]
    found = []
    for question in questions:
        passages = search.search(
            session,
            question.text,
            STAFF,
            limit=MOST,
            by_words=by_words,
            by_meaning=by_meaning,
            each_article_once=True,
        )
        slugs = [passage.slug for passage in passages]
        rank = next((place for place, slug in enumerate(slugs, 1) if slug in question.articles), None)
        found.append(Found(question, passages[0] if passages else None, rank))
    return found


def ranking(found: Sequence[Found]) -> dict[str, float]:
    """Recall and mean reciprocal rank, over what can be answered."""
    ranks = [each.rank for each in found if each.question.articles]
    return {
        "questions": len(ranks),
        "recall_at_1": _share(ranks, lambda rank: rank == 1),
        "recall_at_5": _share(ranks, lambda rank: rank is not None),
        "mrr": round(sum(1 / rank for rank in ranks if rank) / max(len(ranks), 1), 3),
    }


def quoting(found: Sequence[Found], threshold: float) -> dict[str, Any]:
    """What would be quoted at this threshold."""
    answerable = [each for each in found if each.question.articles]
    outside = [each for each in found if not each.question.articles]
    quoted = [each for each in answerable if _sure(each) >= threshold]
    return {
        "threshold": threshold,
        "answerable": len(answerable),
        "quoted": len(quoted),
        "quoted_right": sum(each.right for each in quoted),
        "quoted_wrong": sum(not each.right for each in quoted),
        "out_of_scope": len(outside),
        "false_answers": sum(_sure(each) >= threshold for each in outside),
    }


def choose(found: Sequence[Found]) -> float:
    """The lowest threshold at which few enough of what is out of scope is answered."""
    outside = sorted((_sure(each) for each in found if not each.question.articles), reverse=True)
    allowed = int(FALSE_ANSWERS * len(outside))
    highest_refused = outside[allowed] if allowed < len(outside) else 0.0
    return math.floor(highest_refused * 100 + 1) / 100


def fit(found: Sequence[Found]) -> tuple[float, list[float]]:
    """Bias and weights: a ridge logistic regression by Newton's method."""
    some = [each for each in found if each.first is not None]
    rows = np.array([[1.0, *each.first.signs.numbers()] for each in some if each.first is not None])
    right = np.array([float(each.right) for each in some])
    weights = np.zeros(rows.shape[1])
    keep = np.diag([0.0, *[RIDGE] * (rows.shape[1] - 1)]) * len(rows)
    for _ in range(50):
        likely = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (right - likely) - keep @ weights
        curve = (rows * (likely * (1 - likely))[:, None]).T @ rows + keep
        weights = weights + np.linalg.solve(curve, slope)
    return round(float(weights[0]), 2), [round(float(weight), 2) for weight in weights[1:]]


def calibration(found: Sequence[Found]) -> float:
    """How far confidence and truth are apart, on average over five equal steps (expected calibration error)."""
    error = 0.0
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        some = [each for each in found if low <= _sure(each) < low + 0.2 or (low == 0.8 and _sure(each) == 1.0)]
        if some:
            apart = sum(_sure(each) for each in some) - sum(each.right for each in some)
            error += abs(apart) / len(found)
    return round(error, 3)


def _sure(each: Found) -> float:
    return each.first.confidence if each.first is not None else 0.0


def _share(ranks: Sequence[int | None], counts: Callable[[int | None], bool]) -> float:
    return round(sum(counts(rank) for rank in ranks) / max(len(ranks), 1), 3)
