"""Around every request to the interface: who asks, how often, in which form; and a problem for every refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, params
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from helpsage import settings
from helpsage.web.accounts.forms import network
from helpsage.web.api import access, problems
from helpsage.web.api.limits import Allowance, Limiter
from helpsage.web.api.problems import Refused

BASE = "/api/v1"
JSON = "application/json"
#: RFC 7396.
MERGE_PATCH = "application/merge-patch+json"
#: RFC 7578.
FORM = "multipart/form-data"
#: Requests without a good token that one network address may send within a minute.
STRANGERS_A_MINUTE = 120

Reference = Annotated[str, Path(pattern=r"^HS-[0-9]{1,12}$", examples=["HS-1042"])]
limiter = Limiter()
#: A weight of zero: not that.
_NOTHING = re.compile(r"q=0(\.0{0,3})?")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Route(APIRoute):
    """A route of the interface."""

    def get_route_handler(self) -> Handler:
        """The route's own work, guarded."""
        handle = super().get_route_handler()
        understood = self._understood()
        gives_json = not (isinstance(self.response_class, type) and issubclass(self.response_class, FileResponse))

        async def guarded(request: Request) -> Response:
            return await _guarded(request, handle, understood, gives_json)

        return guarded

    def _understood(self) -> tuple[str, ...]:
        """Media types that its body may have; none: it has no body."""
        if self.body_field is None:
            return ()
        if isinstance(self.body_field.field_info, params.Form):
            return (FORM,)
        return (JSON, MERGE_PATCH) if "PATCH" in (self.methods or ()) else (JSON,)


def router(tag: str) -> APIRouter:
    """A router of the interface."""
    return APIRouter(prefix=BASE, tags=[tag], route_class=Route, responses=problems.responses())


async def _guarded(request: Request, handle: Handler, understood: Sequence[str], gives_json: bool) -> Response:
    allowance: Allowance | None = None
    try:
        request.state.caller = await run_in_threadpool(_authenticated, request)
        allowance = limiter.take(f"token {request.state.caller.token_id}", settings.get().api_requests_a_minute)
        if allowance.wait_s:
            raise Refused("too_many")
        if gives_json and not accepts_json(request.headers.get("accept", "")):
            raise Refused("not_acceptable")
        if understood:
            _refuse_other_than(understood, request)
        response = await handle(request)
    except Exception as error:
        refusal = problems.of(request, error)
        if refusal is None:
            raise
        response = refusal
    if allowance is not None:
        response.headers.update(allowance.headers())
    return response


def _authenticated(request: Request) -> access.Caller:
    try:
        return access.authenticate(request)
    except Refused:
        allowance = limiter.take(f"stranger {network(request)}", STRANGERS_A_MINUTE)
        if allowance.wait_s:
            raise Refused("too_many", headers=allowance.headers()) from None
        raise


def accepts_json(accept: str) -> bool:
    """Whether someone who asks for these media ranges can use JSON: the most exact one counts (RFC 9110, section
    12.5.1).
    """
    ranges = {}
    for part in accept.split(","):
        name, *more = (each.strip().lower() for each in part.split(";"))
        if name:
            ranges[name] = not any(_NOTHING.fullmatch(each) for each in more)
    for name in (JSON, "application/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return not ranges


def _refuse_other_than(understood: Sequence[str], request: Request) -> None:
    """RFC 9110, section 15.5.16: say what would have been understood."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in understood:
        header = "Accept-Patch" if request.method == "PATCH" else "Accept"
        raise Refused("media_type", headers={header: ", ".join(understood)})
