"""Tickets: open, find, read and change them."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import reading, transaction
from helpsage.departments import service as departments
from helpsage.departments.models import Team
from helpsage.people import accounts
from helpsage.schema import ticket as schema
from helpsage.schema.events import KeptTicket
from helpsage.schema.ticket import Email, Key, Priority, Status
from helpsage.tickets import queue, requester
from helpsage.tickets.models import Priority as TicketPriority
from helpsage.tickets.models import Status as TicketStatus
from helpsage.tickets.models import Ticket
from helpsage.tickets.queue import Filters, Sort
from helpsage.web.api import changing, opening, problems, route, seen, words
from helpsage.web.api.access import Caller, TicketReader, TicketWriter
from helpsage.web.api.answers import IfMatch, IfNoneMatch, Moment, PageAsked, json, next_link, unchanged
from helpsage.web.api.models import Accepted, NewTicket, TicketChange, TicketPage
from helpsage.web.api.once import MaybeKeyed, Raw
from helpsage.web.api.problems import in_address, responses
from helpsage.web.api.route import Reference

router = route.router("tickets")

Words = Annotated[str, Field(max_length=500, description="A reference, or words of the ticket and its thread.")]
NONE, ME = "none", "me"


class TicketsAsked(PageAsked):
    """Which tickets to show; nothing chosen shows all that the token's owner sees."""

    status: list[Status] = Field([], description="Any of these.")
    priority: list[Priority] = Field([], description="Any of these.")
    opened_from: Moment = None
    opened_before: Moment = None
    changed_from: Moment = None
    q: Words = ""
    category: Key | None = None
    department: Key | None = Field(None, description="Key of a department. For staff, like all that follow.")
    team: Key | None = Field(None, description="Key of a team, or `none`.")
    assignee: Email | None = Field(None, min_length=2, description="E-mail address of an agent, `me`, or `none`.")
    tag: schema.Tag | None = None
    channel: Key | None = None
    requester: UUID | None = Field(None, description="Id of a person.")
    due_before: Moment = None
    sort: Literal["changed", "unchanged", "newest", "oldest", "priority", "due", "best"] | None = Field(
        None, description="`best` of a search is the usual one; of days opened `newest`; else `changed`."
    )


#: What the person who asked can choose by.
FOR_EVERYBODY = {
    "status",
    "priority",
    "opened_from",
    "opened_before",
    "changed_from",
    "q",
    "category",
    "cursor",
    "limit",
}


@router.get("/tickets", response_model=TicketPage)
def list_tickets(request: Request, who: TicketReader, asked: Annotated[TicketsAsked, Query()]) -> Response:
    """A page of tickets, cut by key: what comes or goes between two pages neither repeats others nor hides them."""
    with reading() as session:
        found, cursor = chosen(session, who, asked)
        page = TicketPage(items=seen.listed(session, who, found), next_cursor=cursor)
    return json(page, headers=next_link(request, cursor))


def chosen(session: Session, who: Caller, asked: TicketsAsked) -> tuple[list[Ticket], str | None]:
    """The tickets, and the cursor of the next page.

    Raises:
        problems.Refused, InvalidCursor
    """
    if who.is_staff:
        sort = Sort(asked.sort) if asked.sort else None
        page = queue.queue(session, filters(session, who, asked), asked.cursor, asked.limit, who, sort, counted=False)
        return page.tickets, page.next_cursor
    for name in sorted(asked.model_fields_set - FOR_EVERYBODY):
        raise in_address(words.STAFF_FILTER, name)
    if not asked.q.strip():
        page = queue.queue(session, filters(session, who, asked), asked.cursor, asked.limit, who, counted=False)
        return page.tickets, page.next_cursor
    return _own(session, who, asked)


def _own(session: Session, who: Caller, asked: TicketsAsked) -> tuple[list[Ticket], str | None]:
    """Of a search by the person who asked: what staff wrote among themselves is not looked through."""
    if asked.cursor is not None and not requester.is_cursor(asked.cursor):
        raise queue.InvalidCursor(asked.cursor)
    wanted = requester.Wanted(
        statuses=[TicketStatus(one) for one in asked.status],
        priorities=[TicketPriority(one) for one in asked.priority],
        category=asked.category,
        opened_from=asked.opened_from,
        opened_before=asked.opened_before,
        changed_from=asked.changed_from,
        text=asked.q.replace("\x00", " "),
    )
    page = requester.own_tickets(session, who.person_id, wanted, asked.cursor, asked.limit)
    return page.tickets, page.next_cursor


