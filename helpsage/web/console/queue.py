"""The queue: which tickets there are, as the address asks for them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import reading
from helpsage.departments import service as departments
from helpsage.people.permissions import Action
from helpsage.tickets import bulk, categories, placing, service
from helpsage.tickets import views as saved
from helpsage.tickets.queue import COUNTED_UP_TO, InvalidCursor, Page, Sort
from helpsage.web import access, templating, words, zones
from helpsage.web.access import SignedIn
from helpsage.web.console import asked, said
from helpsage.web.console.asked import GROUPS, Asked

router = APIRouter(include_in_schema=False)

PAGE_SIZE = 30

QueueViewer = Annotated[SignedIn, Depends(access.allowed(Action.SEE_QUEUE))]


@dataclass(frozen=True)
class Tab:
    """One choice of status, and how many tickets it has."""

    name: str
    title: str
    count: str
    href: str
    current: bool


@dataclass(frozen=True)
class ViewLink:
    """A named way to look at the queue; its count is fetched after the page."""

    id: str
    name: str
    href: str
    current: bool
    own: bool = False
    shared: bool = False


#: The fields of the form that changes many tickets, empty.
NOTHING_TRIED: Mapping[str, str] = {"status": "", "priority": "", "assignee": "", "team": "", "tag": ""}


@dataclass(frozen=True)
class Told:
    """What the page has to say besides the tickets."""

    notice: str = ""
    #: The outcome of a change to many tickets (`said.outcome`).
    bulk: Mapping[str, Any] | None = None
    bulk_problem: str = ""
    #: Of a refused change: the tickets that were ticked, and what was chosen for them.
    chosen: Collection[str] = ()
    tried: Mapping[str, str] = field(default_factory=lambda: NOTHING_TRIED)
    #: Of a refused view: why, and what was typed.
    view_problem: str = ""
    view_name: str = ""
    view_shared: bool = False


@router.get("/agent")
def queue(request: Request, who: QueueViewer) -> Response:
    """A page of tickets."""
    given = request.query_params
    with reading() as session:
        return page(request, session, who, asked.read(given), given.get("after", ""), _told(session, given, who))


def page(
    request: Request,
    session: Session,
    who: SignedIn,
    view: Asked,
    after: str = "",
    told: Told | None = None,
    status: int = 200,
) -> Response:
    """The queue's page.

    Parameters:
        told: what it has to say besides: the outcome of a change to many, or what is wrong with a view to be saved.

    Raises:
        HTTPException: 400 for a cursor that is none of ours.
    """
    try:
        found = service.queue(
            session,
            view.filters(who),
            after or None,
            PAGE_SIZE,
            who,
            view.order,
        )
    except InvalidCursor as error:
        raise HTTPException(400) from error
    places = departments.places(session)
    teams = places.teams
    colleagues = placing.colleagues(session, None)
    context = {
        "view": view,
        "tickets": found.tickets,
        "excerpts": found.excerpts,
        "meant": found.meant,
        "tabs": _tabs(view, found),
        "older": view.href(after=found.next_cursor) if found.next_cursor else None,
        "first_page": not after,
        "views": links(session, who, view),
        "priorities": words.PRIORITIES,
        "statuses": words.STATUSES,
        "categories": categories.load(),
        "departments": places.departments,
        "teams": teams,
        "team_names": {team.id: team.name for team in teams},
        "channels": said.channels(),
        "zone": zones.called(who.zone),
        "opened": found.sort in (Sort.NEWEST, Sort.OLDEST),
        "due": said.DUE,
        "sorts": said.sorts(searching=bool(view.q)),
        "colleagues": [each for each in colleagues if each.account_id != who.account_id],
        "names": said.names_beside(session, colleagues, (ticket.assignee_id for ticket in found.tickets)),
        "key": secrets.token_urlsafe(16),
        "told": told or Told(),
    }
    return templating.page(request, "console/queue.html", context, status)


def links(session: Session, who: SignedIn, view: Asked) -> list[ViewLink]:
    """The views of someone's list: what everybody has, then what is saved."""
    current = view.query()
    found = [
        ViewLink(name, title, Asked(**query).href(), query == current) for name, title, query in said.BUILT_IN_VIEWS
    ]
    for each in saved.of(session, who.account_id):
        query = asked.read(each.query).query()
        own = each.owner_id == who.account_id
        link = ViewLink(str(each.id), each.name, asked.read(query).href(), query == current, own, each.shared)
        found.append(link)
    return found


def _told(session: Session, given: Mapping[str, str], who: SignedIn) -> Told:
    """What was done just before: the outcome of a change to many tickets, or one line."""
    if note := said.NOTICES.get(given.get("told", "")):
        return Told(notice=note)
    try:
        done = bulk.get(session, UUID(given.get("done", "")), who.account_id)
    except ValueError:
        return Told()
    return Told(bulk=said.outcome(session, done)) if done is not None else Told()


def _tabs(view: Asked, found: Page) -> list[Tab]:
    statuses = {status.value: title for status, title in words.STATUSES.items()}
    titles = {"active": words.ACTIVE, **statuses, "all": words.ALL}
    return [
        Tab(
            name=str(name),
            title=words.SHORT_STATUSES.get(str(name), title),
            count=counted([found.counts.get(status, 0) for status in GROUPS[str(name)]], found.counted_up_to),
            href=view.href(status=str(name)),
            current=view.status == name,
        )
        for name, title in titles.items()
    ]


def counted(numbers: list[int], up_to: int = COUNTED_UP_TO) -> str:
    """A count of many stops somewhere, and says so."""
    total = sum(numbers)
    return f"{up_to:,}+" if total >= up_to else f"{total:,}"
