"""Published articles as a source for agents: passages near to somebody's words, staff's own articles included."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.knowledge import reading, search, sections, words
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.knowledge.models import Audience
from helpsage.knowledge.reading import STAFF
from helpsage.knowledge.search import Passage
from helpsage.knowledge.source import Asked, Suggestion

PREFIX = "article:"
#: Below that likeness a passage is about something else.
NEAR = 0.4


class Articles:
    """The source."""

    def nearest(self, session: Session, asked: Asked, most: int) -> Sequence[Suggestion]:
        """The best passage of each of the nearest articles."""
        found = search.find(session, asked.words, STAFF, asked.vector, limit=2 * most, each_article_once=True)
        return [_suggestion(passage) for passage in found if passage.signs.cosine >= NEAR][:most]

    def text_of(self, session: Session, key: str) -> str | None:
        """A passage, with a link to where it stands; nothing of what only staff may read."""
        if not key.startswith(PREFIX):
            return None
        slug, _, anchor = key.removeprefix(PREFIX).partition("#")
        try:
            page = reading.by_slug(session, slug, STAFF)
        except ArticleNotFound:
            return None
        if page.article.audience == Audience.STAFF:
            return None  # for their eyes only
        for section in sections.split(page.version.body):
            if section.anchor == anchor:
                return _with_link(section.text.strip(), page.version.title, reading.path(slug, anchor))
        return None


def _suggestion(passage: Passage) -> Suggestion:
    staff = passage.audience == Audience.STAFF
    return Suggestion(
        key=f"{PREFIX}{passage.slug}#{passage.anchor}",
        title=words.STAFF_ONLY.format(name=passage.name) if staff else passage.name,
        text=passage.text if staff else _with_link(passage.text, passage.title, passage.path),
        likeness=passage.signs.cosine,
        link=passage.path,
        only_to_read=staff,
    )


def _with_link(text: str, title: str, path: str) -> str:
    return f"{text}\n\n{words.MORE.format(title=title, link=settings.get().web_url + path)}"
