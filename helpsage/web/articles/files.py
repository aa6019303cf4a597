"""Files of an article. Readers see them at once, so that those of a published one are for whoever publishes."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.attachments import AttachmentRefused
from helpsage.db.session import transaction
from helpsage.knowledge import articles, files
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.knowledge.models import Article
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.web import uploads
from helpsage.web.access import SignedIn
from helpsage.web.articles import editing, forms, words
from helpsage.web.articles.editing import Refusal
from helpsage.web.articles.forms import PATH, Writer
from helpsage.web.portal.forms import Posted

router = APIRouter(include_in_schema=False, prefix=f"{PATH}/{{article_id}}/files", dependencies=forms.checked)


@router.post("")
def attach(request: Request, who: Writer, article_id: UUID, form: Posted) -> Response:
    """Attach files, all or none."""
    _require(who, article_id)
    sent = uploads.read(form, who.person_id)
    told = " ".join(sent.problems) or ("" if sent.received else words.NO_FILE)
    if told:
        return editing.draw(request, who, article_id, refusal=Refusal({"files": told}, status=422))
    try:
        with transaction() as session:
            for received in sent.received:
                files.attach(session, article_id, received, forms.who(who))
    except AttachmentRefused as error:
        return editing.draw(request, who, article_id, refusal=Refusal({"files": str(error)}, status=422))
    return RedirectResponse(f"{PATH}/{article_id}?told=attached", status_code=303)


@router.post("/{file_id}/remove")
def remove(request: Request, who: Writer, article_id: UUID, file_id: UUID) -> Response:
    """Take one off."""
    _require(who, article_id)
    try:
        with transaction() as session:
            if files.by_id(session, file_id).article_id != article_id:
                raise ArticleNotFound(str(file_id))
            files.remove(session, file_id, forms.who(who))
    except ArticleNotFound as error:
        raise HTTPException(404) from error
    return RedirectResponse(f"{PATH}/{article_id}?told=removed", status_code=303)


def _require(who: SignedIn, article_id: UUID) -> None:
    with transaction() as session:
        article = _found(session, article_id)
        if article.published_version is not None:
            permissions.require(who, Action.PUBLISH_ARTICLES)


def _found(session: Session, article_id: UUID) -> Article:
    try:
        return articles.by_id(session, article_id)
    except ArticleNotFound as error:
        raise HTTPException(404) from error
