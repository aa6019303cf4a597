"""How the interface answers: JSON of a model, ETags (RFC 9110, section 8.8.3), pages with cursors, moments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import Header
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from helpsage.web.api.problems import Refused

LARGEST_PAGE, USUAL_PAGE = 200, 50
_ETAGS = r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'
_ETAG = re.compile(r'(W/)?"([!#-~]*)"')
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)

Cursor = Annotated[
    str | None,
    Field(
        description="`next_cursor` of the page before.", min_length=1, max_length=1_000, pattern=r"^[A-Za-z0-9_-]+=*$"
    ),
]
Limit = Annotated[int, Field(ge=1, le=LARGEST_PAGE, description="How many of them at most.")]
IfMatch = Annotated[
    str,
    Header(
        alias="If-Match",
        pattern=_ETAGS,
        max_length=200,
        description="The ETag of what you read, or `*`.",
        examples=['"3"'],
    ),
]
MaybeIfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        pattern=_ETAGS,
        max_length=200,
        description="Do it only when the ticket is still as you read it.",
        examples=['"3"'],
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        pattern=_ETAGS,
        max_length=200,
        description="Answer 304 when it is still the one with this ETag.",
    ),
]


def _written(moment: object) -> object:
    """Other writings of a moment are not understood: a number could be seconds or milliseconds."""
    if isinstance(moment, str) and not _RFC_3339.fullmatch(moment):
        raise ValueError("a moment is written like 2026-03-31T09:30:00Z (RFC 3339)")
    return moment


Moment = Annotated[AwareDatetime | None, BeforeValidator(_written), Field(examples=["2026-03-01T00:00:00Z"])]


class Asked(BaseModel):
    """Parameters of an address. One that is not known is refused: a filter with a slip would show everything."""

    model_config = ConfigDict(extra="forbid")


class PageAsked(Asked):
    """Which page."""

    cursor: Cursor = None
    limit: Limit = USUAL_PAGE


def json(model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The model, as it is sent."""
    return Response(model.model_dump_json(by_alias=True), status, dict(headers or {}), "application/json")


def etag(value: object) -> str:
    """The ETag of a version."""
    return f'"{value}"'


def tag(version: int, beside: datetime | None) -> str:
    """The ETag of something with a version, and with something beside it that changes without counting.

    Parameters:
        beside: when that changed last.
    """
    return f"{version}.{int(beside.timestamp() * 1000):x}" if beside is not None else str(version)


def matches(if_match: str | None, value: object) -> bool:
    """Whether a condition holds (RFC 9110, section 13.1.1: weak ones never do). What stands beside a version (`tag`)
    does not count: nobody overwrites it.
    """
    if if_match is None or if_match == "*":
        return True
    return any(not weak and opaque.partition(".")[0] == str(value) for weak, opaque in _ETAG.findall(if_match))


def unchanged(if_none_match: str | None, value: object) -> bool:
    """Whether the reader has it already (section 13.1.2: weak or strong)."""
    if if_none_match is None:
        return False
    return if_none_match == "*" or any(opaque == str(value) for _, opaque in _ETAG.findall(if_none_match))


def next_link(request: Request, cursor: str | None) -> dict[str, str]:
    """The way to the next page as a header (RFC 8288)."""
    if cursor is None:
        return {}
    return {"Link": f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'}


def refuse_stale(if_match: str | None, value: object) -> None:
    """Go on only when the condition holds.

    Raises:
        Refused
    """
    if not matches(if_match, value):
        raise Refused("stale", headers={"ETag": etag(value)})
