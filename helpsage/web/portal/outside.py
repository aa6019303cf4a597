"""Pages that are reached from a letter, without logging in: stopping letters, and saying how it went.

Programs that check mail open every link in it, so that opening one does nothing: only what is sent from the page
counts. A form needs no token of ours besides the signed link itself: whoever has that may do this, from wherever.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.notify import language, satisfaction, unsubscribe
from helpsage.tickets import lifecycle
from helpsage.tickets.errors import AlreadyRated, InvalidRating, InvalidText
from helpsage.tickets.models import Status, Ticket
from helpsage.web import templating, texts
from helpsage.web.portal import words

router = APIRouter(include_in_schema=False)


# --- letters


@router.get("/unsubscribe/{token}")
def ask_to_stop(request: Request, token: str) -> Response:
    """The page that stops letters, or starts them again."""
    with transaction() as session:
        try:
            person = unsubscribe.person_of(session, token)
        except unsubscribe.BadLink:
            return _bad_link(request)
        texts.follow(request, person.locale)
        context = {"stopped": unsubscribe.is_stopped(session, person.id), "token": token}
    return templating.page(request, "portal/outside_letters.html", context)


@router.post("/unsubscribe/{token}")
def stop_letters(request: Request, token: str, start: Annotated[str, Form()] = "") -> Response:
    """Stop them: from the page, or with one click in a mail program, which sends `List-Unsubscribe=One-Click` and no
    cookie (RFC 8058, section 3.2). The page can also start them again.
    """
    with transaction() as session:
        try:
            person = unsubscribe.person_of(session, token)
        except unsubscribe.BadLink:
            return _bad_link(request)
        texts.follow(request, person.locale)
        (unsubscribe.start_again if start else unsubscribe.stop)(session, person.id)
    with transaction() as session:
        context = {"stopped": unsubscribe.is_stopped(session, person.id), "token": token, "done": True}
    return templating.page(request, "portal/outside_letters.html", context)


# --- how it went


@router.get("/rate/{token}")
def ask_how_it_went(
    request: Request, token: str, score: Annotated[str, Query(max_length=10)] = "", done: str = ""
) -> Response:
    """The page that asks; a score of the letter is chosen there, and nothing is kept yet."""
    return _rating_page(request, token, score=score, done=done)


@router.post("/rate/{token}")
def say_how_it_went(
    request: Request,
    token: str,
    score: Annotated[str, Form()] = "",
    comment: Annotated[str, Form()] = "",
    skip: Annotated[str, Form()] = "",
) -> Response:
    """Keep it, once; or keep that they would rather not say."""
    problems: dict[str, str] = {}
    with transaction() as session:
        try:
            ticket = satisfaction.ticket_of(session, token)
        except satisfaction.BadLink:
            return _bad_link(request)
        if skip:
            satisfaction.skip(session, ticket)
            return RedirectResponse(f"/rate/{token}?done=skipped", status_code=303)
        if not _can_be_rated(ticket):
            return RedirectResponse(f"/rate/{token}", status_code=303)
    try:
        with transaction() as session:
            ticket = satisfaction.ticket_of(session, token)
            satisfaction.rate(session, ticket, int(score) if score in _SCORES else 0, comment)
    except InvalidRating:
        problems["score"] = words.NO_RATING
    except InvalidText as error:
        problems["comment"] = str(error)
    except AlreadyRated:
        pass  # the second click: the page says what is kept
    if problems:
        return _rating_page(request, token, score=score, comment=comment, problems=problems)
    return RedirectResponse(f"/rate/{token}?done=rated", status_code=303)


_SCORES = tuple(str(score) for score in satisfaction.SCORES)


def _rating_page(
    request: Request,
    token: str,
    score: str = "",
    comment: str = "",
    done: str = "",
    problems: dict[str, str] | None = None,
) -> Response:
    with transaction() as session:
        try:
            ticket = satisfaction.ticket_of(session, token)
        except satisfaction.BadLink:
            return _bad_link(request)
        texts.follow(request, language.of_person(session, ticket.requester, ticket))
        context = {
            "reference": ticket.reference,
            "subject": ticket.subject,
            "rating": ticket.rating,
            "possible": _can_be_rated(ticket),
            "score": score if score in _SCORES else "",
            "comment": comment,
            "done": done,
            "problems": problems or {},
            "token": token,
        }
    return templating.page(request, "portal/outside_rating.html", context, 422 if problems else 200)


def _can_be_rated(ticket: Ticket) -> bool:
    return ticket.rating is None and Status(ticket.status) in lifecycle.FINISHED


def _bad_link(request: Request) -> Response:
    return templating.page(request, "portal/outside_bad.html", status=404)
