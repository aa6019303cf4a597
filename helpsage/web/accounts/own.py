"""One's own account: name, password, address, one-time codes, where one is logged in, other ways to log in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

import segno
from fastapi import APIRouter, Depends, Form
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.people import changes, identities, passwords, sessions, sign_on, two_factor
from helpsage.people.devices import described
from helpsage.people.errors import (
    AccountExists,
    InvalidAccount,
    InvalidPassword,
    LinkError,
    TooManyAttempts,
    WrongCode,
    WrongCredentials,
)
from helpsage.people.models import Account, LoginSession
from helpsage.tokens import service as tokens
from helpsage.web import csrf, texts
from helpsage.web.access import FreshViewer, OwnAccount, SignedIn
from helpsage.web.accounts import words
from helpsage.web.accounts.confirming import current
from helpsage.web.accounts.forms import Filled, bad_link, go, local, network, origin, page, too_many

router = APIRouter(include_in_schema=False, prefix="/account")
checked = [Depends(csrf.checked)]

#: Pixels of one square of the picture for the app.
QR_SCALE = 5


@dataclass(frozen=True)
class Login:
    """One line of the list of logged-in browsers."""

    id: UUID
    browser: str
    address: str
    since: datetime
    seen: datetime
    is_this: bool


def _account(session: Session, who: SignedIn) -> Account:
    return session.get_one(Account, who.account_id)


@router.get("")
def overview(request: Request, who: OwnAccount) -> Response:
    """Everything at a glance."""
    return _overview(request, who, Filled({"name": who.name}))


def _overview(request: Request, who: SignedIn, filled: Filled) -> Response:
    language = texts.language_of(request)
    with transaction() as session:
        account = _account(session, who)
        linked = sign_on.identities(session, account)
        context = {
            "email": account.email,
            "has_password": bool(account.password_hash),
            "two_factor": two_factor.is_on(session, account),
            "codes_left": two_factor.recovery_codes_left(session, account),
            "logins": [_login(one, who, language) for one in sessions.open_sessions(session, who.account_id)],
            "providers": {key: (one.name, one.issuer in linked) for key, one in settings.get().oidc.items()},
            "tokens": len(tokens.personal(session, account.id)),
            "chats": len(identities.of_person(session, account.person_id)),
        }
    return page(request, "account", filled, **context)


def _login(one: LoginSession, who: SignedIn, language: str) -> Login:
    return Login(
        one.id, described(one.user_agent, language), one.address, one.created_at, one.seen_at, one.id == who.session_id
    )


@router.post("/name", dependencies=checked)
def rename(request: Request, who: OwnAccount, name: Annotated[str, Form()] = "") -> Response:
    """Another name to be shown."""
    try:
        with transaction() as session:
            changes.rename(session, _account(session, who), name)
    except InvalidAccount as error:
        filled = Filled({"name": name})
        filled.refuse_invalid(error)
        return _overview(request, who, filled)
    return go("/account", "name")


# --- password and address


@router.get("/password")
def password_form(request: Request, who: OwnAccount) -> Response:
    """The form to change the password."""
    return _password_page(request, who, Filled())


@router.post("/password", dependencies=checked)
def change_password(
    request: Request,
    who: OwnAccount,
    old: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Change it. Without an old one it is asked first who sits there."""
    filled = Filled()
    try:
        with transaction() as session:
            if not _account(session, who).password_hash and not who.is_fresh:
                return RedirectResponse("/account/confirm?next=/account/password", status_code=303)
            passwords.accepted(password, who.email, who.name)
            changes.change_password(session, current(session, who), old, password, origin(request))
    except InvalidPassword as error:
        filled.refuse_invalid(error)
    except WrongCredentials:
        filled.refuse(words.WRONG_PASSWORD, "old")
    except TooManyAttempts as error:
        filled.refuse(words.TOO_MANY_ATTEMPTS, status=429)
        return too_many(_password_page(request, who, filled), error)
    else:
        return go("/account", "password")
    return _password_page(request, who, filled)


def _password_page(request: Request, who: SignedIn, filled: Filled) -> Response:
    with transaction() as session:
        has_password = bool(_account(session, who).password_hash)
    return page(request, "password", filled, has_password=has_password, shortest=passwords.SHORTEST, email=who.email)


@router.get("/email")
def email_form(request: Request, who: OwnAccount) -> Response:
    """The form to change the address."""
    return _email_page(request, who, Filled())


