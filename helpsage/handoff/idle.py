"""What time does to chats with a human: nobody waits for ever, and nobody is left waiting by somebody who has gone.

Asked every minute. Each chat is looked at again under its lock, in a transaction of its own, so that one that cannot be
dealt with holds up no other, and who acted in the meantime is not overruled.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author, Owner
from helpsage.handoff import service, staffing, waiting, words
from helpsage.handoff.models import Handoff

#: Between two messages about the place in the queue, unless one is next.
TOLD_EVERY = timedelta(minutes=1)


def due(session: Session) -> list[UUID]:
    """Chats that time may have done something to."""
    quiet = clock.now() - timedelta(minutes=settings.get().chat_person_idle_minutes)
    somebody_waits = or_(Handoff.unanswered_since.is_not(None), Handoff.agent_wrote_at <= quiet)
    asked = select(Handoff.id).where(Handoff.ended_at.is_(None), or_(waiting.is_waiting(), somebody_waits))
    return list(session.scalars(asked.order_by(Handoff.asked_at, Handoff.id)))


def look(session: Session, handoff_id: UUID) -> None:
    """Do what time asks for with one chat."""
    found = session.get(Handoff, handoff_id)
    if found is None:
        return
    conversation = conversations.claim(session, found.conversation_id)
    session.refresh(found)
    if found.ended_at is not None:
        return
    if conversation.owner == Owner.QUEUED:
        _waiting(session, found)
    elif conversation.owner == Owner.HUMAN:
        _talking(session, found)


def _waiting(session: Session, handoff: Handoff) -> None:
    minutes = settings.get().chat_longest_wait_minutes
    there = staffing.of(session, handoff.department_id, handoff.team_id)
    if not there.open:
        opens = there.opens_at
        why = words.CLOSED_UNTIL.format(opens=told(opens)) if opens is not None else words.CLOSED
        service.file(session, handoff.id, why)
    elif _age(handoff.waiting_since) >= timedelta(minutes=minutes):
        service.file(session, handoff.id, words.TOO_LONG.format(minutes=minutes))
    elif not there.agents and not (handoff.team_id is not None and _widened(session, handoff)):
        service.file(session, handoff.id, words.NOBODY)
    else:
        tell_new_place(session, handoff)


def _widened(session: Session, handoff: Handoff) -> bool:
    """Nobody of the team is there any more: anybody of the department may take it, if there is anybody."""
    handoff.team_id = handoff.wanted_id = None
    return staffing.of(session, handoff.department_id).somebody


def tell_new_place(session: Session, handoff: Handoff) -> None:
    """Say where somebody stands when they have moved up; each place once, and not every few seconds."""
    found = waiting.place(session, handoff)
    if handoff.told_place is not None and found.number >= handoff.told_place:
        return
    if found.number > 1 and _age(handoff.told_at) < TOLD_EVERY:
        return
    service.tell_place(session, handoff)


def _talking(session: Session, handoff: Handoff) -> None:
    limits = settings.get()
    if handoff.unanswered_since is not None:
        minutes = limits.chat_agent_idle_minutes
        gone = handoff.agent_id is None or not staffing.is_at_desk(session, handoff.agent_id)
        if _age(handoff.unanswered_since) >= timedelta(minutes=minutes):
            service.offer_again(session, handoff.id, words.NO_ANSWER.format(minutes=minutes))
        elif gone and _age(handoff.unanswered_since) >= TOLD_EVERY:
            service.offer_again(session, handoff.id, words.WENT_AWAY)
        return
    quiet = timedelta(minutes=limits.chat_person_idle_minutes)
    if handoff.asked_back_at is None and _age(handoff.agent_wrote_at) >= quiet:
        _ask_back(session, handoff)
    elif handoff.asked_back_at is not None and _age(handoff.asked_back_at) >= quiet:
        service.silent(session, handoff.id)


def _ask_back(session: Session, handoff: Handoff) -> None:
    name = service.name_of(session, handoff.agent_id)
    text = words.STILL_THERE.format(name=name)
    data = {"handoff": {"state": Owner.HUMAN.value, "agent": name}}
    conversations.push(session, handoff.conversation_id, Author.SYSTEM, text=text, data=data)
    handoff.asked_back_at = clock.now()
    session.flush()


def tell_places(session: Session) -> None:
    """The queue moved: tell those who stand somewhere else now."""
    for handoff in waiting.queue(session):
        tell_new_place(session, handoff)


def told(at: datetime) -> str:
    """A moment for a sentence."""
    return f"{at.astimezone(ZoneInfo(settings.get().time_zone)):%A, %-d %B, at %H:%M}"


def _age(since: datetime | None) -> timedelta:
    return clock.now() - since if since is not None else timedelta(0)
