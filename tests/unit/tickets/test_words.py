"""What people write: cleaned, measured, never changed in meaning."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpsage.tickets import words
from helpsage.tickets.errors import InvalidText


def test_trimmed_and_line_ends_made_plain() -> None:
    assert words.body("  one\r\ntwo\rthree\u2028four \n") == "one\ntwo\nthree\nfour"


def test_control_characters_and_nul_are_removed() -> None:
    assert words.body("a\x00b\x07c\x1b[0m\td") == "abc[0m\td"


def test_half_a_surrogate_pair_is_removed() -> None:
    assert words.body("a\ud83db") == "ab"


@pytest.mark.parametrize("nothing", ["", "   ", "\n\t", "\x00\x00", "\u200b\u200d\ufeff", "\u00a0"])
def test_nothing_visible_is_refused(nothing: str) -> None:
    with pytest.raises(InvalidText) as refusal:
        words.body(nothing)
    assert refusal.value.problem == "empty"


@pytest.mark.parametrize("few", ["🔥", "👩🏽‍💻", "?", "é", "语", "<b>", "'; drop table ticket; --"])
def test_anything_visible_is_kept_as_it_is(few: str) -> None:
    assert words.body(few) == few


def test_longest_is_kept_and_one_more_is_refused() -> None:
    assert len(words.body("x" * words.LONGEST_BODY)) == 20_000
    with pytest.raises(InvalidText) as refusal:
        words.body("x" * (words.LONGEST_BODY + 1))
    assert refusal.value.problem == "too_long"
    assert "20,001" in str(refusal.value)


def test_subject_comes_from_the_description_when_there_is_none() -> None:
    assert words.subject(" \n", "The printer\non the 2nd floor jams") == "The printer on the 2nd floor jams"


def test_long_subject_is_cut_between_words() -> None:
    cut = words.subject("word " * 100, "")
    assert len(cut) <= words.LONGEST_SUBJECT
    assert cut.endswith("word…")


def test_subject_without_a_space_is_cut_anywhere() -> None:
    assert words.subject("x" * 500, "") == "x" * 199 + "…"


@given(st.text(min_size=1, max_size=400))
def test_every_subject_is_one_short_line(text: str) -> None:
    line = words.subject(text, "description")
    assert 0 < len(line) <= words.LONGEST_SUBJECT
    assert "\n" not in line


@given(st.text(max_size=400))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert words.clean(words.clean(text)) == words.clean(text)


def test_json_is_cleaned_all_through() -> None:
    dirty = {"a\x00": ["b\x00", {"c": "d\ud800"}], "n": 3, "none": None, "yes": True}
    cleaned = words.clean_json(dirty)
    assert cleaned == {"a": ["b", {"c": "d"}], "n": 3, "none": None, "yes": True}
    assert "\\u0000" not in json.dumps(cleaned)
