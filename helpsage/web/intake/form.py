"""A department's form as a page: works without script, keeps what was typed, takes the same message once."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, HTTPException, Path, Query
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.departments.models import Department
from helpsage.intake import lanes, service, words
from helpsage.intake.models import Lane
from helpsage.mail.address import InvalidAddress, parse
from helpsage.people import limits
from helpsage.people.errors import TooManyAttempts
from helpsage.people.limits import Limit
from helpsage.tickets.words import LONGEST_BODY, LONGEST_SUBJECT, clean, visible
from helpsage.web import brand, templating
from helpsage.web.access import MaybeViewer
from helpsage.web.accounts.forms import network

router = APIRouter(include_in_schema=False, prefix="/form")

Key = Annotated[str, Path(pattern="^[a-z][a-z0-9-]{0,39}$")]
#: Messages from one network.
PER_NETWORK = Limit("form", 20, timedelta(minutes=10))
#: For how long a page may stand open.
OPEN_FOR_S = 24 * 3600
LONGEST_NAME = 200
LONGEST_PAGE = 2_000


@dataclass
class Typed:
    """What stands in the form. Nobody sees `website`; programs fill it in."""

    name: str = ""
    email: str = ""
    subject: str = ""
    message: str = ""
    page: str = ""
    website: str = ""


@router.get("/{key}")
def show(
    request: Request,
    viewer: MaybeViewer,
    key: Key,
    page: Annotated[str, Query(max_length=LONGEST_PAGE)] = "",
    sent: str = "",
) -> Response:
    """The empty form. `page` is where the link stands; without it the browser's own word for it counts."""
    came_from = page or request.headers.get("referer", "")[:LONGEST_PAGE]
    with transaction() as session:
        found = _open(session, key)
        typed = Typed(page="" if _is_own(came_from) else came_from)
        if viewer is not None and not viewer.is_staff:
            typed.name, typed.email = viewer.name, viewer.email
        return _page(request, found, typed, {}, sent=bool(sent))


@router.post("/{key}")
def send(
    request: Request,
    viewer: MaybeViewer,
    key: Key,
    mark: Annotated[str, Form(max_length=1_000)] = "",
    name: Annotated[str, Form()] = "",
    email: Annotated[str, Form()] = "",
    subject: Annotated[str, Form()] = "",
    message: Annotated[str, Form()] = "",
    page: Annotated[str, Form()] = "",
    website: Annotated[str, Form()] = "",
) -> Response:
    """Keep a message; say so when it lies in the database."""
    typed = Typed(
        clean(name), clean(email), clean(subject), clean(message), clean(page)[:LONGEST_PAGE], clean(website)[:2_000]
    )
    with transaction() as session:
        found = _open(session, key)
    form_id = _marked(mark, key)
    problems = problems_of(typed)
    if form_id is None:
        problems[""] = words.FORM["again"]
    if problems:
        return _page(request, found, typed, problems, status=422)
    try:
        with transaction() as session:
            limits.count(session, (PER_NETWORK, network(request)))
            meta = {
                "department": key,
                "origin": request.headers.get("origin", "")[:300],
                "page": typed.page,
                "client": network(request),
                "browser": request.headers.get("user-agent", "")[:300],
            }
            if viewer is not None and viewer.email.lower() == typed.email.lower():
                meta["person_id"] = str(viewer.person_id)
            raw = json.dumps(asdict(typed), ensure_ascii=False).encode()
            # A double click is one message; who goes back and writes something else has sent two.
            named = f"{key}:{form_id}:{hashlib.sha256(raw).hexdigest()[:16]}"
            service.accept(session, Lane.FORM, named, raw, "application/json", meta, typed.email, typed.subject)
    except TooManyAttempts:
        return _page(request, found, typed, {"": words.FORM["too_often"]}, status=429)
    return RedirectResponse(f"/form/{key}?sent=1", status_code=303)


def problems_of(typed: Typed) -> dict[str, str]:
    """What stands in the way, by field."""
    problems: dict[str, str] = {}
    if not visible(typed.message):
        problems["message"] = words.FORM["empty"]
    elif len(typed.message) > LONGEST_BODY:
        problems["message"] = words.FORM["too_long"].format(limit=LONGEST_BODY)
    if len(typed.subject) > LONGEST_SUBJECT:
        problems["subject"] = words.FORM["too_long"].format(limit=LONGEST_SUBJECT)
    if len(typed.name) > LONGEST_NAME:
        problems["name"] = words.FORM["long_name"]
    try:
        typed.email = parse(typed.email)
    except InvalidAddress:
        problems["email"] = words.FORM["no_email"]
    return problems


def _open(session: Session, key: str) -> Department:
    found = departments.by_key(session, key)
    if found is None or found.archived_at is not None or key in lanes.lanes.get().closed_forms:
        raise HTTPException(404)
    return found


def _is_own(address: str) -> bool:
    return urlsplit(address).netloc == urlsplit(settings.get().web_url).netloc


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(settings.get().derived("form"))


def _marked(mark: str, key: str) -> str | None:
    """The form's id; None for a page that is not ours, or was open for too long."""
    try:
        form_id, department = _serializer().loads(mark, max_age=OPEN_FOR_S)
    except (BadSignature, TypeError, ValueError):
        return None
    return str(form_id) if department == key else None


def _page(
    request: Request, found: Department, typed: Typed, problems: dict[str, str], sent: bool = False, status: int = 200
) -> Response:
    look = brand.of_desk(found.widget_key)
    context = {
        "desk": look.name,
        "brand": look,
        "key": found.key,
        "form": typed,
        "problems": problems,
        "sent": sent,
        "mark": _serializer().dumps([secrets.token_urlsafe(16), found.key]),
    }
    return templating.page(request, "intake/form.html", context, status)
