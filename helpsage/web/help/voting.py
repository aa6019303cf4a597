"""Was this helpful? One vote a reader, who may change their mind; with a sentence when it was not."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.knowledge import reading, votes
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.people import limits
from helpsage.people.errors import TooManyAttempts
from helpsage.people.limits import Limit
from helpsage.web import csrf, errors
from helpsage.web.access import MaybeViewer
from helpsage.web.accounts.forms import network
from helpsage.web.help import place
from helpsage.web.help.place import Place

router = APIRouter(include_in_schema=False, prefix="/help")

#: Votes from one network: a lecture hall may have one address.
PER_NETWORK = Limit("article vote", 60, timedelta(minutes=10))


def _here(who: MaybeViewer, desk: Annotated[str, Form(max_length=64)] = "") -> Place:
    return place.here(who, desk)


@router.post("/{slug}/vote", dependencies=[Depends(csrf.checked)])
def vote(
    request: Request,
    at: Annotated[Place, Depends(_here)],
    slug: str,
    helpful: Annotated[Literal["yes", "no"], Form()],
    comment: Annotated[str, Form(max_length=votes.LONGEST_WORDS)] = "",
) -> Response:
    """Keep it, and show the article again."""
    voter = place.voter(request, at)
    if not voter:  # the form's token is bound to a cookie, so that this browser cannot have sent it
        return errors.page(request, 403, "csrf")
    try:
        with transaction() as session:
            found = reading.by_slug(session, slug, at.reader)
            limits.count(session, (PER_NETWORK, network(request)))
            votes.vote(session, found.article, voter, helpful == "yes", comment)
    except ArticleNotFound:
        return place.missing(request, at)
    except TooManyAttempts:
        return errors.page(request, 429)
    return RedirectResponse(at.to(f"/help/{slug}", "_vote"), status_code=303)
