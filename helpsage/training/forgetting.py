"""What is kept of a person's words to learn from goes when they ask for that, scrubbed or not."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from helpsage.conversations.models import Conversation, Message
from helpsage.tickets.models import Ticket
from helpsage.training import gaps
from helpsage.training.items import ReviewItem


def forget(session: Session, person_id: UUID) -> None:
    """Remove the items and gaps that hold this person's words. What was merged into `data/` was scrubbed before."""
    tickets = list(session.scalars(select(Ticket.id).where(Ticket.requester_id == person_id)))
    said = select(Message.id).join(Conversation).where(Conversation.person_id == person_id)
    theirs = or_(ReviewItem.ticket_id.in_(tickets), ReviewItem.message_id.in_(said))
    session.execute(delete(ReviewItem).where(theirs).execution_options(synchronize_session=False))
    gaps.forget(session, tickets)
