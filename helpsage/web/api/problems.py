"""Refusals as `application/problem+json` (RFC 9457), the same for everything below `/api/`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import compile_path

from helpsage import settings
from helpsage.configuration.service import InvalidContent, StaleContent
from helpsage.people.permissions import Forbidden
from helpsage.tickets.details import InvalidDetails, UnknownCategory
from helpsage.tickets.errors import (
    IllegalTransition,
    InvalidMerge,
    InvalidText,
    StaleTicket,
    TicketMerged,
    TicketNotFound,
)
from helpsage.tickets.placing import UnknownPlace
from helpsage.tickets.queue import InvalidCursor
from helpsage.tickets.tags import InvalidTag
from helpsage.tokens.answers import InProgress, KeyReused
from helpsage.web.api import words

PREFIX = "/api/"
MEDIA_TYPE = "application/problem+json"
_PLACES = {"query": "parameter", "path": "parameter", "header": "header"}


class Fault(BaseModel):
    """One thing that is wrong, and where."""

    model_config = ConfigDict(extra="forbid")

    detail: str
    pointer: str | None = Field(None, description="Of a body: JSON Pointer as a URI fragment (RFC 6901).")
    parameter: str | None = Field(None, description="Of an address.")
    header: str | None = None


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(description="Names the kind of problem, and leads to its description.")
    title: str
    status: int
    detail: str
    request_id: str = Field(description="Under which it stands in the log.")
    errors: list[Fault] | None = None
    survivor: str | None = Field(None, description="Of a merged ticket: the one that it goes on as.")
    allowed: list[str] | None = Field(None, description="Where the ticket can go from where it stands.")
    scope: str | None = Field(None, description="The scope that is missing.")


class Refused(Exception):
    """A request that is not done.

    Attributes:
        code: one of `words.PROBLEMS`.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        self.code = code
        self.detail = detail
        self.faults = list(faults)
        self.headers = dict(headers or {})
        self.more = more
        super().__init__(code)


def in_body(detail: str, *path: str | int) -> Refused:
    """Something in the body is not as it should be."""
    return Refused("invalid", detail, [Fault(detail=detail, pointer=pointer(*path))])


def in_address(detail: str, parameter: str) -> Refused:
    """A parameter is not as it should be."""
    return Refused("invalid", detail, [Fault(detail=detail, parameter=parameter)])


def pointer(*path: str | int) -> str:
    """A place in the body."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def speaks(request: Request) -> bool:
    """Whether this address answers in JSON only."""
    return request.url.path.startswith(PREFIX)


def of(request: Request, error: Exception) -> Response | None:
    """The answer to a refusal; None for what is no refusal but a fault of ours."""
    refused = error if isinstance(error, Refused) else _read(request, error)
    return answer(request, refused) if refused is not None else None


def failure(request: Request, error: Exception) -> Response:
    """The answer when something broke."""
    found = of(request, error)
    if found is not None:
        return found
    return answer(request, Refused("unavailable" if isinstance(error, DBAPIError | PoolTimeoutError) else "failed"))


def answer(request: Request, refused: Refused) -> Response:
    """The refusal as it is sent."""
    status, title, about = words.PROBLEMS[refused.code]
    problem = Problem(
        type=f"{settings.get().web_url}/api#{refused.code.replace('_', '-')}",
        title=title,
        status=status,
        detail=refused.detail or about,
        request_id=getattr(request.state, "request_id", ""),
        errors=refused.faults or None,
        **refused.more,
    )
    body = json.dumps(problem.model_dump(exclude_none=True), ensure_ascii=True)
    return Response(body, status, refused.headers, MEDIA_TYPE)


def _read(request: Request, error: Exception) -> Refused | None:
    """What an error of the packages behind means to whoever asked."""
    match error:
        case RequestValidationError():
            return _malformed(error)
        case HTTPException():
            return _by_status(request, error)
        case TicketNotFound():
            return Refused("not_found")
        case Forbidden():
            return Refused("forbidden")
        case StaleTicket():
            return Refused("stale", headers={"ETag": f'"{error.current_version}"'})
        case StaleContent():
            return Refused("stale")
        case TicketMerged():
            return Refused("merged", survivor=error.survivor)
        case IllegalTransition():
            return Refused("illegal_move", str(error), allowed=[status.value for status in error.allowed])
        case InProgress():
            return Refused("in_progress", headers={"Retry-After": "1"})
        case KeyReused():
            return Refused("key_reused")
        case InvalidCursor():
            return in_address(words.UNKNOWN_CURSOR, "cursor")
        case _:
            return _invalid(error)


def _invalid(error: Exception) -> Refused | None:
    match error:
        case InvalidText():
            return in_body(str(error), "body")
        case InvalidMerge() if error.problem in ("nothing_chosen", "foreign_entry"):
            return in_body(words.MERGES[error.problem], "entries")
        case InvalidMerge():
            return Refused("no_merge", words.MERGES[error.problem])
        case UnknownCategory():
            return in_body(words.NO_SUCH["category"], "category")
        case UnknownPlace():
            return in_body(words.NO_SUCH["team"], "team")
        case InvalidTag():
            return in_body(words.TAGS[error.problem], "tags")
        case InvalidDetails():
            faults = [
                Fault(detail=words.DETAILS[problem], pointer=pointer("details", name))
                for name, problem in error.problems.items()
            ]
            return Refused("invalid", faults=faults)
        case InvalidContent():
            return Refused(
                "invalid", faults=[Fault(detail=said, pointer=pointer(name)) for name, said in error.problems.items()]
            )
        case _:
            return None


def _by_status(request: Request, error: HTTPException) -> Refused:
    code = words.BY_STATUS.get(error.status_code, "failed" if error.status_code >= 500 else "malformed")
    headers = dict(error.headers or {})
    if code == "method":
        headers["Allow"] = ", ".join(allowed(request.app, request.url.path))
    return Refused(code, headers=headers)


def _malformed(error: RequestValidationError) -> Refused:
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return Refused("malformed")
    if any(one["type"] == "missing" and tuple(one["loc"]) == ("header", "If-Match") for one in found):
        return Refused("no_version")
    return Refused("invalid", faults=[_fault(one["loc"], one["msg"]) for one in found])


def _fault(place: Sequence[str | int], said: str) -> Fault:
    where, *path = place
    if where == "body":
        return Fault(detail=said, pointer=pointer(*path))
    kind: Literal["parameter", "header"] = "header" if where == "header" else "parameter"
    return Fault.model_validate({"detail": said, kind: ".".join(str(part) for part in path)})


def allowed(app: FastAPI, path: str) -> list[str]:
    """The methods that an address has, of all its routes."""
    found = set()
    for template, operations in app.openapi()["paths"].items():
        if compile_path(template)[0].match(path):
            found |= {method.upper() for method in operations}
    return sorted(found) or ["GET"]


def responses(*codes: int) -> dict[int | str, dict[str, Any]]:
    """What a route's description says of its refusals: those that every route has, and these."""
    every = sorted({400, 401, 403, 406, 422, 429, 500, 503, *codes})
    titles = {status: title for status, title, _ in reversed(list(words.PROBLEMS.values()))}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {code: {"description": titles.get(code, ""), "content": {MEDIA_TYPE: {"schema": schema}}} for code in every}
