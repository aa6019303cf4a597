"""Reading articles: who may, what there is, and staff's list of everything that is being written."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, tuple_, update
from sqlalchemy.orm import Session

from helpsage.knowledge import votes
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.knowledge.models import Article, ArticleVersion, ArticleVote, Audience, State
from helpsage.knowledge.votes import Counts
from helpsage.people.permissions import Viewer

#: Articles of one page of staff's list.
PAGE = 50


@dataclass(frozen=True)
class Reader:
    """Who asks for articles.

    Attributes:
        staff: reads everything that is published.
        department_id: the department whose pages or chat they are on; its own articles are for them too.
    """

    staff: bool = False
    department_id: UUID | None = None

    @classmethod
    def of(cls, viewer: Viewer | None, department_id: UUID | None = None) -> Reader:
        """The account that is logged in, if any, on the pages of a department."""
        return cls(viewer is not None and viewer.is_staff, department_id)


#: Somebody of whom nothing is known.
ANYBODY = Reader()
STAFF = Reader(staff=True)


@dataclass(frozen=True)
class Page:
    """An article as its readers see it."""

    article: Article
    version: ArticleVersion

    @property
    def path(self) -> str:
        """Its address on the desk."""
        return path(self.article.slug)


class Order(enum.StrEnum):
    """How articles are put one behind the other."""

    TITLE = "title"
    READ = "read"
    HELPFUL = "helpful"
    NEW = "new"


@dataclass(frozen=True)
class Filters:
    """Which articles staff want to see; empty: all."""

    statuses: tuple[State, ...] = ()
    category: str = ""
    audience: str = ""
    language: str = ""
    #: Words in title, summary or text of the newest version.
    text: str = ""


@dataclass(frozen=True)
class Listed:
    """An article in staff's list, with its newest version."""

    article: Article
    version: ArticleVersion
    counts: Counts


def path(slug: str, anchor: str = "") -> str:
    """Where an article stands, or a section of it."""
    return f"/help/{slug}#{anchor}" if anchor else f"/help/{slug}"


def readable(reader: Reader) -> ColumnElement[bool]:
    """The condition on `Article` under which this reader may see it."""
    if reader.staff:
        return Article.published_version.is_not(None)
    mine: ColumnElement[bool] = Article.audience == Audience.PUBLIC.value
    if reader.department_id is not None:
        mine = or_(mine, and_(Article.audience == "brand", Article.department_id == reader.department_id))
    return and_(Article.published_version.is_not(None), mine)


def by_slug(session: Session, slug: str, reader: Reader) -> Page:
    """The published article at this address.

    Raises:
        ArticleNotFound: there is none, or none for this reader.
    """
    row = session.execute(_published().where(Article.slug == slug, readable(reader))).one_or_none()
    if row is None:
        raise ArticleNotFound(slug)
    return Page(row[0], row[1])


def pages(
    session: Session,
    reader: Reader,
    category: str = "",
    order: Order = Order.TITLE,
    language: str = "",
    limit: int = 100,
    offset: int = 0,
) -> list[Page]:
    """Published articles for this reader, of a category or of all."""
    asked = _published().where(readable(reader), Article.category == category if category else true())
    if language:
        asked = asked.where(Article.language == language)
    rows = session.execute(_ordered(asked, order).limit(limit).offset(offset))
    return [Page(article, version) for article, version in rows]


def categories(session: Session, reader: Reader) -> list[tuple[str, int]]:
    """Categories with something to read, and how much, the fullest first."""
    count = func.count()
    asked = select(Article.category, count).where(readable(reader)).group_by(Article.category)
    return [(name, number) for name, number in session.execute(asked.order_by(count.desc(), Article.category))]


def count_view(session: Session, article_id: UUID) -> None:
    """Somebody reads it."""
    session.execute(
        update(Article)
        .where(Article.id == article_id)
        .values(views=Article.views + 1)
        .execution_options(synchronize_session=False)
    )


def listing(
    session: Session, filters: Filters = Filters(), limit: int = PAGE, after: UUID | None = None
) -> list[Listed]:
    """Staff's list: what was changed last comes first.

    Parameters:
        after: go on behind this article.
    """
    newest = and_(ArticleVersion.article_id == Article.id, ArticleVersion.number == Article.newest_version)
    asked = select(Article, ArticleVersion).join(ArticleVersion, newest).where(*_filtered(filters))
    if after is not None:
        last = select(Article.updated_at, Article.id).where(Article.id == after)
        asked = asked.where(tuple_(Article.updated_at, Article.id) < last.scalar_subquery())
    rows = session.execute(asked.order_by(Article.updated_at.desc(), Article.id.desc()).limit(limit)).all()
    counts = votes.counts(session, [row[0].id for row in rows])
    return [Listed(article, version, counts[article.id]) for article, version in rows]


def status_counts(session: Session, filters: Filters = Filters()) -> dict[State, int]:
    """How many articles stand where, with every other filter."""
    newest = and_(ArticleVersion.article_id == Article.id, ArticleVersion.number == Article.newest_version)
    anywhere = Filters((), filters.category, filters.audience, filters.language, filters.text)
    asked = select(Article.status, func.count()).join(ArticleVersion, newest).where(*_filtered(anywhere))
    found = {State(status): number for status, number in session.execute(asked.group_by(Article.status))}
    return {state: found.get(state, 0) for state in State}


def _published() -> Select[Article, ArticleVersion]:
    shown = and_(ArticleVersion.article_id == Article.id, ArticleVersion.number == Article.published_version)
    return select(Article, ArticleVersion).join(ArticleVersion, shown)


def _ordered(asked: Select[Article, ArticleVersion], order: Order) -> Select[Article, ArticleVersion]:
    title = func.lower(ArticleVersion.title)
    match order:
        case Order.READ:
            return asked.order_by(Article.views.desc(), title, Article.id)
        case Order.NEW:
            return asked.order_by(Article.published_at.desc(), title, Article.id)
        case Order.HELPFUL:
            helped = (
                select(func.count())
                .where(ArticleVote.article_id == Article.id, ArticleVote.helpful)
                .correlate(Article)
                .scalar_subquery()
            )
            return asked.order_by(helped.desc(), Article.views.desc(), title, Article.id)
        case _:
            return asked.order_by(title, Article.id)


def _filtered(filters: Filters) -> Sequence[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if filters.statuses:
        wanted.append(Article.status.in_([state.value for state in filters.statuses]))
    for column, value in (
        (ArticleVersion.category, filters.category),
        (ArticleVersion.audience, filters.audience),
        (ArticleVersion.language, filters.language),
    ):
        if value:
            wanted.append(column == value)
    if filters.text.strip():
        like = [column.icontains(filters.text.strip(), autoescape=True) for column in _TEXTS]
        wanted.append(or_(*like))
    return wanted


_TEXTS = (ArticleVersion.title, ArticleVersion.summary, ArticleVersion.body, Article.slug)
