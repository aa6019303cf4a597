"""The front page with its search, a category, an article."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.knowledge import files as article_files
from helpsage.knowledge import reading, votes, words
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.knowledge.models import Audience
from helpsage.knowledge.reading import Order, Page, Reader
from helpsage.web import markup
from helpsage.web.help import files, finding, place
from helpsage.web.help.place import LONGEST_SEARCH, Here, Place

router = APIRouter(include_in_schema=False, prefix="/help")

#: Articles of each list on the front page, and below an article.
MOST_LISTED = 5
#: Articles of a category.
MOST_IN_CATEGORY = 200
#: What a browser fetches before anybody wants to see it, and programs that read for search engines, are no readers.
_NO_READER = ("bot", "crawl", "spider", "slurp")


@dataclass(frozen=True)
class Subject:
    """A category on the front page."""

    key: str
    title: str
    count: int


@router.get("")
def front(request: Request, at: Here, q: Annotated[str, Query(max_length=2_000)] = "") -> Response:
    """What there is to read; with `q`, what of it answers that."""
    asked = " ".join(q.replace("\0", " ").split())[:LONGEST_SEARCH]
    with transaction() as session:
        reader = at.reader
        context: dict[str, Any] = {
            "q": asked,
            "found": finding.find(session, asked, reader) if asked else [],
            "hidden": bool(asked),
            "canonical": place.canonical("/help", at),
            **(_lists(session, reader) if not asked else {}),
        }
        return place.page(request, at, "front", context)


@router.get("/category/{key}")
def category(request: Request, at: Here, key: str) -> Response:
    """The articles about one subject."""
    with transaction() as session:
        found = reading.pages(session, at.reader, category=key.replace("\0", ""), limit=MOST_IN_CATEGORY)
        if not found:
            return place.missing(request, at)
        context = {
            "category": words.category_title(key),
            "articles": _cards(found),
            "canonical": place.canonical(f"/help/category/{key}", at),
        }
        return place.page(request, at, "category", context)


@router.get("/{slug}")
def article(request: Request, at: Here, slug: str) -> Response:
    """One article; for whoever may not read it, the same page as for one that never was."""
    with transaction() as session:
        reader = at.reader
        try:
            found = reading.by_slug(session, slug.replace("\0", ""), reader)
        except ArticleNotFound:
            return place.missing(request, at)
        if not at.is_staff and _is_read(request):
            reading.count_view(session, found.article.id)
        return place.page(request, at, "article", _shown(request, session, at, found, reader))


def _shown(request: Request, session: Session, at: Place, found: Page, reader: Reader) -> dict[str, Any]:
    kept = article_files.of(session, found.article.id)
    document = markup.article(found.version.body, files.drawings(found.article.slug, kept))
    voter = place.voter(request, at)
    return {
        "article": Card.of(found),
        "article_id": found.article.id,
        "article_language": found.version.language,
        "changed_at": found.version.at,
        "category": words.category_title(found.article.category),
        "category_key": found.article.category,
        "body": document.html,
        "headings": document.headings,
        "files": files.shown(found.article.slug, kept),
        "related": finding.related(session, found, reader, MOST_LISTED),
        "voted": votes.of_voter(session, found.article.id, voter) if voter else None,
        "longest_comment": votes.LONGEST_WORDS,
        "may_write": at.may_write,
        "hidden": found.article.audience == Audience.STAFF,
        "canonical": place.canonical(found.path, at, found.article),
    }


@dataclass(frozen=True)
class Card:
    """An article in a list."""

    slug: str
    title: str
    summary: str
    audience: str

    @classmethod
    def of(cls, page: Page) -> Card:
        """An article that is published."""
        return cls(page.article.slug, page.version.title, page.version.summary, page.article.audience)


def _cards(pages: list[Page]) -> list[Card]:
    return [Card.of(page) for page in pages]


def _lists(session: Session, reader: Reader) -> dict[str, Any]:
    """What the front page offers to whoever has not asked for anything yet."""
    subjects = [Subject(key, words.category_title(key), count) for key, count in reading.categories(session, reader)]
    read = [each for each in _of(session, reader, Order.READ) if each.article.views]
    helped = _helpful(session, _of(session, reader, Order.HELPFUL))
    # Nobody has read anything yet: what is new is more than nothing.
    newest = [] if read else _of(session, reader, Order.NEW)
    return {
        "categories": subjects,
        "most_read": _cards(read),
        "most_helpful": _cards(helped),
        "newest": _cards(newest),
    }


def _of(session: Session, reader: Reader, order: Order) -> list[Page]:
    return reading.pages(session, reader, order=order, limit=MOST_LISTED)


def _helpful(session: Session, pages: list[Page]) -> list[Page]:
    """Those that helped somebody, and more people than not."""
    counts = votes.counts(session, [each.article.id for each in pages])
    return [each for each in pages if counts[each.article.id].helpful > counts[each.article.id].not_helpful]


def _is_read(request: Request) -> bool:
    agent = request.headers.get("user-agent", "").lower()
    ahead = "prefetch" in request.headers.get("sec-purpose", "")
    # After a vote the script fetches the page once more.
    return not ahead and "hx-request" not in request.headers and not any(each in agent for each in _NO_READER)
