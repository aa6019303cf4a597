"""Changing what administrators configure: checked, logged with before and after, and undone by going back.

A document is anything with a content that is plain JSON: a file of `config/` once it was changed, or a row of another
table seen that way. Whoever saves says which content they had on the screen (its digest); a change in between is shown,
not overwritten.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.configuration.models import SettingChange

Content = dict[str, Any]


class ConfigurationError(Exception):
    """Anything the configuration refuses."""


class InvalidContent(ConfigurationError):
    """The content cannot be used; the message says why, for whoever typed it.

    Attributes:
        problems: words for the person, by the field they belong to; `""` for the whole.
    """

    def __init__(self, problems: dict[str, str] | str) -> None:
        self.problems = {"": problems} if isinstance(problems, str) else problems
        super().__init__("; ".join(self.problems.values()))


class StaleContent(ConfigurationError):
    """Someone else changed the document since it was read.

    Attributes:
        latest: the newest change, when the log has it.
    """

    def __init__(self, latest: SettingChange | None) -> None:
        self.latest = latest
        super().__init__("the document has changed meanwhile")


class ChangeNotFound(ConfigurationError):
    """No change of this document has this number."""


class Document(Protocol):
    """Something with a content and a history."""

    @property
    def name(self) -> str:
        """In the log: `categories`, `team:<id>`."""

    def title(self, session: Session) -> str:
        """What people call it."""

    def read(self, session: Session) -> Content | None:
        """The content as it is; None when there is none yet."""

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so.

        Raises:
            InvalidContent: nothing was written.
        """


@dataclass(frozen=True)
class Who:
    """Who changes something, for the log."""

    person_id: UUID | None = None
    name: str = ""


@dataclass(frozen=True)
class Difference:
    """One place in which two contents differ. None: nothing stood there."""

    path: tuple[str, ...]
    before: Any
    after: Any


def digest(content: Content | None) -> str:
    """A short name of a content: the same for the same one."""
    written = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def save(
    session: Session, document: Document, content: Content, who: Who, summary: str, seen: str | None = None
) -> SettingChange | None:
    """Make this the document's content.

    Parameters:
        summary: what is done, in words.
        seen: digest of the content that the writer had on the screen.

    Returns:
        The line of the log; None when nothing differs.

    Raises:
        InvalidContent, StaleContent: nothing was written.
    """

    def replaced(before: Content | None) -> Content:
        if seen is not None and seen != digest(before):
            raise stale(session, document.name)
        return content

    return edit(session, document, replaced, who, summary)


def edit(
    session: Session,
    document: Document,
    change: Callable[[Content | None], Content],
    who: Who,
    summary: str,
    restores_id: int | None = None,
) -> SettingChange | None:
    """Make the content what `change` makes of it: it gets a copy of what is there now, and nobody else comes between.

    Returns:
        The line of the log; None when nothing differs.

    Raises:
        InvalidContent, and whatever `change` raises: nothing was written.
    """
    # One writer of a document at a time; the log's order is the order of what happened.
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:name, 1005))"), {"name": document.name})
    before = document.read(session)
    content = change(copy.deepcopy(before))
    if before == content:
        return None
    with session.begin_nested():
        document.write(session, content)
    after = document.read(session)
    if after is None or after == before:
        return None
    line = SettingChange(
        document=document.name,
        title=document.title(session),
        at=clock.now(),
        actor_id=who.person_id,
        actor_name=who.name,
        summary=summary,
        before=before,
        after=after,
        restores_id=restores_id,
    )
    session.add(line)
    session.flush()
    return line


def go_back(
    session: Session, document: Document, change_id: int, who: Who, summary: str, *, to_before: bool = False
) -> SettingChange | None:
    """Bring back the content that a change brought, or (`to_before`) the one that it replaced. Logged as a change.

    Raises:
        ChangeNotFound
        InvalidContent: what was right then contradicts something that was made since.
    """
    change = session.get(SettingChange, change_id)
    if change is None or change.document != document.name:
        raise ChangeNotFound(str(change_id))
    content = change.before if to_before else change.after
    if content is None:
        raise ChangeNotFound(str(change_id))
    return edit(session, document, lambda _: content, who, summary, change.id)


def stale(session: Session, name: str) -> StaleContent:
    """The refusal of a writer who was overtaken, with the change that did it, which outlives the session."""
    change = latest(session, name)
    if change is not None:
        session.expunge(change)
    return StaleContent(change)


def latest(session: Session, name: str) -> SettingChange | None:
    """The newest change of a document."""
    return next(iter(history(session, name, limit=1)), None)


def history(
    session: Session, name: str | None = None, limit: int = 50, before_id: int | None = None
) -> list[SettingChange]:
    """The changes of a document, or of all, the newest first.

    Parameters:
        before_id: go on after this change.
    """
    asked = select(SettingChange).order_by(SettingChange.id.desc()).limit(limit)
    if name is not None:
        asked = asked.where(SettingChange.document == name)
    if before_id is not None:
        asked = asked.where(SettingChange.id < before_id)
    return list(session.scalars(asked))


def differences(before: Any, after: Any, path: tuple[str, ...] = ()) -> list[Difference]:
    """Where two contents differ: the innermost places, in the order of the newer one."""
    if isinstance(before, dict) and isinstance(after, dict):
        found: list[Difference] = []
        for key in [*after, *(key for key in before if key not in after)]:
            found += differences(before.get(key), after.get(key), (*path, str(key)))
        return found
    return [] if before == after else [Difference(path, before, after)]
