"""Light Markdown read, cut and written for vendors."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.channels import markdown
from assistant.channels.markdown import Kind, Span
from assistant.channels.vendors import html

NOTATION = st.text(st.sampled_from("ab \n*_`[]()<>&\"'-1.#>\\:/htps😀é"), max_size=300)


def telegram(text: str) -> str:
    """A text as Telegram gets it."""
    return html.render(markdown.read(text), html.TELEGRAM)


class TestReading:
    @pytest.mark.parametrize(
        ("typed", "written"),
        [
            ("a **bold** word", "a <b>bold</b> word"),
            ("an *important* and _quiet_ word", "an <i>important</i> and <i>quiet</i> word"),
            ("**bold and *both***", "<b>bold and </b><b><i>both</i></b>"),
            ("`a < b`", "<code>a &lt; b</code>"),
            ("[the **page**](https://x.example/a?b=1&c=2)", '<a href="https://x.example/a?b=1&amp;c=2">the page</a>'),
            ("<https://x.example>", '<a href="https://x.example">https://x.example</a>'),
            ("[no](javascript:alert)", "[no](javascript:alert)"),
            ("https://x.example/a_b_c*d*", "https://x.example/a_b_c*d*"),
            ("snake_case_name 2*3*4", "snake_case_name 2<i>3</i>4"),
            (r"\*as typed\*", "*as typed*"),
            ("<b>HTML</b> & more", "&lt;b&gt;HTML&lt;/b&gt; &amp; more"),
            ("- one\n- two\n\nend", "• one\n• two\n\nend"),
            ("1. one\n2) two", "1. one\n2. two"),
            ("# Title\nwords", "<b>Title</b>\n\nwords"),
            ("> said\n> so\n\nI see", "<blockquote>said\nso</blockquote>\n\nI see"),
            ("```\nx = *1*\n  y\n```", "<pre>x = *1*\n  y</pre>"),
            ("```\nnever closed", "<pre>never closed</pre>"),
            ("two\nlines\n\n\n\nlater", "two\nlines\n\nlater"),
            ("", ""),
        ],
    )
    def test_notation(self, typed: str, written: str) -> None:
        assert telegram(typed) == written

    def test_words_alone(self) -> None:
        assert markdown.plain("**Hi** [there](https://x.example)\n- `a`") == "Hi there\n• a"

    @given(NOTATION)
    def test_whatever_is_typed_is_well_formed(self, typed: str) -> None:
        for part in markdown.split(markdown.read(typed), 40):
            Tags().feed_all(html.render(part, html.TELEGRAM))

    @pytest.mark.parametrize("unit", ["**a ", "*a ", "_a ", "`a ", "[a](", "<https://", "**_", "> ", "- ", "\\"])
    def test_hostile_text_takes_no_time(self, unit: str) -> None:
        typed = unit * (10_000 // len(unit))
        begun = time.perf_counter()
        telegram(typed)
        assert time.perf_counter() - begun < 2


class TestCutting:
    def test_a_short_text_is_one_part(self) -> None:
        blocks = markdown.read("one\n\ntwo")
        assert markdown.split(blocks, 100) == [blocks]

    def test_paragraphs_stay_whole_while_they_fit(self) -> None:
        parts = markdown.split(markdown.read("a" * 30 + "\n\n" + "b" * 30 + "\n\n" + "c" * 30), 70)
        assert [[block.text[0] for block in part] for part in parts] == [["a", "b"], ["c"]]

    def test_sentences_are_preferred_to_words(self) -> None:
        (first,), (second,) = markdown.split(markdown.read("One two three. Four five six seven eight."), 30)
        assert first.text == "One two three."
        assert second.text == "Four five six seven eight."

    def test_a_link_is_never_cut(self) -> None:
        text = "word " * 5 + "[a label of many words](https://x.example/page) " + "word " * 5
        spans = [span for part in markdown.split(markdown.read(text), 30) for block in part for span in block.spans]
        assert Span("a label of many words", href="https://x.example/page") in spans

    def test_code_is_cut_between_lines_and_stays_code(self) -> None:
        parts = markdown.split(markdown.read("```\n" + "\n".join(f"line {n}" for n in range(20)) + "\n```"), 40)
        assert len(parts) > 2
        assert all(block.kind is Kind.CODE for part in parts for block in part)
        assert "\n".join(block.text for part in parts for block in part).split("\n") == [f"line {n}" for n in range(20)]

    def test_bold_goes_on_in_the_next_part(self) -> None:
        parts = markdown.split(markdown.read("**" + "word " * 20 + "end**"), 50)
        assert len(parts) > 1
        assert all(span.bold for part in parts for block in part for span in block.spans)

    @given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=600), st.integers(20, 80))
    @example(">", 20)
    @example("a\n> \n>\nb", 20)
    def test_no_part_is_too_long_and_no_word_is_lost(self, typed: str, longest: int) -> None:
        blocks = markdown.read(typed)
        parts = markdown.split(blocks, longest, markdown.utf16)
        for part in parts:
            shown = "\n\n".join(f"{block.marker} {block.text}" if block.marker else block.text for block in part)
            assert 0 < markdown.utf16(shown) <= longest
        kept = "".join("".join(block.text.split()) for part in parts for block in part)
        assert kept == "".join("".join(block.text.split()) for block in blocks)

    def test_emoji_count_twice(self) -> None:
        assert markdown.utf16("a😀é") == 4


class Tags(HTMLParser):
    """Fails on tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def feed_all(self, text: str) -> None:
        """Read it all."""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
