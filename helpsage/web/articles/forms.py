"""What the articles' forms have in common: who may send them, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form

from helpsage.configuration.service import Who
from helpsage.knowledge import articles
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.models import Article, ArticleVersion, Audience
from helpsage.people.permissions import Action
from helpsage.web import csrf
from helpsage.web.access import SignedIn, allowed

Writer = Annotated[SignedIn, Depends(allowed(Action.WRITE_ARTICLES))]
Publisher = Annotated[SignedIn, Depends(allowed(Action.PUBLISH_ARTICLES))]
checked = [Depends(csrf.checked)]

PATH = "/agent/articles"
#: For the fields.
LIMITS = {
    "title": articles.LONGEST_TITLE,
    "summary": articles.LONGEST_SUMMARY,
    "body": articles.LONGEST_BODY,
    "note": articles.LONGEST_NOTE,
}


def who(writer: SignedIn) -> Who:
    """As an article's history knows them."""
    return Who(writer.person_id, writer.name)


@dataclass
class Typed:
    """What stands in the editor.

    Attributes:
        revision: of the article, as the writer had it on the screen; 0 for one that is new.
        ticket: whose answers it began with.
        do: `preview` for the button that saves nothing.
    """

    title: str = ""
    summary: str = ""
    category: str = ""
    audience: str = Audience.PUBLIC.value
    department: str = ""
    language: str = "en"
    body: str = ""
    note: str = ""
    revision: int = 0
    ticket: str = ""
    do: str = ""

    @classmethod
    def of(cls, article: Article, version: ArticleVersion) -> Typed:
        """The newest version, to be gone on with."""
        return cls(
            title=version.title,
            summary=version.summary,
            category=version.category,
            audience=version.audience,
            department=str(version.department_id or ""),
            language=version.language,
            body=version.body,
            revision=article.revision,
        )

    @property
    def writing(self) -> Writing:
        """What the article is to hold. A department counts only for an article of one."""
        return Writing(
            title=self.title,
            body=self.body,
            category=self.category.strip().lower(),
            summary=self.summary,
            audience=self.audience,
            department_id=_id(self.department) if self.audience == Audience.BRAND else None,
            language=self.language.strip(),
        )


def typed(
    title: Annotated[str, Form()] = "",
    summary: Annotated[str, Form()] = "",
    category: Annotated[str, Form()] = "",
    audience: Annotated[str, Form()] = Audience.PUBLIC.value,
    department: Annotated[str, Form()] = "",
    language: Annotated[str, Form()] = "en",
    body: Annotated[str, Form()] = "",
    note: Annotated[str, Form()] = "",
    revision: Annotated[int, Form(ge=0, le=2**31 - 1)] = 0,
    do: Annotated[str, Form()] = "",
) -> Typed:
    """Read the editor."""
    text = body.replace("\r\n", "\n")
    return Typed(title, summary, category, audience, department, language, text, note, revision, do=do)


Sent = Annotated[Typed, Depends(typed)]
#: As the writer had it on the screen.
Revision = Annotated[int, Form(ge=0, le=2**31 - 1)]


def _id(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
