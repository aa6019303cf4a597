"""Where somebody talks to us: the chats that are theirs, and taking one off or moving it to another address."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.people import identities
from helpsage.people.errors import InvalidEmail, TooManyAttempts
from helpsage.people.models import ChannelIdentity
from helpsage.people.words import PLACES
from helpsage.web import csrf
from helpsage.web.access import OwnAccount, SignedIn
from helpsage.web.accounts import words
from helpsage.web.accounts.forms import Filled, go, page, too_many

router = APIRouter(include_in_schema=False, prefix="/account/chats")
checked = [Depends(csrf.checked)]


@router.get("")
def overview(request: Request, who: OwnAccount) -> Response:
    """The chats that are connected."""
    return _overview(request, who, Filled())


@router.post("/{identity_id}/disconnect", dependencies=checked)
def disconnect(request: Request, who: OwnAccount, identity_id: UUID) -> Response:
    """It belongs to nobody we know from now on."""
    with transaction() as session:
        identities.unlink(session, _own(session, who, identity_id), who.account_id)
    return go("/account/chats", "chat-disconnected")


@router.post("/{identity_id}/move", dependencies=checked)
def move(
    request: Request, who: OwnAccount, identity_id: UUID, email: Annotated[str, Form(max_length=400)] = ""
) -> Response:
    """Mail a code to another address: typed into that chat, it makes the chat that address's."""
    filled = Filled({"email": email})
    try:
        with transaction() as session:
            identities.ask(session, _own(session, who, identity_id), email)
    except InvalidEmail as error:
        filled.refuse_invalid(error)
        return _overview(request, who, filled, moving=identity_id)
    except TooManyAttempts as error:
        filled.refuse(words.TOO_MANY_ATTEMPTS, status=429)
        return too_many(_overview(request, who, filled, moving=identity_id), error)
    return go("/account/chats", "chat-moving")


def _own(session: Session, who: SignedIn, identity_id: UUID) -> ChannelIdentity:
    found = session.get(ChannelIdentity, identity_id)
    if found is None or found.person_id != who.person_id:
        raise HTTPException(404)
    return found


def _overview(request: Request, who: SignedIn, filled: Filled, moving: UUID | None = None) -> Response:
    with transaction() as session:
        chats = identities.of_person(session, who.person_id)
        return page(request, "chats", filled, chats=chats, moving=moving, places=PLACES, proofs=words.PROVEN_BY)
