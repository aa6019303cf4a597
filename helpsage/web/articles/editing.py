"""The editor: a new article, the next version of one that is there, and what it will look like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.knowledge import articles, files, reading, votes
from helpsage.knowledge.articles import LONGEST_SLUG
from helpsage.knowledge.errors import ArticleNotFound, InvalidArticle, StaleArticle
from helpsage.knowledge.models import Article, ArticleVersion, State
from helpsage.people.permissions import Action
from helpsage.web import markup, templating
from helpsage.web.access import SignedIn
from helpsage.web.articles import differing, forms, index, words
from helpsage.web.articles.forms import PATH, Sent, Typed, Writer
from helpsage.web.help.files import drawings
from helpsage.web.markup import Document

router = APIRouter(include_in_schema=False, prefix=PATH)

#: Remarks of readers beside the editor.
MOST_SAID = 5
_BETWEEN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Refusal:
    """Why nothing was saved, or nothing was done.

    Attributes:
        problems: words by field; "" for what concerns none.
        theirs: what somebody else saved meanwhile.
    """

    problems: Mapping[str, str] = field(default_factory=dict)
    theirs: ArticleVersion | None = None
    status: int = 200


@router.get("/new")
def new(request: Request, who: Writer) -> Response:
    """An empty editor."""
    return draw_new(request, who, Typed())


@router.post("/new", dependencies=forms.checked)
def create(request: Request, who: Writer, sent: Sent) -> Response:
    """Keep it as a draft."""
    return created(request, who, sent)


@router.post("/preview", dependencies=forms.checked)
def preview(request: Request, who: Writer, body: Annotated[str, Form()] = "") -> Response:
    """How words will look: a part of the page, for its script."""
    return templating.page(request, "articles/preview.html", {"preview": markup.article(body, anchored=False)})


@router.get("/{article_id}")
def show(request: Request, who: Writer, article_id: UUID) -> Response:
    """An article as it is worked on."""
    return draw(request, who, article_id)


@router.post("/{article_id}", dependencies=forms.checked)
def save(request: Request, who: Writer, article_id: UUID, sent: Sent) -> Response:
    """Write the next version. Nothing is lost when somebody else was quicker: both texts are on the page."""
    if sent.do == "preview":
        return draw(request, who, article_id, sent)
    try:
        with transaction() as session:
            articles.edit(session, article_id, sent.writing, forms.who(who), sent.revision, sent.note.strip())
    except ArticleNotFound as error:
        raise HTTPException(404) from error
    except InvalidArticle as error:
        return draw(request, who, article_id, sent, Refusal(error.problems, status=422))
    except StaleArticle:
        return _overtaken(request, who, article_id, sent)
    return RedirectResponse(f"{PATH}/{article_id}?told=saved", status_code=303)


def created(request: Request, who: SignedIn, sent: Typed) -> Response:
    """A new article of what was typed."""
    if sent.do == "preview":
        return draw_new(request, who, sent)
    try:
        with transaction() as session:
            slug = free_slug(session, sent.title)
            made = articles.create(session, slug, sent.writing, forms.who(who), sent.note.strip())
            address = f"{PATH}/{made.id}?told=created"
    except InvalidArticle as error:
        return draw_new(request, who, sent, Refusal(error.problems, status=422))
    return RedirectResponse(address, status_code=303)


def _overtaken(request: Request, who: SignedIn, article_id: UUID, sent: Typed) -> Response:
    """Both texts, and the newest revision: whoever saves again has seen what is there."""
    with transaction() as session:
        article = articles.by_id(session, article_id)
        theirs = articles.newest(session, article)
        sent.revision = article.revision
    return draw(request, who, article_id, sent, Refusal(theirs=theirs, status=409))


def free_slug(session: Session, title: str) -> str:
    """An address for an article of this title that no other has."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    wanted = _BETWEEN.sub("-", plain).strip("-")[: LONGEST_SLUG - 5].strip("-") or "article"
    taken = set(session.scalars(select(Article.slug).where(Article.slug.startswith(wanted, autoescape=True))))
    numbered = (f"{wanted}-{number}" for number in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(slug for slug in numbered if slug not in taken)


def draw_new(request: Request, who: SignedIn, sent: Typed, refusal: Refusal = Refusal()) -> Response:
    """The editor without an article."""
    with transaction() as session:
        context = {**_fields(session, who, sent, refusal, {}), "article": None, "kept_title": ""}
        return templating.page(request, "articles/edit.html", context, refusal.status)


def draw(
    request: Request, who: SignedIn, article_id: UUID, sent: Typed | None = None, refusal: Refusal = Refusal()
) -> Response:
    """The editor with what was typed, when that was refused.

    Raises:
        HTTPException: 404.
    """
    with transaction() as session:
        try:
            article = articles.by_id(session, article_id)
        except ArticleNotFound as error:
            raise HTTPException(404) from error
        newest = articles.newest(session, article)
        kept = files.of(session, article.id)
        typed = sent or Typed.of(article, newest)
        department = departments.by_id(session, article.department_id)
        desk = f"?desk={department.widget_key}" if department is not None else ""
        context = {
            **_fields(session, who, typed, refusal, drawings(article.slug, kept)),
            "article": article,
            "kept_title": newest.title,
            "votes": votes.counts(session, [article.id])[article.id],
            "said": votes.remarks(session, article.id, MOST_SAID),
            "files": kept,
            "versions": articles.versions(session, article.id),
            "steps": steps_of(who, article),
            "may_change_files": article.published_version is None or who.may(Action.PUBLISH_ARTICLES),
            "only_leads_files": words.ONLY_LEADS_FILES,
            "address": f"{reading.path(article.slug)}{desk}",
            "told": words.TOLD.get(request.query_params.get("told", ""), ""),
        }
        return templating.page(request, "articles/edit.html", context, refusal.status)


def steps_of(who: SignedIn, article: Article) -> list[tuple[str, str]]:
    """What this one may do with the article now, and what the button says."""
    publishes = who.may(Action.PUBLISH_ARTICLES)
    draft, waits = article.status == State.DRAFT, article.status == State.IN_REVIEW
    offered = (
        ("publish", words.PUBLISH, publishes and (draft or waits)),
        ("submit", words.SUBMIT, draft),
        ("send-back", words.SEND_BACK if publishes else words.TAKE_BACK, waits),
        ("unpublish", words.UNPUBLISH, publishes and article.published_version is not None),
        ("archive", words.ARCHIVE, publishes and article.status != State.ARCHIVED),
    )
    return [(step, title) for step, title, offers in offered if offers]


def _fields(
    session: Session, who: SignedIn, typed: Typed, refusal: Refusal, pictures: Mapping[str, str]
) -> dict[str, Any]:
    shown: Document | None = markup.article(typed.body, pictures, anchored=False) if typed.do == "preview" else None
    return {
        "typed": typed,
        "problems": refusal.problems,
        "theirs": refusal.theirs,
        "difference": differing.lines(refusal.theirs.body, typed.body) if refusal.theirs is not None else [],
        "preview": shown,
        "categories": index.categories(session),
        "audiences": words.AUDIENCES,
        "departments": [(str(each.id), each.name) for each in departments.departments(session)],
        "states": words.STATES,
        "limits": forms.LIMITS,
        "may_publish": who.may(Action.PUBLISH_ARTICLES),
        "told": "",
    }
