"""The documents that begin as files of `config/` and live in the database once someone changes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.channels import documents as channels
from helpsage.configuration import assistant, canned_replies, live
from helpsage.configuration.models import Configuration
from helpsage.configuration.service import Content, InvalidContent
from helpsage.intake import lanes
from helpsage.notify import templates as notice_templates
from helpsage.tickets import categories, priority
from helpsage.triage import rules

NO_RESPONSE = (
    "{where}: the assistant has no response called {name}; write the words themselves, or ask a trainer for it"
)
LONGEST_PHRASE = 80
MOST_PHRASES = 1_000


@dataclass(frozen=True)
class StoredDocument:
    """A document in the table `configuration`; its file in `config/` is what it begins as."""

    name: str
    called: str
    file: Path
    check: Callable[[Content], object]

    def title(self, session: Session) -> str:
        """What people call it."""
        return self.called

    def read(self, session: Session) -> Content:
        """The content as it is, or as the file has it."""
        kept = session.get(Configuration, self.name, populate_existing=True)
        if kept is not None:
            return dict(kept.content)
        content = live.seed(self.file)
        assert isinstance(content, dict)
        return content

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so; every program hears of it when the transaction commits.

        Raises:
            InvalidContent
        """
        try:
            self.check(content)
        except ValueError as error:
            raise InvalidContent(str(error)) from error
        values = {"content": content, "updated_at": clock.now()}
        session.execute(
            insert(Configuration)
            .values(name=self.name, version=1, **values)
            .on_conflict_do_update(index_elements=["name"], set_={**values, "version": Configuration.version + 1})
        )
        session.expire_all()


def check_categories(content: Content) -> categories.Catalogue:
    """What the loader checks, and that every response is one that the assistant has.

    Raises:
        ValueError
    """
    catalogue = categories.build(content)
    known = assistant.taught().responses
    said = [(f"group {group.name}", group.acknowledge) for group in catalogue.groups.values()]
    for name, question in content["questions"].items():
        said += [(f"question {name}", question["ask"]), (f"question {name}", question["help"])]
    for where, words in said:
        if assistant.RESPONSE.fullmatch(words) and words not in known:
            raise categories.CategoriesError(NO_RESPONSE.format(where=where, name=words))
    return catalogue


def check_priorities(content: Content) -> priority.Rules:
    """What the loader checks, and limits for what is typed.

    Raises:
        ValueError
    """
    rules = priority.build(content)
    for language in content["languages"].values():
        for name in ("negations", "breaks", "ignore", "calm", "urgent", "high", "keep_when_calm"):
            _check_phrases(name, language[name])
        if not isinstance(language["reach"], int) or not 0 <= language["reach"] <= 10:
            raise priority.InvalidPriorities("reach is a number from 0 to 10")
    return rules


def _check_phrases(name: str, phrases: Any) -> None:
    if not isinstance(phrases, list) or len(phrases) > MOST_PHRASES:
        raise priority.InvalidPriorities(f"{name}: at most {MOST_PHRASES} phrases")
    for phrase in phrases:
        if not isinstance(phrase, str) or not 0 < len(phrase.strip()) <= LONGEST_PHRASE or not phrase.isprintable():
            raise priority.InvalidPriorities(f"{name}: a phrase has 1 to {LONGEST_PHRASE} printable characters")
        if not any(character.isalnum() for character in phrase) or len(phrase.strip("* ")) < 2:
            raise priority.InvalidPriorities(f"{name}: “{phrase}” would be found nearly everywhere")


CATEGORIES = StoredDocument("categories", "Categories and questions", categories.FILE, check_categories)
PRIORITIES = StoredDocument("priorities", "Priorities and their words", priority.CONFIGURATION, check_priorities)
CANNED_REPLIES = StoredDocument("canned_replies", "Canned replies", canned_replies.FILE, canned_replies.build)
INTAKE = StoredDocument(lanes.DOCUMENT, "Ways in", lanes.FILE, lanes.build)
ROUTING = StoredDocument("routing", "Routing rules", rules.FILE, rules.build)
NOTICE_TEMPLATES = StoredDocument(
    notice_templates.NAME, "Words of notices", notice_templates.FILE, notice_templates.build
)
CHANNELS = StoredDocument(channels.DOCUMENT, "Chat applications", channels.FILE, channels.build)
STORED = {
    document.name: document
    for document in (CATEGORIES, PRIORITIES, CANNED_REPLIES, INTAKE, ROUTING, NOTICE_TEMPLATES, CHANNELS)
}
