"""What an agent may answer with: the two or three things written that lie nearest to the person's words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from encoder.model import EncoderMissing
from helpsage.conversations.models import Author, Message
from helpsage.handoff.learned import NO_PROBLEM
from helpsage.knowledge.articles_source import Articles
from helpsage.knowledge.faq import Faq
from helpsage.knowledge.solved_source import Solved
from helpsage.knowledge.source import Asked, Source, Suggestion
from helpsage.people.permissions import Viewer
from helpsage.tickets.models import Ticket
from helpsage.triage import essence, store

log = logging.getLogger(__name__)

#: Everything that knows something.
SOURCES: tuple[Source, ...] = (Faq(), Articles(), Solved())
MOST = 3
#: Words that are enough by themselves; fewer are read together with what the person said before.
ENOUGH_WORDS = 4
#: Of the person's messages, the newest so many.
READ = 3


def for_chat(
    session: Session, messages: Sequence[Message], viewer: Viewer | None = None, sources: Sequence[Source] = SOURCES
) -> list[Suggestion]:
    """Suggestions for the last words of whoever chats, the nearest first; none when nothing is near.

    Parameters:
        viewer: the agent beside whose chat they stand.
    """
    return _nearest(session, last_words(messages), viewer, sources)


def for_ticket(
    session: Session, ticket: Ticket, viewer: Viewer, sources: Sequence[Source] = SOURCES
) -> list[Suggestion]:
    """Suggestions for what a ticket tells."""
    return _nearest(session, essence.of(ticket.subject, ticket.description).text, viewer, sources, ticket.id)


def _nearest(
    session: Session, words: str, viewer: Viewer | None, sources: Sequence[Source], but: UUID | None = None
) -> list[Suggestion]:
    if not words:
        return []
    try:
        encoder = store.encoder()
    except EncoderMissing as error:
        log.warning("nothing can be suggested: %s", error)
        return []
    asked = Asked(words, np.array(_vector(encoder.version, words), np.float32), encoder, viewer, but)
    found = [each for source in sources for each in source.nearest(session, asked, MOST)]
    return sorted(found, key=lambda each: -each.likeness)[:MOST]


def text_of(session: Session, key: str, sources: Sequence[Source] = SOURCES) -> str:
    """What a suggestion says; empty when there is no such."""
    return next((text for source in sources if (text := source.text_of(session, key)) is not None), "")


def last_words(messages: Sequence[Message]) -> str:
    """What the person said last, with what they said before when that is short.

    Pressed buttons say nothing, and neither does asking for a human.
    """
    typed = [each.text.strip() for each in messages if each.author == Author.PERSON and _says_something(each)]
    words = ""
    for text in reversed(typed[-READ:]):
        words = f"{text}\n{words}".strip()
        if len(words.split()) >= ENOUGH_WORDS:
            break
    return words


def _says_something(message: Message) -> bool:
    return "payload" not in message.data and message.intent not in NO_PROBLEM


@lru_cache(maxsize=256)
def _vector(version: str, words: str) -> tuple[float, ...]:
    """A page is drawn anew many times for the same words."""
    vector: tuple[float, ...] = tuple(store.encoder().encode([words])[0].tolist())
    return vector
