"""Logging in, with a one-time code where one is asked for, and out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.people import accounts, browsers, sessions, two_factor
from helpsage.people.captcha import Challenge
from helpsage.people.errors import TooManyAttempts, WrongCode, WrongCredentials
from helpsage.people.models import Account
from helpsage.web import cookies, csrf, texts
from helpsage.web.access import MaybeViewer
from helpsage.web.accounts import puzzle, words
from helpsage.web.accounts.forms import Filled, home, local, network, origin, page, too_many

router = APIRouter(include_in_schema=False)
checked = [Depends(csrf.checked)]


@router.get("/login")
def form(request: Request, who: MaybeViewer, next: str = "") -> Response:
    """The form; whoever is logged in already goes on."""
    if who is not None:
        return RedirectResponse(local(next, home(who.role)), status_code=303)
    with transaction() as session:
        needed = accounts.needs_puzzle(session, "", network(request))
    return login_page(request, Filled({"next": next}), puzzle.to_show(needed, texts.language_of(request)))


@router.post("/login", dependencies=checked)
def log_in(
    request: Request,
    answers: puzzle.Answers,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    remember: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    """Check the password; begin a session with a token that never existed before."""
    filled = Filled({"email": email, "next": next, "remember": remember})
    with transaction() as session:
        needed = accounts.needs_puzzle(session, email, network(request), cookies.browser(request))
    check = puzzle.look_at(answers, network(request), needed, texts.language_of(request))
    if not check.is_passed:
        filled.refuse(words.UNSOLVED, "answer")
        return login_page(request, filled, check.challenge)
    try:
        with transaction() as session:
            account = accounts.authenticate(
                session, email, password, network(request), origin(request), cookies.browser(request)
            )
            return begin(session, request, account, bool(remember), next)
    except TooManyAttempts as error:
        filled.refuse(words.TOO_MANY_ATTEMPTS, status=429)
        return too_many(login_page(request, filled, check.challenge), error)
    except WrongCredentials:
        filled.refuse(words.WRONG_CREDENTIALS, status=401)
        with transaction() as session:
            needed = accounts.needs_puzzle(session, email, network(request), cookies.browser(request))
        return login_page(request, filled, check.challenge or puzzle.to_show(needed, texts.language_of(request)))


def login_page(request: Request, filled: Filled, challenge: Challenge | None = None) -> Response:
    """The page with every way to log in."""
    configured = settings.get()
    response = page(
        request,
        "login",
        filled,
        challenge=challenge,
        providers=configured.oidc,
        registration=configured.registration,
        after=local(filled.values.get("next", ""), ""),
    )
    return puzzle.allow(response, challenge)


def begin(
    session: Session, request: Request, account: Account, remember: bool, next: str, second_factor: bool = False
) -> Response:
    """Log this browser in as the account and go on, or ask for the one-time code first.

    Parameters:
        second_factor: an identity provider has asked for one already.
    """
    asks = two_factor.is_on(session, account) and not second_factor
    token = _opened(session, request, account, remember, awaits_code=asks, two_factor=second_factor)
    if asks:
        after = f"?next={quote(next, safe='')}" if local(next, "") else ""
        response = RedirectResponse(f"/login/code{after}", status_code=303)
        cookies.set_session(response, token)
        return response
    return _entered(request, account, token, remember, next)


def _entered(request: Request, account: Account, token: str, remember: bool, next: str) -> Response:
    """On to where they wanted, in a browser that is known from now on."""
    response = RedirectResponse(local(next, home(account.role)), status_code=303)
    cookies.set_session(response, token, remember)
    present = cookies.browser(request)
    cookies.set_browser(response, present if browsers.known(present, account) else browsers.marked(account))
    return response


def _opened(session: Session, request: Request, account: Account, remember: bool, **how: bool) -> str:
    """A token for this browser; the one that it had before opens nothing any more."""
    before = cookies.session(request)
    if before:
        sessions.revoke_session(session, before)
    came = origin(request)
    return sessions.open_session(session, account, came.user_agent, address=came.address, remember=remember, **how)


@router.get("/login/code")
def code_form(request: Request, next: str = "") -> Response:
    """The page that asks for the one-time code, after the password."""
    with transaction() as session:
        waiting = sessions.find_waiting(session, cookies.session(request) or "")
    if waiting is None:
        return RedirectResponse("/login", status_code=303)
    return page(request, "code", Filled({"next": next}))


@router.post("/login/code", dependencies=checked)
def enter_code(
    request: Request, code: Annotated[str, Form(max_length=100)] = "", next: Annotated[str, Form()] = ""
) -> Response:
    """Check the code; only now the browser is logged in."""
    filled = Filled({"next": next})
    try:
        with transaction() as session:
            waiting = sessions.find_waiting(session, cookies.session(request) or "")
            if waiting is None:
                return RedirectResponse("/login", status_code=303)
            two_factor.check(session, waiting.account, code, origin(request))
            account, remember = waiting.account, waiting.remembered
            token = _opened(session, request, account, remember, two_factor=True)
    except TooManyAttempts as error:
        filled.refuse(words.TOO_MANY_ATTEMPTS, status=429)
        return too_many(page(request, "code", filled), error)
    except WrongCode:
        filled.refuse(words.WRONG_CODE, "code")
        return page(request, "code", filled)
    return _entered(request, account, token, remember, next)


@router.post("/logout", dependencies=checked)
def log_out(request: Request) -> Response:
    """End the session here and on the server."""
    token = cookies.session(request)
    if token:
        with transaction() as session:
            sessions.revoke_session(session, token)
    response = RedirectResponse("/login?done=logged-out", status_code=303)
    cookies.clear_session(response)
    return response
