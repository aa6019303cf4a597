"""Take the next one: the desk decides which, the agent only works."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.tickets import taking
from helpsage.web import access, csrf
from helpsage.web.access import SignedIn
from helpsage.web.console import asked

router = APIRouter(include_in_schema=False)

Taker = Annotated[SignedIn, Depends(access.allowed(Action.ASSIGN))]


@router.post("/agent/next", dependencies=[Depends(csrf.checked)])
def take_next(request: Request, who: Taker, key: Annotated[str, Form(max_length=64)] = "") -> Response:
    """The most urgent ticket that nobody has is mine from now on. One form takes one, however often it is sent."""
    with transaction() as session:
        visible = permissions.visible_tickets(who, Action.ASSIGN)
        taken = taking.take_next(session, visible, who.account_id, who.actor, key)
        where = f"{asked.PATH}/tickets/{taken.reference}" if taken is not None else f"{asked.PATH}?told=no-next"
    return RedirectResponse(where, status_code=303)
