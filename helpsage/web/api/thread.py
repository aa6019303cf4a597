"""What was written on a ticket: read it, answer, note, comment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import reading
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.schema import described
from helpsage.schema.events import Entry
from helpsage.tickets import changing, entries, models, service
from helpsage.tickets.models import Ticket
from helpsage.tokens.answers import Keyed
from helpsage.web.api import route, seen, uploads
from helpsage.web.api.access import Caller, TicketReader, TicketWriter
from helpsage.web.api.answers import MaybeIfMatch, PageAsked, json, next_link, refuse_stale
from helpsage.web.api.models import ChatMessage, EntryPage, Reply, Transcript, Words
from helpsage.web.api.once import Done, MaybeKeyed, once
from helpsage.web.api.problems import responses
from helpsage.web.api.route import Reference

router = route.router("thread")
SOURCE = "api"
_REFUSALS = responses(404, 409, 412, 413, 415)

Writes = Callable[[Session, Ticket], models.Entry]


@router.get("/tickets/{reference}/thread", response_model=EntryPage, responses=responses(404))
def list_entries(
    request: Request, who: TicketReader, reference: Reference, asked: Annotated[PageAsked, Query()]
) -> Response:
    """Replies, comments and (for staff) notes, oldest first."""
    with reading() as session:
        found = seen.ticket(session, who, reference)
        page = entries.page(session, found.ticket, not found.as_staff, asked.cursor, asked.limit)
        told = EntryPage(items=[described.entry(one) for one in page.entries], next_cursor=page.next_cursor)
    return json(told, headers=next_link(request, page.next_cursor))


@router.get("/tickets/{reference}/transcript", response_model=Transcript, responses=responses(404))
def get_transcript(who: TicketReader, reference: Reference) -> Response:
    """What was said in the chat before there was a ticket."""
    with reading() as session:
        said = service.transcript(session, seen.ticket(session, who, reference).ticket)
        items = [
            ChatMessage.model_validate(
                {name: getattr(one, name) for name in ("seq", "author", "author_name", "text", "created_at")}
            )
            for one in said
        ]
        return json(Transcript(items=items))


@router.post("/tickets/{reference}/replies", status_code=201, response_model=Entry, responses=_REFUSALS)
def reply(
    who: TicketWriter, reference: Reference, words: Reply, key: MaybeKeyed, if_match: MaybeIfMatch = None
) -> Response:
    """Answer the person, as an agent. They hear of it where they are: in the chat, by mail."""

    def write(session: Session, ticket: Ticket) -> models.Entry:
        return service.reply(session, ticket, words.body, who.actor, status=words.status, source=SOURCE)

    return _written(who, reference, Action.REPLY, words, key, if_match, write)


@router.post("/tickets/{reference}/notes", status_code=201, response_model=Entry, responses=_REFUSALS)
def note(
    who: TicketWriter, reference: Reference, words: Words, key: MaybeKeyed, if_match: MaybeIfMatch = None
) -> Response:
    """Note something for staff only."""

    def write(session: Session, ticket: Ticket) -> models.Entry:
        return service.note(session, ticket, words.body, who.actor, source=SOURCE)

    return _written(who, reference, Action.NOTE, words, key, if_match, write)


@router.post("/tickets/{reference}/comments", status_code=201, response_model=Entry, responses=_REFUSALS)
def comment(
    who: TicketWriter, reference: Reference, words: Words, key: MaybeKeyed, if_match: MaybeIfMatch = None
) -> Response:
    """Write on one's own ticket, as the person who asked."""

    def write(session: Session, ticket: Ticket) -> models.Entry:
        actor = service.Actor("requester", who.name, who.own_person_id)
        return service.comment(session, ticket, words.body, actor, source=SOURCE)

    return _written(who, reference, Action.COMMENT, words, key, if_match, write)


def _written(
    who: Caller,
    reference: str,
    action: Action,
    words: Reply | Words,
    key: Keyed | None,
    if_match: str | None,
    write: Writes,
) -> Response:
    """Write it once, on a ticket that the caller sees and may write on.

    Raises:
        TicketNotFound, permissions.Forbidden, problems.Refused, and what the ticket package refuses
    """

    def work(session: Session) -> Done:
        ticket = seen.ticket(session, who, reference).ticket
        permissions.require(who, action, ticket)
        if if_match is not None:
            refuse_stale(if_match, changing.locked(session, ticket, merged_too=True).version)
        files = uploads.held(who, words.attachments)
        entry = write(session, ticket)
        uploads.attach(session, who, entry, files)
        return Done(described.entry(entry), ticket_id=ticket.id)

    return once(key, work)
