"""Long passages are cut where a reader would cut them."""

from __future__ import annotations

from actions.articles import SHOWN, shortened


def test_a_short_one_is_shown_whole() -> None:
    assert shortened("1. One\n2. Two") == "1. One\n2. Two"


def test_a_long_one_ends_with_a_whole_item() -> None:
    text = "\n".join(f"{number}. Press the button with the number {number}." for number in range(1, 100))
    shown = shortened(text)
    assert len(shown) <= SHOWN + 2
    assert shown.endswith(". …")
    assert text.startswith(shown.removesuffix(" …"))


def test_code_that_is_cut_is_closed() -> None:
    shown = shortened("```\n" + "one line of code\n" * 200 + "```")
    assert shown.count("```") == 2
