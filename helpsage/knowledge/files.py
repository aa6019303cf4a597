"""Files to be downloaded from articles. Their bytes lie with all attached files, and stay while an article has them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.attachments import service as attachments
from helpsage.attachments.errors import AttachmentRefused
from helpsage.attachments.storage import Received
from helpsage.configuration.service import Who
from helpsage.knowledge import articles, words
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.knowledge.models import Article, ArticleFile, Deed
from helpsage.knowledge.reading import Reader, readable

MOST = 20


def attach(session: Session, article_id: UUID, received: Received, who: Who) -> ArticleFile:
    """Put a file that was received (`attachments.storage.receive`) on an article.

    Raises:
        ArticleNotFound
        AttachmentRefused: there are too many, or the file waited for too long and is gone.
    """
    article = articles.locked(session, article_id)
    if (session.scalar(select(func.count()).where(ArticleFile.article_id == article_id)) or 0) >= MOST:
        raise AttachmentRefused("too_many", received.name, words.TOO_MANY_FILES.format(most=MOST))
    attachments.hold_received(session, received)
    made = ArticleFile(
        article_id=article_id,
        name=received.name,
        content_type=received.content_type,
        size=received.size,
        sha256=received.sha256,
        width=received.width,
        height=received.height,
        added_by_id=who.person_id,
        created_at=clock.now(),
    )
    session.add(made)
    articles.record(session, article, Deed.FILE_ADDED, who, received.name)
    return made


def of(session: Session, article_id: UUID) -> list[ArticleFile]:
    """An article's files, oldest first."""
    mine = select(ArticleFile).where(ArticleFile.article_id == article_id)
    return list(session.scalars(mine.order_by(ArticleFile.created_at, ArticleFile.id)))


def visible_to(session: Session, file_id: UUID, reader: Reader) -> ArticleFile:
    """The file, when the reader may see its article.

    Raises:
        ArticleNotFound
    """
    asked = select(ArticleFile).join(Article, Article.id == ArticleFile.article_id)
    found = session.scalar(asked.where(ArticleFile.id == file_id, readable(reader)))
    if found is None:
        raise ArticleNotFound(str(file_id))
    return found


def by_id(session: Session, file_id: UUID) -> ArticleFile:
    """For those who write articles, published or not.

    Raises:
        ArticleNotFound
    """
    found = session.get(ArticleFile, file_id)
    if found is None:
        raise ArticleNotFound(str(file_id))
    return found


def remove(session: Session, file_id: UUID, who: Who) -> None:
    """Take a file off its article. Its bytes go with the next sweep, when nobody else has them.

    Raises:
        ArticleNotFound
    """
    found = by_id(session, file_id)
    article = articles.locked(session, found.article_id)
    session.delete(found)
    articles.record(session, article, Deed.FILE_REMOVED, who, found.name)


def holds(session: Session, sha256: str) -> bool:
    """Whether an article has these bytes."""
    return session.scalar(select(ArticleFile.id).where(ArticleFile.sha256 == sha256).limit(1)) is not None
