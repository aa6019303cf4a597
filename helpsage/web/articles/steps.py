"""Where an article goes: to review, back, to its readers, away from them."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.configuration.service import Who
from helpsage.db.session import transaction
from helpsage.knowledge import articles
from helpsage.knowledge.errors import ArticleNotFound, InvalidArticle, NotNow, StaleArticle
from helpsage.knowledge.models import Article
from helpsage.web.access import SignedIn
from helpsage.web.articles import editing, forms, words
from helpsage.web.articles.editing import Refusal
from helpsage.web.articles.forms import PATH, Publisher, Revision, Writer

router = APIRouter(include_in_schema=False, prefix=f"{PATH}/{{article_id}}", dependencies=forms.checked)


class Step(Protocol):
    """One step of an article's life: `helpsage/knowledge/articles.py`."""

    def __call__(self, session: Session, article_id: UUID, who: Who, seen: int | None = None) -> Article:
        """Take it."""


@router.post("/submit")
def submit(request: Request, who: Writer, article_id: UUID, revision: Revision) -> Response:
    """Ask a colleague to look at it."""
    return _take(request, who, article_id, revision, articles.submit, "submit")


@router.post("/send-back")
def send_back(request: Request, who: Writer, article_id: UUID, revision: Revision) -> Response:
    """Not yet: for its writer, and for whoever reviews it."""
    return _take(request, who, article_id, revision, articles.send_back, "send-back")


@router.post("/publish")
def publish(request: Request, who: Publisher, article_id: UUID, revision: Revision) -> Response:
    """Give it to its readers."""
    return _take(request, who, article_id, revision, articles.publish, "publish")


@router.post("/unpublish")
def unpublish(request: Request, who: Publisher, article_id: UUID, revision: Revision) -> Response:
    """Take it from them."""
    return _take(request, who, article_id, revision, articles.unpublish, "unpublish")


@router.post("/archive")
def archive(request: Request, who: Publisher, article_id: UUID, revision: Revision) -> Response:
    """Put it away."""
    return _take(request, who, article_id, revision, articles.archive, "archive")


def _take(request: Request, who: SignedIn, article_id: UUID, revision: int, step: Step, done: str) -> Response:
    try:
        with transaction() as session:
            step(session, article_id, forms.who(who), revision)
    except ArticleNotFound as error:
        raise HTTPException(404) from error
    except StaleArticle:
        return editing.draw(request, who, article_id, refusal=Refusal({"": words.STALE_STEP}, status=409))
    except NotNow as error:
        return editing.draw(request, who, article_id, refusal=Refusal({"": sentence(str(error))}, status=409))
    except InvalidArticle as error:
        return editing.draw(request, who, article_id, refusal=Refusal(error.problems, status=422))
    return RedirectResponse(f"{PATH}/{article_id}?told={done}", status_code=303)


def sentence(told: str) -> str:
    """Words of a refusal, as a line of a page."""
    return f"{told[:1].upper()}{told[1:].rstrip('.')}."
