"""What is known of somebody before a human says the first word: what the assistant asked and heard, how they sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.conversations import dialogue
from helpsage.conversations.models import Author, Conversation, Message
from helpsage.people import directory
from helpsage.tickets import service
from helpsage.tickets.categories import Category, catalogue
from helpsage.tickets.models import Ticket
from helpsage.tickets.words import LONGEST_BODY, shortened
from helpsage.triage import language, tone

#: Of the person's words, these many are looked at: newest messages.
LOOKED_AT = 12
MOST_TICKETS = 6
#: Intents that say nothing about what is wrong.
NO_PROBLEM = frozenset({"talk_to_person", "greet", "affirm", "deny", "thanks", "goodbye", "cancel", "are_you_a_bot"})


@dataclass(frozen=True)
class Learned:
    """What an agent sees beside a chat.

    Attributes:
        words: what the person typed since their last ticket, the oldest first, without what only asked for a human.
        answers: to the category's questions, label and answer.
        named: things that the assistant recognised in the words: kind and value.
        tone, language: as the reader of tickets judges them; None: unsure.
        tickets: the newest of this person's.
    """

    name: str
    email: str
    category: Category | None
    words: str
    answers: Sequence[tuple[str, str]]
    named: Sequence[tuple[str, str]]
    tone: str | None
    language: str | None
    urgency: str | None
    tickets: Sequence[Ticket]


def of(session: Session, conversation: Conversation, latest_seq: int | None = None) -> Learned:
    """Read it from the conversation and from the assistant's memory of it.

    Parameters:
        latest_seq: as it was at that message; None: now.
    """
    kept = dialogue.slots(session, conversation.sender_id)
    draft: dict[str, Any] = kept["ticket_draft"] if isinstance(kept.get("ticket_draft"), dict) else {}
    messages = _messages(session, conversation, latest_seq)
    said = _said(messages)
    category = catalogue().categories.get(str(draft.get("category") or "")) or _likely(messages)
    person = directory.get(session, conversation.person_id)
    email = draft.get("email") or kept.get("contact_email") or ""
    told = str(draft.get("description") or "")
    words = said if told in said else f"{told}\n{said}"
    return Learned(
        name=person.name if person is not None else "",
        email=(person.email or person.contact_email or "") if person is not None and not email else str(email),
        category=category,
        words=shortened(words.strip(), LONGEST_BODY),
        answers=_answers(draft, category),
        named=_named(messages),
        tone=tone.read("", said).value if said else None,
        language=language.read(said).value if said else None,
        urgency=draft.get("urgency"),
        tickets=service.tickets_of_conversation(session, conversation.id, MOST_TICKETS),
    )


def _messages(session: Session, conversation: Conversation, latest_seq: int | None) -> list[Message]:
    latest = service.latest_of_conversation(session, conversation.id)
    told = (latest.transcript_to_seq or 0) if latest is not None and latest.conversation_id == conversation.id else 0
    asked = select(Message).where(
        Message.conversation_id == conversation.id,
        Message.author == Author.PERSON.value,
        Message.seq > told,
        Message.seq <= (latest_seq if latest_seq is not None else conversation.last_seq),
    )
    return list(session.scalars(asked.order_by(Message.seq.desc()).limit(LOOKED_AT)))[::-1]


def _said(messages: Sequence[Message]) -> str:
    typed = (each.text for each in messages if "payload" not in each.data and each.intent not in NO_PROBLEM)
    return "\n".join(text.strip() for text in typed if text.strip())


def _likely(messages: Sequence[Message]) -> Category | None:
    for each in reversed(messages):
        found = catalogue().of_intent((each.intent or "").split("/")[0])
        if found is not None:
            return found
    return None


def _answers(draft: Mapping[str, Any], category: Category | None) -> list[tuple[str, str]]:
    given = draft.get("answers")
    if not isinstance(given, dict):
        return []
    labels = {question.name: question.label for question in category.questions} if category is not None else {}
    return [
        (labels.get(name, name.replace("_", " ").capitalize()), str(answer.get("shown") or answer.get("value") or ""))
        for name, answer in given.items()
        if isinstance(answer, dict)
    ]


def _named(messages: Sequence[Message]) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for each in messages:
        for entity in each.entities or ():
            if isinstance(entity, dict) and entity.get("entity") and entity.get("value") is not None:
                found[str(entity["entity"]).replace("_", " "), str(entity["value"])] = None
    return list(found)
