"""My tickets: a page of them, by status, priority, day and words; and the stream that says when to look again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.people.permissions import Action
from helpsage.tickets import categories, lifecycle, requester
from helpsage.tickets.models import Priority, Status
from helpsage.tickets.requester import Wanted
from helpsage.web import access, live, templating
from helpsage.web import words as shared
from helpsage.web.portal import words
from helpsage.web.portal.forms import Reader

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 20
#: Tickets whose changes an open list hears of.
FOLLOWED = 200
GROUPS: dict[str, tuple[Status, ...]] = {
    "all": (),
    "active": tuple(status for status in Status if status not in lifecycle.FINISHED),
    "finished": tuple(status for status in Status if status in lifecycle.FINISHED),
    **{status.value: (status,) for status in Status},
}


@dataclass(frozen=True)
class View:
    """What was asked for, as the address says it."""

    status: str = "all"
    priority: str = ""
    since: str = ""
    until: str = ""
    q: str = ""

    def href(self, **changed: str) -> str:
        """The address of this view with something changed."""
        asked = {**vars(self), **changed}
        given = {name: value for name, value in asked.items() if value and (name, value) != ("status", "all")}
        return f"/my?{urlencode(given)}" if given else "/my"

    @property
    def narrowed(self) -> bool:
        """Whether there may be more than it shows."""
        return self != View()


@router.get("/my")
def mine(
    request: Request,
    who: Reader,
    status: str = "all",
    priority: str = "",
    since: Annotated[str, Query(alias="from", max_length=100)] = "",
    until: Annotated[str, Query(alias="to", max_length=100)] = "",
    q: Annotated[str, Query(max_length=500)] = "",
    after: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """A page of the viewer's own tickets, the last changed first."""
    view = View(
        status=status if status in GROUPS else "all",
        priority=priority if priority in list(Priority) else "",
        since=since.strip(),
        until=until.strip(),
        q=q.replace("\x00", "").strip(),
    )
    wanted, problems = _wanted(view)
    with transaction() as session:
        page = requester.own_tickets(session, who.person_id, wanted, after or None, PAGE_SIZE)
        counts = requester.counted(session, who.person_id)
    context = {
        "view": view,
        "tickets": page.tickets,
        "problems": problems,
        "older": view.href(after=page.next_cursor) if page.next_cursor else None,
        "first_page": not after,
        "total": sum(counts.values()),
        "waiting": counts.get(Status.WAITING, 0),
        "groups": {**words.GROUPS, **{name.value: title for name, title in words.STATUSES.items()}},
        "priorities": shared.PRIORITIES,
        "categories": categories.load(),
    }
    return templating.page(request, "portal/tickets.html", context, 422 if problems else 200)


def _wanted(view: View) -> tuple[Wanted, dict[str, str]]:
    """The filter, and what is wrong with its days. A day that is none filters nothing."""
    problems: dict[str, str] = {}
    days = {name: _day(given, name, problems) for name, given in (("from", view.since), ("to", view.until))}
    first, last = days["from"], days["to"]
    if first is not None and last is not None and first > last:
        problems["to"] = words.DAYS_TURNED
    wanted = Wanted(
        statuses=GROUPS[view.status],
        priority=Priority(view.priority) if view.priority else None,
        opened_from=_midnight(first) if first is not None else None,
        opened_before=_midnight(last) + timedelta(days=1) if last is not None else None,
        text=view.q,
    )
    return wanted, problems


def _day(given: str, name: str, problems: dict[str, str]) -> date | None:
    if not given:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError:
        problems[name] = words.NO_FILTER_DAY
        return None
    # Such that there is a day after it.
    return day if day < date.max else date.max - timedelta(days=1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


@router.get("/my/live")
async def stream(request: Request, who: Reader, ticket: Annotated[str, Query(max_length=50)] = "") -> Response:
    """Server-sent events: `changed` whenever this ticket (or, without one, any of the viewer's) has something new."""
    topics = await run_in_threadpool(_topics, who, ticket)
    return live.response(request, topics, _still_reads)


def _topics(who: access.SignedIn, written: str) -> tuple[str, ...]:
    with transaction() as session:
        if written:
            return (str(requester.own(session, who.person_id, written).id),)
        return tuple(str(one) for one in requester.newest_ids(session, who.person_id, FOLLOWED))


def _still_reads(request: Request) -> access.SignedIn | None:
    who = access.viewer_or_none(request)
    return who if who is not None and who.may(Action.SEE_OWN_TICKET) else None