@router.post("/email", dependencies=checked)
def ask_for_email(
    request: Request,
    who: OwnAccount,
    email: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Send a link to the new address."""
    filled = Filled({"email": email})
    try:
        with transaction() as session:
            account = _account(session, who)
            if not account.password_hash and not who.is_fresh:
                return RedirectResponse("/account/confirm?next=/account/email", status_code=303)
            changes.ask_for_email(session, account, email, password, network(request), origin(request))
    except InvalidAccount as error:
        filled.refuse_invalid(error)
    except WrongCredentials:
        filled.refuse(words.WRONG_PASSWORD, "password")
    except TooManyAttempts as error:
        filled.refuse(words.TOO_MANY_ATTEMPTS, status=429)
        return too_many(_email_page(request, who, filled), error)
    else:
        return go("/account", "email-asked")
    return _email_page(request, who, filled)


def _email_page(request: Request, who: SignedIn, filled: Filled) -> Response:
    with transaction() as session:
        has_password = bool(_account(session, who).password_hash)
    return page(request, "email", filled, has_password=has_password, present=who.email)


@router.get("/email/confirm")
def confirm_email_form(request: Request, who: OwnAccount, token: str = "") -> Response:
    """What the link of the letter opens."""
    try:
        with transaction() as session:
            found = changes.email_link(session, token)
    except LinkError as error:
        return bad_link(request, error, "/account/email", words.ASK_AGAIN)
    return page(request, "email_confirm", Filled({"token": token, "email": found.email}), present=who.email)


@router.post("/email/confirm", dependencies=checked)
def confirm_email(request: Request, who: OwnAccount, token: Annotated[str, Form(max_length=200)] = "") -> Response:
    """Move the account to the new address."""
    try:
        with transaction() as session:
            changes.change_email(session, token, _account(session, who), origin(request))
    except LinkError as error:
        return bad_link(request, error, "/account/email", words.ASK_AGAIN)
    except AccountExists:
        filled = Filled()
        filled.refuse(words.EMAIL_TAKEN, status=409)
        return _email_page(request, who, filled)
    return go("/account", "email")


# --- one-time codes


@router.get("/two-factor")
def two_factor_form(request: Request, who: FreshViewer, next: str = "") -> Response:
    """How one-time codes stand, and how to set them up."""
    with transaction() as session:
        if who.lacks_two_factor and two_factor.is_on(session, _account(session, who)):
            # Set up in another browser: here it only has to be shown.
            return RedirectResponse(f"/account/confirm?next={local(next, '/agent')}", status_code=303)
    return _two_factor_page(request, who, Filled({"next": next}))


@router.post("/two-factor", dependencies=checked)
def turn_on(
    request: Request,
    who: FreshViewer,
    code: Annotated[str, Form(max_length=100)] = "",
    next: Annotated[str, Form()] = "",
) -> Response:
    """The app shows the right code: ask for one from now on, and show the recovery codes."""
    filled = Filled({"next": next})
    try:
        with transaction() as session:
            account = _account(session, who)
            codes = two_factor.turn_on(session, account, code, origin(request))
            sessions.confirm(current(session, who), two_factor=True)
            sessions.revoke_others(session, account.id, who.session_id)
    except WrongCode:
        filled.refuse(words.WRONG_CODE, "code")
        return _two_factor_page(request, who, filled)
    except TooManyAttempts as error:
        filled.refuse(words.TOO_MANY_ATTEMPTS, status=429)
        return too_many(_two_factor_page(request, who, filled), error)
    return page(request, "recovery_codes", Filled(), codes=codes, after=local(next, "/account"))


def _two_factor_page(request: Request, who: SignedIn, filled: Filled) -> Response:
    with transaction() as session:
        account = _account(session, who)
        if two_factor.is_on(session, account):
            left = two_factor.recovery_codes_left(session, account)
            return page(request, "two_factor_on", filled, left=left, required=_is_required(who))
        secret = two_factor.begin(session, account)
        picture = segno.make(two_factor.address(account, secret), error="m").svg_data_uri(
            scale=QR_SCALE, border=3, light="#fff"
        )
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return page(request, "two_factor", filled, picture=picture, secret=spaced, required=_is_required(who))


def _is_required(who: SignedIn) -> bool:
    return who.is_staff and settings.get().staff_two_factor


@router.post("/two-factor/off", dependencies=checked)
def turn_off(request: Request, who: FreshViewer) -> Response:
    """Ask for no code any more, where that is allowed."""
    if _is_required(who):
        filled = Filled({"next": ""}, status=409)
        return _two_factor_page(request, who, filled)
    with transaction() as session:
        account = _account(session, who)
        two_factor.turn_off(session, account, origin(request), by=account)
    return go("/account", "two-factor-off")


@router.post("/two-factor/codes", dependencies=checked)
def new_codes(request: Request, who: FreshViewer) -> Response:
    """Make new recovery codes and show them, this once."""
    with transaction() as session:
        account = _account(session, who)
        if not two_factor.is_on(session, account):
            return RedirectResponse("/account/two-factor", status_code=303)
        codes = two_factor.new_recovery_codes(session, account, origin(request))
    return page(request, "recovery_codes", Filled(), codes=codes, after="/account")


# --- logged-in browsers


@router.post("/sessions/others", dependencies=checked)
def end_other_sessions(request: Request, who: OwnAccount) -> Response:
    """Log every other browser out."""
    with transaction() as session:
        sessions.revoke_others(session, who.account_id, who.session_id)
    return go("/account", "sessions")


@router.post("/sessions/{session_id}/end", dependencies=checked)
def end_session(request: Request, who: OwnAccount, session_id: UUID) -> Response:
    """Log one browser out; one that is logged out already, or somebody else's, changes nothing."""
    with transaction() as session:
        sessions.revoke(session, who.account_id, session_id)
    return go("/account", "session")
