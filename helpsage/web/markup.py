"""Light Markdown of people's words as HTML that is safe to show: HTML in it is text, and the result is cleaned."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

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
#: Names of parts of the page around an article: a heading that is called so leads to the page's part.
TAKEN = frozenset({"content", "results", "vote", "q", "comment", "page", "seen", "preview"})

_BETWEEN_WORDS = re.compile(r"[\W_]+")

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


def article(text: str, pictures: Mapping[str, str] | None = None) -> Document:
    """An article's CommonMark as HTML: headings with places to link to, tables, quotations, its own pictures.

    Parameters:
        pictures: addresses by name. `![words](name)` shows one of them; of any other picture the words are left,
            since where it lies would be told who reads.
    """
    tokens = _article_parser.parse(text)
    headings = _numbered(tokens)
    _place_pictures(tokens, pictures or {})
    cleaned = nh3.clean(
        _article_parser.renderer.render(tokens, _article_parser.options, {}),
        tags=_ARTICLE_TAGS,
        attributes=_ARTICLE_ATTRIBUTES,
        url_schemes=_SCHEMES,
        link_rel="noopener noreferrer",
    )
    return Document(Markup(cleaned), headings)  # noqa: S704 cleaned above


def _numbered(tokens: Sequence[Token]) -> tuple[Heading, ...]:
    """Give each heading its place, one level below the page's own; returns those of sections."""
    found: list[Heading] = []
    used: dict[str, int] = {}
    for token, inside in zip(tokens, tokens[1:], strict=False):
        if token.type == "heading_close":
            token.tag = _below(token.tag)
        if token.type != "heading_open":
            continue
        words = plain(inside)
        place = _place(words, used)
        token.tag = _below(token.tag)
        if place not in TAKEN:
            token.attrSet("id", place)
        if token.tag == "h2":
            found.append(Heading(words, place))
    return tuple(found)


def _below(tag: str) -> str:
    """A page has one title, and it is not in the text."""
    return "h2" if tag == "h1" else tag


def plain(inline: Token) -> str:
    """The words of a line, without what makes them bold or a link."""
    return " ".join(
        "".join(each.content for each in inline.children or () if each.type in ("text", "code_inline")).split()
    )


def _place(words: str, used: dict[str, int]) -> str:
    """What a heading goes by in links; the second one of the same words gets a number."""
    name = _BETWEEN_WORDS.sub("-", words.casefold()).strip("-") or "section"
    used[name] = used.get(name, 0) + 1
    return name if used[name] == 1 else f"{name}-{used[name]}"


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
