"""What happens to each new ticket: it is read and sent where it belongs, and then compared with others.

Comparing is a job of its own (`triage.compare`): where a ticket belongs need not wait for it. All is safe to do twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.db.session import transaction
from helpsage.privacy.words import REMOVED
from helpsage.tickets import changing
from helpsage.tickets.categories import UNSORTED
from helpsage.tickets.models import Ticket
from helpsage.triage import reader, remote, router, store, twins
from helpsage.triage.local import Asked, LocalReading
from helpsage.triage.models import ReadingRow, Routing
from helpsage.triage.reading import Judgement, Reading

#: Tickets that are routed in one transaction: the first of many need not wait until the last one is read.
AT_ONCE = 25
#: Tickets about which a reader elsewhere is asked at the same time.
ASKED_AT_ONCE = 4


def handle(ticket_id: UUID) -> None:
    """Read a ticket and route it, unless that was done."""
    with transaction() as session:
        ticket = next(iter(_unrouted(session, [ticket_id])), None)
        if ticket is None:
            return
        means = reader.prepared(session)
        subject, text, chosen = ticket.subject, ticket.description, _chosen(ticket)
        names = [name for name in (ticket.requester.name,) if name]
    # No transaction waits while the reader thinks, or while its endpoint does.
    _act({ticket_id: reader.read(subject, text, means, chosen, names)})


def handle_many(ticket_ids: Sequence[UUID]) -> None:
    """The same with many tickets, in fewer transactions. A reader elsewhere is slow, and asked about several at a time.

    Raises:
        what went wrong, also with a single one; the others are done, and not done again.
    """
    if remote.configured():
        with ThreadPoolExecutor(ASKED_AT_ONCE) as pool:
            done = [pool.submit(handle, ticket_id) for ticket_id in ticket_ids]
        for each in done:
            each.result()
        return
    with transaction() as session:
        means = reader.prepared(session)
        told = {
            each.id: Asked(each.subject, each.description, _chosen(each)) for each in _unrouted(session, ticket_ids)
        }
    for some in _batched(told, AT_ONCE):
        _act(dict(zip(some, reader.read_all([told[each] for each in some], means), strict=True)))


def _batched(some: Iterable[UUID], size: int) -> Iterator[list[UUID]]:
    left = iter(some)
    while batch := list(islice(left, size)):
        yield batch


def _act(read: Mapping[UUID, LocalReading]) -> None:
    """Send tickets where they belong, all at once, and remember what they mean for those that come after them."""
    with transaction() as session:
        tickets = changing.lock_all(session, _still_there(read))
        rows = keep_all(session, {ticket: read[ticket.id] for ticket in tickets})
        router.route_all(session, list(zip(tickets, rows, strict=True)))
        meant = {ticket: found.vector for ticket in tickets if (found := read[ticket.id]).vector is not None}
        if meant:
            twins.remember_all(session, meant, store.encoder().version)


def compare(session: Session, ticket_id: UUID) -> None:
    """Look for tickets about the same as one that was read."""
    ticket = session.scalar(_still_there([ticket_id]))
    if ticket is not None:
        vector = twins.vector_of(session, ticket)
        twins.keep(session, ticket, twins.find(session, twins.of(ticket, vector), but=ticket.id))


def _unrouted(session: Session, ticket_ids: Sequence[UUID]) -> list[Ticket]:
    routed = exists().where(Routing.ticket_id == Ticket.id)
    return list(session.scalars(_still_there(ticket_ids).where(~routed).order_by(Ticket.number)))


def _still_there(ticket_ids: Iterable[UUID]) -> Select[Ticket]:
    """Those that are not gone, and have not lost their words at the person's wish."""
    return select(Ticket).where(Ticket.id.in_(list(ticket_ids)), Ticket.description != REMOVED)


def _chosen(ticket: Ticket) -> str | None:
    """The category, unless it is the one of tickets that nobody gave any."""
    return ticket.category if ticket.category != UNSORTED else None


def keep(session: Session, ticket: Ticket, found: LocalReading) -> ReadingRow:
    """Write a reading down, once a ticket."""
    return keep_all(session, {ticket: found})[0]


def keep_all(session: Session, found: Mapping[Ticket, LocalReading]) -> list[ReadingRow]:
    """The same for many, in the order given."""
    asked = select(ReadingRow).where(ReadingRow.ticket_id.in_([ticket.id for ticket in found]))
    known = {row.ticket_id: row for row in session.scalars(asked)}
    for ticket, each in found.items():
        if ticket.id not in known:
            known[ticket.id] = row = _row(ticket, each.reading)
            session.add(row)
            if ticket.tone is None and row.tone is not None:
                ticket.tone = row.tone
    return [known[ticket.id] for ticket in found]


def _row(ticket: Ticket, reading: Reading) -> ReadingRow:
    row = ReadingRow(ticket_id=ticket.id, at=clock.now(), reader=reading.reader, fell_back=reading.fell_back)
    for tag in ("topic", "urgency", "tone", "language"):
        judgement: Judgement = getattr(reading, tag)
        setattr(row, tag, judgement.value)
        setattr(row, f"{tag}_confidence", judgement.confidence)
        setattr(row, f"{tag}_evidence", judgement.evidence)
        setattr(row, f"{tag}_version", judgement.version)
    row.topic_likely = reading.topic.likely
    return row
