"""My data: everything in one archive, and being forgotten."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import IO, Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from helpsage import clock
from helpsage.attachments import names
from helpsage.db.session import transaction
from helpsage.people import accounts, sessions
from helpsage.people.errors import TooManyAttempts, WrongCredentials
from helpsage.people.models import Account, Person
from helpsage.privacy import erasure, export
from helpsage.privacy.models import DataRequest
from helpsage.tickets import requester
from helpsage.web import cookies, templating
from helpsage.web.access import SignedIn
from helpsage.web.portal import words
from helpsage.web.portal.forms import Attempt, Owner, Posted, checked, said

router = APIRouter(include_in_schema=False, prefix="/my/data")

_BLOCK = 262_144


@router.get("")
def overview(request: Request, who: Owner) -> Response:
    """What there is, and the two ways."""
    return _page(request, who, Attempt())


@router.post("/download", dependencies=checked)
def download(request: Request, who: Owner) -> Response:
    """The archive."""
    with transaction() as session:
        archive = export.archive(session, who.person_id)
    name = f"my-data-{clock.now():%Y-%m-%d}.zip"
    headers = {"Content-Disposition": names.disposition(name)}
    return StreamingResponse(_blocks(archive), media_type="application/zip", headers=headers)


def _blocks(archive: IO[bytes]) -> Iterator[bytes]:
    with archive:
        while block := archive.read(_BLOCK):
            yield block


@router.post("/erase", dependencies=checked)
def erase(request: Request, who: Owner, form: Posted) -> Response:
    """Forget the viewer, for good; they prove once more that it is them."""
    attempt = Attempt("erase", {"email": said(form, "email")})
    typed = attempt.value("email").strip().lower()
    if not hmac.compare_digest(typed.encode(errors="replace"), who.email.lower().encode()):
        attempt.refuse("email", words.WRONG_ADDRESS)
    if who.is_staff:
        attempt.refuse("form", words.STAFF_STAYS, 403)
    if not attempt.problems:
        _prove(request, who, said(form, "password"), attempt)
    if attempt.problems:
        return _page(request, who, attempt)
    with transaction() as session:
        erasure.erase(session, who.person_id)
    response = RedirectResponse("/my/data/forgotten", status_code=303)
    cookies.clear_session(response)
    return response


@router.get("/forgotten")
def forgotten(request: Request) -> Response:
    """Says that it is done, to somebody who is nobody here any more."""
    return templating.page(request, "portal/forgotten.html")


def _prove(request: Request, who: SignedIn, password: str, attempt: Attempt) -> None:
    """By the password; an account that signs on elsewhere has none and has to have done that lately."""
    with transaction() as session:
        account = session.get_one(Account, who.account_id)
        if not account.password_hash:
            found = sessions.find_session(session, cookies.session(request) or "")
            if found is None or not sessions.is_fresh(found):
                attempt.refuse("form", words.LOG_IN_AGAIN, 403)
            return
        try:
            accounts.check_password(session, account, password)
        except TooManyAttempts:
            attempt.refuse("password", words.TOO_MANY_ATTEMPTS, 429)
        except WrongCredentials:
            attempt.refuse("password", words.WRONG_PASSWORD)


def _page(request: Request, who: SignedIn, attempt: Attempt) -> Response:
    with transaction() as session:
        context = _context(session, who, attempt)
    return templating.page(request, "portal/data.html", context, attempt.http_status)


def _context(session: Session, who: SignedIn, attempt: Attempt) -> dict[str, Any]:
    account = session.get_one(Account, who.account_id)
    asked = select(DataRequest).where(DataRequest.person_id == who.person_id).order_by(DataRequest.id.desc()).limit(10)
    return {
        "attempt": attempt,
        "person": session.get_one(Person, who.person_id),
        "has_password": bool(account.password_hash),
        "tickets": sum(requester.counted(session, who.person_id).values()),
        "requests": list(session.scalars(asked)),
        "is_staff": who.is_staff,
    }
