"""What happens when a ticket's time runs out: somebody is warned, told, told again; the ticket moves on.

Each thing is told once for each clock, by a row that can be there only once. After a time without a worker only what
still matters is told: of a breach the breach and not the warning before it, of many repeats the last.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments.models import Team
from helpsage.people.models import Account
from helpsage.service_levels import clocks, levels, told
from helpsage.service_levels.clocks import Course
from helpsage.service_levels.levels import Kind, Levels, Policy
from helpsage.service_levels.models import Alarm
from helpsage.tickets import changing, lifecycle, placing, service
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import TicketError
from helpsage.tickets.models import Status, Ticket

DESK = Actor("system")
LATE = {
    Kind.FIRST_RESPONSE: "the first answer was due {at:%-d %b, %H:%M} UTC",
    Kind.RESOLUTION: "the resolution was due {at:%-d %b, %H:%M} UTC",
}

log = logging.getLogger(__name__)


def waiting(session: Session, limit: int) -> list[UUID]:
    """Tickets whose next alarm is due, the longest ago first."""
    asked = select(Ticket.id).where(Ticket.next_alarm_at <= clock.now()).order_by(Ticket.next_alarm_at, Ticket.id)
    return list(session.scalars(asked.limit(limit)))


def ring(session: Session, ticket_id: UUID) -> None:
    """Do what is due for one ticket now. Doing it twice is doing it once."""
    ticket = session.scalar(select(Ticket).where(Ticket.id == ticket_id).with_for_update(of=Ticket, key_share=True))
    now = clock.now()
    if ticket is None or ticket.next_alarm_at is None or ticket.next_alarm_at > now:
        return
    known = levels.load()
    if ticket.service_terms is None or clocks.is_over(ticket):
        take_up(session, ticket, known)
        return
    clocks.settle(session, ticket, known)
    course = clocks.course_of(session, ticket, known)
    if course is None:
        return
    policy = known.policy(course.terms["policy"])
    already = clocks.told_of(session, ticket.id)
    broken = [kind for kind in course.stretches if _ring(session, ticket, course, kind, policy, already, now)]
    if policy is not None and broken:
        _move_on(session, ticket, policy, broken[0])
    clocks.settle(session, ticket, known)


def take_up(session: Session, ticket: Ticket, known: Levels) -> None:
    """Give a ticket that was there before its due times. What is late already is late quietly: nobody is told now of
    what was late before anything was promised.
    """
    clocks.settle(session, ticket, known, ask=True)
    course = clocks.course_of(session, ticket, known)
    if course is None or clocks.is_over(ticket):
        return
    now = clock.now()
    for kind in course.stretches:
        due, soon = course.due(kind), clocks.warning(course, kind, known.policy(course.terms["policy"]))
        for name, moment in (("breached", due), ("soon", soon)):
            if moment is not None and moment <= now:
                _once(session, ticket, kind, name, 0, due or moment)
    clocks.settle(session, ticket, known)


def _ring(
    session: Session,
    ticket: Ticket,
    course: Course,
    kind: Kind,
    policy: Policy | None,
    already: Mapping[tuple[str, str], int],
    now: datetime,
) -> bool:
    """Tell what is due of one clock; whether it is late from now on."""
    due = course.due(kind)
    if due is not None and due <= now:
        if (kind.value, "breached") not in already:
            return _tell(session, ticket, kind, "breached", 0, due, policy)
        number = _repeats_due(course, kind, policy, already[kind.value, "breached"], now)
        if number is not None:
            _tell(session, ticket, kind, "breached", number, due, policy)
        return False
    soon = clocks.warning(course, kind, policy)
    if soon is not None and soon <= now and due is not None and (kind.value, "soon") not in already:
        _tell(session, ticket, kind, "soon", 0, due, policy)
    return False


def _repeats_due(course: Course, kind: Kind, policy: Policy | None, last: int, now: datetime) -> int | None:
    """The number of the last repeat whose time has come, when it was not told yet."""
    found = None
    while (moment := clocks.repeat(course, kind, policy, last + 1)) is not None and moment <= now:
        found = last = last + 1
    return found


def _tell(
    session: Session, ticket: Ticket, kind: Kind, what: str, number: int, due_at: datetime, policy: Policy | None
) -> bool:
    """Tell it, if it was not told yet; whether it was not."""
    if not _once(session, ticket, kind, what, number, due_at):
        return False
    who = (policy.warn if what == "soon" else policy.breach) if policy is not None else ()
    payload = {
        "clock": kind.value,
        "due_at": due_at.isoformat(),
        "policy": policy.key if policy is not None else None,
        "number": number,
        "accounts": [str(account) for account in told.accounts(session, ticket, who)],
    }
    if what == "breached" and number == 0:
        after = {"clock": kind.value, "due_at": due_at.isoformat()}
        changing.log(session, ticket, DESK, "breached", None, after, "", clock.now())
    changing.tell(session, ticket, "ticket.due_soon" if what == "soon" else "ticket.breached", DESK, payload)
    return True


def _once(session: Session, ticket: Ticket, kind: Kind, what: str, number: int, due_at: datetime) -> bool:
    row = insert(Alarm).values(
        ticket_id=ticket.id, clock=kind.value, kind=what, number=number, due_at=due_at, at=clock.now()
    )
    kept = row.on_conflict_do_nothing(
        index_elements=["ticket_id", "clock", "kind", "number"], index_where=text("withdrawn_at is null")
    )
    return session.scalar(kept.returning(Alarm.id)) is not None


# --- what becomes of a late ticket


def _move_on(session: Session, ticket: Ticket, policy: Policy, kind: Kind) -> None:
    """Hand it on and escalate it, as far as that can be done."""
    due_at = getattr(ticket, f"{kind.value}_due_at")
    why = LATE[kind].format(at=due_at)
    try:
        with session.begin_nested():
            _hand_on(session, ticket, policy.hand_to, why)
    except TicketError as error:
        log.warning("%s was late and could not be handed on: %s", ticket.reference, type(error).__name__)
    if policy.escalate and Status.ESCALATED in lifecycle.allowed(ticket.status):
        service.escalate(session, ticket, DESK, why)


def _hand_on(session: Session, ticket: Ticket, to: str, why: str) -> None:
    kind, _, name = to.partition(":")
    match kind:
        case "queue":
            service.assign(session, ticket, None, DESK, reason=why)
        case "team":
            team_id = session.scalar(select(Team.id).where(func.lower(Team.key) == name.lower()))
            if team_id is None or team_id == ticket.team_id:
                return
            service.assign(session, ticket, None, DESK, reason=why)
            placing.change_team(session, ticket, team_id, DESK, why)
        case "account":
            account_id = session.scalar(select(Account.id).where(func.lower(Account.email) == name.lower()))
            if account_id is not None:
                placing.give(session, ticket, account_id, DESK, reason=why)
