"""Making an account, and choosing a new password without the old one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.people import accounts, changes, directory, invitations, passwords, registration
from helpsage.people.captcha import Challenge
from helpsage.people.errors import AccountExists, InvalidAccount, LinkError, TooManyAttempts, WrongCredentials
from helpsage.people.registration import Wish
from helpsage.web import cookies, csrf, texts
from helpsage.web.access import MaybeViewer
from helpsage.web.accounts import puzzle, words
from helpsage.web.accounts.forms import Filled, bad_link, go, home, network, origin, page, too_many
from helpsage.web.accounts.login import begin

router = APIRouter(include_in_schema=False)
checked = [Depends(csrf.checked)]

Token = Annotated[str, Form(max_length=200)]


# --- making an account


def is_open() -> None:
    """Only where people may make accounts themselves.

    Raises:
        HTTPException: 404.
    """
    if not settings.get().registration:
        raise HTTPException(404)


@router.get("/register", dependencies=[Depends(is_open)])
def register_form(request: Request, who: MaybeViewer) -> Response:
    """The form; whoever is logged in has no need of it."""
    if who is not None:
        return RedirectResponse(home(who.role), status_code=303)
    return _register_page(request, Filled(), puzzle.to_show(_needs_puzzle(request), texts.language_of(request)))


@router.post("/register", dependencies=[Depends(is_open), *checked])
def register(
    request: Request,
    answers: puzzle.Answers,
    email: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Send a link. What is said does not depend on there being an account."""
    filled = Filled({"email": email, "name": name})
    check = puzzle.look_at(answers, network(request), _needs_puzzle(request), texts.language_of(request))
    if not check.is_passed:
        filled.refuse(words.UNSOLVED, "answer")
        _mark_all(filled, email, name, password)
        return _register_page(request, filled, check.challenge)
    wish = Wish(email, name, password, cookies.visitor(request) or "", texts.language_of(request))
    try:
        with transaction() as session:
            registration.ask(session, wish, network(request))
    except InvalidAccount:
        _mark_all(filled, email, name, password)
        return _register_page(request, filled, check.challenge)
    except TooManyAttempts as error:
        filled.refuse(words.TOO_MANY_LETTERS, status=429)
        return too_many(_register_page(request, filled, check.challenge), error)
    return page(request, "sent", Filled({"email": email}), back="/register", what="register")


def _mark_all(filled: Filled, email: str, name: str, password: str) -> None:
    """Say of every field at once what is wrong with it."""
    looks: tuple[Callable[[], str], ...] = (
        lambda: accounts.parsed_email(email),
        lambda: directory.given_name(name),
        lambda: passwords.accepted(password, email, name),
    )
    for look in looks:
        try:
            look()
        except InvalidAccount as error:
            filled.refuse_invalid(error)


def _needs_puzzle(request: Request) -> bool:
    with transaction() as session:
        return registration.needs_puzzle(session, network(request))


def _register_page(request: Request, filled: Filled, challenge: Challenge | None) -> Response:
    providers = settings.get().oidc
    response = page(
        request, "register", filled, challenge=challenge, providers=providers, shortest=passwords.SHORTEST, after=""
    )
    return puzzle.allow(response, challenge)


@router.get("/register/confirm")
def confirm_form(request: Request, token: str = "") -> Response:
    """What the link of the letter opens. It is used up by the button only: programs that check mail follow links."""
    try:
        with transaction() as session:
            found = registration.link(session, token)
            known = registration.is_same_browser(found, cookies.visitor(request) or "")
    except LinkError as error:
        return bad_link(request, error, "/register", words.ASK_AGAIN)
    return _confirm_page(request, Filled({"token": token, "email": found.email}), known)


@router.post("/register/confirm", dependencies=checked)
def confirm(request: Request, token: Token = "", password: Annotated[str, Form()] = "") -> Response:
    """Make the account. In the browser that asked for it, its person is logged in with that."""
    mark = cookies.visitor(request) or ""
    try:
        with transaction() as session:
            found = registration.link(session, token)
        with transaction() as session:
            account = registration.confirm(session, token, mark, password)
            return begin(session, request, account, remember=False, next="/my?done=confirmed")
    except LinkError as error:
        return bad_link(request, error, "/login", words.LOG_IN)
    except AccountExists:
        return go("/login", "confirmed")
    except WrongCredentials:
        filled = Filled({"token": token, "email": found.email})
        filled.refuse(words.WRONG_CHOSEN, "password")
        return _confirm_page(request, filled, known=False)
    except TooManyAttempts as error:
        filled = Filled({"token": token, "email": found.email})
        filled.refuse(words.TOO_MANY_ATTEMPTS, status=429)
        return too_many(_confirm_page(request, filled, known=False), error)


