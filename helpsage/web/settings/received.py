"""What came in, raw: looked for, looked at, and worked off once more."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.intake import letters, service
from helpsage.intake import words as intake_words
from helpsage.intake.models import Inbound, Lane, Progress
from helpsage.intake.service import InboundNotFound, Wanted
from helpsage.tickets.models import Ticket
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator

router = APIRouter(include_in_schema=False, prefix="/settings/received")

PAGE_SIZE = 50
#: Characters of a raw record that the page shows; the rest is in the file.
SHOWN = 60_000
#: A record is somebody's words: the browser keeps it as a file and never shows it as a page.
DOWNLOAD = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "no-store"}


@router.get("")
def index(
    request: Request,
    viewer: Administrator,
    lane: str = "",
    state: str = "",
    sender: str = "",
    words_: Annotated[str, "of the subject"] = "",
    after: int | None = None,
) -> Response:
    """The newest records."""
    wanted = Wanted(
        Lane(lane) if lane in list(Lane) else None,
        Progress(state) if state in list(Progress) else None,
        sender[:254],
        words_[:200],
    )
    with transaction() as session:
        found = service.newest(session, wanted, after, PAGE_SIZE + 1)
        shown = found[:PAGE_SIZE]
        context = {
            "records": shown,
            "references": _references(session, shown),
            "reasons": intake_words.REASONS,
            "wanted": wanted,
            "lanes": words.LANES,
            "states": words.RECORD_STATES,
            "older": shown[-1].id if len(found) > PAGE_SIZE else None,
            "counts": service.counted(session),
        }
        return forms.page(request, session, "received", context)


@router.get("/{inbound_id}")
def show(request: Request, viewer: Administrator, inbound_id: int) -> Response:
    """One record as it came, and what was made of it."""
    with transaction() as session:
        record = _found(session, inbound_id)
        context: dict[str, Any] = {
            "record": record,
            "raw": record.raw[:SHOWN].decode("utf-8", "replace").replace("\x00", "\ufffd"),
            "size": len(record.raw),
            "shown": SHOWN,
            "letter": letters.summary(record) if record.lane == Lane.EMAIL else None,
            "references": _references(session, [record]),
            "reasons": intake_words.REASONS,
            "lanes": words.LANES,
            "states": words.RECORD_STATES,
            "named": words.RECORD_FACTS,
        }
        return forms.page(request, session, "received_one", context)


@router.get("/{inbound_id}/raw")
def raw(request: Request, viewer: Administrator, inbound_id: int) -> Response:
    """The record as a file."""
    with transaction() as session:
        return as_file(_found(session, inbound_id))


@router.post("/{inbound_id}/replay", dependencies=forms.checked)
def replay(request: Request, viewer: Administrator, inbound_id: int) -> Response:
    """Work it off once more."""
    with transaction() as session:
        try:
            service.replay(session, inbound_id)
        except InboundNotFound as error:
            raise HTTPException(404) from error
    return RedirectResponse(f"/settings/received/{inbound_id}", status_code=303)


def as_file(record: Inbound) -> Response:
    """A download, whatever it holds."""
    ending = "eml" if record.lane == Lane.EMAIL else "json"
    disposition = f'attachment; filename="received-{record.id}.{ending}"'
    return Response(
        record.raw, media_type="application/octet-stream", headers={**DOWNLOAD, "Content-Disposition": disposition}
    )


def _found(session: Session, inbound_id: int) -> Inbound:
    try:
        return service.by_id(session, inbound_id)
    except InboundNotFound as error:
        raise HTTPException(404) from error


def _references(session: Session, records: list[Inbound]) -> dict[Any, str]:
    tickets = (session.get(Ticket, record.ticket_id) for record in records if record.ticket_id is not None)
    return {ticket.id: ticket.reference for ticket in tickets if ticket is not None}
