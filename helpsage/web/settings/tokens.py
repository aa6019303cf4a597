"""Everybody's tokens, as administrators see them; and tokens for programs, which belong to nobody in particular."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import clock
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.people.models import Account
from helpsage.people.permissions import Action
from helpsage.tokens import scopes as known
from helpsage.tokens import service, words
from helpsage.tokens.models import Kind
from helpsage.web.access import SignedIn, allowed, fresh
from helpsage.web.accounts.forms import origin
from helpsage.web.accounts.tokens import USUAL_DAYS, chosen_days
from helpsage.web.accounts.words import LIFETIMES
from helpsage.web.settings import forms
from helpsage.web.settings.forms import Administrator

router = APIRouter(include_in_schema=False, prefix="/settings/tokens")


def careful(request: Request) -> SignedIn:
    """An administrator who has just proven that it is them: a token outlives this login.

    Raises:
        HTTPException: 303 to the page that asks for it.
    """
    allowed(Action.MANAGE_SETTINGS)(request)
    return fresh(request)


CarefulAdministrator = Annotated[SignedIn, Depends(careful)]


@router.get("")
def index(request: Request, viewer: Administrator, revoked: str = "") -> Response:
    """All tokens: whose, what for, when last used."""
    with transaction() as session:
        now = clock.now()
        found = service.everyones(session)
        context = {
            "tokens": [(one, service.is_good(one, now)) for one in found],
            "departments": {one.id: one.name for one in departments.departments(session, archived=True)},
            "revoked": bool(revoked),
        }
        return forms.page(request, session, "tokens", context)


@router.get("/new")
def new(request: Request, viewer: CarefulAdministrator) -> Response:
    """An empty form."""
    return _page(request, viewer, {"name": "", "days": USUAL_DAYS, "department": ""})


@router.post("/new", dependencies=forms.checked)
def make(
    request: Request,
    viewer: CarefulAdministrator,
    name: Annotated[str, Form()] = "",
    scopes: Annotated[list[str] | None, Form()] = None,
    days: Annotated[str, Form(max_length=10)] = "",
    department: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """Make a token for a program and show it, this once."""
    typed = {"name": name, "days": days, "department": department}
    try:
        with transaction() as session:
            account = session.get_one(Account, viewer.account_id)
            _, written = service.create(
                session,
                account,
                name,
                scopes or [],
                chosen_days(days),
                Kind.SERVICE,
                _department(department),
                origin(request),
            )
    except service.InvalidToken as error:
        return _page(request, viewer, typed, error.problems, scopes or [], status=422)
    return _page(request, viewer, {**typed, "name": ""}, made=written)


@router.post("/{token_id}/revoke", dependencies=forms.checked)
def revoke(viewer: Administrator, token_id: UUID) -> Response:
    """It opens nothing any more, whosever it is."""
    with transaction() as session:
        token = service.by_id(session, token_id)
        if token is None:
            raise HTTPException(404)
        service.revoke(session, token, viewer.account_id)
    return RedirectResponse("/settings/tokens?revoked=1", status_code=303)


def _department(written: str) -> UUID | None:
    if not written:
        return None
    try:
        return UUID(written)
    except ValueError as error:
        raise service.InvalidToken({"department": words.DEPARTMENT}) from error


def _page(
    request: Request,
    viewer: SignedIn,
    typed: dict[str, str],
    problems: dict[str, str] | None = None,
    chosen: list[str] | None = None,
    made: str = "",
    status: int = 200,
) -> Response:
    with transaction() as session:
        context = {
            "form": typed,
            "problems": problems or {},
            "chosen": chosen or [],
            "scopes": [(scope.value, known.ABOUT[scope]) for scope in known.of_role(viewer.role)],
            "departments": [(str(one.id), one.name) for one in departments.departments(session)],
            "lifetimes": LIFETIMES.items(),
            "made": made,
        }
        return forms.page(request, session, "token", context, status=status)
