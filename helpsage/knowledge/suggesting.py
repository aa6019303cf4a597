"""What an agent may answer with: the two or three things written that lie nearest to the person's last words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from sqlalchemy.orm import Session

from encoder.model import EncoderMissing
from helpsage.conversations.models import Author, Message
from helpsage.handoff.learned import NO_PROBLEM
from helpsage.knowledge.faq import Faq
from helpsage.knowledge.source import Asked, Source, Suggestion
from helpsage.triage import store

log = logging.getLogger(__name__)

#: Everything that knows something.
SOURCES: tuple[Source, ...] = (Faq(),)
MOST = 3
#: Words that are enough by themselves; fewer are read together with what the person said before.
ENOUGH_WORDS = 4
#: Of the person's messages, the newest so many.
READ = 3


def for_chat(session: Session, messages: Sequence[Message], sources: Sequence[Source] = SOURCES) -> list[Suggestion]:
    """Suggestions for the last words of whoever chats, the nearest first; none when nothing is near."""
    words = last_words(messages)
    if not words:
        return []
    try:
        encoder = store.encoder()
    except EncoderMissing as error:
        log.warning("nothing can be suggested: %s", error)
        return []
    asked = Asked(words, np.array(_vector(encoder.version, words), np.float32), encoder)
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
