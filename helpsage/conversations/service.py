"""Conversations: finding them, saying something in them, whom they wait for.

Whatever is said gets the next number (`seq`) of its conversation under the lock of the conversation's row; the
assistant does the same in SQL of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.channels.models import ChannelConversation
from helpsage.conversations.models import AnswerFeedback, Author, Conversation, Message
from languages import catalogues

#: Sender ids of the website chat carry the conversation's own id.
WEB = "web:"


class ConversationNotFound(Exception):
    """No conversation has this id."""


def get(session: Session, conversation_id: UUID | None) -> Conversation | None:
    """The conversation with this id."""
    return session.get(Conversation, conversation_id) if conversation_id is not None else None


def of_sender(session: Session, sender_id: str) -> Conversation | None:
    """The conversation that Rasa knows by this sender id."""
    return session.scalar(select(Conversation).where(Conversation.sender_id == sender_id))


def ensure(session: Session, sender_id: str, channel: str, locale: str = "en") -> Conversation:
    """The conversation of this sender, made when there is none. Two that make it at once get the same one."""
    session.execute(
        insert(Conversation)
        .values(id=_id_for(sender_id), sender_id=sender_id, channel=channel, locale=locale, created_at=clock.now())
        .on_conflict_do_nothing()
    )
    found = of_sender(session, sender_id)
    if found is None:  # another sender holds this id: the caller mixed two installations' data
        raise ConversationNotFound(sender_id)
    return found


def claim(session: Session, conversation_id: UUID) -> Conversation:
    """The conversation with its row locked until the transaction ends.

    Locks are taken in one order everywhere: a ticket's, then its conversation's.

    Raises:
        ConversationNotFound
    """
    found = session.scalar(
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise ConversationNotFound(str(conversation_id))
    return found


def hand_over(session: Session, before: UUID, after: UUID) -> None:
    """Make one person's conversations another's."""
    session.execute(
        update(Conversation)
        .where(Conversation.person_id == before)
        .values(person_id=after)
        .execution_options(synchronize_session="fetch")
    )


def latest_of_person(
    session: Session, person_id: UUID, channel: str, department_id: UUID | None = None
) -> Conversation | None:
    """The conversation of this person, with this department, in which something was said last."""
    said = func.coalesce(Conversation.last_message_at, Conversation.created_at)
    asked = select(Conversation).where(
        Conversation.person_id == person_id,
        Conversation.channel == channel,
        Conversation.department_id.is_not_distinct_from(department_id),
    )
    return session.scalars(asked.order_by(said.desc()).limit(1)).first()


@dataclass(frozen=True)
class Spoken:
    """When somebody spoke somewhere."""

    conversation_id: UUID
    at: datetime


def spoken_last(session: Session, person_id: UUID) -> Spoken | None:
    """Where this person said something last, alone with us and where they can still be reached."""
    unreachable = exists().where(
        ChannelConversation.conversation_id == Conversation.id, ChannelConversation.state == "broken"
    )
    newest = (
        select(func.max(Message.created_at))
        .where(Message.conversation_id == Conversation.id, Message.author == Author.PERSON.value)
        .scalar_subquery()
    )
    asked = (
        select(Conversation.id, newest)
        .where(Conversation.person_id == person_id, Conversation.shared.is_(False), ~unreachable, newest.is_not(None))
        .order_by(newest.desc(), Conversation.id)
    )
    found = session.execute(asked.limit(1)).first()
    return Spoken(found[0], found[1]) if found is not None else None


def has_any(session: Session, person_id: UUID) -> bool:
    """Whether this person talked to us, on any channel."""
    return bool(session.scalar(select(func.count()).where(Conversation.person_id == person_id)))


def push(
    session: Session,
    conversation_id: UUID,
    author: Author | str,
    author_name: str = "",
    text: str = "",
    data: dict[str, Any] | None = None,
    client_id: str | None = None,
    awaiting_ticket_id: UUID | None = None,
) -> Message:
    """Say something in a conversation, once per `client_id`. The assistant hears of it at commit and shows it.

    Parameters:
        data: buttons, cards and the like: docs/webchat-protocol.md.
        client_id: key within the conversation; the second push of one finds the first.
        awaiting_ticket_id: the ticket that the person's next words answer. None changes nothing.

    Raises:
        ConversationNotFound
    """
    conversation = claim(session, conversation_id)
    before = said(session, conversation_id, client_id) if client_id is not None else None
    if before is not None:
        return before
    now = clock.now()
    conversation.last_seq += 1
    conversation.last_message_at = now
    if awaiting_ticket_id is not None:
        conversation.awaiting_ticket_id = awaiting_ticket_id
    message = Message(
        conversation_id=conversation_id,
        seq=conversation.last_seq,
        author=Author(author).value,
        author_name=author_name,
        text=_in_language(author, text, conversation.locale),
        data=_data_in_language(data or {}, conversation.locale),
        client_id=client_id,
        created_at=now,
    )
    session.add(message)
    session.flush()
    return message


def _in_language(author: Author | str, text: str, language: str) -> str:
    """Sentences of ours as the conversation's language has them; an agent's words are theirs."""
    return catalogues.filled(text, language) if author in (Author.BOT, Author.SYSTEM) else text


def _data_in_language(data: dict[str, Any], language: str) -> dict[str, Any]:
    """Titles of buttons, and where a ticket stands on its card, as the conversation's language has them."""
    found = dict(data)
    if "buttons" in data:
        found["buttons"] = [{**each, "title": catalogues.said(each["title"], language)} for each in data["buttons"]]
    for name in ("ticket", "state"):
        if isinstance(data.get(name), dict) and "status_label" in data[name]:
            label = catalogues.said(data[name]["status_label"], language)
            found[name] = {**data[name], "status_label": label}
    return found


