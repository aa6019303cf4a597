"""Conversations: finding them, saying something in them, whom they wait for.

Whatever is said gets the next number (`seq`) of its conversation under the lock of the conversation's row; the
assistant does the same in SQL of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations.models import AnswerFeedback, Author, Conversation, Message

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
    if client_id is not None:
        said = session.scalar(
            select(Message).where(Message.conversation_id == conversation_id, Message.client_id == client_id)
        )
        if said is not None:
            return said
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
        text=text,
        data=data or {},
        client_id=client_id,
        created_at=now,
    )
    session.add(message)
    session.flush()
    return message


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


def message(session: Session, message_id: int) -> Message | None:
    """One thing said."""
    return session.get(Message, message_id)


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
