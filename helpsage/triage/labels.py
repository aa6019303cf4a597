"""What people say a ticket's tags should have been: kept as examples, without the ticket's words.

An agent who gives a ticket another category says what its topic was; another priority, how urgent it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.privacy.words import REMOVED
from helpsage.tickets import categories
from helpsage.tickets.models import Ticket
from helpsage.triage import essence, examples
from helpsage.triage.masking import masked
from helpsage.triage.models import ReadingLabel, ReadingRow
from helpsage.triage.reading import Tag, Tone, Urgency
from helpsage.triage.remote import Shown
from helpsage.triage.training import Example

#: A corrected ticket counts as much as two written examples: it is what people here really write.
WEIGHT = 2.0
#: Newest corrections that are learned from.
MOST = 5_000
#: Examples in the remote reader's prompt.
MOST_SHOWN = 12


def put(session: Session, ticket_id: UUID, tag: Tag, right: str, by_id: UUID | None) -> None:
    """Keep what a tag should have been; the last word counts."""
    reading = session.get(ReadingRow, ticket_id)
    said = getattr(reading, tag.value) if reading is not None else None
    values = {"said": said, "right": right, "by_id": by_id, "at": clock.now()}
    row = insert(ReadingLabel).values(ticket_id=ticket_id, tag=tag.value, **values)
    session.execute(
        row.on_conflict_do_update(
            index_elements=[ReadingLabel.ticket_id, ReadingLabel.tag],
            set_={name: value for name, value in values.items() if name != "said"},
        )
    )
    session.expire_all()


def withdraw(session: Session, ticket_id: UUID, tag: Tag) -> None:
    """Nobody says anything about this tag any more."""
    session.execute(delete(ReadingLabel).where(ReadingLabel.ticket_id == ticket_id, ReadingLabel.tag == tag.value))
    session.expire_all()


def of_ticket(session: Session, ticket_id: UUID) -> dict[str, ReadingLabel]:
    """What people said of a ticket, by tag."""
    found = session.scalars(select(ReadingLabel).where(ReadingLabel.ticket_id == ticket_id))
    return {label.tag: label for label in found}


def topics(session: Session) -> list[tuple[UUID, Example]]:
    """Tickets whose topic a person gave, as examples, the newest first; those whose words were erased are no more."""
    known = categories.load()
    asked = (
        select(ReadingLabel.ticket_id, ReadingLabel.right, Ticket.subject, Ticket.description)
        .join(Ticket, Ticket.id == ReadingLabel.ticket_id)
        .where(ReadingLabel.tag == Tag.TOPIC.value, Ticket.description != REMOVED)
        .order_by(ReadingLabel.at.desc(), ReadingLabel.id.desc())
        .limit(MOST)
    )
    return [
        (ticket_id, Example(essence.of(subject, text).text, right, WEIGHT, kept=False))
        for ticket_id, right, subject, text in session.execute(asked)
        if right in known
    ]


def figures(session: Session) -> dict[str, tuple[int, int]]:
    """By tag: how many tickets were read, and how many of those readings people changed."""
    read = session.scalar(select(func.count()).select_from(ReadingRow)) or 0
    counted = select(ReadingLabel.tag, func.count()).where(ReadingLabel.said.is_distinct_from(ReadingLabel.right))
    changed: dict[str, int] = {row[0]: row[1] for row in session.execute(counted.group_by(ReadingLabel.tag))}
    return {tag.value: (read, changed.get(tag.value, 0)) for tag in Tag}


def shown(session: Session) -> Sequence[Shown]:
    """Examples for a remote reader: the newest corrections first, then written ones of other topics."""
    asked = (
        select(Ticket, ReadingRow)
        .join(ReadingLabel, ReadingLabel.ticket_id == Ticket.id)
        .join(ReadingRow, ReadingRow.ticket_id == Ticket.id)
        .where(ReadingLabel.tag == Tag.TOPIC.value, Ticket.description != REMOVED)
        .order_by(ReadingLabel.at.desc())
        .limit(MOST_SHOWN // 2)
    )
    found = [_shown(session, ticket, reading) for ticket, reading in session.execute(asked)]
    for example in examples.written(categories.catalogue()):
        if len(found) == MOST_SHOWN:
            break
        if example.topic and example.weight == 1.0 and example.topic not in {each.topic for each in found}:
            found.append(Shown(example.text, example.topic, Urgency.MEDIUM, Tone.CALM))
    return found


def _shown(session: Session, ticket: Ticket, reading: ReadingRow) -> Shown:
    said = of_ticket(session, ticket.id)

    def right(tag: Tag, read: str) -> str:
        return said[tag].right if tag in said else read

    what = essence.of(ticket.subject, ticket.description).text
    names = [ticket.requester.name] if ticket.requester.name else []
    return Shown(
        masked(what, names), right(Tag.TOPIC, ""), right(Tag.URGENCY, reading.urgency), right(Tag.TONE, reading.tone)
    )
