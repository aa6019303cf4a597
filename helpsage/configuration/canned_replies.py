"""Replies that agents insert: their texts, and the variables that are filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from helpsage.configuration.live import Live
from helpsage.settings import ROOT
from languages import TRANSLATED

FILE = ROOT / "config" / "canned_replies.yml"
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_TITLE = 80
LONGEST_TEXT = 5_000
MOST = 500
VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
#: What may stand in double braces, and what it becomes.
VARIABLES: Mapping[str, str] = {
    "requester.name": "the person's name",
    "requester.first_name": "their first name",
    "ticket.reference": "HS-1042",
    "ticket.subject": "the ticket's subject",
    "ticket.status": "where the ticket stands",
    "agent.name": "your name",
    "department.name": "the department's name",
    "team.name": "the team's name",
}


class InvalidReplies(ValueError):
    """The replies cannot be used; the message says which and why."""


@dataclass(frozen=True)
class CannedReply:
    """A reply to insert.

    Attributes:
        department: key of the department whose agents see it; empty: all.
        translations: the text for people who write another language, by its code.
    """

    key: str
    title: str
    text: str
    department: str = ""
    translations: Mapping[str, str] = field(default_factory=dict)

    def filled(self, values: Mapping[str, str], language: str = "") -> str:
        """The text in this language, if it is there in it, with its variables; one without a value is left out."""
        return VARIABLE.sub(lambda found: values.get(found[1], ""), self.translations.get(language, self.text))


def available(department_key: str | None = None) -> list[CannedReply]:
    """What agents of a department may insert, by title; without a department, everything."""
    shown = [reply for reply in _LIVE.get() if department_key is None or reply.department in ("", department_key)]
    return sorted(shown, key=lambda reply: reply.title.casefold())


def build(raw: Any) -> tuple[CannedReply, ...]:
    """Check the replies.

    Raises:
        InvalidReplies
    """
    try:
        replies = tuple(_reply(given) for given in raw["replies"])
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidReplies(f"{type(error).__name__}: {error}") from error
    if len(replies) > MOST:
        raise InvalidReplies(f"at most {MOST} replies")
    keys = [reply.key for reply in replies]
    twice = {key for key in keys if keys.count(key) > 1}
    if twice:
        raise InvalidReplies(f"two replies have the key {', '.join(sorted(twice))}")
    return replies


def _reply(given: Mapping[str, Any]) -> CannedReply:
    translations = dict(given.get("translations") or {})
    reply = CannedReply(given["key"], given["title"], given["text"], given.get("department", ""), translations)
    texts = (reply.key, reply.title, reply.text, reply.department, *translations.values())
    if not all(isinstance(value, str) for value in texts) or not KEY.fullmatch(reply.key):
        raise InvalidReplies(f"{given['key']}: a key is small letters, digits and _, at most 40")
    if not len(reply.title.strip()) > 0 or len(reply.title) > LONGEST_TITLE or not reply.title.isprintable():
        raise InvalidReplies(f"{reply.key}: a title has 1 to {LONGEST_TITLE} characters")
    if not len(reply.text.strip()) > 0 or len(reply.text) > LONGEST_TEXT or "\0" in reply.text:
        raise InvalidReplies(f"{reply.key}: a text has 1 to {LONGEST_TEXT:,} characters")
    for language, text in translations.items():
        if language not in TRANSLATED or not 0 < len(text.strip()) <= LONGEST_TEXT or "\0" in text:
            raise InvalidReplies(f"{reply.key}: a text in {', '.join(TRANSLATED)} has 1 to {LONGEST_TEXT:,} characters")
    unknown = unknown_variables("".join((reply.text, *translations.values())))
    if unknown:
        raise InvalidReplies(f"{reply.key}: there is no variable {', '.join(unknown)}")
    return reply


def unknown_variables(text: str) -> list[str]:
    """Names in double braces that nothing fills in."""
    return [name for name in dict.fromkeys(VARIABLE.findall(text)) if name not in VARIABLES]


_LIVE = Live("canned_replies", FILE, build)
