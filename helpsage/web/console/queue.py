"""The queue: which tickets there are, by status, priority, category and words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.tickets import categories, service
from helpsage.tickets.models import Priority, Status
from helpsage.tickets.queue import COUNTED_UP_TO, Filters, InvalidCursor
from helpsage.web import templating, words
from helpsage.web.access import CurrentStaff

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 30
#: What still needs someone.
ACTIVE = (Status.OPEN, Status.IN_PROGRESS, Status.WAITING, Status.ESCALATED)
GROUPS: dict[str, tuple[Status, ...]] = {"active": ACTIVE, "all": tuple(Status), **{s.value: (s,) for s in Status}}
MINE = "mine"


@dataclass(frozen=True)
class Tab:
    """One choice of status, and how many tickets it has."""

    name: str
    title: str
    count: str
    href: str
    current: bool


@dataclass(frozen=True)
class View:
    """What the agent asked to see, as the address says it."""

    status: str = "active"
    priority: str = ""
    category: str = ""
    who: str = ""
    q: str = ""

    def href(self, **changed: str) -> str:
        """The address of this view with something changed."""
        asked = {**vars(self), **changed}
        given = {name: value for name, value in asked.items() if value and (name, value) != ("status", "active")}
        return f"/agent?{urlencode(given)}" if given else "/agent"


@router.get("/agent")
def queue(
    request: Request,
    who: CurrentStaff,
    status: str = "active",
    priority: str = "",
    category: str = "",
    owner: Annotated[str, Query(alias="who")] = "",
    q: Annotated[str, Query(max_length=500)] = "",
    after: str = "",
) -> Response:
    """A page of tickets, the last changed first."""
    view = View(
        status=status if status in GROUPS else "active",
        priority=priority if priority in list(Priority) else "",
        category=category if category in categories.load() else "",
        who=owner if owner in (MINE, "nobody") else "",
        q=q.replace("\x00", "").strip(),
    )
    filters = Filters(
        statuses=GROUPS[view.status],
        priorities=(view.priority,) if view.priority else (),
        category=view.category or None,
        assignee_id=who.account_id if view.who == MINE else None,
        unassigned=view.who == "nobody",
        text=view.q,
    )
    try:
        with transaction() as session:
            page = service.queue(session, filters, after or None, PAGE_SIZE)
    except InvalidCursor as error:
        raise HTTPException(400) from error
    context = {
        "view": view,
        "tickets": page.tickets,
        "tabs": _tabs(view, page.counts),
        "older": view.href(after=page.next_cursor) if page.next_cursor else None,
        "first_page": not after,
        "filtered": bool(view.priority or view.category or view.who or view.q),
        "priorities": words.PRIORITIES,
        "categories": categories.load(),
    }
    return templating.page(request, "console/queue.html", context)


def _tabs(view: View, counts: dict[Status, int]) -> list[Tab]:
    statuses = {status.value: title for status, title in words.STATUSES.items()}
    titles = {"active": words.ACTIVE, **statuses, "all": words.ALL}
    return [
        Tab(
            name=str(name),
            title=words.SHORT_STATUSES.get(str(name), title),
            count=_counted([counts.get(status, 0) for status in GROUPS[str(name)]]),
            href=view.href(status=str(name)),
            current=view.status == name,
        )
        for name, title in titles.items()
    ]


def _counted(numbers: list[int]) -> str:
    """A count of many stops somewhere, and says so."""
    more = any(number >= COUNTED_UP_TO for number in numbers)
    return f"{COUNTED_UP_TO:,}+" if more else f"{sum(numbers):,}"
