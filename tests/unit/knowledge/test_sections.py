"""Articles are cut at their headings; nothing is lost on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpsage.knowledge import sections
from helpsage.tickets.words import clean

_LINES = st.sampled_from(
    [
        "# One", "## Two words", "### Three ###", "#### Four", "#not a heading", "Setext", "===", "---", "```", "~~~",
        "```python", "    ## indented code", "> ## quoted", "- ## in a list", "1. First. Then more.", "2. Second",
        "", "", "A sentence. Another one! A third?", "word " * 90, "ends. " * 80, "**bold** `code` [a](https://a.example)",
        "Straße – 数学 🎓", "\t## tab", "  ## two spaces", "<!-- ## comment", "<div>", "[ref]: /x", "\\## escaped",
    ]
)  # fmt: skip
_ARTICLES = st.one_of(st.lists(_LINES, max_size=25).map("\n".join), st.text().map(clean), st.text().map(clean))


@settings(max_examples=400, deadline=None)
@given(_ARTICLES)
def test_nothing_is_lost_and_the_order_is_kept(body: str) -> None:
    found = sections.split(body)
    assert "".join(section.source for section in found) == body
    assert [section.number for section in found] == list(range(len(found)))
    for section in found:
        assert section.source.endswith(section.text)
        assert "".join(sections.pieces(section.text)) == section.text


@settings(max_examples=200, deadline=None)
@given(_ARTICLES)
def test_anchors_lead_to_one_place_each(body: str) -> None:
    anchors = [section.anchor for section in sections.split(body)[1:]]
    assert len(set(anchors)) == len(anchors)
    assert all(anchor and not any(map(str.isspace, anchor)) for anchor in anchors)


@settings(max_examples=200, deadline=None)
@given(st.lists(_LINES, max_size=25).map("\n".join), st.sampled_from(["```", "~~~~"]))
def test_no_heading_stands_in_code(code: str, fence: str) -> None:
    code = code.replace("`", "").replace("~", "")
    body = f"Before.\n\n{fence}\n{code}\n{fence}\n\n## Behind\n\nText."
    assert [section.heading for section in sections.split(body)] == ["", "Behind"]


@pytest.mark.parametrize(
    ("line", "headings"),
    [
        ("## Use **bold** and `code`", ["Use bold and code"]),
        ("## [A link](https://a.example) here", ["A link here"]),
        ("Setext\n---", ["Setext"]),
        ("#### Too deep", []),
        ("#hashtag", []),
        ("> ## Quoted", []),
        ("1. ## In a list", []),
        ("    ## Code", []),
        ("<!--\n## Comment\n-->", ["Comment"]),
    ],
)
def test_what_is_a_heading(line: str, headings: list[str]) -> None:
    assert [section.heading for section in sections.split(f"Begin.\n\n{line}\n\nEnd.")[1:]] == headings


def test_a_heading_twice_has_two_anchors() -> None:
    found = sections.split("## On a phone\na\n## On a phone\nb\n## On a phone 2\nc\n## ?!\nd")
    assert [section.anchor for section in found] == ["", "on-a-phone", "on-a-phone-2", "on-a-phone-2-2", "section"]


def test_long_texts_come_in_pieces_of_sentences_and_items() -> None:
    sentence = "This is a sentence of exactly ten words in it. "
    for text in (
        sentence * 20,
        "\n".join(f"{number}. {sentence}" for number in range(1, 21)),
        f"{sentence * 6}\n\n" * 3,
    ):
        found = sections.pieces(text)
        assert len(found) > 1
        assert all(len(piece.split()) <= sections.PIECE_WORDS for piece in found)


def test_code_stays_whole() -> None:
    code = "```\n" + "one line of code\n\n" * 60 + "```\n"
    assert code in sections.pieces(f"Before.\n\n{code}")[-1]


def test_words_are_heard_without_marks() -> None:
    text = '1. Press **Start**, then `ipconfig`.\n- See [the guide](https://a.example "x").\n\n```sh\nping\n```\n> so'
    assert sections.plain(text).split() == [
        "Press",
        "Start,",
        "then",
        "ipconfig.",
        "See",
        "the",
        "guide.",
        "ping",
        "so",
    ]


def test_hyphened_words_are_found_in_one_too() -> None:
    assert sections.joined("Wi-Fi and e-mail") == "Wi-Fi and e-mail WiFi email"
