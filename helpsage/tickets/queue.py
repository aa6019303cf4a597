"""The agents' queue, a page at a time, which costs the same at a million tickets as at a thousand.

Pages are cut by key (what they are sorted by, and the id of the last row seen), not by counting rows, so that rows that
come, go or move between two pages neither repeat others nor push them out. A ticket that changes while someone pages
through "last changed" goes to the top.
"""

from __future__ import annotations

import base64
import binascii
import enum
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, literal, select, true, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from helpsage.people import permissions
from helpsage.people.permissions import Viewer
from helpsage.tickets import reference
from helpsage.tickets.errors import TicketError
from helpsage.tickets.followers import Follower
from helpsage.tickets.models import Entry, Priority, Status, Ticket
from helpsage.tickets.search import find
from helpsage.tickets.search.find import Match, Question
from helpsage.tickets.search.words import Piece, excerpt, marked

#: Counting stops here: "1,000 or more".
COUNTED_UP_TO = 1_000
LARGEST_PAGE = 200


#: Conditions on tickets, all of which hold.
_Part = Sequence[ColumnElement[bool]]


class InvalidCursor(TicketError):
    """A cursor that no page of ours gave out."""


class Sort(enum.StrEnum):
    """What comes first."""

    CHANGED = "changed"
    LONGEST_UNCHANGED = "unchanged"
    NEWEST = "newest"
    OLDEST = "oldest"
    #: The most urgent, and of those the one longest unchanged.
    PRIORITY = "priority"
    #: What is due first; what is not due at all comes last.
    DUE = "due"
    #: Of a search: where the words fit best.
    BEST = "best"


@dataclass(frozen=True)
class Filters:
    """What to show. An empty filter shows everything."""

    statuses: Collection[Status | str] = ()
    priorities: Collection[Priority | str] = ()
    category: str | None = None
    department_id: UUID | None = None
    team_id: UUID | None = None
    #: Only tickets that no team has; wins over `team_id`.
    no_team: bool = False
    assignee_id: UUID | None = None
    #: Only tickets that nobody has; wins over `assignee_id`.
    unassigned: bool = False
    follower_id: UUID | None = None
    tag: str | None = None
    channel: str | None = None
    #: Opened at this moment or later, and before that one.
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    #: Changed at this moment or later.
    changed_from: datetime | None = None
    requester_id: UUID | None = None
    #: Whose answer or resolution is due before this moment; late ones included.
    due_before: datetime | None = None
    #: A reference, or words of the ticket, its thread and its requester.
    text: str = ""


@dataclass(frozen=True)
class Excerpts:
    """Where a search found its words in one ticket."""

    subject: list[Piece]
    #: From description or thread; empty when the words stand in the subject or with the requester.
    text: list[Piece]


@dataclass(frozen=True)
class Page:
    """A page of the queue."""

    tickets: list[Ticket]
    #: Hands over the next page; None on the last one.
    next_cursor: str | None
    #: How many tickets the filter (without its statuses) finds in each status, counted up to `counted_up_to`.
    counts: dict[Status, int]
    #: What it is sorted by.
    sort: Sort
    counted_up_to: int = COUNTED_UP_TO
    #: Of a search, by ticket.
    excerpts: dict[UUID, Excerpts] = field(default_factory=dict)
    #: Words that were searched for besides one that (almost) no ticket has.
    meant: dict[str, tuple[str, ...]] = field(default_factory=dict)


def queue(
    session: Session,
    filters: Filters | None = None,
    cursor: str | None = None,
    limit: int = 50,
    viewer: Viewer | None = None,
    sort: Sort | None = None,
    counted: bool = True,
) -> Page:
    """A page of tickets.

    Parameters:
        cursor: `next_cursor` of the page before.
        limit: tickets a page, 1 to 200.
        viewer: who asks, and sees what they may see; None, for programs, sees everything.
        sort: as usual when left out: of a search the best, of days the newest, else the last changed first.
        counted: False for those who do not show how many there are; `counts` may be empty then.

    Raises:
        InvalidCursor: also for a cursor of another sort.
    """
    filters = filters or Filters()
    limit = max(1, min(limit, LARGEST_PAGE))
    text = filters.text.strip()
    if not text:
        return _listed(session, filters, viewer, sort, cursor, limit, counted)
    conditions = [*_conditions(filters), *_visible(viewer)]
    named = _named(session, text, conditions)
    if named is not None:
        shown = not filters.statuses or named.status in {Status(chosen) for chosen in filters.statuses}
        counts = {status: int(status == named.status) for status in Status}
        return Page([named] if shown else [], None, counts, Sort.BEST)
    return _found(session, filters, conditions, viewer, sort or Sort.BEST, cursor, limit)


