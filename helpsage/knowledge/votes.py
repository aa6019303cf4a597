"""Whether articles helped: one vote a reader, who may change their mind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.knowledge.models import Article, ArticleVote
from helpsage.tickets.words import clean

#: Characters of what somebody misses in an article.
LONGEST_WORDS = 1_000


@dataclass(frozen=True)
class Counts:
    """Readers whom an article helped, and whom it did not."""

    helpful: int = 0
    not_helpful: int = 0


def vote(session: Session, article: Article, voter: str, helpful: bool, words: str = "") -> None:
    """Keep a reader's vote on what is published; a second one takes the place of the first.

    Parameters:
        voter: `conversation:<id>`, `person:<id>`, `visitor:<mark>`.
        words: what was missing. A vote without any leaves those of before.
    """
    values = {
        "article_id": article.id,
        "voter": voter,
        "helpful": helpful,
        "words": clean(words)[:LONGEST_WORDS],
        "version": article.published_version or article.newest_version,
        "at": clock.now(),
    }
    made = insert(ArticleVote).values(values)
    anew = {name: made.excluded[name] for name in values if name not in ("article_id", "voter")}
    if not values["words"] and not helpful:
        del anew["words"]
    session.execute(made.on_conflict_do_update(index_elements=["article_id", "voter"], set_=anew))


def of_voter(session: Session, article_id: UUID, voter: str) -> ArticleVote | None:
    """What this reader said."""
    return session.get(ArticleVote, (article_id, voter), populate_existing=True)


def counts(session: Session, article_ids: Collection[UUID]) -> dict[UUID, Counts]:
    """The votes on these articles; each of them is there, also without any."""
    helped = func.count().filter(ArticleVote.helpful)
    asked = select(ArticleVote.article_id, helped, func.count()).where(ArticleVote.article_id.in_(article_ids))
    found = {
        article_id: Counts(yes, together - yes)
        for article_id, yes, together in session.execute(asked.group_by(ArticleVote.article_id))
    }
    return {article_id: found.get(article_id, Counts()) for article_id in article_ids}


def remarks(session: Session, article_id: UUID, limit: int = 50) -> list[ArticleVote]:
    """What readers missed, the newest first."""
    said = select(ArticleVote).where(ArticleVote.article_id == article_id, ArticleVote.words != "")
    return list(session.scalars(said.order_by(ArticleVote.at.desc()).limit(limit)))
