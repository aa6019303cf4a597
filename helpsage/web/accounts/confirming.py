"""Proving once more who sits there, before something that hurts in wrong hands. For some minutes it is not asked again.

A form that was sent too late is not lost: the page that asks for the password carries it along and sends it on.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.people import accounts, sessions, sign_on, two_factor
from helpsage.people.errors import TooManyAttempts, WrongCode, WrongCredentials
from helpsage.people.models import Account, LoginSession
from helpsage.web import csrf
from helpsage.web.access import OwnAccount, SignedIn, viewer
from helpsage.web.accounts import words
from helpsage.web.accounts.forms import Filled, local, origin, page, too_many

router = APIRouter(include_in_schema=False, prefix="/account")

#: Fields of the page that asks; a form that is carried along must have none of these names.
OWN_FIELDS = frozenset({"csrf", "confirm_password", "confirm_code"})
#: A form and its fields, in order, as they were sent.
Carried = list[tuple[str, str]]


async def carried(request: Request) -> Carried:
    """What this form brings along for another one."""
    given = (await request.form()).multi_items()
    return [(name, value) for name, value in given if isinstance(value, str) and name not in OWN_FIELDS]


def current(session: Session, who: SignedIn) -> LoginSession:
    """The session with which they are logged in."""
    return next(one for one in sessions.open_sessions(session, who.account_id) if one.id == who.session_id)


@router.get("/confirm")
def confirm_form(request: Request, who: OwnAccount, next: str = "") -> Response:
    """The page that asks for the password or a code, and goes on to `next`."""
    return _page(request, who, Filled({"next": next}))


@router.post("/confirm", dependencies=[Depends(csrf.checked)])
def confirm(
    request: Request,
    who: OwnAccount,
    fields: Annotated[Carried, Depends(carried)],
    password: Annotated[str, Form(alias="confirm_password")] = "",
    code: Annotated[str, Form(alias="confirm_code", max_length=100)] = "",
    next: Annotated[str, Form()] = "",
    again: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """Check it, and go on to `next`; or send a form on to `again`, whose fields this one brings along."""
    filled = Filled({"next": next})
    form = (again, fields) if again else None
    try:
        with transaction() as session:
            account = session.get_one(Account, who.account_id)
            with_code = two_factor.is_on(session, account)
            if with_code:
                two_factor.check(session, account, code, origin(request))
            else:
                accounts.check_password(session, account, password)
            sessions.confirm(current(session, who), two_factor=with_code)
    except WrongCode:
        filled.refuse(words.WRONG_CODE, "confirm_code")
        return _page(request, who, filled, form)
    except WrongCredentials:
        filled.refuse(words.WRONG_PASSWORD, "confirm_password")
        return _page(request, who, filled, form)
    except TooManyAttempts as error:
        filled.refuse(words.TOO_MANY_ATTEMPTS, status=429)
        return too_many(_page(request, who, filled, form), error)
    if again:
        # The browser sends the same form, all its fields, once more (RFC 9110, section 15.4.8).
        return RedirectResponse(local(again, "/account"), status_code=307)
    return RedirectResponse(local(next, "/account"), status_code=303)


async def ask(request: Request, error: Exception) -> Response:
    """The answer to a form of somebody who has not proven lately who they are: prove it, and it goes on."""
    fields = await carried(request)
    return await run_in_threadpool(_ask, request, fields)


def _ask(request: Request, fields: Carried) -> Response:
    again = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return _page(request, viewer(request), Filled(status=403), (again, fields))


def _page(request: Request, who: SignedIn, filled: Filled, form: tuple[str, Carried] | None = None) -> Response:
    with transaction() as session:
        account = session.get_one(Account, who.account_id)
        linked = sign_on.identities(session, account)
        context = {
            "with_code": two_factor.is_on(session, account),
            "has_password": bool(account.password_hash),
            "providers": {key: one for key, one in settings.get().oidc.items() if one.issuer in linked},
            "after": local(filled.values.get("next", ""), ""),
            "form": (local(form[0], "/account"), form[1]) if form is not None else None,
        }
    return page(request, "confirm", filled, **context)