def filters(session: Session, who: Caller, asked: TicketsAsked) -> Filters:
    """The same for the queue.

    Raises:
        problems.Refused: it names something that is not there.
    """
    home = departments.by_key(session, asked.department) if asked.department is not None else None
    if asked.department is not None and home is None:
        raise in_address(words.NO_SUCH["department"], "department")
    return Filters(
        statuses=asked.status,
        priorities=asked.priority,
        category=asked.category,
        department_id=home.id if home is not None else None,
        team_id=_team(session, asked.team),
        no_team=asked.team == NONE,
        assignee_id=_assignee(session, who, asked.assignee),
        unassigned=asked.assignee == NONE,
        tag=_tag(asked.tag),
        channel=asked.channel,
        opened_from=asked.opened_from,
        opened_before=asked.opened_before,
        changed_from=asked.changed_from,
        requester_id=asked.requester,
        due_before=asked.due_before,
        text=asked.q.replace("\x00", " "),
    )


def _team(session: Session, key: str | None) -> UUID | None:
    if key is None or key == NONE:
        return None
    team = session.scalar(select(Team).where(Team.key == key))
    if team is None:
        raise in_address(words.NO_SUCH["team"], "team")
    return team.id


def _assignee(session: Session, who: Caller, written: str | None) -> UUID | None:
    if written is None or written == NONE:
        return None
    if written == ME:
        return who.account_id
    account = accounts.by_email(session, written)
    if account is None or account.role == "requester":
        raise in_address(words.NO_SUCH["assignee"], "assignee")
    return account.id


def _tag(written: str | None) -> str | None:
    try:
        return changing.normal_tag(written) if written is not None else None
    except problems.Refused as refused:
        raise in_address(refused.detail, "tag") from refused


@router.post(
    "/tickets",
    status_code=201,
    response_model=KeptTicket,
    responses={
        **responses(409, 413, 415),
        201: {"description": "The ticket is made.", "headers": {"Location": {"schema": {"type": "string"}}}},
        202: {"model": Accepted, "description": "It is kept, and waits: `Location` tells what becomes of it."},
    },
)
def open_ticket(request: Request, who: TicketWriter, new: NewTicket, body: Raw, key: MaybeKeyed) -> Response:
    """Open a ticket, with files that were sent to `/uploads` before. It is kept raw before anything else, on the queue
    of everything that comes in, and worked off at once; when something of the same sender still waits, it waits behind
    that (202).

    Staff open tickets for anybody; everyone else for themselves.
    """
    return opening.open_ticket(request, who, new, body, key)


@router.get(
    "/tickets/{reference}",
    response_model=KeptTicket,
    responses={**responses(404), 304: {"description": "It is still the one with that ETag."}},
)
def get_ticket(who: TicketReader, reference: Reference, if_none_match: IfNoneMatch = None) -> Response:
    """One ticket, with its clocks (service level), its rating, and for staff how it was read (triage). Its ETag begins
    with its version.
    """
    with reading() as session:
        found = seen.ticket(session, who, reference)
        kept = seen.shown(session, found)
        headers = {"ETag": seen.etag(kept)}
        if unchanged(if_none_match, headers["ETag"].strip('"')):
            return Response(status_code=304, headers=headers)
        return json(kept, headers=headers)


@router.patch(
    "/tickets/{reference}",
    response_model=KeptTicket,
    responses=responses(404, 409, 412, 413, 415, 428),
)
def change_ticket(who: TicketWriter, reference: Reference, if_match: IfMatch, change: TicketChange) -> Response:
    """Change a ticket, all of it or nothing. Of their own ticket, those who asked can close or reopen it."""
    with transaction() as session:
        found = seen.ticket(session, who, reference)
        changed = changing.change(session, who, found, change, if_match)
        kept = seen.shown(session, changed)
        return json(kept, headers={"ETag": seen.etag(kept)})
