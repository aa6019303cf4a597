"""Articles in the database."""

from __future__ import annotations

from typing import Protocol

import pytest
from sqlalchemy.orm import Session

from helpsage.configuration.service import Who
from helpsage.knowledge import articles
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.models import Article

WRITER = Who(name="Rita Writer")
LEAD = Who(name="Lena Lead")


class Writes(Protocol):
    """Makes a published article."""

    def __call__(self, slug: str, body: str = ..., title: str = ..., **place: object) -> Article: ...


@pytest.fixture
def published(session: Session) -> Writes:
    def make(slug: str, body: str = "Words.", title: str = "", **place: object) -> Article:
        writing = Writing(title or slug.replace("-", " ").capitalize(), body, **({"category": "network"} | place))  # type: ignore[arg-type]
        article = articles.create(session, slug, writing, WRITER)
        return articles.publish(session, article.id, LEAD)

    return make
