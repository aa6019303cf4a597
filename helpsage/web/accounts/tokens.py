"""One's own tokens: what other programs show instead of a password. Each is shown once, when it is made."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.people.models import Account
from helpsage.tokens import scopes as known
from helpsage.tokens import service
from helpsage.tokens.models import Token
from helpsage.web import csrf
from helpsage.web.access import OwnAccount, SignedIn, fresh, viewer
from helpsage.web.accounts import words
from helpsage.web.accounts.forms import Filled, go, origin, page

router = APIRouter(include_in_schema=False, prefix="/account/tokens")
checked = [Depends(csrf.checked)]

USUAL_DAYS = "90"


def careful(request: Request) -> SignedIn:
    """Whoever has just proven that it is them, with a second factor where staff need one: a token outlives a login.

    Raises:
        HTTPException: 303 to the page that asks for it.
    """
    viewer(request)
    return fresh(request)


Careful = Annotated[SignedIn, Depends(careful)]


@router.get("")
def index(request: Request, who: OwnAccount) -> Response:
    """The tokens, and a form for another one."""
    return _page(request, who, Filled({"days": USUAL_DAYS}))


@router.get("/new")
def new(request: Request, who: Careful) -> Response:
    """The form, for whoever had to prove first that it is them."""
    return _page(request, who, Filled({"days": USUAL_DAYS}))


@router.post("/new", dependencies=checked)
def make(
    request: Request,
    who: Careful,
    name: Annotated[str, Form()] = "",
    scopes: Annotated[list[str] | None, Form()] = None,
    days: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Make a token and show it, this once."""
    filled = Filled({"name": name, "days": days})
    try:
        with transaction() as session:
            account = session.get_one(Account, who.account_id)
            _, written = service.create(session, account, name, scopes or [], chosen_days(days), origin=origin(request))
    except service.InvalidToken as error:
        filled.problems, filled.status = error.problems, 422
        return _page(request, who, filled, chosen=scopes or [])
    return _page(request, who, Filled({"days": USUAL_DAYS}), made=written)


@router.post("/{token_id}/revoke", dependencies=checked)
def revoke(who: OwnAccount, token_id: UUID) -> Response:
    """It opens nothing any more; one that is somebody else's is not there."""
    with transaction() as session:
        token = service.by_id(session, token_id)
        if token is None or token.account_id != who.account_id:
            raise HTTPException(404)
        service.revoke(session, token, who.account_id)
    return go("/account/tokens", "token")


def chosen_days(written: str) -> int | None:
    """Days of the form; empty: without an end. What is no number is a number that is refused."""
    if not written:
        return None
    return int(written) if written.isascii() and written.isdigit() else 0


def _page(request: Request, who: SignedIn, filled: Filled, made: str = "", chosen: list[str] | None = None) -> Response:
    with transaction() as session:
        found: list[Token] = service.personal(session, who.account_id)
    context = {
        "tokens": found,
        "scopes": [(scope.value, known.ABOUT[scope]) for scope in known.of_role(who.role)],
        "chosen": chosen or [],
        "lifetimes": words.LIFETIMES.items(),
        "made": made,
    }
    return page(request, "tokens", filled, **context)
