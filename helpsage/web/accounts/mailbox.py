"""The local outbox: letters that wait, went out, were refused, or stay here because no mail server is configured."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.mail import service, smtp
from helpsage.mail.models import Mail, State
from helpsage.people.permissions import Action
from helpsage.web import access, csrf
from helpsage.web.access import SignedIn
from helpsage.web.accounts import words
from helpsage.web.accounts.forms import Filled, go, page

router = APIRouter(include_in_schema=False, prefix="/agent/mail")

Reader = Annotated[SignedIn, Depends(access.allowed(Action.SEE_MAIL))]
PAGE_SIZE = 50


@dataclass(frozen=True)
class Row:
    """One letter in the list."""

    id: UUID
    recipient: str
    subject: str
    state: str
    state_words: str
    at: datetime


@router.get("")
def letters(request: Request, who: Reader, state: str = "", after: str = "") -> Response:
    """The newest letters."""
    chosen = State(state) if state in list(State) else None
    with transaction() as session:
        found = service.newest(session, chosen, _decoded(after) if after else None, PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    context = {
        "letters": [_row(letter) for letter in shown],
        "state": chosen.value if chosen else "",
        "states": words.MAIL_STATES,
        "older": _encoded(shown[-1]) if len(found) > PAGE_SIZE else "",
        "first": not after,
        "configured": smtp.is_configured(),
    }
    return page(request, "mail", Filled(), **context)


@router.get("/{mail_id}")
def letter(request: Request, who: Reader, mail_id: UUID) -> Response:
    """One letter as it reads."""
    with transaction() as session:
        try:
            found = service.by_id(session, mail_id)
        except service.MailNotFound as error:
            raise HTTPException(404) from error
    return page(request, "mail_letter", Filled(), letter=found, row=_row(found))


@router.post("/{mail_id}/send", dependencies=[Depends(csrf.checked)])
def send(request: Request, who: Reader, mail_id: UUID) -> Response:
    """Try once more."""
    with transaction() as session:
        try:
            service.send_again(session, mail_id)
        except service.MailNotFound as error:
            raise HTTPException(404) from error
        except service.WordsGone as error:
            raise HTTPException(409) from error
    return go(f"/agent/mail/{mail_id}", "sent-again")


def _row(found: Mail) -> Row:
    state = words.MAIL_STATES[found.state]
    return Row(found.id, found.recipient, found.subject, found.state, state, found.created_at)


def _encoded(last: Mail) -> str:
    return base64.urlsafe_b64encode(json.dumps([last.created_at.isoformat(), str(last.id)]).encode()).decode()


def _decoded(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, mail_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        decoded = datetime.fromisoformat(moment), UUID(mail_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise HTTPException(400) from error
    if decoded[0].tzinfo is None:
        raise HTTPException(400)
    return decoded
