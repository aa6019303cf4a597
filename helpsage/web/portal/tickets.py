"""My tickets: a page of them, by status, priority, day and words; and the stream that says when to look again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.people.permissions import Action
from helpsage.tickets import categories, lifecycle, requester
from helpsage.tickets.models import Priority, Status
from helpsage.tickets.requester import Wanted
from helpsage.web import access, live, templating, zones
from helpsage.web import words as shared
from helpsage.web.portal import words
from helpsage.web.portal.forms import Reader

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 20
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
    done: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """A page of the viewer's own tickets, the last changed first."""
    view = View(
        status=status if status in GROUPS else "all",
        priority=priority if priority in list(Priority) else "",
        since=since.strip(),
        until=until.strip(),
        q=q.replace("\x00", "").strip(),
    )
    wanted, problems = _wanted(view, who.zone)
    with transaction() as session:
        page = requester.own_tickets(session, who.person_id, wanted, after or None, PAGE_SIZE)
        counts = requester.counted(session, who.person_id)
    context = {
        "view": view,
        "tickets": page.tickets,
        "problems": problems,
        "older": view.href(after=page.next_cursor) if page.next_cursor else None,
        "first_page": not after,
        "said": words.WELCOME if done == "confirmed" else "",
        "total": sum(counts.values()),
        "waiting": counts.get(Status.WAITING, 0),
        "groups": {**words.GROUPS, **{name.value: title for name, title in words.STATUSES.items()}},
        "priorities": shared.PRIORITIES,
        "categories": categories.load(),
    }
    return templating.page(request, "portal/tickets.html", context, 422 if problems else 200)


def _wanted(view: View, zone: ZoneInfo) -> tuple[Wanted, dict[str, str]]:
    """The filter, and what is wrong with its days. A day that is none filters nothing."""
    problems: dict[str, str] = {}
    days = {name: _day(given, name, problems) for name, given in (("from", view.since), ("to", view.until))}
    first, last = days["from"], days["to"]
    if first is not None and last is not None and first > last:
        problems["to"] = words.DAYS_TURNED
    wanted = Wanted(
        statuses=GROUPS[view.status],
        priority=Priority(view.priority) if view.priority else None,
        opened_from=zones.begins(first, zone) if first is not None else None,
        opened_before=zones.begins(last, zone, later=1) if last is not None else None,
        text=view.q,
    )
    return wanted, problems


def _day(given: str, name: str, problems: dict[str, str]) -> date | None:
    if not given:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        problems[name] = words.NO_FILTER_DAY
        return None


@router.get("/my/live")
async def stream(request: Request, who: Reader, ticket: Annotated[str, Query(max_length=50)] = "") -> Response:
    """Server-sent events: `changed` whenever this ticket (or, without one, any of the viewer's) has something new."""
    topics = await run_in_threadpool(_topics, who, ticket)
    return live.response(request, topics, _still_reads)


def _topics(who: access.SignedIn, written: str) -> tuple[str, ...]:
    if written:
        with transaction() as session:
            return (str(requester.own(session, who.person_id, written).id),)
    return (f"{live.PERSON}{who.person_id}",)


def _still_reads(request: Request) -> access.SignedIn | None:
    who = access.viewer_or_none(request)
    return who if who is not None and who.may(Action.SEE_OWN_TICKET) else None
