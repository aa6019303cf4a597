"""Writing articles: each change is a version or a step of its life, with a line of history, in one transaction.

    draft ──▶ in review ──▶ published ──▶ archived
      ▲           │             │            │
      └───────────┴─────────────┴────────────┘   (edited, sent back, taken down, restored)

What readers see is `published_version`: it stays while somebody writes the next one. Who may do what is asked by the
callers (`people/permissions.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.configuration.service import Who
from helpsage.departments import service as departments
from helpsage.events import outbox
from helpsage.knowledge import words
from helpsage.knowledge.errors import ArticleNotFound, InvalidArticle, NotNow, StaleArticle
from helpsage.knowledge.models import Article, ArticleChange, ArticleVersion, Audience, Deed, State
from helpsage.tickets.words import clean

PUBLISHED, WITHDRAWN = "article.published", "article.withdrawn"
LONGEST_SLUG = 80
LONGEST_TITLE = 150
LONGEST_SUMMARY = 300
LONGEST_BODY = 100_000
LONGEST_NOTE = 300
_SLUG = re.compile(rf"(?=.{{1,{LONGEST_SLUG}}}\Z)[a-z0-9]+(?:-[a-z0-9]+)*")
_CATEGORY = re.compile(r"[a-z][a-z0-9-]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


@dataclass(frozen=True)
class Writing:
    """What somebody wrote: everything that a version holds.

    Attributes:
        summary: one sentence, what a person can do after reading.
        body: CommonMark.
        department_id: whose visitors read it, for the audience `brand`; None for every other.
    """

    title: str
    body: str
    category: str
    summary: str = ""
    audience: str = Audience.PUBLIC.value
    department_id: UUID | None = None
    language: str = "en"

    @classmethod
    def of(cls, version: ArticleVersion) -> Writing:
        """What stands in a version."""
        return cls(**{field.name: getattr(version, field.name) for field in fields(cls)})


def create(session: Session, slug: str, writing: Writing, who: Who, note: str = "") -> Article:
    """Begin an article, as a draft.

    Parameters:
        slug: its address, for good.

    Raises:
        InvalidArticle
    """
    problems = _slug_problems(session, slug)
    try:
        writing = _checked(session, writing, note)
    except InvalidArticle as error:
        problems |= error.problems
    if problems:
        raise InvalidArticle(problems)
    now = clock.now()
    article = Article(slug=slug, status=State.DRAFT.value, newest_version=1, revision=1, created_at=now, updated_at=now)
    _place(article, writing)
    session.add(article)
    session.flush()
    _add_version(session, article, writing, who, note)
    _log(session, article, Deed.CREATED, who, note)
    return article


def edit(
    session: Session, article_id: UUID, writing: Writing, who: Who, seen: int | None = None, note: str = ""
) -> ArticleVersion:
    """Write the next version, a draft. What is published stays until this one is.

    Parameters:
        seen: `Article.revision` as the writer read it.

    Returns:
        The new version; the newest one when nothing is different.

    Raises:
        ArticleNotFound, StaleArticle, InvalidArticle
    """
    article = locked(session, article_id, seen)
    return _write(session, article, _checked(session, writing, note), who, Deed.EDITED, note)


def restore(
    session: Session, article_id: UUID, number: int, who: Who, seen: int | None = None, note: str = ""
) -> ArticleVersion:
    """Write an older version again, as the newest draft.

    Raises:
        ArticleNotFound, StaleArticle
        InvalidArticle: what was right then is not any more.
    """
    article = locked(session, article_id, seen)
    old = Writing.of(version(session, article_id, number))
    return _write(session, article, _checked(session, old, note), who, Deed.RESTORED, note)


def submit(session: Session, article_id: UUID, who: Who, seen: int | None = None, note: str = "") -> Article:
    """Ask for the newest draft to be looked at.

    Raises:
        ArticleNotFound, StaleArticle, NotNow
    """
    return _step(session, article_id, who, seen, note, Deed.SUBMITTED, State.IN_REVIEW, (State.DRAFT,))


def send_back(session: Session, article_id: UUID, who: Who, seen: int | None = None, note: str = "") -> Article:
    """It needs more work; the note says what.

    Raises:
        ArticleNotFound, StaleArticle, NotNow
    """
    return _step(session, article_id, who, seen, note, Deed.SENT_BACK, State.DRAFT, (State.IN_REVIEW,))


def publish(session: Session, article_id: UUID, who: Who, seen: int | None = None, note: str = "") -> Article:
    """Give the newest version to its readers. What can be found of it follows in a moment (`index.build`).

    Raises:
        ArticleNotFound, StaleArticle
        NotNow: readers have it already, or the article is archived.
    """

    def give(article: Article) -> None:
        if article.published_version == article.newest_version:
            raise NotNow(words.NOTHING_TO_PUBLISH)
        newest = version(session, article_id, article.newest_version)
        _checked(session, Writing.of(newest), note)
        article.published_version = article.newest_version
        article.published_at = clock.now()
        _place(article, Writing.of(newest))
        outbox.record(session, PUBLISHED, article.id, {"version": article.newest_version})

    states = (State.DRAFT, State.IN_REVIEW)
    return _step(session, article_id, who, seen, note, Deed.PUBLISHED, State.PUBLISHED, states, give)


def unpublish(session: Session, article_id: UUID, who: Who, seen: int | None = None, note: str = "") -> Article:
    """Take it from its readers at once; it is a draft again.

    Raises:
        ArticleNotFound, StaleArticle
        NotNow: nothing is published.
    """

    def take(article: Article) -> None:
        if article.published_version is None:
            raise _not_now(article, Deed.UNPUBLISHED)
        _withdraw(session, article)

    states = (State.DRAFT, State.IN_REVIEW, State.PUBLISHED)
    return _step(session, article_id, who, seen, note, Deed.UNPUBLISHED, State.DRAFT, states, take)


def archive(session: Session, article_id: UUID, who: Who, seen: int | None = None, note: str = "") -> Article:
    """Put it away, readers included. It can be edited or restored again.

    Raises:
        ArticleNotFound, StaleArticle, NotNow
    """

    def put_away(article: Article) -> None:
        _withdraw(session, article)

    states = (State.DRAFT, State.IN_REVIEW, State.PUBLISHED)
    return _step(session, article_id, who, seen, note, Deed.ARCHIVED, State.ARCHIVED, states, put_away)


def by_id(session: Session, article_id: UUID) -> Article:
    """For staff's pages and jobs: whoever calls this has asked who may see it.

    Raises:
        ArticleNotFound
    """
    found = session.get(Article, article_id)
    if found is None:
        raise ArticleNotFound(str(article_id))
    return found


def by_slug(session: Session, slug: str) -> Article:
    """The same, by its address.

    Raises:
        ArticleNotFound
    """
    found = session.scalar(select(Article).where(Article.slug == slug))
    if found is None:
        raise ArticleNotFound(slug)
    return found


def version(session: Session, article_id: UUID, number: int) -> ArticleVersion:
    """One version.

    Raises:
        ArticleNotFound
    """
    found = session.get(ArticleVersion, (article_id, number))
    if found is None:
        raise ArticleNotFound(f"{article_id}, version {number}")
    return found


def newest(session: Session, article: Article) -> ArticleVersion:
    """The version that is worked on."""
    return version(session, article.id, article.newest_version)


def versions(session: Session, article_id: UUID) -> list[ArticleVersion]:
    """All of them, the newest first."""
    mine = select(ArticleVersion).where(ArticleVersion.article_id == article_id)
    return list(session.scalars(mine.order_by(ArticleVersion.number.desc())))


def history(session: Session, article_id: UUID, limit: int = 100) -> list[ArticleChange]:
    """Who did what, the newest first."""
    mine = select(ArticleChange).where(ArticleChange.article_id == article_id)
    return list(session.scalars(mine.order_by(ArticleChange.id.desc()).limit(limit)))


def locked(session: Session, article_id: UUID, seen: int | None = None) -> Article:
    """The article, which nobody else changes until the transaction ends.

    Raises:
        ArticleNotFound
        StaleArticle: `seen` is an older revision.
    """
    asked = select(Article).where(Article.id == article_id).with_for_update().execution_options(populate_existing=True)
    article = session.scalar(asked)
    if article is None:
        raise ArticleNotFound(str(article_id))
    if seen is not None and seen != article.revision:
        latest = next(iter(history(session, article_id, 1)), None)
        if latest is not None:
            session.expunge(latest)
        raise StaleArticle(latest)
    return article


def record(session: Session, article: Article, deed: Deed, who: Who, note: str = "") -> None:
    """Write down a change that the caller made to a locked article."""
    article.revision += 1
    article.updated_at = clock.now()
    session.flush()
    _log(session, article, deed, who, note)


def _step(
    session: Session,
    article_id: UUID,
    who: Who,
    seen: int | None,
    note: str,
    deed: Deed,
    to: State,
    states: tuple[State, ...],
    change: Callable[[Article], None] = lambda _: None,
) -> Article:
    """One step of an article's life, from one of these states."""
    article = locked(session, article_id, seen)
    if State(article.status) not in states:
        if deed is Deed.PUBLISHED and article.status == State.PUBLISHED:
            raise NotNow(words.NOTHING_TO_PUBLISH)
        raise _not_now(article, deed)
    if len(note) > LONGEST_NOTE:
        raise InvalidArticle({"note": words.NOTE.format(most=LONGEST_NOTE)})
    change(article)
    article.status = to.value
    record(session, article, deed, who, note)
    return article


