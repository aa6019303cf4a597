"""What search compares: folded words, words a few letters apart, and the pieces that are shown."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpsage.tickets.search import typos, words
from helpsage.tickets.search.typos import distance, mistakes_allowed, neighbourhood


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Büro", "buro"),
        ("Bu\u0308ro", "buro"),
        ("Nguyễn", "nguyen"),
        ("foo_bar/baz.qux", "foo bar baz qux"),
        ("Ada's desk", "ada s desk"),
        ("ЖУК", "жук"),
        ("ﬁne", "fine"),
        ("a\u00a0b\u2009c\u3000d", "a b c d"),
        ("«guillemets» “quotes”", "guillemets quotes"),
    ],
)
def test_folding(written: str, folded: str) -> None:
    assert words.fold(written) == folded


def test_a_query_is_words_each_once_and_not_too_many() -> None:
    assert words.asked("Wi-Fi wi fi 😀 !") == ["wi", "fi"]
    assert len(words.asked(" ".join(f"word{n}" for n in range(100)))) == words.MOST_WORDS
    assert words.asked("x" * 500) == ["x" * words.LONGEST_WORD]


def text_of(pieces: list[words.Piece]) -> str:
    return "".join(f"[{piece.text}]" if piece.found else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("text", "asked", "shown"),
    [
        ("The printer jams", ["print"], "The [printer] jams"),
        ("Büro, BÜRO, Bürozeiten", ["buro"], "[Büro], [BÜRO], [Bürozeiten]"),
        ("on onward", ["on"], "[on] onward"),
        ("nothing here", ["else"], "nothing here"),
        ("<b>fee</b>", ["fee"], "<b>[fee]</b>"),
        ("", ["fee"], ""),
    ],
)
def test_marking(text: str, asked: list[str], shown: str) -> None:
    assert text_of(words.marked(text, asked)) == shown


@given(st.text(max_size=200), st.lists(st.text(max_size=8), max_size=3))
def test_marking_changes_no_letter(text: str, asked: list[str]) -> None:
    assert "".join(piece.text for piece in words.marked(text, asked)) == text


def test_an_excerpt_is_cut_around_the_first_word_found() -> None:
    text = "lorem " * 60 + "needle " + "ipsum " * 60
    shown = text_of(words.excerpt(text, ["needle"]))
    assert shown.startswith("…lorem")
    assert "[needle]" in shown
    assert shown.endswith("ipsum…")
    assert len(shown) < 200
    assert words.excerpt(text, ["absent"]) == []


@given(st.text(max_size=400), st.text(min_size=1, max_size=6))
def test_an_excerpt_is_there_exactly_when_a_word_is(text: str, asked: str) -> None:
    line = " ".join(text.split())
    found = any(piece.found for piece in words.marked(line, [asked]))
    assert bool(words.excerpt(text, [asked])) == found


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [
        ("password", "password", 0),
        ("pasword", "password", 1),
        ("passwrod", "password", 1),
        ("passwort", "password", 1),
        ("passwordd", "password", 1),
        ("authentification", "authentication", 2),
        ("card", "payment", 3),
    ],
)
def test_distance(one: str, other: str, steps: int) -> None:
    assert distance(one, other, 2) == steps


LETTERS = st.text(string.ascii_lowercase, min_size=typos.SHORTEST, max_size=12)


@st.composite
def slips(draw: st.DrawFn) -> tuple[str, str]:
    """A word, and the same with as many mistakes as it may have."""
    word = draw(LETTERS)
    slipped = word
    for _ in range(mistakes_allowed(word)):
        at = draw(st.integers(0, len(slipped) - 1))
        letter = draw(st.sampled_from(string.ascii_lowercase))
        slipped = draw(
            st.sampled_from(
                [
                    slipped[:at] + letter + slipped[at + 1 :],
                    slipped[:at] + letter + slipped[at:],
                    slipped[:at] + slipped[at + 1 :],
                    slipped[:at] + slipped[at + 1 : at + 2] + slipped[at : at + 1] + slipped[at + 2 :],
                ]
            )
        )
    return word, slipped


@given(slips())
def test_words_near_each_other_share_a_neighbour(pair: tuple[str, str]) -> None:
    word, slipped = pair
    allowed = mistakes_allowed(word)
    near = distance(word, slipped, allowed)
    if near <= allowed:
        assert set(neighbourhood(word, allowed)) & set(neighbourhood(slipped, allowed))


@given(LETTERS, LETTERS)
def test_distance_is_the_same_both_ways(one: str, other: str) -> None:
    assert distance(one, other, 2) == distance(other, one, 2)


@pytest.mark.parametrize(
    ("word", "allowed"), [("fee", 0), ("exam", 1), ("payment", 1), ("password", 2), ("abc1234x", 0)]
)
def test_short_words_may_have_fewer_mistakes(word: str, allowed: int) -> None:
    assert mistakes_allowed(word) == allowed
