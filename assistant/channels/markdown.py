"""Our light Markdown as blocks and spans, and long texts cut where a reader would cut them.

What the assistant and agents write is Markdown of the light kind (docs/webchat-protocol.md). Every vendor has its own
notation: a channel reads the text once, cuts it to the vendor's length, and writes each part in that notation. Because
it is cut before it is written, no part ends within code, a link or an open tag.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

#: Deeper emphasis is shown as it was typed.
DEEPEST = 4
#: Between two blocks stand a line end and an empty line.
BETWEEN = 2

Measure = Callable[[str], int]

_SCHEMES = ("http://", "https://", "mailto:", "tel:")
_INLINE = re.compile(
    r"\\(?P<escaped>[\\`*_\[\]()#+\-.!<>~|{}])"
    r"|(?P<ticks>`{1,3})(?P<code>(?:(?!(?P=ticks)).){1,2000}?)(?P=ticks)(?!`)"
    r"|\[(?P<label>[^\[\]\n]{1,500})\]\((?P<target>[^\s()]{1,2000}(?:\([^\s()]{0,200}\)[^\s()]{0,500})?)\)"
    r"|<(?P<autolink>(?:https?://|mailto:)[^\s<>]{1,2000})>"
    r"|(?P<bare>https?://[^\s<>]{1,2000})"
    r"|\*\*(?=\S)(?P<strong>[^\n]{1,1000}?)(?<=\S)\*\*(?!\*)"
    r"|(?<!\w)__(?=\S)(?P<strong2>[^\n]{1,1000}?)(?<=\S)__(?!\w)"
    r"|\*(?=[^\s*])(?P<emphasis>[^\n*]{1,1000}?)(?<=\S)\*(?!\*)"
    r"|(?<!\w)_(?=[^\s_])(?P<emphasis2>[^\n]{1,1000}?)(?<=\S)_(?!\w)"
)
_MEANS = re.compile(r"([\\`*_\[\]()#+\-.!<>~|{}])")
_FENCE = re.compile(r"^ {0,3}(```|~~~)")
_ITEM = re.compile(r"^(?P<indent> *)(?P<marker>[-*+]|\d{1,9}[.)])[ \t]+(?=\S)")
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(?=\S)")
_QUOTE = re.compile(r"^ {0,3}> ?")
_WORDS = re.compile(r"\S+\s*|\s+")
_LINES = re.compile(r"[^\n]*\n|[^\n]+")
_SENTENCE_END = re.compile(r"[.!?…:;]['\")\]]*\s+$")


class Kind(enum.StrEnum):
    """What a block is."""

    TEXT = "text"
    ITEM = "item"
    QUOTE = "quote"
    CODE = "code"


@dataclass(frozen=True)
class Span:
    """Words of one look."""

    text: str
    bold: bool = False
    emphasis: bool = False
    code: bool = False
    href: str | None = None


@dataclass(frozen=True)
class Block:
    """A paragraph, an item of a list, a quotation, or lines of code (one span)."""

    kind: Kind
    spans: tuple[Span, ...]
    #: Of an item: `•` or its number with a dot.
    marker: str = ""

    @property
    def text(self) -> str:
        """Its words without any look."""
        return "".join(span.text for span in self.spans)


def read(text: str) -> list[Block]:
    """The blocks of a text. What is no Markdown of ours stays as it is; HTML is text."""
    return list(_blocks(text.replace("\r\n", "\n").split("\n")))


def plain(text: str) -> str:
    """The words without notation, for places that show none: titles, notifications."""
    return "\n".join(f"{block.marker} {block.text}".strip() for block in read(text))


def escaped(text: str) -> str:
    """Words that mean themselves wherever Markdown is read."""
    return _MEANS.sub(r"\\\1", text)


def split(blocks: Sequence[Block], longest: int, measure: Measure = len) -> list[list[Block]]:
    """The blocks in parts none of which is longer than the vendor allows.

    Args:
        blocks: What `read` returned.
        longest: Of a part, measured without notation.
        measure: How the vendor counts; Telegram counts UTF-16 units.
    """
    parts: list[list[Block]] = []
    length = 0
    for block in blocks:
        for piece in _pieces(block, longest, measure):
            size = measure(piece.text) + (measure(piece.marker) + 1 if piece.marker else 0)
            if parts and length + BETWEEN + size <= longest:
                parts[-1].append(piece)
                length += BETWEEN + size
            else:
                parts.append([piece])
                length = size
    return parts


def utf16(text: str) -> int:
    """Length in UTF-16 units: characters beyond the basic plane (most emoji) count twice."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