def _write(session: Session, article: Article, writing: Writing, who: Who, deed: Deed, note: str) -> ArticleVersion:
    current = newest(session, article)
    archived = article.status == State.ARCHIVED
    if Writing.of(current) == writing and not archived:
        return current
    article.newest_version += 1
    article.status = State.DRAFT.value
    if article.published_version is None:
        _place(article, writing)
    session.flush()
    made = _add_version(session, article, writing, who, note)
    record(session, article, deed, who, note)
    return made


def _add_version(session: Session, article: Article, writing: Writing, who: Who, note: str) -> ArticleVersion:
    made = ArticleVersion(
        article_id=article.id,
        number=article.newest_version,
        **{field.name: getattr(writing, field.name) for field in fields(writing)},
        by_id=who.person_id,
        by_name=who.name,
        at=clock.now(),
        note=note,
    )
    session.add(made)
    session.flush()
    return made


def _place(article: Article, writing: Writing) -> None:
    article.category = writing.category
    article.audience = writing.audience
    article.department_id = writing.department_id
    article.language = writing.language


def _withdraw(session: Session, article: Article) -> None:
    if article.published_version is not None:
        article.published_version = None
        outbox.record(session, WITHDRAWN, article.id)


def _log(session: Session, article: Article, deed: Deed, who: Who, note: str) -> None:
    session.add(
        ArticleChange(
            article_id=article.id,
            at=clock.now(),
            actor_id=who.person_id,
            actor_name=who.name,
            deed=deed.value,
            version=article.newest_version,
            note=note,
        )
    )
    session.flush()


