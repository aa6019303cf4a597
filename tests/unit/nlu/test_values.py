"""What people write becomes one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.nlu.values import amount, reference


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("450", "450"),
        ("1,200.50", "1200.50"),
        ("1.200,50", "1200.50"),
        ("1 200,50", "1200.50"),
        ("1,20,000", "120000"),
        ("1.200", "1200"),
        ("1,200", "1200"),
        ("12,5", "12.50"),
        ("20.00", "20.00"),
        ("0.99", "0.99"),
        ("5k", "5000"),
        ("5 K", "5000"),
        ("1.5k", "1500"),
        ("2 lakh", "200000"),
        ("2.5 lakhs", "250000"),
        ("3 crore", "30000000"),
    ],
)
def test_amount(written: str, normal: str) -> None:
    assert amount(written) == normal


@given(st.integers(min_value=1, max_value=99_999_999), st.integers(min_value=0, max_value=99))
def test_both_ways_of_writing_an_amount_mean_the_same(whole: int, hundredths: int) -> None:
    english = f"{whole:,}.{hundredths:02}"
    continental = english.translate(str.maketrans(",.", ".,"))
    assert amount(english) == amount(continental) == f"{whole}.{hundredths:02}"


def test_what_is_no_number_stays() -> None:
    assert amount("a lot") == "a lot"


@pytest.mark.parametrize("written", ["HS-1042", "hs 1042", "#HS1042", "HS#1042", "hs – 1042"])
def test_reference(written: str) -> None:
    assert reference(written) == "HS-1042"
