"""Who answers in a conversation, and the one way to change it: an explicit map, a line of the log, an event.

Nothing else writes `Conversation.owner`. The assistant reads it before it keeps a person's words, before it answers
them, and, under the lock of the row, in the transaction that commits its answer: what it worked out while a human came
is not said (`assistant/tracker_store.py`).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations.models import Conversation, Owner, OwnershipChange
from helpsage.events import outbox
from helpsage.tickets.actor import Actor

EVENT = "conversation.owner_changed"


class Step(enum.StrEnum):
    """What moves a conversation from one owner to another."""

    #: The person wants a human.
    ASKED = "asked"
    #: An agent begins to talk, without having been asked.
    STARTED = "started"
    #: An agent takes a waiting conversation.
    ACCEPTED = "accepted"
    #: To a team or a colleague, who have to take it.
    TRANSFERRED = "transferred"
    #: The agent does not answer any more.
    OFFERED_AGAIN = "offered_again"
    #: The agent is done.
    RETURNED = "returned"
    #: The person does not want to wait any longer.
    LEFT = "left"
    #: Nobody could answer: it is a ticket now.
    FILED = "filed"
    #: The person said nothing more.
    SILENT = "silent"


#: The map. What is not in it cannot happen.
TRANSITIONS: Mapping[tuple[Owner, Step], Owner] = MappingProxyType(
    {
        (Owner.BOT, Step.ASKED): Owner.QUEUED,
        (Owner.BOT, Step.STARTED): Owner.HUMAN,
        (Owner.QUEUED, Step.ACCEPTED): Owner.HUMAN,
        (Owner.QUEUED, Step.TRANSFERRED): Owner.QUEUED,
        (Owner.QUEUED, Step.LEFT): Owner.BOT,
        (Owner.QUEUED, Step.FILED): Owner.BOT,
        (Owner.HUMAN, Step.TRANSFERRED): Owner.QUEUED,
        (Owner.HUMAN, Step.OFFERED_AGAIN): Owner.QUEUED,
        (Owner.HUMAN, Step.RETURNED): Owner.BOT,
        (Owner.HUMAN, Step.FILED): Owner.BOT,
        (Owner.HUMAN, Step.SILENT): Owner.BOT,
    }
)


class IllegalStep(Exception):
    """The map has no such move: somebody else was faster, or the conversation is not where it was thought to be."""

    def __init__(self, owner: Owner, step: Step) -> None:
        self.owner, self.step = owner, step
        super().__init__(f"{step.value} while it belongs to {owner.value}")


def allowed(owner: Owner) -> frozenset[Step]:
    """What can happen to a conversation that belongs to this one."""
    return frozenset(step for before, step in TRANSITIONS if before is owner)


def move(
    session: Session,
    conversation: Conversation,
    step: Step,
    actor: Actor,
    reason: str = "",
    about: Mapping[str, Any] | None = None,
) -> Owner:
    """Change the owner of a conversation whose row the caller has locked (`service.claim`).

    Parameters:
        about: ids and plain values for the event.

    Raises:
        IllegalStep
    """
    before = Owner(conversation.owner)
    after = TRANSITIONS.get((before, step))
    if after is None:
        raise IllegalStep(before, step)
    conversation.owner = after.value
    session.add(
        OwnershipChange(
            conversation_id=conversation.id,
            at=clock.now(),
            step=step.value,
            owner_before=before.value,
            owner_after=after.value,
            actor_kind=actor.kind,
            actor_id=actor.person_id,
            actor_name=actor.name,
            reason=reason,
        )
    )
    told = {"step": step.value, "from": before.value, "to": after.value, "actor_kind": actor.kind}
    outbox.record(session, EVENT, conversation.id, {**told, **(about or {})})
    return after


def history(session: Session, conversation_id: UUID) -> list[OwnershipChange]:
    """Every change of who answered, the oldest first."""
    asked = select(OwnershipChange).where(OwnershipChange.conversation_id == conversation_id)
    return list(session.scalars(asked.order_by(OwnershipChange.id)))
