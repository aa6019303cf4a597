"""What people really wrote lately, and of how much of it somebody has confirmed what it meant.

Confirmed is: an answer of the FAQ that the person says helped; the choice that somebody pressed after not being
understood; the category that an agent gave a ticket that began with these words. Of everything else is known what the
model in use made of it, and no more: two models can agree on it or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.privacy.words import REMOVED
from helpsage.tickets.categories import Catalogue, catalogue

#: How far back, in days.
LATELY = 30
#: Messages that are looked at, the newest.
MOST = 3_000
FALLBACK = "nlu_fallback"
#: Words that answer an agent are given this meaning by the channel, whatever the model makes of them.
NOT_READ = "answer_agent"
#: How long after words that were not understood a choice is a choice about them.
CHOSEN_WITHIN = timedelta(hours=1)

MESSAGES = """
    select id, conversation_id, seq, text, intent, confidence, created_at from message
     where author = 'person' and handled_at is not null and intent is not null and intent <> :not_read
       and text <> '' and text <> :removed and not data ? 'payload' and created_at >= :since
     order by id desc limit :most
"""
PRESSED = """
    select conversation_id, seq, data ->> 'payload' as payload, created_at from message
     where author = 'person' and data ? 'payload' and created_at >= :since
     order by conversation_id, seq
"""
HELPED = """
    select conversation_id, answer, at from answer_feedback where helped and at >= :since
"""
CORRECTED = """
    select t.conversation_id, t.description, l.right from reading_label l join ticket t on t.id = l.ticket_id
     where l.tag = 'topic' and t.created_at >= :since and t.conversation_id is not null and t.description <> :removed
"""


@dataclass(frozen=True)
class Message:
    """Something somebody wrote.

    Attributes:
        intent: what the model that answered made of it; `nlu_fallback` when it asked back.
        meanings: labels of which each is right, as somebody confirmed; empty when nobody did.
    """

    id: int
    text: str
    intent: str
    confidence: float
    meanings: frozenset[str] = frozenset()

    def is_met_by(self, label: str) -> bool:
        """Whether this label is what was meant."""
        return label in self.meanings or label.partition("/")[0] in self.meanings


@dataclass(frozen=True)
class _Row:
    id: int
    conversation_id: Any
    seq: int
    text: str
    intent: str
    confidence: float
    created_at: datetime


def lately(session: Session, since: datetime | None = None) -> list[Message]:
    """The newest messages of the last month, the oldest first."""
    begin = since or clock.now() - timedelta(days=LATELY)
    asked = {"since": begin, "removed": REMOVED, "not_read": NOT_READ, "most": MOST}
    rows = [_Row(**{**row, "confidence": row["confidence"] or 0.0}) for row in _all(session, MESSAGES, asked)]
    rows.reverse()
    meant: dict[int, frozenset[str]] = {}
    # What an agent says counts more than what was pressed, and that more than that something helped.
    meant |= _helped(rows, _all(session, HELPED, asked))
    meant |= _chosen(rows, _all(session, PRESSED, asked))
    meant |= _corrected(rows, _all(session, CORRECTED, asked), catalogue())
    return [Message(row.id, row.text, row.intent, row.confidence, meant.get(row.id, frozenset())) for row in rows]


def meaning_of(payload: str) -> str | None:
    """The label that a pressed button stands for; None for one that says nothing about what was meant."""
    name, brace, rest = payload.removeprefix("/").partition("{")
    if not payload.startswith("/") or name in ("deny", "affirm", "skip", "cancel"):
        return None
    if not brace:
        return name or None
    try:
        choice = json.loads(brace + rest).get("choice")
    except (ValueError, AttributeError):
        return None
    return choice if isinstance(choice, str) and choice.startswith("faq/") else None


def _helped(rows: Iterable[_Row], told: Iterable[Mapping[str, Any]]) -> dict[int, frozenset[str]]:
    """The last question before somebody said of its answer that it helped."""
    asked: dict[tuple[Any, str], list[_Row]] = {}
    for row in rows:
        asked.setdefault((row.conversation_id, row.intent), []).append(row)
    found = {}
    for one in told:
        label = f"faq/{one['answer']}"
        before = [row for row in asked.get((one["conversation_id"], label), ()) if row.created_at <= one["at"]]
        if before:
            found[before[-1].id] = frozenset({label})
    return found


def _chosen(rows: Iterable[_Row], pressed: Iterable[Mapping[str, Any]]) -> dict[int, frozenset[str]]:
    """Words that were not understood, by the choice that followed them."""
    by_conversation: dict[Any, list[_Row]] = {}
    for row in rows:
        by_conversation.setdefault(row.conversation_id, []).append(row)
    found: dict[int, frozenset[str]] = {}
    for press in pressed:
        label = meaning_of(press["payload"])
        said = [row for row in by_conversation.get(press["conversation_id"], ()) if row.seq < press["seq"]]
        if label is None:
            continue
        for row in reversed(said):
            if row.intent != FALLBACK or press["created_at"] - row.created_at > CHOSEN_WITHIN:
                break
            found.setdefault(row.id, frozenset({label}))
    return found


def _corrected(
    rows: Iterable[_Row], labels: Iterable[Mapping[str, Any]], known: Catalogue
) -> dict[int, frozenset[str]]:
    """Words with which a ticket began, by the category that an agent gave it."""
    by_words: dict[tuple[Any, str], list[int]] = {}
    for row in rows:
        by_words.setdefault((row.conversation_id, row.text.strip()), []).append(row.id)
    found = {}
    for label in labels:
        category = known.categories.get(label["right"])
        if category is None or not category.intents:
            continue
        for line in {label["description"].strip(), *label["description"].splitlines()}:
            for message_id in by_words.get((label["conversation_id"], line.strip()), ()):
                found[message_id] = frozenset(category.intents)
    return found


def _all(session: Session, statement: str, values: dict[str, Any]) -> list[Mapping[str, Any]]:
    wanted = {name: value for name, value in values.items() if f":{name}" in statement}
    return [dict(row) for row in session.execute(text(statement), wanted).mappings()]
