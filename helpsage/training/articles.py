"""Drafts of articles. Where articles are kept is another package's business: one is proposed here, and only here."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Sequence
from types import ModuleType

from sqlalchemy.orm import Session

from helpsage.training.patches import Article

log = logging.getLogger(__name__)

#: A package that keeps articles offers this: `propose(session, title, body, sources)`.
PLACE, FUNCTION = "helpsage.knowledge.articles", "propose"
LONGEST_SLUG = 60

Propose = Callable[[Session, str, str, Sequence[str]], object]


def propose_article(session: Session, title: str, body: str, sources: Sequence[str]) -> Article | None:
    """Hand a draft to the package that keeps articles; None: it has it.

    Without such a package the draft is a Markdown file below `data/articles`, part of the reviewable change.

    Parameters:
        sources: references of the tickets whose replies it is made of.
    """
    propose = _propose()
    if propose is None:
        return as_file(title, body, sources)
    propose(session, title, body, sources)
    return None


def as_file(title: str, body: str, sources: Sequence[str]) -> Article:
    """The draft as a Markdown file."""
    made_of = f"\n<!-- Draft made of the replies in {', '.join(sources)}. -->\n" if sources else ""
    return Article(slug(title), f"# {title}\n\n{body.strip()}\n{made_of}")


def slug(title: str) -> str:
    """What a title is called in file names and keys."""
    found = re.sub(r"[^a-z0-9]+", "_", title.casefold()).strip("_")[:LONGEST_SLUG].strip("_")
    return found if found[:1].isalpha() and len(found) > 1 else f"draft_{found}".strip("_")


def _propose() -> Propose | None:
    try:
        found: ModuleType = importlib.import_module(PLACE)
    except ModuleNotFoundError as error:
        if error.name not in (PLACE, PLACE.rpartition(".")[0]):
            raise
        return None
    made: Propose | None = getattr(found, FUNCTION, None)
    return made
