"""What an article was before: all versions, what is different between two, and the way back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException, Path, Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.knowledge import articles, files
from helpsage.knowledge.errors import ArticleNotFound, InvalidArticle, StaleArticle
from helpsage.knowledge.models import ArticleVersion
from helpsage.web import markup, templating
from helpsage.web.articles import differing, editing, forms, words
from helpsage.web.articles.editing import Refusal
from helpsage.web.articles.forms import PATH, Revision, Writer
from helpsage.web.help.files import drawings

router = APIRouter(include_in_schema=False, prefix=f"{PATH}/{{article_id}}/versions")

LARGEST = 2**31 - 1
Number = Annotated[int, Path(ge=1, le=LARGEST)]


@router.get("")
def index(
    request: Request,
    who: Writer,
    article_id: UUID,
    before: Annotated[int | None, Query(alias="from", ge=1, le=LARGEST)] = None,
    after: Annotated[int | None, Query(alias="to", ge=1, le=LARGEST)] = None,
) -> Response:
    """All of them, and what changed between two: the newest two, unless others are asked for."""
    with transaction() as session:
        try:
            article = articles.by_id(session, article_id)
            to = articles.version(session, article_id, after or article.newest_version)
            origin = articles.version(session, article_id, before or max(1, to.number - 1))
        except ArticleNotFound as error:
            raise HTTPException(404) from error
        context = {
            "article": article,
            "title": articles.newest(session, article).title,
            "versions": articles.versions(session, article_id),
            "before": origin,
            "after": to,
            "difference": differing.lines(origin.body, to.body),
            "changes": articles.history(session, article_id),
            "deeds": words.DEEDS,
        }
        return templating.page(request, "articles/versions.html", context)


@router.get("/{number}")
def show(request: Request, who: Writer, article_id: UUID, number: Number) -> Response:
    """One version, as its readers saw it."""
    with transaction() as session:
        version = _found(session, article_id, number)
        article = articles.by_id(session, article_id)
        pictures = drawings(article.slug, files.of(session, article_id))
        context = {"article": article, "version": version, "body": markup.article(version.body, pictures).html}
        return templating.page(request, "articles/version.html", context)


@router.post("/{number}/restore", dependencies=forms.checked)
def restore(request: Request, who: Writer, article_id: UUID, number: Number, revision: Revision) -> Response:
    """Go on from this one: it becomes the newest draft, and what came after it stays in the versions."""
    try:
        with transaction() as session:
            articles.restore(session, article_id, number, forms.who(who), revision)
    except ArticleNotFound as error:
        raise HTTPException(404) from error
    except StaleArticle:
        return editing.draw(request, who, article_id, refusal=Refusal({"": words.STALE_STEP}, status=409))
    except InvalidArticle as error:
        return editing.draw(request, who, article_id, refusal=Refusal(error.problems, status=422))
    return RedirectResponse(f"{PATH}/{article_id}?told=restored", status_code=303)


def _found(session: Session, article_id: UUID, number: int) -> ArticleVersion:
    try:
        return articles.version(session, article_id, number)
    except ArticleNotFound as error:
        raise HTTPException(404) from error
