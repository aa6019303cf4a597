"""Drawing pages. Whatever a template shows is escaped unless it is `Markup`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from helpsage import __version__, clock, settings
from helpsage.web import assets, csrf, words
from helpsage.web.markup import markdown

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(request: Request, template: str, context: dict[str, Any] | None = None, status: int = 200) -> HTMLResponse:
    """A page from a template, with what every page needs."""
    shared = {
        "desk": settings.get().desk_name,
        "version": __version__,
        "path": request.url.path,
        "account": getattr(request.state, "account", None),
        "csrf": csrf.token(request),
        "style": assets.address(assets.STYLES),
        "script": assets.address(assets.SCRIPT),
    }
    html = _environment.get_template(template).render({**shared, **(context or {})})
    response = HTMLResponse(html, status_code=status)
    csrf.remember(request, response)
    return response


def _time(at: datetime | None) -> Markup:
    """A moment for readers; the pages' script turns it into the reader's own zone and language."""
    if at is None:
        return Markup("–")
    shown = f"{at:%-d %b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), shown, _ago(at) or shown)


def _ago(at: datetime) -> str:
    minutes = int((clock.now() - at).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    return f"{minutes // 60} h ago" if minutes < 24 * 60 else ""


_environment.filters.update(
    time=_time,
    markdown=markdown,
    status=words.status,
    priority=words.priority,
    channel=words.channel,
    change=words.change,
)
_environment.globals.update(actor=words.actor)
