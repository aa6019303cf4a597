"""Vectors are written so that not a bit of them is lost."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from helpsage.db.vector import written


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_what_is_written_reads_as_the_same_vector(numbers: list[float]) -> None:
    vector = np.array(numbers, np.float32)
    assert np.array_equal(np.array(json.loads(written(vector)), np.float32), vector)


def test_numbers_of_64_bits_are_written_as_the_nearest_of_32() -> None:
    assert written(np.array([0.1, 1 / 3])) == written(np.array([0.1, 1 / 3], np.float32)) == "[0.100000001,0.333333343]"