# --- reading


def _blocks(lines: list[str]) -> Iterator[Block]:
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif fence := _FENCE.match(line):
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == fence[1]), len(lines))
            code = "\n".join(lines[at + 1 : end])
            if code.strip():
                yield Block(Kind.CODE, (Span(code, code=True),))
            at = end + 1
        elif item := _ITEM.match(line):
            marker = "•" if item["marker"] in "-*+" else item["marker"].rstrip(".)") + "."
            end = _end(lines, at + 1)
            words = "\n".join([line[item.end() :], *map(str.strip, lines[at + 1 : end])])
            yield Block(Kind.ITEM, _spans(words), marker)
            at = end
        elif _QUOTE.match(line):
            end = next((n for n in range(at, len(lines)) if not _QUOTE.match(lines[n])), len(lines))
            quoted = "\n".join(_QUOTE.sub("", one) for one in lines[at:end])
            # A part without words would be a message that no vendor takes.
            if quoted.strip():
                yield Block(Kind.QUOTE, _spans(quoted))
            at = end
        elif heading := _HEADING.match(line):
            bold = tuple(replace(span, bold=True) for span in _spans(line[heading.end() :]))
            yield Block(Kind.TEXT, bold)
            at += 1
        else:
            end = _end(lines, at + 1)
            yield Block(Kind.TEXT, _spans("\n".join(lines[at:end])))
            at = end


def _end(lines: list[str], at: int) -> int:
    """The first line from `at` on that goes on with nothing before it."""
    while at < len(lines):
        line = lines[at]
        if not line.strip() or any(begins.match(line) for begins in (_FENCE, _ITEM, _QUOTE, _HEADING)):
            break
        at += 1
    return at


def _spans(text: str) -> tuple[Span, ...]:
    found: list[Span] = []
    for span in _inline(text, Span(""), 0):
        if found and replace(found[-1], text="") == replace(span, text="") and span.href is None:
            found[-1] = replace(found[-1], text=found[-1].text + span.text)
        elif span.text:
            found.append(span)
    return tuple(found)


def _inline(text: str, look: Span, depth: int) -> Iterator[Span]:
    at = 0
    for match in _INLINE.finditer(text):
        yield replace(look, text=text[at : match.start()])
        at = match.end()
        yield from _noted(match, look, depth)
    yield replace(look, text=text[at:])


def _noted(match: re.Match[str], look: Span, depth: int) -> Iterator[Span]:
    if match["escaped"] is not None:
        yield replace(look, text=match["escaped"])
    elif match["code"] is not None:
        yield replace(look, text=match["code"].strip() or match["code"], code=True)
    elif match["label"] is not None and match["target"].lower().startswith(_SCHEMES) and look.href is None:
        yield from _inner(match["label"], replace(look, href=match["target"]), depth)
    elif match["autolink"] is not None and look.href is None:
        yield replace(look, text=match["autolink"].removeprefix("mailto:"), href=match["autolink"])
    elif (strong := match["strong"] or match["strong2"]) is not None:
        yield from _inner(strong, replace(look, bold=True), depth)
    elif (emphasis := match["emphasis"] or match["emphasis2"]) is not None:
        yield from _inner(emphasis, replace(look, emphasis=True), depth)
    else:
        yield replace(look, text=match[0])


