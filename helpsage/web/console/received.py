"""What a ticket, or something on it, was made of: the whole letter, for whoever works the ticket."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased
from starlette.requests import Request
from starlette.responses import Response

from helpsage.attachments import service as attachments
from helpsage.attachments.models import Attachment
from helpsage.db.session import transaction
from helpsage.handoff import files as chat_files
from helpsage.intake import letters, service
from helpsage.intake.models import Inbound, Lane
from helpsage.tickets import merge
from helpsage.tickets.models import Ticket
from helpsage.web import templating
from helpsage.web.console.attempt import Agent, visible
from helpsage.web.settings.received import as_file

router = APIRouter(include_in_schema=False, prefix="/agent/tickets/{reference}/received")


@router.get("/{inbound_id}")
def show(request: Request, who: Agent, reference: str, inbound_id: int) -> Response:
    """The whole letter: quotes and signature, who it was sent to, what the mail server says of its sender."""
    with transaction() as session:
        ticket, record = _found(session, who, reference, inbound_id)
        context = {"ticket": ticket, "record": record, **letters.summary(record)}
        return templating.page(request, "console/received.html", context)


@router.get("/{inbound_id}/raw")
def raw(request: Request, who: Agent, reference: str, inbound_id: int) -> Response:
    """The letter as a file."""
    with transaction() as session:
        return as_file(_found(session, who, reference, inbound_id)[1])


@dataclass(frozen=True)
class Came:
    """What came with a ticket and with what was said on it, by the entry's id, or the ticket's for its report."""

    files: Mapping[UUID, Sequence[Attachment]]
    #: What agents sent in the chat that led to a ticket, by the message's number.
    chats: Mapping[int, Sequence[Attachment]]
    letters: Mapping[UUID, Inbound]


def of_family(session: Session, family: Sequence[Ticket]) -> Came:
    """Files and letters, in one statement."""
    ids = [ticket.id for ticket in family]
    file = aliased(Attachment, attachments.on(ids, False).subquery())
    letter = aliased(Inbound, service.letters_of(ids).subquery())
    rows = session.execute(select(file, letter).join(letter, letter.entry_id == file.entry_id, full=True)).all()
    files: dict[UUID, list[Attachment]] = defaultdict(list)
    # A letter with several files stands in as many rows.
    others, chats = chat_files.apart({row[0] for row in rows if row[0] is not None})
    for each in others:
        files[each.entry_id or each.ticket_id].append(each)
    records = sorted({row[1] for row in rows if row[1] is not None}, key=lambda each: each.id)
    places = ((each.entry_id or each.ticket_id, each) for each in records)
    return Came(dict(files), chats, {place: record for place, record in places if place is not None})


def _found(session: Session, who: Agent, reference: str, inbound_id: int) -> tuple[Ticket, Inbound]:
    ticket = visible(session, who, reference)
    family = {each.id for each in merge.family(session, ticket)}
    record = session.get(Inbound, inbound_id)
    if record is None or record.ticket_id not in family or record.lane != Lane.EMAIL:
        raise HTTPException(404)
    return ticket, record