def _confirm_page(request: Request, filled: Filled, known: bool) -> Response:
    return page(request, "register_confirm", filled, known=known)


# --- a forgotten password


@router.get("/forgot")
def forgot_form(request: Request) -> Response:
    """The form that asks for the address."""
    return _forgot_page(request, Filled(), puzzle.to_show(_needs_puzzle(request), texts.language_of(request)))


@router.post("/forgot", dependencies=checked)
def forgot(request: Request, answers: puzzle.Answers, email: Annotated[str, Form()] = "") -> Response:
    """Send a link. What is said does not depend on there being an account."""
    filled = Filled({"email": email})
    check = puzzle.look_at(answers, network(request), _needs_puzzle(request), texts.language_of(request))
    if not check.is_passed:
        filled.refuse(words.UNSOLVED, "answer")
        return _forgot_page(request, filled, check.challenge)
    try:
        with transaction() as session:
            changes.forgot_password(session, email, network(request), texts.language_of(request))
    except InvalidAccount as error:
        filled.refuse_invalid(error)
        return _forgot_page(request, filled, check.challenge)
    except TooManyAttempts as error:
        filled.refuse(words.TOO_MANY_LETTERS, status=429)
        return too_many(_forgot_page(request, filled, check.challenge), error)
    return page(request, "sent", Filled({"email": email}), back="/forgot", what="forgot")


def _forgot_page(request: Request, filled: Filled, challenge: Challenge | None) -> Response:
    return puzzle.allow(page(request, "forgot", filled, challenge=challenge), challenge)


@router.get("/reset")
def reset_form(request: Request, token: str = "") -> Response:
    """What the link of the letter opens."""
    try:
        with transaction() as session:
            found = changes.reset_link(session, token)
    except LinkError as error:
        return bad_link(request, error, "/forgot", words.ASK_AGAIN)
    return _reset_page(request, Filled({"token": token, "email": found.email}))


@router.post("/reset", dependencies=checked)
def reset(request: Request, token: Token = "", password: Annotated[str, Form()] = "") -> Response:
    """Set the new password. The link does not log in: a second factor is asked for as always."""
    try:
        with transaction() as session:
            found = changes.reset_link(session, token)
        with transaction() as session:
            changes.reset_password(session, token, password, origin(request))
    except LinkError as error:
        return bad_link(request, error, "/forgot", words.ASK_AGAIN)
    except InvalidAccount as error:
        filled = Filled({"token": token, "email": found.email})
        filled.refuse_invalid(error)
        return _reset_page(request, filled)
    return go("/login", "reset")


def _reset_page(request: Request, filled: Filled) -> Response:
    return page(request, "reset", filled, shortest=passwords.SHORTEST)


# --- an invitation


@router.get("/invitation")
def invitation_form(request: Request, token: str = "") -> Response:
    """What the link of the letter opens."""
    try:
        with transaction() as session:
            offered = invitations.link(session, token)
    except LinkError as error:
        return bad_link(request, error, "/login", words.LOG_IN)
    return _invitation_page(request, Filled({"token": token, "name": offered.name, "email": offered.email}), offered)


@router.post("/invitation", dependencies=checked)
def accept(
    request: Request,
    token: Token = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Make the account and begin."""
    try:
        with transaction() as session:
            offered = invitations.link(session, token)
        with transaction() as session:
            account = invitations.accept(session, token, name, password)
            return begin(session, request, account, remember=False, next="")
    except LinkError as error:
        return bad_link(request, error, "/login", words.LOG_IN)
    except AccountExists:
        filled = Filled({"email": offered.email})
        filled.refuse(words.EMAIL_TAKEN, status=409)
        return _invitation_page(request, filled, offered)
    except InvalidAccount:
        filled = Filled({"token": token, "name": name, "email": offered.email})
        _mark_all(filled, offered.email, name, password)
        return _invitation_page(request, filled, offered)


def _invitation_page(request: Request, filled: Filled, offered: invitations.Invitation) -> Response:
    role = invitations.ROLES[offered.role]
    return page(request, "invitation", filled, role=role, shortest=passwords.SHORTEST)
