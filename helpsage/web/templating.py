"""Drawing pages. Whatever a template shows is escaped unless it is `Markup`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from helpsage import __version__, clock, settings
from helpsage.tickets.placing import Colleague
from helpsage.web import assets, csrf, texts, uploads, words
from helpsage.web.markup import markdown
from languages import SOURCE, SPOKEN

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def page(request: Request, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HTMLResponse:
    """A page from a template, with what every page needs."""
    language = texts.of_template(request, template)
    shared = {
        "desk": settings.get().desk_name,
        "version": __version__,
        "path": request.url.path,
        "account": getattr(request.state, "account", None),
        "csrf": csrf.token(request),
        "style": assets.address(assets.STYLES),
        "script": assets.address(assets.SCRIPT),
        "language": language,
        "languages": SPOKEN if texts.is_for_everybody(template) else {},
        "here": here(request),
    }
    html = texts.draw(_environment, template, language, {**shared, **(context or {})})
    response = HTMLResponse(html, status_code=status)
    csrf.remember(request, response)
    if shared["languages"]:
        response.headers["Content-Language"] = language
        response.headers.add_vary_header("Accept-Language")
    return response


def here(request: Request) -> str:
    """Where to come back to: this page's address; after a form was sent to it, the page without what was asked."""
    query = request.url.query
    return f"{request.url.path}?{query}" if query and request.method == "GET" else request.url.path


def _time(at: datetime | None) -> Markup:
    """A moment for readers; the pages' script turns it into the reader's own zone and language."""
    if at is None:
        return Markup("–")
    shown = _written(at)
    # Digits and names of months: nothing in it needs to be escaped.
    return Markup(f'<time datetime="{at.isoformat()}" title="{shown}">{_ago(at) or shown}</time>')  # noqa: S704


def _people(people: Iterable[Colleague], chosen: str) -> Markup:
    """Choices of a list of people. There can be hundreds on a page, twice: a template takes three times as long."""
    return Markup(  # noqa: S704 names are escaped, ids need not be
        "".join(
            f'<option value="{each.account_id}"{" selected" if chosen and str(each.account_id) == chosen else ""}>'
            f"{escape(each.name)}{' (away)' if each.away else ''}</option>"
            for each in people
        )
    )


def _written(at: datetime) -> str:
    """A moment without a script to say it in the reader's own way; in other languages than English, in digits."""
    return f"{at:%-d %b %Y, %H:%M} UTC" if texts.current() == SOURCE else f"{at:%Y-%m-%d %H:%M} UTC"


def _ago(at: datetime) -> str:
    if texts.current() != SOURCE:
        return ""  # the script says it
    minutes = int((clock.now() - at).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 24 * 60 else ""


def _at(at: datetime) -> Markup:
    """A moment in full, whenever it is; the script says it in the reader's own zone and language."""
    return Markup('<time datetime="{}" data-at>{}</time>').format(at.isoformat(), _written(at))


def _due(at: datetime) -> Markup:
    """By when something is due: how long there is left, or how late it is."""
    shown = f"{at:%-d %b %Y, %H:%M} UTC"
    left = int((at - clock.now()).total_seconds() // 60)
    tense = "is-late" if left < 0 else "is-soon" if left < words.SOON_MINUTES else ""
    return Markup('<time class="due-at {}" datetime="{}" title="{}" data-due>{}</time>').format(
        tense, at.isoformat(), shown, words.due(left) or shown
    )


_environment.filters.update(
    base64=lambda text: b64encode(text.encode()).decode(),
    time=_time,
    at=_at,
    due=_due,
    span=words.span,
    markdown=markdown,
    people=_people,
    status=words.status,
    priority=words.priority,
    channel=words.channel,
    change=words.change,
)
texts.install(_environment)
_environment.globals.update(actor=words.actor, upload_limits=uploads.limits)
