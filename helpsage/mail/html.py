"""HTML of strangers as plain text: every word, its paragraphs, lists, quotes and links, and nothing that runs."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import nh3

#: Characters of a page that are read; no letter that a person wrote is longer.
LONGEST = 2_000_000

_BLOCK_TAGS = """
address article aside blockquote center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr
li main nav ol p pre section table tbody tfoot thead tr ul
"""
_INLINE_TAGS = "a abbr b br code del em font i img ins s small span strong sub sup td th u"
#: Their content is no words.
_SILENT_TAGS = "script style title template noscript object svg math head"
_VOID_TAGS = "br hr img input meta link col area base wbr source"
_BLOCKS = frozenset(_BLOCK_TAGS.split())
_TAGS = _BLOCKS | frozenset(_INLINE_TAGS.split())
_SILENT = frozenset(_SILENT_TAGS.split())
_VOID = frozenset(_VOID_TAGS.split())
#: The cleaner takes the square of this; no letter nests so deep.
DEEPEST = 4_000
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>?")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_BLANK_LINES = re.compile(r"\n{3,}")
_NEW_LINE = re.compile(r"\r\n?")


def text_of(html: str) -> str:
    """The words, as a plain text letter would have them."""
    if _is_too_deep(html):
        return _BLANK_LINES.sub("\n\n", unescape(_TAG.sub("\n", html[:LONGEST]))).strip()
    # The cleaner first: what comes out of it is well formed, whatever went in.
    cleaned = nh3.clean(
        _NEW_LINE.sub("\n", html[:LONGEST]),
        tags=_TAGS,
        clean_content_tags=_SILENT,
        attributes={"a": {"href"}, "img": {"alt"}},
        url_schemes={"http", "https", "mailto", "tel"},
        link_rel=None,
    )
    reader = _Reader()
    reader.feed(cleaned)
    reader.close()
    return reader.text()


def _is_too_deep(html: str) -> bool:
    """Whether it opens so many tags without closing them that only a machine can have meant it."""
    depth = 0
    for tag in _TAG.finditer(html[:LONGEST]):
        if tag[1]:
            depth = max(0, depth - 1)
        elif tag[2].lower() not in _VOID:
            depth += 1
            if depth > DEEPEST:
                return True
    return False


class _Reader(HTMLParser):
    """Writes lines as the tags come."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[str] = [""]
        self._quoted = 0
        self._preformatted = 0
        self._lists: list[int] = []
        self._links: list[tuple[str, int]] = []
        self._written = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._lines.append("")
        elif tag == "img":
            self._write(dict(attrs).get("alt") or "")
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self._lines[-1])))
        elif tag in ("td", "th"):
            self._write(" ")
        elif tag in _BLOCKS:
            self._open(tag)

    def _open(self, tag: str) -> None:
        self._break(1 if tag in ("div", "li", "tr", "dd", "dt", "center") else 2)
        if tag == "blockquote":
            self._quoted += 1
        elif tag == "pre":
            self._preformatted += 1
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ol" else -1)
        elif tag == "li":
            self._write_mark()

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._links:
            self._close_link()
        elif tag in _BLOCKS:
            self._break(1 if tag in ("div", "li", "tr", "dd", "dt", "center") else 2)
            if tag == "blockquote":
                self._quoted = max(0, self._quoted - 1)
            elif tag == "pre":
                self._preformatted = max(0, self._preformatted - 1)
            elif tag in ("ul", "ol") and self._lists:
                self._lists.pop()

    def handle_data(self, data: str) -> None:
        if self._preformatted:
            first, *rest = data.split("\n")
            self._write(first)
            for line in rest:
                self._lines.append("")
                self._write(line)
            return
        words = _SPACE.sub(" ", data)
        self._write(words.lstrip() if not self._here() or self._lines[-1].endswith(" ") else words)

    def _write_mark(self) -> None:
        if self._lists and self._lists[-1] >= 0:
            self._lists[-1] += 1
            self._write(f"{self._lists[-1]}. ")
        else:
            self._write("- ")

    def _close_link(self) -> None:
        """Where a link leads stands behind its words, unless they say so themselves."""
        href, began = self._links.pop()
        shown = self._lines[-1][began:].strip() if began <= len(self._lines[-1]) else ""
        target = href.removeprefix("mailto:").removeprefix("tel:")
        if target and target.rstrip("/") not in shown and shown.rstrip("/") not in target:
            self._write(f" <{target}>")
        elif target and not shown:
            self._write(f"<{target}>")

    def _prefix(self) -> str:
        return "> " * self._quoted

    def _here(self) -> str:
        """What stands on this line besides the marks of a quote."""
        return self._lines[-1].removeprefix(self._prefix())

    def _write(self, words: str) -> None:
        if not words:
            return
        if not self._lines[-1]:
            self._lines[-1] = self._prefix()
        self._lines[-1] += words

    def _break(self, lines: int) -> None:
        """Begin a new line, after an empty one for 2. A link does not reach over it."""
        if self._here().strip() or self._lines[-1].strip():
            self._lines.append("")
        if lines == 2 and len(self._lines) > 1 and self._lines[-2].strip():
            self._lines.append("")

    def text(self) -> str:
        """Everything that was written."""
        return _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in self._lines)).strip()
