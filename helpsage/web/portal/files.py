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
from helpsage.web.access import CurrentViewer

router = APIRouter(include_in_schema=False)

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
    show: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The file to be saved, or (`show=thumbnail`, `show=preview`) our drawing of a picture to be looked at.

    Raises:
        HTTPException: 404, whether there is none or it is not theirs.
    """
    found = _found(who, attachment_id)
    if show in (storage.THUMBNAIL, storage.PREVIEW) and found.is_picture:
        headers = HEADERS | {"Content-Disposition": names.disposition(f"{found.name}.webp", inline=True)}
        return sent(storage.path_of(found.sha256, show), pictures.CONTENT_TYPE, headers)
    return saved(found)


@router.get("/chat/files/{token}/{name}")
def download_from_chat(token: str, name: str) -> Response:
    """A file that an agent sent in a chat, to be saved by whoever was shown its address there.

    Raises:
        HTTPException: 404, also for an address that is too old.
    """
    try:
        with transaction() as session:
            found = shared.opened(session, token)
    except AttachmentNotFound as error:
        raise HTTPException(404) from error
    return saved(found)


def saved(found: Attachment, content_type: str = "") -> Response:
    """The file, to be saved. Whoever calls this has asked who may see it.

    Parameters:
        content_type: instead of the file's own.

    Raises:
        HTTPException: 404, its bytes are not there.
    """
    headers = HEADERS | {"Content-Disposition": names.disposition(found.name)}
    return sent(storage.path_of(found.sha256), content_type or found.content_type, headers)


def _found(who: CurrentViewer, attachment_id: str) -> Attachment:
    try:
        with transaction() as session:
            return visible_to(session, UUID(attachment_id), who)
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
