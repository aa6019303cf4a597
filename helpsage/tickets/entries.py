"""What was written on a ticket, a page at a time, cut by key as the queue is."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import literal, select, tuple_
from sqlalchemy.orm import Session

from helpsage.tickets.models import Entry, Ticket
from helpsage.tickets.queue import InvalidCursor


@dataclass(frozen=True)
class EntryPage:
    """Entries, oldest first."""

    entries: list[Entry]
    #: Hands over the next page; None on the last one.
    next_cursor: str | None


def page(session: Session, ticket: Ticket, public_only: bool, cursor: str | None, limit: int) -> EntryPage:
    """A page of a ticket's thread.

    Parameters:
        public_only: without what staff keep among themselves.

    Raises:
        InvalidCursor
    """
    asked = select(Entry).where(Entry.ticket_id == ticket.id)
    if public_only:
        asked = asked.where(Entry.visibility == "public")
    if cursor is not None:
        at, entry_id = _decode(cursor)
        asked = asked.where(tuple_(Entry.created_at, Entry.id) > tuple_(literal(at), literal(entry_id)))
    found = list(session.scalars(asked.order_by(Entry.created_at, Entry.id).limit(limit + 1)))
    return EntryPage(found[:limit], _encode(found[limit - 1]) if len(found) > limit else None)


def _encode(entry: Entry) -> str:
    key = json.dumps([entry.created_at.isoformat(), str(entry.id)])
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, entry_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at = datetime.fromisoformat(moment)
        found = at, UUID(entry_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise InvalidCursor(cursor) from error
    if at.tzinfo is None:
        raise InvalidCursor(cursor)
    return found