def stop_awaiting(session: Session, conversation_id: UUID | None, ticket_id: UUID) -> None:
    """The conversation no longer waits for words on this ticket; a wait for another one stays."""
    if conversation_id is None:
        return
    session.execute(
        update(Conversation)
        .where(Conversation.id == conversation_id, Conversation.awaiting_ticket_id == ticket_id)
        .values(awaiting_ticket_id=None)
        .execution_options(synchronize_session="fetch")
    )


def messages(session: Session, conversation_id: UUID, first_seq: int = 1, last_seq: int | None = None) -> list[Message]:
    """What was said between two numbers, both included, in order."""
    asked = select(Message).where(Message.conversation_id == conversation_id, Message.seq >= first_seq)
    if last_seq is not None:
        asked = asked.where(Message.seq <= last_seq)
    found: Sequence[Message] = session.scalars(asked.order_by(Message.seq)).all()
    return list(found)


def latest_of_person_in(session: Session, conversation_id: UUID) -> Message | None:
    """What the person said last in a conversation."""
    asked = select(Message).where(Message.conversation_id == conversation_id, Message.author == Author.PERSON.value)
    return session.scalars(asked.order_by(Message.seq.desc()).limit(1)).first()


def message(session: Session, message_id: int) -> Message | None:
    """One thing said."""
    return session.get(Message, message_id)


def said(session: Session, conversation_id: UUID, client_id: str) -> Message | None:
    """What was said under this key."""
    asked = select(Message).where(Message.conversation_id == conversation_id, Message.client_id == client_id)
    return session.scalar(asked)


def has_said(session: Session, conversation_id: UUID, client_id: str) -> bool:
    """Whether something was said under this key."""
    asked = select(Message.id).where(Message.conversation_id == conversation_id, Message.client_id == client_id)
    return session.scalar(asked) is not None


def record_feedback(session: Session, conversation_id: UUID, answer: str, helped: bool) -> AnswerFeedback:
    """Keep whether an answer of the FAQ (its key) helped.

    Raises:
        ConversationNotFound
    """
    if get(session, conversation_id) is None:
        raise ConversationNotFound(str(conversation_id))
    feedback = AnswerFeedback(conversation_id=conversation_id, answer=answer, helped=helped, at=clock.now())
    session.add(feedback)
    session.flush()
    return feedback


def _id_for(sender_id: str) -> UUID:
    if sender_id.startswith(WEB):
        try:
            return UUID(sender_id.removeprefix(WEB))
        except ValueError:
            return uuid4()
    return uuid4()
