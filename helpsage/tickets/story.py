"""A ticket's whole story in one line of time: what was reported, the chat, what was said and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage.conversations.models import Message
from helpsage.tickets import service
from helpsage.tickets.models import Change, Entry, Ticket

#: Newest pieces and changes that are shown at once; the rest on demand.
NEWEST = 100
#: Log lines that only repeat what stands there in full.
_TOLD_ANYWAY = frozenset({"replied", "commented", "noted"})


@dataclass(frozen=True)
class Item:
    """One thing in the story.

    Attributes:
        ticket: on which it happened: the one that is shown, or one that was merged into it.
    """

    kind: Literal["report", "entry", "change"]
    at: datetime
    ticket: Ticket
    entry: Entry | None = None
    change: Change | None = None
    transcript: list[Message] = field(default_factory=list)


@dataclass(frozen=True)
class Story:
    """What to show of it.

    Attributes:
        earlier: how many items are left out between the report and the first one shown.
        seen: the newest line of the ticket's own log.
    """

    items: list[Item]
    earlier: int
    seen: int


def tell(session: Session, family: Sequence[Ticket], everything: bool = False) -> Story:
    """The story of a ticket and of those merged into it (`merge.family`), in order."""
    by_id = {ticket.id: ticket for ticket in family}
    limit = None if everything else NEWEST
    entries, more_entries = _entries(session, list(by_id), limit)
    changes, more_changes, newest = _changes(session, family, limit)
    items = [Item("entry", entry.created_at, by_id[entry.ticket_id], entry=entry) for entry in entries]
    items += [Item("change", change.at, by_id[change.ticket_id], change=change) for change in changes]
    items.sort(key=_order)
    left_out = more_entries + more_changes
    if limit is not None and len(items) > limit:
        left_out += len(items) - limit
        items = items[-limit:]
    reports = [Item("report", each.created_at, each, transcript=service.transcript(session, each)) for each in family]
    reports = [report for report in reports if not _is_back(report, items)]
    if not left_out:
        items = sorted([*reports, *_without_reported(items, family)], key=_order)
    else:
        items = [*sorted(reports, key=_order), *items]
    return Story(items, left_out, newest)


def _order(item: Item) -> tuple[datetime, int, int]:
    """In time; at the same moment the report first, then words before what was done with them."""
    rank = ("report", "entry", "change").index(item.kind)
    return item.at, rank, item.change.id if item.change is not None else 0


def _entries(session: Session, ids: list[UUID], limit: int | None) -> tuple[list[Entry], int]:
    of_them = Entry.ticket_id.in_(ids)
    found = list(session.scalars(select(Entry).where(of_them).order_by(Entry.created_at.desc()).limit(limit)))
    if limit is None or len(found) < limit:
        return found, 0
    total = session.scalar(select(func.count()).select_from(Entry).where(of_them)) or 0
    return found, total - len(found)


def _changes(session: Session, family: Sequence[Ticket], limit: int | None) -> tuple[list[Change], int, int]:
    """The newest changes, how many more there are, and the newest line of the first ticket's own log."""
    newest = select(func.max(Change.id)).where(Change.ticket_id == family[0].id).scalar_subquery()
    shown = Change.ticket_id.in_([ticket.id for ticket in family]) & Change.action.not_in(_TOLD_ANYWAY)
    rows = session.execute(select(Change, newest).where(shown).order_by(Change.id.desc()).limit(limit)).all()
    seen = (rows[0][1] if rows else session.scalar(select(newest))) or 0
    found = [row[0] for row in rows]
    if limit is None or len(found) < limit:
        return found, 0, seen
    total = session.scalar(select(func.count()).select_from(Change).where(shown)) or 0
    return found, total - len(found), seen


def _without_reported(items: list[Item], family: Sequence[Ticket]) -> list[Item]:
    """Without the first words of a ticket that was split off: they stand in its report already."""
    reported = {(each.id, each.description) for each in family}
    kept: list[Item] = []
    for item in items:
        told = (item.ticket.id, item.entry.body) if item.entry is not None else None
        if told is not None and told in reported and item.at < item.ticket.created_at:
            reported.discard(told)
            continue
        kept.append(item)
    return kept


def _is_back(report: Item, items: Sequence[Item]) -> bool:
    """Whether a report was split off another ticket's thread and its words are there again."""
    ticket = report.ticket
    return not report.transcript and any(
        item.entry.body == ticket.description and item.ticket.id != ticket.id and item.at < ticket.created_at
        for item in items
        if item.entry is not None
    )


def changes_since(session: Session, ticket: Ticket, seen: int) -> list[Change]:
    """Lines of the log that came after one that was seen."""
    asked = select(Change).where(Change.ticket_id == ticket.id, Change.id > seen)
    return list(session.scalars(asked.order_by(Change.id)))
