"""Articles in the database, and people of every kind before the running web program."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import httpx
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.configuration.service import Who
from helpsage.departments.models import Department
from helpsage.knowledge import articles, index, reading, votes
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.models import Article, ArticleVersion
from helpsage.knowledge.votes import Counts
from helpsage.people.models import Role
from tests.integration.portal.conftest import Browser, asha, desk, enter
from tests.integration.web.conftest import database, visitor, web_url

__all__ = ["asha", "database", "desk", "enter", "visitor", "web_url"]

WRITER, LEAD = Who(name="Rita Writer"), Who(name="Lena Lead")
EDUROAM = """Eduroam is the Wi-Fi of the campus.

## On an iPhone
Open **Settings** and choose *eduroam*.

## On Android
Choose the network, then type your address.

## On a computer
Run the installer.

## When it does not work
Forget the network and begin again."""


@dataclass
class Shelf:
    """What is written, committed."""

    engine: Engine

    def draft(self, slug: str = "connect-to-eduroam", body: str = EDUROAM, title: str = "", **given: object) -> UUID:
        """An article that nobody has looked at."""
        writing = Writing(
            title or slug.replace("-", " ").capitalize(),
            body,
            **{"category": "network", "summary": "What to do.", **given},  # type: ignore[arg-type]
        )
        with Session(self.engine) as session, session.begin():
            return articles.create(session, slug, writing, WRITER).id

    def article(self, slug: str = "connect-to-eduroam", body: str = EDUROAM, title: str = "", **given: object) -> UUID:
        """An article that its readers have."""
        made = self.draft(slug, body, title, **given)
        self.publish(made)
        return made

    def publish(self, article_id: UUID) -> None:
        """Give the newest version to its readers."""
        with Session(self.engine) as session, session.begin():
            articles.publish(session, article_id, LEAD)

    def findable(self) -> None:
        """What the jobs after publishing do."""
        with Session(self.engine) as session, session.begin():
            for article_id in index.outdated(session):
                index.build(session, article_id)

    def edit(self, article_id: UUID, body: str, **given: object) -> None:
        """A colleague writes the next version."""
        with Session(self.engine) as session, session.begin():
            now = Writing.of(articles.newest(session, articles.by_id(session, article_id)))
            articles.edit(session, article_id, Writing(**{**vars(now), "body": body, **given}), WRITER)

    def department(self, key: str, default: bool = False) -> UUID:
        """A part of the organisation with a desk of its own; `w-<key>` names its chat."""
        with Session(self.engine) as session, session.begin():
            made = Department(key=key, name=key.title(), widget_key=f"w-{key}", is_default=default, colour="#8a3ffc")
            session.add(made)
            session.flush()
            return made.id

    def now(self, article_id: UUID) -> Article:
        """The article as it is."""
        with Session(self.engine, expire_on_commit=False) as session:
            return articles.by_id(session, article_id)

    def newest(self, article_id: UUID) -> ArticleVersion:
        """The version that is worked on."""
        with Session(self.engine, expire_on_commit=False) as session:
            return articles.newest(session, articles.by_id(session, article_id))

    def all(self) -> list[reading.Listed]:
        """Every article."""
        with Session(self.engine, expire_on_commit=False) as session:
            return reading.listing(session, limit=1000)

    def votes(self, article_id: UUID) -> Counts:
        """Whom it helped."""
        with Session(self.engine) as session:
            return votes.counts(session, [article_id])[article_id]


@pytest.fixture
def shelf(database: Engine) -> Shelf:
    """Where articles stand."""
    return Shelf(database)


@pytest.fixture
def priya(enter: Callable[..., Browser]) -> Browser:
    """An agent: writes."""
    return enter("priya@desk.example", "Priya Raman", Role.AGENT)


@pytest.fixture
def lena(enter: Callable[..., Browser]) -> Browser:
    """A lead: publishes."""
    return enter("lena@desk.example", "Lena Lead", Role.LEAD)


def text(page: httpx.Response) -> str:
    """What a page says, without its markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())