def _not_now(article: Article, deed: Deed) -> NotNow:
    status, done = (name.replace("_", " ") for name in (article.status, deed.value))
    return NotNow(words.NOT_NOW.format(status=status, deed=done))


def _slug_problems(session: Session, slug: str) -> dict[str, str]:
    if not _SLUG.fullmatch(slug):
        return {"slug": words.SLUG.format(most=LONGEST_SLUG)}
    taken = session.scalar(select(Article.id).where(Article.slug == slug)) is not None
    return {"slug": words.SLUG_TAKEN} if taken else {}


def _checked(session: Session, writing: Writing, note: str) -> Writing:
    """What was written, tidied.

    Raises:
        InvalidArticle
    """
    tidy = Writing(
        title=" ".join(clean(writing.title).split()),
        summary=" ".join(clean(writing.summary).split()),
        body=clean(writing.body),
        category=writing.category.strip(),
        audience=writing.audience,
        department_id=writing.department_id,
        language=writing.language,
    )
    problems = {}
    if not 1 <= len(tidy.title) <= LONGEST_TITLE:
        problems["title"] = words.TITLE.format(most=LONGEST_TITLE)
    if len(tidy.summary) > LONGEST_SUMMARY:
        problems["summary"] = words.SUMMARY.format(most=LONGEST_SUMMARY)
    if not 1 <= len(tidy.body) <= LONGEST_BODY:
        problems["body"] = words.BODY.format(most=LONGEST_BODY)
    if not _CATEGORY.fullmatch(tidy.category):
        problems["category"] = words.CATEGORY
    if not _LANGUAGE.fullmatch(tidy.language):
        problems["language"] = words.LANGUAGE
    if len(note) > LONGEST_NOTE:
        problems["note"] = words.NOTE.format(most=LONGEST_NOTE)
    problems |= _audience_problems(session, tidy)
    if problems:
        raise InvalidArticle(problems)
    return tidy


def _audience_problems(session: Session, writing: Writing) -> dict[str, str]:
    if writing.audience not in set(Audience):
        return {"audience": words.AUDIENCE}
    if writing.audience != Audience.BRAND:
        return {"department": words.DEPARTMENT_IDLE} if writing.department_id is not None else {}
    if writing.department_id is None:
        return {"department": words.DEPARTMENT_NEEDED}
    found = departments.by_id(session, writing.department_id)
    return {} if found is not None else {"department": words.DEPARTMENT_UNKNOWN}