def _inner(text: str, look: Span, depth: int) -> Iterator[Span]:
    if depth >= DEEPEST:
        yield replace(look, text=text)
    elif look.href is not None:
        # One link is one span, so that it is never cut in two.
        yield replace(look, text="".join(span.text for span in _inline(text, look, depth + 1)))
    else:
        yield from _inline(text, look, depth + 1)


# --- cutting


def _pieces(block: Block, longest: int, measure: Measure) -> Iterator[Block]:
    room = longest - (measure(block.marker) + 1 if block.marker else 0)
    if measure(block.text) <= room:
        yield block
        return
    marker = block.marker
    for spans in _cut(list(_atoms(block, room, measure)), room, measure):
        joined = _joined(spans)
        if joined:
            yield Block(block.kind, joined, marker)
            marker = ""


def _atoms(block: Block, room: int, measure: Measure) -> Iterator[Span]:
    """The smallest things that stay whole: words, links, inline code; lines of a block of code."""
    for span in block.spans:
        whole = block.kind is not Kind.CODE and (span.code or span.href is not None)
        words = [span.text] if whole else (_LINES if block.kind is Kind.CODE else _WORDS).findall(span.text)
        for word in words:
            for bit in _fitting(word, room, measure):
                yield replace(span, text=bit)


def _fitting(word: str, room: int, measure: Measure) -> Iterable[str]:
    """The word itself; one that no part can hold, in as many bits as it takes."""
    if measure(word.rstrip()) <= room:
        return [word]
    bits, bit = [], ""
    for character in word:
        if measure(bit + character) > room:
            bits.append(bit)
            bit = ""
        bit += character
    return [*bits, bit] if bit else bits


def _cut(atoms: list[Span], room: int, measure: Measure) -> Iterator[list[Span]]:
    start = 0
    while start < len(atoms):
        end, length = start, 0
        while end < len(atoms):
            if length + measure(atoms[end].text.rstrip()) > room:
                break
            length += measure(atoms[end].text)
            end += 1
        end = max(end, start + 1)
        if end < len(atoms):
            end = _better_end(atoms, start, end)
        yield atoms[start:end]
        start = end


def _better_end(atoms: list[Span], start: int, end: int) -> int:
    """An end of a line, else of a sentence, in the second half; else where the room ends."""
    middle = max(start + 1, (start + end) // 2)
    for fits in (lambda text: text.endswith("\n"), _SENTENCE_END.search):
        for at in range(end, middle - 1, -1):
            if fits(atoms[at - 1].text):
                return at
    return end


def _joined(atoms: list[Span]) -> tuple[Span, ...]:
    """The atoms as spans again, without space at both ends."""
    spans: list[Span] = []
    for atom in atoms:
        if spans and replace(spans[-1], text="") == replace(atom, text="") and atom.href is None:
            spans[-1] = replace(spans[-1], text=spans[-1].text + atom.text)
        else:
            spans.append(atom)
    if spans:
        spans[0] = replace(spans[0], text=spans[0].text.lstrip("\n") if spans[0].code else spans[0].text.lstrip())
        spans[-1] = replace(spans[-1], text=spans[-1].text.rstrip())
    return tuple(span for span in spans if span.text)


# --- keeping


def dump(blocks: Sequence[Block]) -> str:
    """Blocks as one string, for vendors that show them in more than one notation."""
    return json.dumps([[block.kind, block.marker, *(list(_look(span)) for span in block.spans)] for block in blocks])


def load(kept: str) -> list[Block]:
    """What `dump` wrote."""
    found = json.loads(kept) if kept else []
    return [Block(Kind(kind), tuple(Span(*look) for look in spans), marker) for kind, marker, *spans in found]


def _look(span: Span) -> tuple[str, bool, bool, bool, str | None]:
    return span.text, span.bold, span.emphasis, span.code, span.href
