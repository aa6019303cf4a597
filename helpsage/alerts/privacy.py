"""What was told of one person in places of teams: forgotten, and as far as it goes taken back where it was posted."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select, text, update
from sqlalchemy.orm import Session

from helpsage.alerts.models import Alert, AlertWord
from helpsage.conversations.models import Conversation, Message
from helpsage.handoff.models import Handoff
from helpsage.tickets.models import Ticket

#: Everything that was posted is changed in place to what is left of it; what waits is posted as that.
_SHOW_NOTHING = text(
    """
    update channel_post
       set changed = '{"ticket": null, "buttons": null, "pressed": null}'::jsonb,
           state = case when state = 'failed' then 'failed' else 'waiting' end, next_at = now(), attempts = 0
     where conversation_id = any(:conversations)
    """
)
_WAKE = text(
    "select pg_notify('post', installation) from channel_conversation where conversation_id = any(:conversations)"
)


def forget(session: Session, person_id: UUID, removed: str) -> None:
    """Remove the words of a person's tickets and chats from the places in which they were told.

    Parameters:
        removed: what stands there instead.
    """
    chats = select(Handoff.id).join(Conversation, Conversation.id == Handoff.conversation_id)
    theirs = or_(
        Alert.ticket_id.in_(select(Ticket.id).where(Ticket.requester_id == person_id)),
        Alert.handoff_id.in_(chats.where(Conversation.person_id == person_id)),
    )
    ids = list(session.scalars(select(Alert.conversation_id).where(theirs)))
    if not ids:
        return
    session.execute(
        update(Message)
        .where(Message.conversation_id.in_(ids))
        .values(text=removed, data={})
        .execution_options(synchronize_session=False)
    )
    session.execute(
        update(AlertWord)
        .where(AlertWord.conversation_id.in_(ids))
        .values(text="", files=[])
        .execution_options(synchronize_session=False)
    )
    session.execute(_SHOW_NOTHING, {"conversations": ids})
    session.execute(_WAKE, {"conversations": ids})
