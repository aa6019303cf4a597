"""Error pages in plain words. What went wrong inside stays in the log, under the id that the page shows."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from helpsage.tickets.errors import TicketNotFound
from helpsage.web import templating, words
from helpsage.web.assets import AssetsMissingError


def install(app: FastAPI) -> None:
    """Answer every refusal with a page."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(TicketNotFound, _no_ticket)


def page(request: Request, status: int, code: str = "") -> Response:
    """The page for a status; `code` chooses words of its own."""
    title, text = words.ERRORS.get(code) or words.ERRORS.get(str(status)) or words.ERRORS["500"]
    context = {"title": title, "text": text, "status": status, "request_id": request.state.request_id}
    return templating.page(request, "error.html", context, status)


def failure(request: Request, error: Exception) -> Response:
    """What a person sees when something broke."""
    try:
        if isinstance(error, HTTPException):
            return page(request, error.status_code)
        if isinstance(error, DBAPIError | PoolTimeoutError):
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
