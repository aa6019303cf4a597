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

    # What staff are told.
    #: Somebody wrote on a ticket that is theirs.
    WROTE = "wrote"
    #: Something happened on a ticket that they follow.
    FOLLOWED = "followed"
    #: A ticket became theirs.
    ASSIGNED = "assigned"
    #: It cannot wait: escalated, due soon, too late, or sent to the front of the queue.
    ALERTED = "alerted"
    #: A new ticket in the queue of their team.
    TEAM = "team"
    #: Somebody waits in the chat, and nobody has taken it for a while.
    WAITING = "waiting"


class Channel(enum.StrEnum):
    """Where it is told."""

    EMAIL = "email"
    #: In the chat in which the ticket began.
    CHAT = "chat"
    #: At the places outside that were set up for them: Slack, a telephone.
    TARGET = "target"


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
        (Event.REPLIED, Channel.TARGET): True,
        (Event.PROGRESS, Channel.TARGET): False,
        (Event.FINISHED, Channel.TARGET): True,
        (Event.WROTE, Channel.EMAIL): True,
        (Event.WROTE, Channel.TARGET): True,
        (Event.FOLLOWED, Channel.EMAIL): True,
        (Event.FOLLOWED, Channel.TARGET): True,
        (Event.ASSIGNED, Channel.EMAIL): True,
        (Event.ASSIGNED, Channel.TARGET): True,
        (Event.ALERTED, Channel.EMAIL): True,
        (Event.ALERTED, Channel.TARGET): True,
        (Event.TEAM, Channel.EMAIL): False,
        (Event.TEAM, Channel.TARGET): False,
        (Event.WAITING, Channel.EMAIL): False,
        (Event.WAITING, Channel.TARGET): True,
    }
)
#: What only staff are told.
OF_STAFF = frozenset({Event.WROTE, Event.FOLLOWED, Event.ASSIGNED, Event.ALERTED, Event.TEAM, Event.WAITING})


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


def choose(
    session: Session,
    person_id: UUID,
    wanted: Collection[tuple[Event, Channel]],
    among: Collection[tuple[Event, Channel]] = DEFAULTS,
) -> None:
    """Keep what was chosen: these are wanted, every other one of those that could be chosen (`among`) is not."""
    rows = [
        {"person_id": person_id, "event": event.value, "channel": channel.value, "wanted": (event, channel) in wanted}
        for event, channel in among
    ]
    if not rows:
        return
    statement = insert(Preference).values(rows)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["person_id", "event", "channel"], set_={"wanted": statement.excluded.wanted}
        )
    )
