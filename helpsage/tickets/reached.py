"""In which chats somebody is told of their ticket: where they spoke last, and where it began if they look there again.

Letters go besides, as each person prefers (`helpsage/notify`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.tickets import service
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Entry, Ticket

WEB = "webchat"


def places(session: Session, ticket: Ticket) -> list[UUID]:
    """The conversations in which the requester is told of this ticket.

    One that began on the website stays told there, since its window shows what was missed, and one that began where
    others read along, since the answer is waited for there. Of two chat applications the one counts in which they spoke
    last. A ticket that came by mail or a form is told in a chat only when they have spoken there since.
    """
    own = conversations.get(session, ticket.conversation_id)
    latest = conversations.spoken_last(session, ticket.requester_id)
    if latest is None or not _may_be_shown(session, ticket, latest.conversation_id):
        return [own.id] if own is not None else []
    if own is None:
        return [latest.conversation_id] if latest.at > _wrote_last(session, ticket) else []
    if own.id == latest.conversation_id:
        return [own.id]
    stays = own.shared or own.channel == WEB
    return [own.id, latest.conversation_id] if stays else [latest.conversation_id]


def by_family(session: Session, members: Sequence[Ticket]) -> list[UUID]:
    """The chats in which answers to a ticket are read: its own, and those of merged tickets of the same person."""
    own = [each for each in members if each.requester_id == members[0].requester_id]
    return list(dict.fromkeys(place for each in own for place in places(session, each)))


def _may_be_shown(session: Session, ticket: Ticket, conversation_id: UUID) -> bool:
    try:
        return service.visible_to(session, ticket.reference, conversation_id).id == ticket.id
    except TicketNotFound:
        return False


def _wrote_last(session: Session, ticket: Ticket) -> datetime:
    asked = select(func.max(Entry.created_at)).where(Entry.ticket_id == ticket.id, Entry.author_kind == "requester")
    return session.scalar(asked) or ticket.created_at
