"""The zone in which whoever looks tells the time: their browser says it in a cookie, which a page's script wrote.

Times on pages are told in the browser's own zone, so days that people choose or read begin there, too. Before any
script has run, and for a zone that nobody knows, it is the desk's.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request

from helpsage import settings
from helpsage.notify import manner

#: The same in frontend/src/pages/times.ts.
COOKIE = "helpsage_zone"


def of(request: Request) -> ZoneInfo:
    """The zone of whoever asks."""
    said = request.cookies.get(COOKIE, "")
    return ZoneInfo(said if said in manner.zones() else settings.get().time_zone)


def called(zone: ZoneInfo) -> str:
    """As a label says it: `London time`."""
    place = zone.key.rpartition("/")[2].replace("_", " ")
    return place if zone.key == "UTC" else f"{place} time"


def begins(day: date, zone: ZoneInfo, later: int = 0) -> datetime | None:
    """The moment at which a day begins, or the one so many days later; None after the last day there is.

    Where the clocks skip midnight, that is the first moment after it (PEP 495: the offset before a gap).
    """
    try:
        return datetime.combine(day + timedelta(days=later), time(), zone)
    except OverflowError:
        return None
