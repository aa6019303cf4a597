"""Drafts of articles, made of what agents answered. They are written on and published where all articles are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy.orm import Session

from helpsage.configuration.service import Who
from helpsage.knowledge import articles
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.knowledge.models import Article

LONGEST_SLUG = 60
#: Where it is put until its writer sorts it.
CATEGORY = "general"
MADE_OF = "Made of the replies in {references}"


def propose(session: Session, title: str, body: str, sources: Sequence[str], who: Who) -> Article:
    """Begin an article, as a draft that a person reads before anybody else does.

    Parameters:
        sources: references of the tickets whose replies it is made of.
    """
    note = MADE_OF.format(references=", ".join(sources))[: articles.LONGEST_NOTE] if sources else ""
    return articles.create(session, _free(session, title), Writing(title, body, CATEGORY), who, note)


def _free(session: Session, title: str) -> str:
    """An address that no article has."""
    plain = slug(title).replace("_", "-")
    address, number = plain, 1
    while _is_taken(session, address):
        number += 1
        address = f"{plain}-{number}"
    return address


def _is_taken(session: Session, address: str) -> bool:
    try:
        articles.by_slug(session, address)
    except ArticleNotFound:
        return False
    return True


def slug(title: str) -> str:
    """What a title is called in keys."""
    found = re.sub(r"[^a-z0-9]+", "_", title.casefold()).strip("_")[:LONGEST_SLUG].strip("_")
    return found if found[:1].isalpha() and len(found) > 1 else f"draft_{found}".strip("_")
