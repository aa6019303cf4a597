"""What one person said about articles: for their archive, and forgotten."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, String, cast, delete, literal, or_, select
from sqlalchemy.orm import Session

from helpsage.conversations.models import Conversation
from helpsage.knowledge.models import Article, ArticleVote


def told(session: Session, person_id: UUID) -> list[dict[str, Any]]:
    """Whether articles helped them, and what they missed."""
    asked = select(Article.slug, ArticleVote).join(ArticleVote, ArticleVote.article_id == Article.id)
    rows = session.execute(asked.where(_theirs(person_id)).order_by(ArticleVote.at, Article.slug))
    return [{"article": slug, "helpful": vote.helpful, "words": vote.words, "at": vote.at} for slug, vote in rows]


def forget(session: Session, person_id: UUID) -> None:
    """Remove it."""
    session.execute(delete(ArticleVote).where(_theirs(person_id)).execution_options(synchronize_session=False))


def _theirs(person_id: UUID) -> ColumnElement[bool]:
    """Votes of the account, and of each of their chats."""
    chats = select(literal("conversation:") + cast(Conversation.id, String)).where(Conversation.person_id == person_id)
    return or_(ArticleVote.voter == f"person:{person_id}", ArticleVote.voter.in_(chats))
