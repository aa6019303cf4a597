"""All articles, whatever their state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.knowledge import reading
from helpsage.knowledge import words as knowledge_words
from helpsage.knowledge.models import ArticleVersion, State
from helpsage.knowledge.reading import Filters, Listed
from helpsage.people.permissions import Action
from helpsage.web import templating
from helpsage.web.articles import words
from helpsage.web.articles.forms import PATH, Writer

router = APIRouter(include_in_schema=False, prefix=PATH)

#: Articles of the page; whoever has more narrows the filter.
MOST = 200
LONGEST_SEARCH = 200
#: What is put away is not in the way, unless it is asked for.
_USUAL = tuple(state for state in State if state is not State.ARCHIVED)


@dataclass(frozen=True)
class View:
    """How the list is narrowed."""

    q: str = ""
    status: str = ""
    category: str = ""
    audience: str = ""

    @classmethod
    def read(cls, given: Mapping[str, str]) -> View:
        """From an address; what it cannot mean is left out."""
        status, audience = given.get("status", ""), given.get("audience", "")
        return cls(
            q=given.get("q", "").replace("\0", "")[:LONGEST_SEARCH],
            status=status if status in words.STATES else "",
            category=given.get("category", "").replace("\0", "")[:40],
            audience=audience if audience in words.AUDIENCES else "",
        )

    @property
    def narrowed(self) -> bool:
        """Whether it leaves something out that somebody chose."""
        return any((self.q, self.status, self.category, self.audience))

    @property
    def filters(self) -> Filters:
        """For the list."""
        statuses = (State(self.status),) if self.status else _USUAL
        return Filters(statuses, self.category, self.audience, text=self.q)


@dataclass(frozen=True)
class Row:
    """One article.

    Attributes:
        also_published: readers have an older version while this one is being written.
    """

    id: UUID
    title: str
    status: str
    also_published: bool
    category: str
    readers: str
    views: int
    helpful: int
    unhelpful: int
    changed_at: datetime


@router.get("")
def index(request: Request, who: Writer) -> Response:
    """The articles, those changed last first."""
    view = View.read(request.query_params)
    with transaction() as session:
        found = reading.listing(session, view.filters, MOST + 1)
        names = {each.id: each.name for each in departments.departments(session, archived=True)}
        context: dict[str, Any] = {
            "view": view,
            "rows": [_row(each, names) for each in found[:MOST]],
            "more": len(found) > MOST,
            "states": words.STATES,
            "audiences": words.AUDIENCES,
            "categories": categories(session),
            "may_publish": who.may(Action.PUBLISH_ARTICLES),
            "told": "",
        }
        return templating.page(request, "articles/index.html", context)


def _row(listed: Listed, departments: Mapping[UUID, str]) -> Row:
    article, version = listed.article, listed.version
    own = departments.get(version.department_id, "") if version.department_id is not None else ""
    return Row(
        id=article.id,
        title=version.title,
        status=article.status,
        also_published=article.published_version is not None and article.status != State.PUBLISHED,
        category=knowledge_words.category_title(version.category),
        readers=own or words.AUDIENCES[version.audience],
        views=article.views,
        helpful=listed.counts.helpful,
        unhelpful=listed.counts.not_helpful,
        changed_at=article.updated_at,
    )


def categories(session: Session) -> dict[str, str]:
    """Categories that there are, those of the shipped articles first, with their titles."""
    used = session.scalars(select(ArticleVersion.category).distinct().order_by(ArticleVersion.category))
    names = dict.fromkeys([*knowledge_words.CATEGORIES, *used])
    return {name: knowledge_words.category_title(name) for name in names}
