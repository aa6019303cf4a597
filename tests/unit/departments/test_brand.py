"""Whatever colour is chosen, text in it can be read."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpsage.departments import brand

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#ffffff", "#ffffff", 1.0),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert brand.contrast(one, other) == pytest.approx(ratio, abs=0.06)
    assert brand.contrast(other, one) == brand.contrast(one, other)


@given(COLOURS)
def test_text_in_any_colour_is_readable_on_every_ground(colour: str) -> None:
    for palette, grounds in ((brand.light(colour), brand.LIGHT_GROUNDS), (brand.dark(colour), brand.DARK_GROUNDS)):
        for ground in (*grounds, palette.brand_soft):
            assert brand.contrast(palette.brand, ground) >= brand.READABLE
        assert brand.contrast(palette.on_brand, palette.brand) >= brand.READABLE
        assert brand.contrast(palette.on_bubble, palette.bubble) >= brand.READABLE


@given(COLOURS)
def test_a_readable_colour_stays_as_it_is(colour: str) -> None:
    if all(brand.contrast(colour, ground) >= 4.6 for ground in brand.LIGHT_GROUNDS):
        assert brand.light(colour).brand == colour


@given(st.text(max_size=12))
def test_only_a_colour_becomes_a_style_sheet(text: str) -> None:
    written = brand.stylesheet(text)
    assert bool(written) == bool(re.fullmatch(r"#[0-9a-f]{6}", text))
