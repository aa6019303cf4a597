"""Files: sent first, then put on a ticket with the words that they belong to; read by those who may see these.

What is taken, how large it may be, and how it is given out again are as on the pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import File, HTTPException, Path, UploadFile
from sqlalchemy.orm import Session
from starlette.responses import FileResponse, Response

from helpsage import attachments, settings
from helpsage.attachments import AttachmentNotFound, AttachmentRefused, Received
from helpsage.attachments import held as marks
from helpsage.attachments import words as texts
from helpsage.db.session import reading, transaction
from helpsage.tickets.models import Entry
from helpsage.web.api import models, route, seen, words
from helpsage.web.api.access import Caller, TicketReader, TicketWriter
from helpsage.web.api.answers import json
from helpsage.web.api.once import Done, MaybeKeyed, once
from helpsage.web.api.problems import Refused, in_body, responses
from helpsage.web.api.route import Reference
from helpsage.web.portal import files

router = route.router("attachments")

#: Nothing but bytes, whatever they are: `content_type` of the attachment says that.
BYTES = "application/octet-stream"
Id = Annotated[UUID, Path()]
Sent = Annotated[UploadFile, File(description="The file, with its name.")]


@router.post("/uploads", status_code=201, response_model=models.Upload, responses=responses(409, 413, 415))
def upload_file(who: TicketWriter, file: Sent, key: MaybeKeyed) -> Response:
    """Send a file. `upload` of the answer puts it on a ticket, when that is opened or with words that are written on
    it, within a day and with this token.
    """

    def work(session: Session) -> Done:
        try:
            received = attachments.receive(file.filename or "", file.content_type or "", file.file)
        except AttachmentRefused as refusal:
            raise in_body(str(refusal), "file") from refusal
        return Done(
            models.Upload(
                upload=marks.mark(received, who.token_id),
                name=received.name,
                content_type=received.content_type,
                size=received.size,
            )
        )

    return once(key, work)


@router.get("/tickets/{reference}/attachments", response_model=models.AttachmentList, responses=responses(404))
def list_attachments(who: TicketReader, reference: Reference) -> Response:
    """The files of a ticket and of what was written on it; those of notes for staff."""
    with reading() as session:
        found = seen.ticket(session, who, reference)
        listed = attachments.of_ticket(session, found.ticket.id, public_only=not found.as_staff)
        return json(models.AttachmentList(items=[_attachment(one) for one in listed]))


@router.get("/attachments/{attachment_id}", response_model=models.Attachment, responses=responses(404))
def get_attachment(who: TicketReader, attachment_id: Id) -> Response:
    """What is known of a file. It never changes."""
    return json(_attachment(_found(who, attachment_id)))


@router.get(
    "/attachments/{attachment_id}/content",
    response_class=FileResponse,
    responses={
        **responses(404),
        200: {"description": "The file.", "content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}},
    },
)
def download_attachment(who: TicketReader, attachment_id: Id) -> Response:
    """The file, to be saved: whatever opens it as a page can do nothing with it."""
    try:
        return files.saved(_found(who, attachment_id), BYTES)
    except HTTPException as error:  # its row is there, and nobody has its bytes
        raise Refused("not_found") from error


def held(who: Caller, given: Sequence[str]) -> list[Received]:
    """The files that these uploads are.

    Raises:
        Refused: not this token's, too old, or too many.
    """
    most = settings.get().attachment_max_files
    found = []
    for number, mark in enumerate(given):
        received = marks.held(mark, who.token_id)
        if received is None:
            raise in_body(words.NO_UPLOAD, "attachments", number)
        if number >= most:
            raise in_body(texts.TOO_MANY.format(name=received.name, limit=most), "attachments", number)
        found.append(received)
    return found


def attach(session: Session, who: Caller, entry: Entry, received: Sequence[Received]) -> None:
    """Put files on a ticket, with what was written.

    Raises:
        Refused
    """
    for number, one in enumerate(received):
        try:
            attachments.attach(session, one, entry.ticket_id, entry.id, who.own_person_id, f"{entry.id}:{number}")
        except AttachmentRefused as refusal:
            raise in_body(str(refusal), "attachments", number) from refusal


def _found(who: Caller, attachment_id: UUID) -> attachments.Attachment:
    with transaction() as session:
        try:
            return attachments.visible_to(session, attachment_id, who)
        except AttachmentNotFound as error:
            raise Refused("not_found") from error


def _attachment(found: attachments.Attachment) -> models.Attachment:
    return models.Attachment(
        id=found.id,
        entry=found.entry_id,
        name=found.name,
        content_type=found.content_type,
        size=found.size,
        sha256=found.sha256,
        width=found.width,
        height=found.height,
        created_at=found.created_at,
        content=f"{route.BASE}/attachments/{found.id}/content",
    )
