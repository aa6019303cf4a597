"""The desk gives tickets out: to whoever is there, has room, knows the subject, and had the least for the longest.

Two workers never give one ticket, and never more to one agent than they take: the ticket's row is locked and passed
over by whoever comes second (`skip locked`), and one at a time decides who gets one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.assignment import presence
from helpsage.assignment.models import Availability
from helpsage.departments.models import Team, TeamMember
from helpsage.people.models import Account, Role
from helpsage.tickets import service
from helpsage.tickets.actor import Actor
from helpsage.tickets.models import Priority, Status, Ticket
from helpsage.triage.models import ReadingRow

ROUND_ROBIN = "round_robin"
DESK = Actor("system")
GIVEN = "round robin: {name} had {load} of {capacity}"
#: What counts as work in hand: a ticket that waits for its requester does not.
IN_HAND = (Status.OPEN.value, Status.IN_PROGRESS.value, Status.ESCALATED.value)
#: What is given out. Somebody gave the others back, or they are with a senior.
GIVEN_OUT = (Status.OPEN.value, Status.IN_PROGRESS.value)
#: From here on the language that was read counts more than the one that the requester reads our pages in. A few words
#: of another language reach 0.6 (`triage/language.py`).
SURE_OF_LANGUAGE = 0.7
#: One decides at a time who gets a ticket.
_LOCK = 1_012
_STAFF = (Role.AGENT.value, Role.LEAD.value, Role.ADMINISTRATOR.value)
#: Never given one: before everybody who was.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Hand:
    """Someone who could get a ticket.

    Attributes:
        load: tickets in hand.
    """

    account_id: UUID
    name: str
    capacity: int
    load: int
    categories: frozenset[str]
    languages: frozenset[str]
    given_at: datetime

    def knows(self, ticket: Ticket, language: str) -> bool:
        """Whether they work such tickets.

        Parameters:
            language: what the ticket is in.
        """
        category = not self.categories or ticket.category in self.categories
        return category and (not self.languages or language in self.languages)

    @property
    def turn(self) -> tuple[float, datetime, UUID]:
        """Who comes first: the smallest share of what they take, then who was given one the longest ago."""
        return self.load / self.capacity, self.given_at, self.account_id


def languages_of(session: Session, tickets: Sequence[Ticket]) -> dict[UUID, str]:
    """The language that each ticket is written in, as far as its reader was sure; else its requester's: `de`."""
    ids = [ticket.id for ticket in tickets]
    asked = select(ReadingRow.ticket_id, ReadingRow.language).where(
        ReadingRow.ticket_id.in_(ids),
        ReadingRow.language.is_not(None),
        ReadingRow.language_confidence >= SURE_OF_LANGUAGE,
    )
    read = {row.ticket_id: row.language for row in session.execute(asked)}
    return {ticket.id: read.get(ticket.id) or _locale(ticket) for ticket in tickets}


def _locale(ticket: Ticket) -> str:
    return (ticket.requester.locale or "en").partition("-")[0].lower()


def give_next(session: Session, team_id: UUID, settled: timedelta = timedelta(0)) -> Ticket | None:
    """Give one of a team's tickets to the next agent, the most urgent first; None when none can be given now.

    Parameters:
        settled: a ticket younger than that is left alone: something may still be finding out where it belongs.
    """
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    hands = hands_of(session, team_id)
    if not hands:
        return None
    waiting = _waiting(session, team_id, hands, settled)
    languages = languages_of(session, waiting) if any(hand.languages for hand in hands) else {}
    for ticket in waiting:
        language = languages.get(ticket.id, "")
        able = sorted((hand for hand in hands if hand.knows(ticket, language)), key=lambda hand: hand.turn)
        if able:
            return _give(session, ticket, able[0])
    return None


def hands_of(session: Session, team_id: UUID) -> list[Hand]:
    """Who of a team is there, not away, and has room."""
    usual = settings.get().agent_capacity
    capacity = func.coalesce(Availability.capacity, usual)
    load = (
        select(func.count())
        .where(Ticket.assignee_id == Account.id, Ticket.status.in_(IN_HAND), Ticket.merged_into_id.is_(None))
        .correlate(Account)
        .scalar_subquery()
    )
    asked = (
        select(Account, Availability, capacity, load)
        .join(TeamMember, TeamMember.account_id == Account.id)
        .outerjoin(Availability, Availability.account_id == Account.id)
        .where(
            TeamMember.team_id == team_id,
            Account.role.in_(_STAFF),
            Account.disabled_at.is_(None),
            presence.is_present(),
            or_(Availability.account_id.is_(None), ~presence.is_away()),
            load < capacity,
        )
    )
    return [_hand(*row) for row in session.execute(asked)]


def _hand(account: Account, known: Availability | None, capacity: int, load: int) -> Hand:
    return Hand(
        account_id=account.id,
        name=account.person.name or account.email,
        capacity=capacity,
        load=load,
        categories=frozenset(known.categories if known is not None else ()),
        languages=frozenset(known.languages if known is not None else ()),
        given_at=(known.given_at if known is not None else None) or _NEVER,
    )


def _waiting(session: Session, team_id: UUID, hands: Sequence[Hand], settled: timedelta) -> list[Ticket]:
    """A few tickets of the team that nobody has, the most urgent first, that someone here may know; locked.

    Those that someone else is just taking are passed over.
    """
    urgency = case({priority.value: -rank for rank, priority in enumerate(Priority)}, value=Ticket.priority)
    known: list[ColumnElement[bool]] = []
    if all(hand.categories for hand in hands):
        known.append(Ticket.category.in_({each for hand in hands for each in hand.categories}))
    asked = (
        select(Ticket)
        .where(
            Ticket.team_id == team_id,
            Ticket.status.in_(GIVEN_OUT),
            Ticket.assignee_id.is_(None),
            Ticket.merged_into_id.is_(None),
            Ticket.created_at <= clock.now() - settled,
            *known,
        )
        .order_by(urgency, Ticket.next_due_at.asc().nulls_last(), Ticket.created_at, Ticket.id)
        .limit(50)
        .with_for_update(of=Ticket, key_share=True, skip_locked=True)
    )
    return list(session.scalars(asked))


def _give(session: Session, ticket: Ticket, hand: Hand) -> Ticket:
    now = clock.now()
    why = GIVEN.format(name=hand.name, load=hand.load, capacity=hand.capacity)
    given = service.assign(session, ticket, hand.account_id, DESK, reason=why)
    row = insert(Availability).values(account_id=hand.account_id, given_at=now)
    session.execute(row.on_conflict_do_update(index_elements=["account_id"], set_={"given_at": now}))
    return given


def teams_that_give(session: Session) -> list[UUID]:
    """Teams whose tickets the desk gives out, with something to give."""
    some = select(Ticket.id).where(
        Ticket.team_id == Team.id, Ticket.status.in_(GIVEN_OUT), Ticket.assignee_id.is_(None)
    )
    asked = select(Team.id).where(and_(Team.assignment == ROUND_ROBIN, Team.archived_at.is_(None), some.exists()))
    return list(session.scalars(asked.order_by(Team.id)))


def is_given_out(session: Session, team_id: UUID | None) -> bool:
    """Whether the desk gives this team's tickets out."""
    if team_id is None:
        return False
    found = session.get(Team, team_id)
    return found is not None and found.assignment == ROUND_ROBIN and found.archived_at is None
