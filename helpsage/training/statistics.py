"""The arithmetic of comparing: what is chance, how good, how honest.

Exact where a formula is: the numbers here are small (some hundred messages that two models disagree on).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

#: z of a two-sided interval of 95 %.
Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Paired:
    """Two models on the same messages.

    Attributes:
        gained: messages that only the new one gets right.
        lost: messages that only the old one gets right.
    """

    messages: int
    right_before: int
    right: int
    gained: int
    lost: int

    @property
    def p_different(self) -> float:
        """McNemar's exact test, two-sided: how often chance alone makes two equal models differ at least so much."""
        return mcnemar(self.gained, self.lost)

    @property
    def p_worse(self) -> float:
        """The same, one-sided: how often chance alone makes a model that is as good lose at least so many more."""
        return at_least(self.lost, self.gained + self.lost)


def paired(before: Sequence[bool], after: Sequence[bool]) -> Paired:
    """Count; both tell of the same messages in the same order."""
    both = list(zip(before, after, strict=True))
    return Paired(
        messages=len(both),
        right_before=sum(before),
        right=sum(after),
        gained=sum(new and not old for old, new in both),
        lost=sum(old and not new for old, new in both),
    )


def at_least(count: int, tosses: int) -> float:
    """How likely `count` heads or more are in so many tosses of a fair coin."""
    if count <= 0:
        return 1.0
    ways: int = sum(math.comb(tosses, heads) for heads in range(count, tosses + 1))
    return float(ways / 2**tosses)


def mcnemar(gained: int, lost: int) -> float:
    """McNemar's exact test on the messages that only one of two models gets right (two-sided binomial)."""
    return min(1.0, 2 * at_least(max(gained, lost), gained + lost))


def wilson(right: int, messages: int) -> tuple[float, float]:
    """Interval of 95 % for a share (Wilson, 1927): honest also for few messages and near 0 and 1."""
    if messages == 0:
        return 0.0, 1.0
    share, square = right / messages, Z_95**2 / messages
    middle = (share + square / 2) / (1 + square)
    half = Z_95 / (1 + square) * math.sqrt(share * (1 - share) / messages + square / (4 * messages))
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Class:
    """How well one intent is told from the others.

    Attributes:
        messages: how many messages are of it.
    """

    name: str
    messages: int
    precision: float
    recall: float
    f1: float


def by_class(right: Sequence[str], said: Sequence[str]) -> list[Class]:
    """One line for every intent that is right somewhere, by name."""
    truths, claims = Counter(right), Counter(said)
    hits = Counter(truth for truth, claim in zip(right, said, strict=True) if truth == claim)
    found = []
    for name in sorted(truths):
        precision = hits[name] / claims[name] if claims[name] else 0.0
        recall = hits[name] / truths[name]
        both = precision + recall
        found.append(Class(name, truths[name], precision, recall, 2 * precision * recall / both if both else 0.0))
    return found


def macro_f1(classes: Sequence[Class]) -> float:
    """The mean of the intents' F1: a rare one counts as much as a common one."""
    return sum(each.f1 for each in classes) / len(classes) if classes else 0.0


def confusions(right: Sequence[str], said: Sequence[str]) -> list[tuple[str, str, int]]:
    """Which intent was taken for which other, and how often, the most first."""
    pairs = Counter((truth, claim) for truth, claim in zip(right, said, strict=True) if truth != claim)
    return [(truth, claim, count) for (truth, claim), count in sorted(pairs.items(), key=lambda each: (-each[1], each))]


@dataclass(frozen=True)
class Bin:
    """Messages whose confidence lies between two bounds."""

    low: float
    high: float
    messages: int
    right: int
    mean: float

    @property
    def share(self) -> float:
        """Of right ones."""
        return self.right / self.messages if self.messages else 0.0


def bins(confidences: Sequence[float], right: Sequence[bool], count: int = 10) -> list[Bin]:
    """Messages by confidence, in bins of equal width from 0 to 1."""
    places = [min(count - 1, max(0, int(value * count))) for value in confidences]
    found = []
    for number in range(count):
        inside = [place for place, where in enumerate(places) if where == number]
        total = sum(confidences[place] for place in inside)
        found.append(
            Bin(
                low=number / count,
                high=(number + 1) / count,
                messages=len(inside),
                right=sum(right[place] for place in inside),
                mean=total / len(inside) if inside else 0.0,
            )
        )
    return found


def calibration_error(found: Sequence[Bin]) -> float:
    """Mean distance between how sure the model was and how often it was right (expected calibration error)."""
    messages = sum(each.messages for each in found)
    return sum(each.messages * abs(each.mean - each.share) for each in found) / messages if messages else 0.0


def agreement(one: Sequence[Hashable], other: Sequence[Hashable]) -> float:
    """Share of places in which both say the same; 1 when there are none."""
    same = [first == second for first, second in zip(one, other, strict=True)]
    return sum(same) / len(same) if same else 1.0
