"""Error pages in plain words. What went wrong inside stays in the log, under the id that the page shows."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from helpsage.people.permissions import Forbidden
from helpsage.tickets.errors import TicketNotFound
from helpsage.web import templating, words
from helpsage.web.api import problems
from helpsage.web.assets import AssetsMissingError

#: Seconds after which whoever was turned away may try again.
COME_AGAIN_AFTER_S = 5

Answer = Callable[[Request, Exception], Awaitable[Response]]

log = logging.getLogger(__name__)


def install(app: FastAPI) -> None:
    """Answer every refusal with a page; programs that ask the API get a problem."""
    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, _answered(answer))


def page(request: Request, status: int, code: str = "") -> Response:
    """The page for a status; `code` chooses words of its own."""
    otherwise = words.ERRORS["400" if status < 500 else "500"]
    title, text = words.ERRORS.get(code) or words.ERRORS.get(str(status)) or otherwise
    context = {"title": title, "text": text, "status": status, "request_id": request.state.request_id}
    return templating.page(request, "error.html", context, status)


def failure(request: Request, error: Exception) -> Response:
    """What a person sees when something broke."""
    if problems.speaks(request):
        return problems.failure(request, error)
    try:
        if isinstance(error, HTTPException):
            return page(request, error.status_code)
        if isinstance(error, DBAPIError):
            return page(request, 503, "database")
        return page(request, 500)
    except AssetsMissingError as missing:
        # Not even the error page can be drawn.
        return HTMLResponse(str(missing), status_code=503)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code in (301, 302, 303, 307, 308):
        return Response(status_code=error.status_code, headers=error.headers)
    response = page(request, error.status_code, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _malformed(request: Request, error: Exception) -> Response:
    return page(request, 400)


async def _no_ticket(request: Request, error: Exception) -> Response:
    return page(request, 404, "ticket")


async def _forbidden(request: Request, error: Exception) -> Response:
    return page(request, 403)


async def _busy(request: Request, error: Exception) -> Response:
    """Every connection is in use, and stayed so (RFC 9110, section 10.2.3)."""
    log.warning("request %s found no free connection", request.state.request_id)
    response = page(request, 503, "busy")
    response.headers["Retry-After"] = str(COME_AGAIN_AFTER_S)
    return response


_ANSWERS: Mapping[type[Exception], Answer] = {
    HTTPException: _refused,
    RequestValidationError: _malformed,
    TicketNotFound: _no_ticket,
    Forbidden: _forbidden,
    PoolTimeoutError: _busy,
}


def _answered(answer: Answer) -> Answer:
    async def answered(request: Request, error: Exception) -> Response:
        problem = problems.of(request, error) if problems.speaks(request) else None
        return problem or await answer(request, error)

    return answered
