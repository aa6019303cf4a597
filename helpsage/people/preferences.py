"""What a person wants to be told of, and where. Only what differs from the defaults is kept."""

from __future__ import annotations

import enum
import uuid
from collections.abc import Collection
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from helpsage.db.base import Base


class Event(enum.StrEnum):
    """What there is to tell."""

    #: A ticket was opened, by whichever way.
    RECEIVED = "received"
    #: An agent wrote.
    REPLIED = "replied"
    #: Somebody works on it, waits for the person, or asked a senior.
    PROGRESS = "progress"
    #: Resolved, closed, or open again.
    FINISHED = "finished"


class Channel(enum.StrEnum):
    """Where it is told."""

    EMAIL = "email"
    #: In the chat in which the ticket began.
    CHAT = "chat"


#: What can be chosen, and what counts until somebody chooses. An agent's reply in the chat is the chat itself: it
#: always comes; and who opens a ticket there has its number before their eyes.
DEFAULTS = MappingProxyType(
    {
        (Event.RECEIVED, Channel.EMAIL): True,
        (Event.REPLIED, Channel.EMAIL): True,
        (Event.PROGRESS, Channel.EMAIL): False,
        (Event.PROGRESS, Channel.CHAT): True,
        (Event.FINISHED, Channel.EMAIL): True,
        (Event.FINISHED, Channel.CHAT): True,
    }
)


class Preference(Base):
    """One choice of one person."""

    __tablename__ = "preference"

    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    event: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    wanted: Mapped[bool]


def of_person(session: Session, person_id: UUID) -> dict[tuple[Event, Channel], bool]:
    """Every choice there is, as it stands."""
    chosen = dict(DEFAULTS)
    for row in session.scalars(select(Preference).where(Preference.person_id == person_id)):
        known = next((pair for pair in DEFAULTS if pair == (row.event, row.channel)), None)
        if known is not None:
            chosen[known] = row.wanted
    return chosen


def wants(session: Session, person_id: UUID, event: Event, channel: Channel) -> bool:
    """Whether to tell this person of this, there."""
    return of_person(session, person_id).get((event, channel), True)


def choose(session: Session, person_id: UUID, wanted: Collection[tuple[Event, Channel]]) -> None:
    """Keep what was chosen: these are wanted, every other one is not."""
    rows = [
        {"person_id": person_id, "event": event.value, "channel": channel.value, "wanted": (event, channel) in wanted}
        for event, channel in DEFAULTS
    ]
    statement = insert(Preference).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id", "event", "channel"], set_={"wanted": statement.excluded.wanted}
        )
    )
