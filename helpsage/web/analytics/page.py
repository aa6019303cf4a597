"""What every page of figures has: its days, its place, the ways to the other pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.analytics import figures
from helpsage.analytics.figures import DIMENSIONS
from helpsage.people.permissions import Action
from helpsage.web import assets, templating, zones
from helpsage.web.access import SignedIn
from helpsage.web.analytics import charts, words
from helpsage.web.analytics.asked import Asked, days_of
from helpsage.web.analytics.names import names

SCRIPT = "src/pages/charts.ts"


@dataclass(frozen=True)
class Tile:
    """One figure, big, with what it was before."""

    title: str
    shown: str
    definition: str
    #: "+12 %" and the figure before; empty for what has no before.
    change: str = ""
    before: str = ""
    #: good, bad or empty: how the change is to be taken.
    mood: str = ""
    #: Further figures beside it.
    more: tuple[tuple[str, str], ...] = ()
    href: str = ""


def compared(
    title: str,
    now: float | None,
    before: float | None,
    cell: charts.Cell,
    before_shown: str,
    definition: str,
    more_is: str = "",
    more: tuple[tuple[str, str], ...] = (),
    is_share: bool = False,
) -> Tile:
    """A tile with its change.

    Parameters:
        more_is: `good` or `bad`; empty when more is neither.
        is_share: the change is told in percentage points.
    """
    grown = figures.change(now, before)
    told = words.points(now, before) if is_share else words.grown(grown)
    turned = {"good": "bad", "bad": "good"}
    noticed = grown is not None and any(digit in told for digit in "123456789")
    mood = "" if not grown or not more_is or not noticed else more_is if grown > 0 else turned[more_is]
    return Tile(title, cell.shown, definition, told, before_shown, mood, more, cell.href)


def render(
    request: Request,
    session: Session,
    viewer: SignedIn,
    asked: Asked,
    name: str,
    template: str,
    context: dict[str, Any],
) -> Response:
    """A page of figures.

    Parameters:
        name: of the page, in `words.PAGES`.
    """
    path = request.url.path
    frame = {
        "asked": asked,
        "here": name,
        "tabs": [(title, _path(page), page == name) for page, title in words.PAGES.items()],
        "ranges": [
            (title, asked.href(path, range=days, **_no_days(asked)), days == asked.range)
            for days, title in words.RANGES.items()
        ],
        "span": charts.span(asked.period),
        "span_before": charts.span(asked.period.before),
        "days": days_of(asked.period),
        "focus": _focus(session, asked, path),
        "definitions": words.DEFINITIONS,
        "foot": [
            words.DEFINITIONS["days"].format(zone=zones.called(asked.zone)),
            *([words.SOON.format(zone=zones.called(ZoneInfo(asked.missed)))] if asked.missed else []),
            words.DEFINITIONS["change"].format(days=asked.period.days),
        ],
        "may_export": viewer.may(Action.EXPORT),
        "charts_script": assets.address(SCRIPT),
        "all_departments": words.ALL_DEPARTMENTS,
        "number": words.number,
        "duration": words.duration,
        "share": words.share,
        "grown": words.grown,
        "moods": words.MOODS,
    }
    return templating.page(request, f"analytics/{template}.html", {**frame, **context})


def _path(page: str) -> str:
    if page == "overview":
        return "/analytics"
    return f"/analytics/by/{page}" if page in DIMENSIONS else f"/analytics/{page}"


def _no_days(asked: Asked) -> dict[str, str]:
    """Days that were given make way for a range."""
    return {} if asked.range else {"from": "", "to": ""}


def _focus(session: Session, asked: Asked, path: str) -> dict[str, str] | None:
    """The one value that the page is about, and the way back to everything."""
    dimension, value = asked.scope.dimension, asked.scope.value
    if dimension == "all":
        return None
    return {
        "dimension": words.DIMENSIONS[dimension],
        "name": names(session, dimension, [value])[value],
        "clear": asked.href(path, by="", value=""),
    }
