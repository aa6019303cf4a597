"""Items that mean the same stand together, and what would teach most comes first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpsage.training import ranking


def rows(*angles: float) -> ranking.Floats:
    """Vectors of length 1 at these angles (degrees)."""
    return np.array([(np.cos(np.radians(angle)), np.sin(np.radians(angle))) for angle in angles], np.float32)


def test_the_one_with_most_neighbours_stands_for_its_cluster() -> None:
    assert ranking.clusters(rows(0, 40, 80, 180), alike=0.7) == [(1, 0, 2), (3,)]


def test_nothing_is_no_cluster() -> None:
    assert ranking.clusters(np.zeros((0, 2), np.float32)) == []
    assert ranking.ranked(np.zeros((0, 2), np.float32), [], [], []) == []


@settings(deadline=None)
@given(st.lists(st.floats(0, 360), max_size=30))
def test_every_row_is_in_one_cluster_near_its_middle(angles: list[float]) -> None:
    vectors = rows(*angles)
    found = ranking.clusters(vectors)
    assert sorted(row for group in found for row in group) == list(range(len(angles)))
    for group in found:
        assert all(vectors[row] @ vectors[group[0]] >= ranking.ALIKE - 1e-5 for row in group)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        (([0.0, 0.0], [0.5, 0.5], [0.5, 0.5]), ([0.0], [0.5], [0.5])),
        (([0.0], [0.5], [0.5]), ([60.0], [0.5], [0.5])),
        (([0.0], [0.9], [0.5]), ([0.0], [0.2], [0.5])),
        (([0.0], [0.5], [0.9]), ([0.0], [0.5], [0.1])),
    ],
    ids=["more people", "lately", "less sure", "newer"],
)
def test_what_helps_more(better: tuple[list[float], ...], worse: tuple[list[float], ...]) -> None:
    assert ranking.help_of(*better) > ranking.help_of(*worse)


def test_a_month_ago_counts_half() -> None:
    assert ranking.freshness(0) == 1
    assert ranking.freshness(ranking.HALF_LIFE_DAYS) == pytest.approx(0.5)


def test_first_the_middle_of_every_cluster() -> None:
    found = [ranking.Cluster((4, 1, 2), 3.0), ranking.Cluster((0, 3), 2.0)]
    assert ranking.first_ones(found, 4) == [4, 0, 1, 3]
    assert ranking.first_ones(found, 99) == [4, 0, 1, 3, 2]


def test_distance_is_to_the_nearest_known_one() -> None:
    assert ranking.distances(rows(0, 90), rows(0, 180)) == pytest.approx([0.0, 1.0], abs=1e-6)
    assert ranking.distances(rows(0), np.zeros((0, 2), np.float32)) == [1.0]
