"""Which chats with a human an account sees: those of its departments and teams, as with tickets."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true
from sqlalchemy.orm import Session

from helpsage.conversations.models import Author, Message
from helpsage.handoff import waiting
from helpsage.handoff.models import Handoff
from helpsage.people import permissions
from helpsage.people.permissions import Action, Reach, Viewer

#: Of those who wait, on one page.
MOST_SHOWN = 100


@dataclass(frozen=True)
class Counts:
    """What calls for an agent: chats that wait, those of them that are urgent, and one's own with something new."""

    waiting: int
    urgent: int
    unread: int


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `Handoff` under which the viewer sees it."""
    reach = permissions.reach(viewer.role, Action.REPLY)
    if reach is Reach.ALL:
        return true()
    placed: ColumnElement[bool] = Handoff.department_id.in_(viewer.department_ids)
    if viewer.sees_unplaced:
        placed = or_(placed, Handoff.department_id.is_(None))
    if reach is Reach.TEAM and viewer.team_ids:
        placed = and_(placed, or_(Handoff.team_id.is_(None), Handoff.team_id.in_(viewer.team_ids)))
    return or_(placed, Handoff.agent_id == viewer.account_id, Handoff.wanted_id == viewer.account_id)


def find(session: Session, viewer: Viewer, handoff_id: UUID) -> Handoff | None:
    """This chat, if the viewer sees it."""
    return session.scalar(select(Handoff).where(Handoff.id == handoff_id, visible(viewer)))


def waiting_for(session: Session, viewer: Viewer) -> list[Handoff]:
    """Who waits, the next one first; what was handed to this viewer before everything else."""
    asked = select(Handoff).where(waiting.is_waiting(), visible(viewer))
    mine = (Handoff.wanted_id == viewer.account_id).is_(True)
    order = (mine.desc(), Handoff.urgent.desc(), Handoff.asked_at, Handoff.id)
    return list(session.scalars(asked.order_by(*order).limit(MOST_SHOWN)))


def with_agent(session: Session, account_id: UUID) -> list[Handoff]:
    """The chats that somebody has, the oldest first."""
    asked = select(Handoff).where(Handoff.agent_id == account_id, Handoff.ended_at.is_(None))
    return list(session.scalars(asked.order_by(Handoff.joined_at, Handoff.id)))


def has_news() -> ColumnElement[bool]:
    """The condition on `Handoff` under which the person wrote something that its agent has not seen."""
    return exists().where(
        Message.conversation_id == Handoff.conversation_id,
        Message.seq > Handoff.seen_seq,
        Message.seq >= Handoff.from_seq,
        Message.author == Author.PERSON.value,
    )


def with_news(session: Session, account_id: UUID) -> frozenset[UUID]:
    """Those of one's chats in which something new was said."""
    asked = select(Handoff.id).where(Handoff.agent_id == account_id, Handoff.ended_at.is_(None), has_news())
    return frozenset(session.scalars(asked))


def counts(session: Session, viewer: Viewer) -> Counts:
    """For the navigation."""
    waits, urgent = session.execute(
        select(func.count(), func.count().filter(Handoff.urgent)).where(waiting.is_waiting(), visible(viewer))
    ).one()
    return Counts(waits, urgent, len(with_news(session, viewer.account_id)))