def count(session: Session, filters: Filters, viewer: Viewer | None = None) -> int:
    """How many tickets a filter finds, counted up to `COUNTED_UP_TO` (with words, up to `find.MOST_MATCHES`)."""
    statuses = _statuses(filters)
    if filters.text.strip():
        conditions = [*_conditions(filters), *_visible(viewer)]
        asked = find.question(session, filters.text)
        return len(find.matches(session, asked, _facets(filters, statuses), viewer, conditions, ranked=False))
    parts = _parts(filters, viewer)
    per_status = session.execute(select(*(_count(status, parts) for status in statuses))).one()
    return min(COUNTED_UP_TO, sum(per_status))


# --- what to show


def _statuses(filters: Filters) -> list[Status]:
    return list(dict.fromkeys(Status(chosen) for chosen in (filters.statuses or Status)))


def _visible(viewer: Viewer | None) -> list[ColumnElement[bool]]:
    return [permissions.visible_tickets(viewer)] if viewer is not None else []


def _parts(filters: Filters, viewer: Viewer | None) -> list[_Part]:
    """Everything but statuses and words, and what the viewer may see, in parts without a ticket in common."""
    conditions = _conditions(filters)
    if viewer is None:
        return [conditions]
    if filters.assignee_id is not None and not filters.unassigned:
        # Those of one person are few, and read from one index: parts would only ask for them three times.
        return [[*conditions, permissions.visible_tickets(viewer)]]
    return [[*conditions, each] for each in permissions.visible_parts(viewer)]


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Everything but statuses and words."""
    found: list[ColumnElement[bool]] = []
    if filters.priorities:
        found.append(Ticket.priority.in_([Priority(chosen).value for chosen in filters.priorities]))
    if filters.category:
        found.append(Ticket.category == filters.category)
    if filters.department_id is not None:
        found.append(Ticket.department_id == filters.department_id)
    if filters.no_team:
        found.append(Ticket.team_id.is_(None))
    elif filters.team_id is not None:
        found.append(Ticket.team_id == filters.team_id)
    if filters.unassigned:
        found.append(Ticket.assignee_id.is_(None))
    elif filters.assignee_id is not None:
        found.append(Ticket.assignee_id == filters.assignee_id)
    if filters.follower_id is not None:
        followed = select(Follower.ticket_id).where(Follower.account_id == filters.follower_id)
        found.append(Ticket.id.in_(followed))
    if filters.tag:
        found.append(Ticket.tags.contains([filters.tag]))
    if filters.channel:
        found.append(Ticket.channel == filters.channel)
    if filters.opened_from is not None:
        found.append(Ticket.created_at >= filters.opened_from)
    if filters.opened_before is not None:
        found.append(Ticket.created_at < filters.opened_before)
    if filters.changed_from is not None:
        found.append(Ticket.updated_at >= filters.changed_from)
    if filters.requester_id is not None:
        found.append(Ticket.requester_id == filters.requester_id)
    if filters.due_before is not None:
        found.append(Ticket.due_order < filters.due_before)
    return found


def _facets(filters: Filters, statuses: Iterable[Status]) -> list[list[str]]:
    """The same for the index of words, as far as it knows it."""
    chosen = list(statuses)
    found = [[f"=s:{status.value}" for status in chosen]] if len(chosen) < len(Status) else []
    if filters.priorities:
        found.append([f"=p:{Priority(priority).value}" for priority in filters.priorities])
    if filters.no_team or filters.team_id is not None:
        found.append([f"=t:{'' if filters.no_team else filters.team_id}"])
    if filters.unassigned or filters.assignee_id is not None:
        found.append([f"=a:{'' if filters.unassigned else filters.assignee_id}"])
    for letter, value in (
        ("c", filters.category),
        ("d", filters.department_id),
        ("g", filters.tag),
        ("h", filters.channel),
    ):
        if value:
            found.append([f"={letter}:{value}"])
    return found


# --- by order


@dataclass(frozen=True)
class _Order:
    """How one sort reads the table."""

    column: InstrumentedAttribute[datetime]
    descending: bool
    by_priority: bool = False

    def key(self, row: Any) -> tuple[Any, ...]:
        """What a row stands by, smallest first."""
        moment = getattr(row, self.column.key).timestamp()
        place = (-moment, -row.id.int) if self.descending else (moment, row.id.int)
        return (_urgency(row.priority), *place) if self.by_priority else place


_ORDERS = {
    Sort.CHANGED: _Order(Ticket.updated_at, descending=True),
    Sort.LONGEST_UNCHANGED: _Order(Ticket.updated_at, descending=False),
    Sort.NEWEST: _Order(Ticket.created_at, descending=True),
    Sort.OLDEST: _Order(Ticket.created_at, descending=False),
    Sort.DUE: _Order(Ticket.due_order, descending=False),
    Sort.PRIORITY: _Order(Ticket.updated_at, descending=False, by_priority=True),
}
_PRIORITIES = tuple(reversed(Priority))


def _urgency(priority: str) -> int:
    """0 for the most urgent."""
    return _PRIORITIES.index(Priority(priority))


def _listed(
    session: Session,
    filters: Filters,
    viewer: Viewer | None,
    chosen: Sort | None,
    cursor: str | None,
    limit: int,
    counted: bool,
) -> Page:
    sort = chosen if chosen in _ORDERS else _usual(filters)
    order = _ORDERS[sort]
    after = _decode_place(cursor, sort) if cursor else None
    parts = _parts(filters, viewer)
    rows = _rows(session, _statuses(filters), parts, order, after, limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = _encode(sort, last.priority, getattr(last, order.column.key), last.id) if last is not None else None
    tickets = _tickets(session, [row.id for row in rows[:limit]])
    return Page(tickets, next_cursor, _counts(session, parts) if counted else {}, sort)


def _usual(filters: Filters) -> Sort:
    """The last changed first. Of days the newest: those are read from an index; what of a month long gone changed last
    would have to be looked for among everything that changed since.
    """
    return Sort.NEWEST if filters.opened_from or filters.opened_before else Sort.CHANGED


def _rows(
    session: Session,
    statuses: Sequence[Status],
    parts: Sequence[_Part],
    order: _Order,
    after: tuple[Priority, datetime, UUID] | None,
    limit: int,
) -> list[Any]:
    """The page's keys: the first few of each status (and priority) and part, read from its index, and of those the
    first.
    """
    branches = []
    for status in statuses:
        for some in _PRIORITIES if order.by_priority else (None,):
            place = _behind(order, after, some)
            if place is None:
                continue
            own = [Ticket.status == status.value, place]
            if some is not None:
                own.append(Ticket.priority == some.value)
            branches += [_branch(order, [*own, *part], limit) for part in parts]
    if not branches:
        return []
    return sorted(session.execute(union_all(*branches)), key=order.key)[:limit]


def _branch(order: _Order, conditions: Sequence[ColumnElement[bool]], limit: int) -> Any:
    columns = (order.column, Ticket.id)
    ordered = [column.desc() for column in columns] if order.descending else list(columns)
    return select(*columns, Ticket.priority).where(*conditions).order_by(*ordered).limit(limit)


def _behind(
    order: _Order, after: tuple[Priority, datetime, UUID] | None, priority: Priority | None
) -> ColumnElement[bool] | None:
    """What comes after the cursor in this branch; None when nothing does."""
    if after is None:
        return true()
    if priority is not None and priority is not after[0]:
        return true() if _urgency(priority) > _urgency(after[0]) else None
    here, place = tuple_(order.column, Ticket.id), tuple_(literal(after[1]), literal(after[2]))
    return here < place if order.descending else here > place


def _tickets(session: Session, ids: Sequence[UUID]) -> list[Ticket]:
    found = {ticket.id: ticket for ticket in session.scalars(select(Ticket).where(Ticket.id.in_(ids)))}
    return [found[each] for each in ids if each in found]


def _counts(session: Session, parts: Sequence[_Part]) -> dict[Status, int]:
    row = session.execute(select(*(_count(status, parts) for status in Status))).one()
    return {status: int(number) for status, number in zip(Status, row, strict=True)}


def _count(status: Status, parts: Sequence[_Part]) -> ScalarSelect[Any]:
    some = [select(literal(1)).select_from(Ticket).where(and_(Ticket.status == status.value, *part)) for part in parts]
    found = union_all(*some) if len(some) > 1 else some[0]
    return select(func.count()).select_from(found.limit(COUNTED_UP_TO).subquery()).scalar_subquery()


# --- by words


def _named(session: Session, text: str, conditions: Sequence[ColumnElement[bool]]) -> Ticket | None:
    """The ticket whose reference is asked for."""
    number = reference.parse(text)
    if number is None:
        return None
    return session.scalar(select(Ticket).where(Ticket.number == number, *conditions))


def _found(
    session: Session,
    filters: Filters,
    conditions: Sequence[ColumnElement[bool]],
    viewer: Viewer | None,
    sort: Sort,
    cursor: str | None,
    limit: int,
) -> Page:
    statuses = _statuses(filters)
    asked = find.question(session, filters.text)
    everywhere = len(statuses) == len(Status)
    anywhere = find.matches(session, asked, _facets(filters, Status), viewer, conditions, ranked=everywhere)
    rows = anywhere
    if not everywhere:
        chosen = [*conditions, Ticket.status.in_([status.value for status in statuses])]
        rows = find.matches(session, asked, _facets(filters, statuses), viewer, chosen)
    key = _MATCH_ORDERS[sort]
    rows.sort(key=key)
    if cursor:
        after = _decode(cursor, sort)
        if not all(isinstance(part, int | float) for part in after):
            raise InvalidCursor(cursor)
        rows = [row for row in rows if list(key(row)) > after]
    next_cursor = _encode(sort, *key(rows[limit - 1])) if len(rows) > limit else None
    tickets = _tickets(session, [row.ticket_id for row in rows[:limit]])
    counts = Counter(match.status for match in anywhere)
    return Page(
        tickets,
        next_cursor,
        {status: counts[status.value] for status in Status},
        sort,
        find.MOST_MATCHES,
        _excerpts(session, tickets, asked),
        asked.meant,
    )


_MATCH_ORDERS: dict[Sort, Callable[[Match], tuple[float, ...]]] = {
    Sort.BEST: lambda match: (-match.rank, -match.number),
    Sort.CHANGED: lambda match: (-match.updated_at.timestamp(), -match.number),
    Sort.LONGEST_UNCHANGED: lambda match: (match.updated_at.timestamp(), match.number),
    Sort.NEWEST: lambda match: (-match.number,),
    Sort.OLDEST: lambda match: (match.number,),
    Sort.DUE: lambda match: (match.due_order.timestamp(), match.number),
    Sort.PRIORITY: lambda match: (_urgency(match.priority), match.updated_at.timestamp(), match.number),
}


def _excerpts(session: Session, tickets: Sequence[Ticket], asked: Question) -> dict[UUID, Excerpts]:
    """Subjects with the words marked, and a piece of description or thread that has them."""
    subjects = {ticket.id: marked(ticket.subject, asked.sought) for ticket in tickets}
    texts = {ticket.id: excerpt(ticket.description, asked.sought) for ticket in tickets}
    elsewhere = [
        each.id for each in tickets if not texts[each.id] and not any(piece.found for piece in subjects[each.id])
    ]
    if elsewhere:
        said = select(Entry.ticket_id, Entry.body).where(Entry.ticket_id.in_(elsewhere)).order_by(Entry.created_at)
        for ticket_id, body in session.execute(said):
            texts[ticket_id] = texts[ticket_id] or excerpt(body, asked.sought)
    return {ticket.id: Excerpts(subjects[ticket.id], texts[ticket.id]) for ticket in tickets}


# --- cursors


def _encode(sort: Sort, *place: Any) -> str:
    plain = [part.isoformat() if isinstance(part, datetime) else part for part in place]
    plain = [str(part) if isinstance(part, UUID) else part for part in plain]
    return base64.urlsafe_b64encode(json.dumps([sort.value, *plain]).encode()).decode()


def _decode(cursor: str, sort: Sort) -> list[Any]:
    try:
        made_for, *place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, TypeError, binascii.Error) as error:
        raise InvalidCursor(cursor) from error
    if made_for != sort.value or not all(isinstance(part, str | int | float) for part in place):
        raise InvalidCursor(cursor)
    return list(place)


def _decode_place(cursor: str, sort: Sort) -> tuple[Priority, datetime, UUID]:
    try:
        priority, moment, ticket_id = _decode(cursor, sort)
        decoded = Priority(priority), datetime.fromisoformat(moment), UUID(ticket_id)
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidCursor(cursor) from error
    if decoded[1].tzinfo is None:
        raise InvalidCursor(cursor)
    return decoded
