"""What chat applications brought of one person: handed out, and forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from helpsage.channels.models import ChannelConversation, ChannelError, Delivery, Post
from helpsage.conversations.models import Conversation


def deliveries(session: Session, person_id: UUID) -> list[Delivery]:
    """What they sent, as it came, oldest first."""
    theirs = select(Conversation.id).where(Conversation.person_id == person_id)
    asked = select(Delivery).where(Delivery.conversation_id.in_(theirs), func.length(Delivery.raw) > 0)
    return list(session.scalars(asked.order_by(Delivery.id)))


def forget(session: Session, conversation_ids: Sequence[UUID]) -> None:
    """Empty what was brought, and post nothing more there. Its keys stay, so that a repetition does not bring it back.

    What was posted before stays at the application: there it is the workspace's own. Whoever writes again begins anew.
    """
    places = select(ChannelConversation.conversation_id).where(
        ChannelConversation.conversation_id.in_(conversation_ids)
    )
    session.execute(
        update(Conversation)
        .where(Conversation.id.in_(places))
        .values(sender_id=func.concat("forgotten:", Conversation.id))
        .execution_options(synchronize_session="fetch")
    )
    session.execute(
        update(Delivery)
        .where(Delivery.conversation_id.in_(conversation_ids))
        .values(raw=b"")
        .execution_options(synchronize_session=False)
    )
    for table in (Post, ChannelError, ChannelConversation):
        session.execute(
            delete(table)
            .where(table.conversation_id.in_(conversation_ids))
            .execution_options(synchronize_session=False)
        )
