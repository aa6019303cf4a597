"""One turn: a person's message and everything that follows from it, until the assistant listens again.

Channel, lock store, tracker store and action calls are created by Rasa far from each other; they find the turn they
belong to in a context variable.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from languages import SOURCE
from languages.detect import Switch


@dataclass
class Understood:
    """What the model made of the words; kept with the message for context and audit."""

    intent: str | None
    confidence: float
    entities: list[dict[str, Any]]


@dataclass
class Answer:
    """One message of the assistant, before and after it was given a number."""

    text: str
    data: dict[str, Any]


@dataclass
class Turn:
    """A held lock, the connection that holds it, and what has to be committed together."""

    sender_id: str
    connection: Any
    #: The person's message in the website chat; None on channels of Rasa's own.
    conversation_id: UUID | None = None
    message_id: int | None = None
    #: Reference of the ticket whose agent spoke last.
    awaiting: str | None = None
    model: str | None = None
    #: What is spoken from this message on, and whether the person chose it.
    language: Switch = field(default_factory=lambda: Switch(SOURCE))
    understood: Understood | None = None
    answers: list[Answer] = field(default_factory=list)
    #: Said when the dialogue has no answer: silence is none.
    otherwise: Answer | None = None
    #: Rows of the answers as committed; None until the commit.
    committed: list[dict[str, Any]] | None = None


current: ContextVar[Turn | None] = ContextVar("turn", default=None)
