"""Attached files: putting them on a ticket, finding them, who may see them, removing what nobody needs.

A row always has its file: the file is there before the row, and removing it asks for the row under a lock that
attaching takes too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.attachments import storage, words
from helpsage.attachments.errors import AttachmentRefused
from helpsage.attachments.models import Attachment
from helpsage.attachments.storage import MEGABYTE, Received
from helpsage.people.permissions import Action, Viewer, may
from helpsage.tickets.models import Entry, Ticket

#: A file that was sent and not attached waits this long for its form.
KEPT_FOR = timedelta(days=1)
_FILE_LOCK = 1_008


class AttachmentNotFound(Exception):
    """No such file, or none that may be shown to the one who asks. The two are alike on purpose."""


def store(
    session: Session,
    ticket_id: UUID,
    entry_id: UUID | None,
    name: str,
    content_type: str,
    stream: BinaryIO,
    uploaded_by_id: UUID | None = None,
    key: str | None = None,
) -> Attachment:
    """Check a file and put it on a ticket: `storage.receive` and `attach` in one.

    Raises:
        AttachmentRefused
    """
    return attach(session, storage.receive(name, content_type, stream), ticket_id, entry_id, uploaded_by_id, key)


def attach(
    session: Session,
    received: Received,
    ticket_id: UUID,
    entry_id: UUID | None = None,
    uploaded_by_id: UUID | None = None,
    key: str | None = None,
) -> Attachment:
    """Put a file that was received on a ticket, once per `key`. The caller holds the ticket's row.

    Parameters:
        entry_id: what it is sent with; None: the ticket's description.

    Raises:
        AttachmentRefused: the ticket has too many already, or the file waited for too long and is gone.
    """
    if key is not None:
        already = session.scalar(select(Attachment).where(Attachment.ticket_id == ticket_id, Attachment.key == key))
        if already is not None:
            return already
    hold_received(session, received)
    _refuse_full(session, ticket_id, received)
    attachment = Attachment(
        ticket_id=ticket_id,
        entry_id=entry_id,
        uploaded_by_id=uploaded_by_id,
        key=key,
        name=received.name,
        content_type=received.content_type,
        size=received.size,
        sha256=received.sha256,
        width=received.width,
        height=received.height,
        created_at=clock.now(),
    )
    session.add(attachment)
    session.flush()
    return attachment


def _refuse_full(session: Session, ticket_id: UUID, received: Received) -> None:
    limit = settings.get().attachment_ticket_mb
    taken = session.scalar(select(func.coalesce(func.sum(Attachment.size), 0)).where(Attachment.ticket_id == ticket_id))
    if int(taken or 0) + received.size > limit * MEGABYTE:
        raise AttachmentRefused("too_many", received.name, words.TICKET_FULL.format(name=received.name, limit=limit))


def by_id(session: Session, attachment_id: UUID) -> Attachment:
    """For staff's programs and jobs: whoever calls this has asked who may see it.

    Raises:
        AttachmentNotFound
    """
    found = session.get(Attachment, attachment_id)
    if found is None:
        raise AttachmentNotFound(str(attachment_id))
    return found


def visible_to(session: Session, attachment_id: UUID, viewer: Viewer) -> Attachment:
    """The file, when the viewer may see what it hangs on: their own ticket's public part, or a ticket they work.

    Raises:
        AttachmentNotFound
    """
    found = by_id(session, attachment_id)
    entry = session.get(Entry, found.entry_id) if found.entry_id is not None else None
    ticket = session.get_one(Ticket, entry.ticket_id if entry is not None else found.ticket_id)
    if viewer.is_staff and may(viewer, Action.SEE_TICKET, ticket):
        return found
    public = entry is None or entry.visibility == "public"
    if public and ticket.requester_id == viewer.person_id:
        return found
    raise AttachmentNotFound(str(attachment_id))


def of_ticket(session: Session, ticket_id: UUID, public_only: bool = False) -> list[Attachment]:
    """The files of a ticket and of what was said on it, oldest first."""
    return list(session.scalars(on([ticket_id], public_only).order_by(Attachment.created_at, Attachment.id)))


def with_entry(session: Session, entry_id: UUID) -> list[Attachment]:
    """The files that were sent with something said on a ticket, oldest first."""
    asked = select(Attachment).where(Attachment.entry_id == entry_id)
    return list(session.scalars(asked.order_by(Attachment.created_at, Attachment.id)))


def by_entry(session: Session, ticket_id: UUID, public_only: bool = False) -> dict[UUID | None, list[Attachment]]:
    """The same, by what they were sent with; None has those of the description."""
    found: dict[UUID | None, list[Attachment]] = defaultdict(list)
    for attachment in of_ticket(session, ticket_id, public_only):
        found[attachment.entry_id].append(attachment)
    return dict(found)


def on(ticket_ids: Sequence[UUID], public_only: bool) -> Select[Attachment]:
    """The question of `of_ticket`, for several tickets and in no order."""
    with_entry: list[ColumnElement[bool]] = [Entry.ticket_id.in_(ticket_ids)]
    if public_only:
        with_entry.append(Entry.visibility == "public")
    return (
        select(Attachment)
        .outerjoin(Entry, Entry.id == Attachment.entry_id)
        .where(or_(and_(Attachment.entry_id.is_(None), Attachment.ticket_id.in_(ticket_ids)), and_(*with_entry)))
    )


def remove_unneeded(
    session: Session,
    sha256: str,
    age: timedelta = KEPT_FOR,
    held: Callable[[Session, str], bool] = lambda *_: False,
) -> bool:
    """Remove a file that no row has and that came longer ago than this; returns whether it is gone.

    Parameters:
        held: says whether something that is no ticket has it.
    """
    hold(session, sha256)
    if held(session, sha256):
        return False
    if session.scalar(select(Attachment.id).where(Attachment.sha256 == sha256).limit(1)) is not None:
        return False
    came = storage.came_at(sha256)
    if came is not None and came > clock.now() - age:
        return False
    storage.remove(sha256)
    return True


def hold_received(session: Session, received: Received) -> None:
    """Hold a file that is about to get a row of its own.

    Raises:
        AttachmentRefused: it waited for too long and is gone.
    """
    hold(session, received.sha256)
    if not storage.present(received.sha256):
        raise AttachmentRefused("gone", received.name, words.GONE.format(name=received.name))


def hold(session: Session, sha256: str) -> None:
    """Until the transaction ends, this file is neither attached nor removed by anyone else."""
    session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:sha256, :lock))"), {"sha256": sha256, "lock": _FILE_LOCK}
    )
