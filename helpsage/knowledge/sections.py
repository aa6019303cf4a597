"""Articles cut at their headings: the sections that are quoted, and pieces of them small enough for the encoder.

Headings are what CommonMark calls one: not a line of `#` within code, a list or a quotation. Nothing is lost: all
sections together are the article, and all pieces of a section its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

from helpsage.tickets.search.words import fold

#: Deeper headings stay within their section.
DEEPEST = 3
#: Words of a piece: with title and heading about what the encoder reads of a text (`encoder.model.MAX_TOKENS`).
PIECE_WORDS = 70

_parser = MarkdownIt("commonmark", {"html": False})
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_MARKS = re.compile(r"(?m)[*`]+|^\s{0,3}(?:#{1,6}\s|>\s?|[-+*]\s|\d{1,9}[.)]\s)|^\s*(?:`{3,}|~{3,})\w*\s*$|\\(?=\W)")
_HYPHENED = re.compile(r"\b([^\W\d_]{1,4})[-‑]([^\W\d_]+)\b")


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it.

    Attributes:
        number: 0 is what stands before the first heading.
        level: 1 to 3; 0 without a heading.
        heading: without marks of Markdown.
        anchor: of the heading within the page; empty for the beginning.
        source: as it stands in the article, heading included.
        text: without the heading.
    """

    number: int
    level: int
    heading: str
    anchor: str
    source: str
    text: str


def split(body: str) -> list[Section]:
    """The sections of an article, in order; the first may be empty."""
    lines = body.split("\n")
    found = list(_headings(body))
    starts = [0, *(begin for begin, _, _, _ in found), len(lines)]
    sections = [Section(0, 0, "", "", *_both(lines, 0, 0, starts[1]))]
    taken: set[str] = set()
    for number, ((begin, behind, level, heading), (_, end)) in enumerate(
        zip(found, pairwise(starts[1:]), strict=True), 1
    ):
        sections.append(Section(number, level, heading, _anchor(heading, taken), *_both(lines, begin, behind, end)))
    return sections


def pieces(text: str, most: int = PIECE_WORDS) -> list[str]:
    """A section's text in pieces of about so many words, cut between paragraphs, items and sentences.

    Together they are the text. What has no such place, a block of code, stays whole.
    """
    found: list[str] = []
    for part in _parts(text, most):
        if (found and _size(found[-1]) + _size(part) <= most) or (found and not part.strip()):
            found[-1] += part
        else:
            found.append(part)
    return found or [""]


def plain(text: str) -> str:
    """Markdown as people hear it: words without marks, links by their text."""
    return _MARKS.sub("", _LINK.sub(r"\1", text)).strip()


def joined(text: str) -> str:
    """The text, with hyphened words also in one, as many write them: Wi-Fi and wifi, e-mail and email."""
    more = [first + second for first, second in _HYPHENED.findall(text)]
    return f"{text} {' '.join(more)}" if more else text


def _headings(body: str) -> Iterator[tuple[int, int, int, str]]:
    """First line, line behind, level and words of each."""
    tokens = _parser.parse(body)
    for token, inline in pairwise(tokens):
        level = int(token.tag[1:]) if token.type == "heading_open" else 0
        if 0 < level <= DEEPEST and token.level == 0 and token.map is not None:
            yield token.map[0], token.map[1], level, _words(inline)


def _words(inline: Token) -> str:
    """The heading's words, without line breaks and marks."""
    spoken = (child.content if child.content else " " for child in inline.children or () if _speaks(child))
    return " ".join("".join(spoken).split())


def _speaks(child: Token) -> bool:
    return child.type in ("text", "code_inline", "softbreak", "hardbreak", "image")


def _both(lines: Sequence[str], begin: int, behind: int, end: int) -> tuple[str, str]:
    """A section's source and text, each with the line end that parts it from the next."""
    last = end == len(lines)
    source, text = ("\n".join(lines[first:end]) for first in (begin, behind))
    if last:
        return source, text
    return (source + "\n" if begin < end else source), (text + "\n" if behind < end else text)


def _anchor(heading: str, taken: set[str]) -> str:
    """`sign-in-on-a-phone`; the second of a name gets a number."""
    plain_words = "-".join(fold(heading).split()) or "section"
    anchor, number = plain_words, 1
    while anchor in taken:
        number += 1
        anchor = f"{plain_words}-{number}"
    taken.add(anchor)
    return anchor


def _parts(text: str, most: int) -> Iterator[str]:
    """Blocks of a text; those that are too large by their items or sentences."""
    lines = text.split("\n")
    tokens = _parser.parse(text)
    starts = {token.map[0]: token for token in reversed(tokens) if token.map and token.level == 0}
    cuts = sorted({0, *starts})
    for begin, end in pairwise([*cuts, len(lines)]):
        block = _slice(lines, begin, end)
        kind = starts[begin].type if begin in starts else ""
        if _size(block) <= most or kind not in ("paragraph_open", "ordered_list_open", "bullet_list_open"):
            yield block
        elif kind == "paragraph_open":
            yield from _sentences(block)
        else:
            inner = {token.map[0] for token in tokens if token.type == "list_item_open" and token.map}
            items = sorted({begin, *(line for line in inner if begin < line < end)})
            yield from (_slice(lines, first, behind) for first, behind in pairwise([*items, end]))


def _slice(lines: Sequence[str], begin: int, end: int) -> str:
    text = "\n".join(lines[begin:end])
    return text if end == len(lines) else text + "\n"


def _sentences(block: str) -> Iterator[str]:
    cuts = [0, *(match.end() for match in _SENTENCE.finditer(block)), len(block)]
    return (block[begin:end] for begin, end in pairwise(cuts) if end > begin)


def _size(text: str) -> int:
    return len(text.split())
