"""What to look at first: items that mean the same together, and of those the ones that would teach most.

Needs numpy only, so that `./sage bench learning` measures this very code.

A cluster helps by `log2(1 + freshness) * (UNSURE * uncertainty + NEW * distance)`, all three means or sums over its
items: many people say it (what was said a month ago counts half), the assistant was not sure, and nothing like it is in
`data/` yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Cosine from which on two items are of one cluster.
ALIKE = 0.72
#: Weights of uncertainty and of distance from existing examples.
UNSURE, NEW = 0.5, 0.5
#: Days after which what was said counts half.
HALF_LIFE_DAYS = 30.0

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Cluster:
    """Items about the same: numbers of rows, the one that stands for them first, then by nearness to it."""

    members: tuple[int, ...]
    help: float


def clusters(vectors: Floats, alike: float = ALIKE) -> list[tuple[int, ...]]:
    """Group rows by meaning: again and again the row with most neighbours takes its neighbours along.

    The first of each group is that row; of equally many neighbours the earlier one wins, so the result is always the
    same.
    """
    if not len(vectors):
        return []
    cosines = vectors @ vectors.T
    near = cosines >= alike
    np.fill_diagonal(near, val=True)
    free = np.ones(len(vectors), bool)
    counts = near.sum(axis=1).astype(np.int64)
    found: list[tuple[int, ...]] = []
    while free.any():
        middle = int(np.argmax(np.where(free, counts, -1)))
        taken = np.flatnonzero(near[middle] & free)
        order = sorted(taken.tolist(), key=lambda row: (row != middle, -float(cosines[middle, row]), row))
        found.append(tuple(order))
        free[taken] = False
        counts -= near[:, taken].sum(axis=1)
    return found


def freshness(days: float) -> float:
    """What something counts that was said so many days ago: 1 now, 1/2 after HALF_LIFE_DAYS."""
    return float(0.5 ** (max(0.0, days) / HALF_LIFE_DAYS))


def help_of(ages: Sequence[float], uncertainty: Sequence[float], distance: Sequence[float]) -> float:
    """How much accepting a cluster would help.

    Parameters:
        ages: of its items, in days.
        uncertainty: 0 (the assistant was sure) to 1, of each.
        distance: 1 - cosine to the nearest existing example, of each.
    """
    size = np.log2(1 + sum(map(freshness, ages)))
    return float(size * (UNSURE * np.mean(uncertainty) + NEW * np.clip(np.mean(distance), 0, 1)))


def ranked(
    vectors: Floats, ages: Sequence[float], uncertainty: Sequence[float], distance: Sequence[float]
) -> list[Cluster]:
    """All clusters, the most helpful first."""
    found = [
        Cluster(
            group,
            help_of(
                [ages[row] for row in group], [uncertainty[row] for row in group], [distance[row] for row in group]
            ),
        )
        for group in clusters(vectors)
    ]
    return sorted(found, key=lambda cluster: (-cluster.help, cluster.members[0]))


def first_ones(found: Sequence[Cluster], most: int) -> list[int]:
    """The rows that somebody who has time for `most` looks at: of each cluster the first, then the second, ..."""
    longest = max((len(cluster.members) for cluster in found), default=0)
    order = (cluster.members[place] for place in range(longest) for cluster in found if place < len(cluster.members))
    return [row for row, _ in zip(order, range(most), strict=False)]


def distances(vectors: Floats, known: Floats) -> list[float]:
    """How far each row is from the nearest known one, 0 to 1."""
    if not len(known) or not len(vectors):
        return [1.0] * len(vectors)
    nearest = np.clip((vectors @ known.T).max(axis=1), 0, 1)
    return (1 - nearest).tolist()  # type: ignore[no-any-return]
