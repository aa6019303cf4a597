"""Attached files, for those who may see what they hang on. Nothing a stranger sent is ever run or drawn as it came.

The file itself is only ever downloaded. What a page shows are our own drawings of pictures.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from helpsage.attachments import Attachment, AttachmentNotFound, names, pictures, shared, storage, visible_to
from helpsage.db.session import transaction
from helpsage.handoff import files as chat_files
from helpsage.handoff.models import ChatFile
from helpsage.web.access import CurrentViewer

router = APIRouter(include_in_schema=False)

#: On a ticket, or sent in a chat.
File = Attachment | ChatFile
Drawing = Annotated[str, Query(max_length=20)]

#: Opened on its own, the answer may do nothing at all.
POLICY = "default-src 'none'; sandbox"
#: Seconds. A file never changes, and only its viewer's own browser keeps it.
FRESH_S = 3_600
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": f"private, max-age={FRESH_S}",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@router.get("/attachments/{attachment_id}/{name}")
def download(
    request: Request,
    who: CurrentViewer,
    attachment_id: str,
    name: str,
    show: Drawing = "",
) -> Response:
    """The file to be saved, or (`show=thumbnail`, `show=preview`) our drawing of a picture to be looked at.

    Raises:
        HTTPException: 404, whether there is none or it is not theirs.
    """
    found = _found(who, attachment_id)
    return _drawn(found, show, HEADERS) or saved(found)


@router.get("/chat/files/{token}/{name}")
def download_from_chat(token: str, name: str, show: Drawing = "") -> Response:
    """A file that an agent sent in a chat, to be saved by whoever was shown its address there; or our drawing of a
    picture, which a window of the chat shows on pages of others.

    Raises:
        HTTPException: 404, also for an address that is too old.
    """
    try:
        with transaction() as session:
            found = chat_files.by_id(session, shared.named(token)) or shared.opened(session, token)
    except AttachmentNotFound as error:
        raise HTTPException(404) from error
    elsewhere = HEADERS | {"Cross-Origin-Resource-Policy": "cross-origin"}
    return _drawn(found, show, elsewhere) or saved(found)


def _drawn(found: File, drawing: str, headers: dict[str, str]) -> Response | None:
    """Our drawing of a picture; None: that was not asked for, or there is none."""
    if drawing not in (storage.THUMBNAIL, storage.PREVIEW) or not found.is_picture:
        return None
    shown = headers | {"Content-Disposition": names.disposition(f"{found.name}.webp", inline=True)}
    return sent(storage.path_of(found.sha256, drawing), pictures.CONTENT_TYPE, shown)


def saved(found: File, content_type: str = "") -> Response:
    """The file, to be saved. Whoever calls this has asked who may see it.

    Parameters:
        content_type: instead of the file's own.

    Raises:
        HTTPException: 404, its bytes are not there.
    """
    headers = HEADERS | {"Content-Disposition": names.disposition(found.name)}
    return sent(storage.path_of(found.sha256), content_type or found.content_type, headers)


def _found(who: CurrentViewer, attachment_id: str) -> File:
    try:
        with transaction() as session:
            identified = UUID(attachment_id)
            return chat_files.visible_to(session, identified, who) or visible_to(session, identified, who)
    except (ValueError, AttachmentNotFound) as error:
        raise HTTPException(404) from error


def sent(path: Path, content_type: str, headers: dict[str, str]) -> Response:
    """A kept file with these headers.

    Raises:
        HTTPException: 404, its bytes are not there.
    """
    if not path.is_file():
        raise HTTPException(404)
    return FileResponse(path, media_type=content_type, headers=headers)
