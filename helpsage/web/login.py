"""Logging in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.people import accounts
from helpsage.web import cookies, csrf, templating, words
from helpsage.web.access import MaybeStaff, is_staff

router = APIRouter(include_in_schema=False)

HOME = "/agent"


@router.get("/login")
def form(request: Request, who: MaybeStaff, next: str = "") -> Response:
    """The form; whoever is logged in already goes on."""
    if who is not None:
        return RedirectResponse(_local(next), status_code=303)
    return _page(request, "", next)


@router.post("/login", dependencies=[Depends(csrf.checked)])
def log_in(
    request: Request,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    """Check the password; begin a session with a token that never existed before."""
    address = request.client.host if request.client else ""
    try:
        token = _begin_session(email, password, address, request.headers.get("user-agent", ""))
    except accounts.TooManyAttempts as error:
        response = _page(request, email, next, words.TOO_MANY_ATTEMPTS, 429)
        response.headers["Retry-After"] = str(error.retry_after_s)
        return response
    except accounts.WrongCredentials:
        return _page(request, email, next, words.WRONG_CREDENTIALS, 401)
    if token is None:
        return _page(request, email, next, words.NOT_STAFF, 403)
    response = RedirectResponse(_local(next), status_code=303)
    cookies.set_session(response, token)
    return response


def _begin_session(email: str, password: str, address: str, user_agent: str) -> str | None:
    with transaction() as session:
        account = accounts.authenticate(session, email, password, address)
        return accounts.open_session(session, account, user_agent) if is_staff(account) else None


@router.post("/logout", dependencies=[Depends(csrf.checked)])
def log_out(request: Request) -> Response:
    """End the session here and on the server."""
    token = cookies.session(request)
    if token:
        with transaction() as session:
            accounts.revoke_session(session, token)
    response = RedirectResponse("/login", status_code=303)
    cookies.clear_session(response)
    return response


def _page(request: Request, email: str, next: str, problem: str = "", status: int = 200) -> Response:
    context = {"email": email, "next": next, "problem": problem}
    return templating.page(request, "login.html", context, status)


def _local(address: str) -> str:
    """Where to go on: only ever a path of ours (`//host` and `/\\host` lead elsewhere)."""
    fits = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if fits else HOME
