"""The tickets behind a figure: what a click on a chart shows."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import Response

from helpsage.analytics import behind
from helpsage.analytics.behind import InvalidCursor, What
from helpsage.db.session import transaction
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.tickets import categories
from helpsage.web.analytics import words
from helpsage.web.analytics.asked import Analyst, Asked, Given, days_of, read
from helpsage.web.analytics.page import render

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 50
#: What has no days.
PRESENT = (What.UNRESOLVED, What.OVERDUE)


@router.get("/analytics/tickets")
def tickets(
    request: Request,
    who: Analyst,
    given: Given,
    what: What = What.OPENED,
    rating: Annotated[int | None, Query(ge=1, le=5)] = None,
    after: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """A page of them."""
    with transaction() as session:
        asked = read(session, who, given)
        visible = permissions.visible_tickets(who, Action.SEE_ANALYTICS)
        try:
            page = behind.tickets(session, asked.scope, asked.period, what, visible, rating, after, PAGE_SIZE)
        except InvalidCursor as error:
            raise HTTPException(400) from error
        more = {"what": what.value, **({"rating": str(rating)} if rating else {})}
        context = {
            "title": words.BEHIND[what],
            "what": what.value,
            "rating": rating,
            "present": what in PRESENT,
            "tickets": page.tickets,
            "categories": categories.load(),
            "first": asked.href("/analytics/tickets", **more) if after else None,
            "older": asked.href("/analytics/tickets", **more, after=page.next_cursor) if page.next_cursor else None,
            "queue": _queue(asked, what),
            "exports": [],
        }
        return render(request, session, who, asked, "", "tickets", context)


def _queue(asked: Asked, what: What) -> str | None:
    """The same tickets in the agents' queue, where it can say so: in whole days of theirs, by the day of opening."""
    if what not in (What.OPENED, What.UNRESOLVED) or (what is What.OPENED and asked.missed):
        return None
    days = days_of(asked.period)
    given = {"status": "all", "since": days["from"], "until": days["to"]} if what is What.OPENED else {}
    if asked.department:
        given["department"] = asked.department
    dimension, value = asked.scope.dimension, asked.scope.value
    parameter = {"agent": "who", "all": ""}.get(dimension, dimension)
    if parameter:
        given[parameter] = value or {"agent": "nobody", "team": "none"}.get(dimension, "")
    return f"/agent?{urlencode(given)}" if given else "/agent"
