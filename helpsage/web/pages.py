"""The pages for everyone: front page, chat, the chat's script."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from helpsage import settings
from helpsage.web import assets, templating
from helpsage.web.access import MaybeStaff

router = APIRouter()

#: Seconds a site may use its copy of the script before asking whether it is still the newest.
SCRIPT_FRESH_S = 300


@router.get("/", include_in_schema=False)
def front(request: Request, who: MaybeStaff) -> Response:
    """What this desk is, and the way in."""
    return templating.page(request, "front.html")


@router.get("/chat", include_in_schema=False)
def chat(request: Request, who: MaybeStaff) -> Response:
    """The chat as a page of its own."""
    return templating.page(request, "chat.html")


@router.get("/chat.js", include_in_schema=False)
def chat_script(request: Request) -> Response:
    """The widget, for any page: docs/widget.md."""
    configured = settings.get()
    code = assets.chat_script(configured.chat_url, configured.desk_name).encode()
    headers = {
        "ETag": f'"{hashlib.sha256(code).hexdigest()[:20]}"',
        "Cache-Control": f"public, max-age={SCRIPT_FRESH_S}",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(code, media_type="text/javascript; charset=utf-8", headers=headers)


@router.get("/favicon.ico", include_in_schema=False)
def favicon() -> Response:
    """The leaf, where browsers look for it unasked."""
    return FileResponse(
        assets.STATIC / "leaf.svg", media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"}
    )
