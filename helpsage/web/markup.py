"""Light Markdown of people's words as HTML that is safe to show: HTML in it is text, and the result is cleaned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from helpsage.knowledge import sections

_ALLOWED_TAGS = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "a"}
_SCHEMES = {"http", "https", "mailto", "tel"}

_parser = MarkdownIt("zero", {"html": False, "breaks": True}).enable(
    ["emphasis", "backticks", "fence", "list", "link", "autolink", "newline", "escape"]
)


def markdown(text: str) -> Markup:
    """The text as HTML: bold, emphasis, code, lists, links; nothing else."""
    cleaned = nh3.clean(
        _parser.render(text),
        tags=_ALLOWED_TAGS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(cleaned)  # noqa: S704 cleaned one line above


#: What an article may have besides.
_ARTICLE_TAGS = _ALLOWED_TAGS | {f"h{level}" for level in range(2, 7)}
_ARTICLE_TAGS |= {"blockquote", "hr", "table", "thead", "tbody", "tr", "th", "td", "img", "s"}
_ARTICLE_ATTRIBUTES = {
    "a": {"href"},
    "ol": {"start"},
    "img": {"src", "alt", "loading"},
    **{f"h{level}": {"id"} for level in range(2, 7)},
}
#: A heading that is called like the page's own main part leads there. Other parts of the page around an article have
#: an underscore in their names, which no heading's place has.
TAKEN = frozenset({"content"})

_article_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@dataclass(frozen=True)
class Heading:
    """A place in an article that a link can lead to."""

    text: str
    anchor: str


@dataclass(frozen=True)
class Document:
    """An article as it is shown.

    Attributes:
        headings: of its sections, in order, for a table of contents.
    """

    html: Markup
    headings: tuple[Heading, ...]


def article(text: str, pictures: Mapping[str, str] | None = None, anchored: bool = True) -> Document:
    """An article's CommonMark as HTML: headings with places to link to, tables, quotations, its own pictures.

    Parameters:
        pictures: addresses by name. `![words](name)` shows one of them; of any other picture the words are left,
            since where it lies would be told who reads.
        anchored: whether headings have places to link to; not within a form, whose fields have names, too.
    """
    tokens = _article_parser.parse(text)
    headings = _numbered(text, tokens, anchored)
    _place_pictures(tokens, pictures or {})
    cleaned = nh3.clean(
        _article_parser.renderer.render(tokens, _article_parser.options, {}),
        tags=_ARTICLE_TAGS,
        attributes=_ARTICLE_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )
    return Document(Markup(cleaned), headings)  # noqa: S704 cleaned above


def _numbered(text: str, tokens: Sequence[Token], anchored: bool) -> tuple[Heading, ...]:
    """Give each heading its place, as the search and the chat know it; returns those of sections.

    The page has one title, which is not in the text, and from there no level is left out (WCAG 2.2, 1.3.1).
    """
    parts = iter(sections.split(text)[1:])
    found: list[Heading] = []
    level = 1
    for token in tokens:
        if token.type not in ("heading_open", "heading_close"):
            continue
        deep = int(token.tag[1:]) > sections.DEEPEST or token.level > 0
        if token.type == "heading_open":
            level = min(max(int(token.tag[1:]), 2), level + 1)
        token.tag = f"h{level}"
        part = next(parts, None) if token.type == "heading_open" and not deep else None
        if part is None:
            continue
        if anchored and part.anchor not in TAKEN:
            token.attrSet("id", part.anchor)
        if token.tag == "h2":
            found.append(Heading(part.heading, part.anchor))
    return tuple(found)


def _place_pictures(tokens: Sequence[Token], pictures: Mapping[str, str]) -> None:
    """Show the article's own pictures; of any other only its words are left."""
    for token in tokens:
        for each in token.children or ():
            if each.type != "image":
                continue
            address = pictures.get(unquote(str(each.attrGet("src") or "")))
            if address is None:
                each.type, each.tag, each.children = "text", "", None
            else:
                each.attrSet("src", address)
                each.attrSet("loading", "lazy")
