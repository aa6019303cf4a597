"""Light Markdown of people's words as HTML that is safe to show: HTML in it is text, and the result is cleaned."""

from __future__ import annotations

import nh3
from markdown_it import MarkdownIt
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
