"""The chat of somebody who is logged in: the widget shows its conversation's token, and gets the one to go on with."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from helpsage.conversations.service import ConversationNotFound
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.people import joining
from helpsage.people.errors import ConversationTaken
from helpsage.people.models import Account
from helpsage.web.access import SignedIn, viewer_or_none

router = APIRouter(include_in_schema=False)


class Held(BaseModel):
    """What the browser has."""

    #: Of the conversation that it began or went on with; none yet.
    token: Annotated[str, Field(max_length=4_000)] | None = None
    #: Key of the department whose chat it is; the desk's own when None.
    desk: Annotated[str, Field(max_length=200)] | None = None


def from_our_page(request: Request) -> None:
    """Refuse what another site sends in somebody's name: JSON of another origin needs a leave that we never give.

    Raises:
        HTTPException: 403.
    """
    is_json = request.headers.get("content-type", "").split(";")[0].strip() == "application/json"
    if not is_json or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise HTTPException(403)


@router.post("/chat/join", dependencies=[Depends(from_our_page)])
def join(held: Held, who: Annotated[SignedIn | None, Depends(viewer_or_none)]) -> Response:
    """Make the conversation the person's. The answer's token is to be used; null: begin a new one and come again."""
    if who is None:
        return JSONResponse({"error": "login"}, status_code=401)
    with transaction() as session:
        account = session.get_one(Account, who.account_id)
        conversation, person = _joined(session, account, held), account.person_id
    if conversation is None:
        return JSONResponse({"token": None, "conversation": None})
    return JSONResponse({"token": joining.token_for(conversation, person), "conversation": str(conversation)})


def _joined(session: Session, account: Account, held: Held) -> UUID | None:
    shown = joining.conversation_of(held.token) if held.token else None
    if shown is not None:
        try:
            return joining.join(session, shown, account).id
        except (ConversationTaken, ConversationNotFound):
            pass
    department = departments.by_widget_key(session, held.desk)
    own = joining.latest(session, account, department.id if department is not None else None)
    return own.id if own is not None else None
