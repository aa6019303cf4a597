"""Front matter: what is written is read again, and what is wrong is named with its line."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpsage.knowledge import markdown_files
from helpsage.knowledge.markdown_files import BadFile, File
from helpsage.tickets.words import clean

_LINE = st.text(max_size=60).map(lambda text: " ".join(clean(text).split()))
_FILES = st.builds(
    File,
    slug=st.just("a-file"),
    title=_LINE.filter(bool),
    summary=_LINE,
    category=st.sampled_from(["network", "money"]),
    audience=st.sampled_from(["public", "staff", "brand"]),
    language=st.sampled_from(["en", "de", "no", "pt-BR"]),
    department=st.sampled_from(["", "shop", "on"]),
    body=st.text(max_size=300).map(clean),
    lines=st.just({}),
)


@settings(max_examples=400, deadline=None)
@given(_FILES)
def test_what_is_written_is_read_again(file: File) -> None:
    read = markdown_files.read("a-file.md", markdown_files.write(file))
    assert vars(read) | {"lines": {}} == vars(file)
    assert read.digest == file.digest


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "first line"),
        (b"# No front matter", 1, "first line"),
        (b"---\ntitle: x\n", 3, "no end"),
        (b"---\ntitle: x\n---\n", 1, "category is missing"),
        (b"---\ntitle: x\ncategory:\naudience: public\nsummary: s\n---\n", 3, "category is missing"),
        (b"---\ntitle: x\ntitle: y\n---\n", 3, "title stands there twice"),
        (b"---\ntitle: x\nauthor: me\n---\n", 3, "author is not known"),
        (b"---\ntitle: [a, b]\ncategory: c\naudience: a\nsummary: s\n---\n", 2, "in one line"),
        (b'---\ntitle: x\ncategory: "a\nb: c: d\n---\n', 4, "cannot be read"),
        (b"---\n- a\n- b\n---\n", 2, "lines like"),
        (b"---\ntitle: \xff\n---\n", 2, "UTF-8"),
        (b"---\n" + b"x" * 1_000_001, 1, "at most"),
        (b"---\ntitle: 2026-99-99\n---\n", 1, "cannot be read|is missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(content: bytes, line: int, words: str) -> None:
    with pytest.raises(BadFile, match=words) as refused:
        markdown_files.read("a.md", content)
    assert (refused.value.name, refused.value.line) == ("a.md", line)


def test_line_ends_and_marks_of_other_systems_are_taken() -> None:
    content = "\ufeff---\r\ntitle: A\r\ncategory: c\r\naudience: public\r\nsummary: s\r\n---\r\nBody\r\nmore\r\n"
    file = markdown_files.read("a.md", content.encode())
    assert (file.title, file.body, file.lines["body"]) == ("A", "Body\nmore", 7)
