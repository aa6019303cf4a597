"""References as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpsage.tickets import reference


@pytest.mark.parametrize(
    "written",
    [
        "HS-1042",
        "hs 1042",
        "#HS1042",
        "Hs1042",
        "hs–1042",
        "HS - 1042",
        "hs#1042",
        "ＨＳ－１０４２",
        "where is HS-1042?",
        "(HS-1042)",
        "my ticket hs_1042, please",
        "1042",
        " #1042 ",
    ],
)
def test_understood(written: str) -> None:
    assert reference.parse(written) == 1042


@pytest.mark.parametrize(
    "written",
    [
        "",
        "HS-",
        "HS-0",
        "hello",
        "ticket 1042 please",
        "maths 1042",
        "HS-10a4",
        "HS-1042x",
        "1042 1043",
        "HS-" + "9" * 13,
    ],
)
def test_not_a_reference(written: str) -> None:
    assert reference.parse(written) is None


@given(st.integers(1, 10**12 - 1), st.text("abc .,!?\n", max_size=20))
def test_found_in_any_sentence(number: int, words: str) -> None:
    assert reference.parse(f"{words} HS-{number} {words}") == number


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    found = reference.parse(text)
    assert found is None or 0 < found < 10**12
