"""The pages for everyone: front page, chat, the chat's script."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.people.models import Person
from helpsage.web import assets, brand, cookies, csrf, templating
from helpsage.web.access import MaybeStaff
from helpsage.web.accounts.forms import local
from languages import detect

router = APIRouter()

#: Seconds a site may use its copy of the script before asking whether it is still the newest.
SCRIPT_FRESH_S = 300

#: Key of a department's chat (`/chat?desk=...`): its pages show its look.
Desk = Annotated[str, Query(alias="desk", max_length=64)]


@router.get("/", include_in_schema=False)
def front(request: Request, who: MaybeStaff, key: Desk = "") -> Response:
    """What this desk is, and the way in."""
    return _branded(request, "front.html", key)


@router.get("/chat", include_in_schema=False)
def chat(request: Request, who: MaybeStaff, key: Desk = "") -> Response:
    """The chat as a page of its own."""
    return _branded(request, "chat.html", key)


@router.get("/chat.js", include_in_schema=False)
def chat_script(request: Request, key: Desk = "") -> Response:
    """The widget, for any page: docs/widget.md."""
    told = {"chat": settings.get().chat_url, **brand.of_desk(key.replace("\0", "")).for_script()}
    code = assets.chat_script(told).encode()
    headers = {
        "ETag": f'"{hashlib.sha256(code).hexdigest()[:20]}"',
        "Cache-Control": f"public, max-age={SCRIPT_FRESH_S}",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(code, media_type="text/javascript; charset=utf-8", headers=headers)


def _branded(request: Request, template: str, key: str) -> Response:
    found = brand.of_desk(key.replace("\0", ""))
    return templating.page(request, template, {"desk": found.name, "brand": found})


@router.post("/language", include_in_schema=False, dependencies=[Depends(csrf.checked)])
def choose_language(
    request: Request,
    who: MaybeStaff,
    language: Annotated[str, Form(max_length=20)] = "",
    back: Annotated[str, Form(alias="next", max_length=2000)] = "/",
) -> Response:
    """Speak another language in this browser; to whoever is logged in, in every browser that was told nothing else."""
    response = RedirectResponse(local(back, "/"), status_code=303)
    chosen = detect.spoken(language)
    if chosen is not None:
        cookies.set_language(response, chosen)
        if who is not None:
            with transaction() as session:
                session.get_one(Person, who.person_id).locale = chosen
    return response


@router.get("/favicon.ico", include_in_schema=False)
def favicon() -> Response:
    """The leaf, where browsers look for it unasked."""
    return FileResponse(
        assets.STATIC / "leaf.svg", media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"}
    )
