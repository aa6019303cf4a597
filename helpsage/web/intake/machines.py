"""Ways in for other people's programs: forms of other sites, and finished conversations of other chat tools.

Each lane of each department has a secret. What is sent again under its id is known, and gets the first answer again.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Path
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.departments.models import Department
from helpsage.intake import chats, forms, gate, lanes, service, words
from helpsage.intake.models import Inbound, Lane
from helpsage.people import limits
from helpsage.people.errors import TooManyAttempts
from helpsage.tickets.words import visible
from helpsage.web.accounts.forms import network
from helpsage.web.intake.form import PER_NETWORK

router = APIRouter(include_in_schema=False, prefix="/in")

Key = Annotated[str, Path(pattern="^[a-z][a-z0-9-]{0,39}$")]

SCHEMAS: Mapping[Lane, type[BaseModel]] = {Lane.FORM: forms.Message, Lane.CHAT: chats.Conversation}


class _Refused(Exception):
    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        self.detail = detail
        super().__init__(detail)


@router.get("/{lane}/schema.json")
def schema(lane: Annotated[str, Path(pattern="^(form|chat)$")]) -> Response:
    """What the lane takes, as JSON Schema."""
    return JSONResponse(SCHEMAS[Lane(lane)].model_json_schema())


@router.post("/form/{key}")
async def form(request: Request, key: Key) -> Response:
    """A message from a form: JSON of a program, or the fields of a form on somebody's page."""
    body = await request.body()
    return await run_in_threadpool(_answered, _form, request, key, body)


@router.post("/chat/{key}")
async def chat(request: Request, key: Key) -> Response:
    """A conversation that is over, as JSON."""
    body = await request.body()
    return await run_in_threadpool(_answered, _chat, request, key, body)


def _answered(work: Any, request: Request, key: str, body: bytes) -> Response:
    try:
        answer: Response = work(request, key, body)
    except _Refused as refused:
        return _problem(refused.status, refused.detail)
    except TooManyAttempts:
        return _problem(429, words.FORM["too_often"])
    return answer


def _problem(status: int, detail: str) -> Response:
    """RFC 9457."""
    told = {"type": "about:blank", "title": words.FORM["invalid"] if status == 422 else detail, "status": status}
    return JSONResponse({**told, "detail": detail}, status, media_type="application/problem+json")


def _form(request: Request, key: str, body: bytes) -> Response:
    from_page = "json" not in request.headers.get("content-type", "").lower()
    fields = _fields(body) if from_page else _json(body)
    department = _allowed(request, Lane.FORM, key, str(fields.pop("secret", "")))
    message = _valid(forms.Message, fields)
    assert isinstance(message, forms.Message)
    if not visible(message.message):
        raise _Refused(422, words.FORM["empty"])
    if from_page:
        _refuse_foreign(request, department)
        _count(request)
    page = message.page or request.headers.get("referer", "")[:2_000]
    raw = message.model_copy(update={"page": page}).model_dump_json().encode()
    meta = {**_meta(request, key), "page": page}
    named = message.id or secrets.token_urlsafe(16)
    number = _keep(Lane.FORM, f"{key}:{named}", raw, meta, message.email, message.subject, message)
    if from_page and "html" in request.headers.get("accept", ""):
        return RedirectResponse(f"/form/{key}?sent=1", status_code=303)
    return _kept(number)


def _chat(request: Request, key: str, body: bytes) -> Response:
    _allowed(request, Lane.CHAT, key, "")
    conversation = _valid(chats.Conversation, body)
    assert isinstance(conversation, chats.Conversation)
    if not any(visible(said.text) for said in conversation.messages):
        raise _Refused(422, words.FORM["empty"])
    meta = {**_meta(request, key), "page": conversation.page}
    named, sender = f"{key}:{conversation.id}", conversation.person.email
    number = _keep(Lane.CHAT, named, body, meta, sender, conversation.subject, conversation)
    return _kept(number)


def _kept(number: int) -> Response:
    return JSONResponse({"id": number, "status": "accepted"}, 202)


def _keep(lane: Lane, key: str, raw: bytes, meta: dict[str, Any], sender: str, subject: str, said: BaseModel) -> int:
    """Committed when this returns. What came under this id before was the same, or this is refused: taken for the
    first one, it would be lost without a word.
    """
    print_of = hashlib.sha256(said.model_dump_json().encode()).hexdigest()
    told = {**meta, "print": print_of}
    kept = gate.keep(service.arrival(lane, key, raw, "application/json", told, sender, subject))
    if not kept.is_new:
        with transaction() as session:
            first = session.get_one(Inbound, kept.number)
            if first.meta.get("print", print_of) != print_of:
                raise _Refused(409, words.FORM["other"].format(number=first.id))
    return kept.number


def _fields(body: bytes) -> dict[str, Any]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=100))


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _Refused(400, words.FORM["invalid"]) from error
    if not isinstance(found, dict):
        raise _Refused(422, words.FORM["invalid"])
    return found


def _valid(model: type[BaseModel], given: bytes | dict[str, Any]) -> BaseModel:
    try:
        return model.model_validate_json(given) if isinstance(given, bytes) else model.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise _Refused(422, f"{place}: {first['msg']}" if place else first["msg"]) from error


def _allowed(request: Request, lane: Lane, key: str, in_body: str) -> Department:
    """The department, for whoever shows its lane's secret; without that, nobody learns which departments there are."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    shown = token.strip() if scheme.lower() == "bearer" else in_body
    if not lanes.is_secret(lane, key, shown):
        raise _Refused(401, words.FORM["secret"])
    with transaction() as session:
        found = departments.by_key(session, key)
        if found is None or found.archived_at is not None:
            raise _Refused(404, words.FORM["closed"])
        return found


def _refuse_foreign(request: Request, department: Department) -> None:
    origin = request.headers.get("origin", "").lower()
    if origin and origin not in department.allowed_origins:
        raise _Refused(403, words.FORM["origin"])


def _count(request: Request) -> None:
    with transaction() as session:
        limits.count(session, (PER_NETWORK, network(request)))


def _meta(request: Request, key: str) -> dict[str, Any]:
    return {
        "department": key,
        "origin": request.headers.get("origin", "")[:300],
        "client": network(request),
        "browser": request.headers.get("user-agent", "")[:300],
    }
