"""A ticket's clocks: by when it is to be answered and resolved.

What is due is always computed anew from what the log says happened, so that a change that is taken back takes its
effect on the due times back as well. A clock runs from the opening; not while the requester is waited for, and not
while the ticket is resolved or closed. A ticket that others were merged into has waited since the first was opened.
docs/service-levels.md has the rules one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.db.session import TOGETHER
from helpsage.departments.models import Department
from helpsage.service_levels import levels
from helpsage.service_levels.calendar import Calendar, NeverOpen, add, between
from helpsage.service_levels.levels import Kind, Levels, Policy
from helpsage.service_levels.models import Alarm
from helpsage.tickets.models import Change, Status, Ticket

#: What changes the due times of a ticket ...
MOVING = frozenset(
    {
        "ticket.replied",
        "ticket.status_changed",
        "ticket.merged",
        "ticket.unmerged",
        "ticket.absorbed",
        "ticket.released",
    }
)
#: ... and what asks anew which policy fits.
ASKING = frozenset({"ticket.priority_changed", "ticket.category_changed", "ticket.team_changed", "ticket.routed"})
_FINISHED = frozenset({Status.RESOLVED.value, Status.CLOSED.value})
#: Lines of the log that move a ticket.
_MOVES = ("status", "merged", "unmerged")

#: Time in which a clock runs; None: it still does.
Stretch = tuple[datetime, datetime | None]


@dataclass(frozen=True)
class Course:
    """How a ticket's clocks go.

    Attributes:
        stretches: by clock, in which time it ran. A clock that is stopped is left out.
    """

    terms: Mapping[str, Any]
    calendar: Calendar
    stretches: Mapping[Kind, Sequence[Stretch]]
    _computed: dict[tuple[Kind, int], datetime | None] = field(default_factory=dict, repr=False)

    def due(self, kind: Kind, percent: int = 100) -> datetime | None:
        """When so much of the promised time has passed; None: not promised, or paused before that."""
        minutes = self.terms[kind.value]
        if not minutes or kind not in self.stretches:
            return None
        if (kind, percent) not in self._computed:
            target = timedelta(minutes=minutes) * percent / 100
            self._computed[kind, percent] = when(self.calendar, self.stretches[kind], target)
        return self._computed[kind, percent]

    def left(self, kind: Kind, now: datetime) -> timedelta:
        """Working time that is left."""
        passed = sum((between(self.calendar, begin, end or now) for begin, end in self.stretches[kind]), timedelta())
        return timedelta(minutes=self.terms[kind.value]) - passed


def begin(session: Session, ticket: Ticket) -> None:
    """Start the clocks of a ticket that is just being opened and not yet in the database."""
    known = levels.load()
    _promise(session, [ticket], known)
    terms = ticket.service_terms
    if terms is None:
        return
    running: list[Stretch] = [(ticket.created_at, None)]
    course = Course(terms, known.calendars[terms["calendar"]], dict.fromkeys(Kind, running))
    _write(ticket, course)
    policy = known.policy(terms["policy"])
    moments = [moment for kind in Kind for moment in _moments(course, kind, policy, {})]
    ticket.next_alarm_at = min(moments, default=None)


def follow(session: Session, ticket: Ticket, kind: str) -> None:
    """After something happened to a ticket (an event's kind): its due times are right from now on, or, within
    `together`, from its end on.
    """
    ask = kind in ASKING
    if not ask and kind not in MOVING:
        return
    held: dict[Ticket, bool] | None = session.info.get(TOGETHER)
    if held is None:
        settle(session, ticket, ask=ask)
    else:
        held[ticket] = ask or held.get(ticket, False)


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Whatever happens to tickets inside, their due times are computed once, of all of them at once, when it ends well,
    and their changes are written in as few statements as that takes. Nobody inside may look at due times.
    """
    if TOGETHER in session.info:
        yield
        return
    held: dict[Ticket, bool] = {}
    session.info[TOGETHER] = held
    try:
        yield
    finally:
        del session.info[TOGETHER]
    settle_all(session, held)


def settle(session: Session, ticket: Ticket, known: Levels | None = None, ask: bool = False) -> None:
    """Compute a ticket's due times, and when the next alarm is. The caller has the ticket's row.

    Parameters:
        known: the levels to go by; otherwise those of now.
        ask: which policy fits, anew; otherwise what was promised stays promised.
    """
    settle_all(session, {ticket: ask}, known)


def settle_all(session: Session, asked: Mapping[Ticket, bool], known: Levels | None = None) -> None:
    """The same for many tickets, in as many statements as for one.

    Parameters:
        asked: by ticket whether it is asked anew which policy fits.
    """
    known = known or levels.load()
    for ticket in asked:
        if is_over(ticket):
            ticket.next_due_at = ticket.next_alarm_at = ticket.clocks_paused_at = None
    running = [ticket for ticket in asked if not is_over(ticket)]
    # Also of those that are over: they may be opened again.
    anew = [ticket for ticket in asked if asked[ticket] or (ticket.service_terms and not _is_measured(ticket, known))]
    _promise(session, anew, known)
    past = _past(session, [ticket for ticket in running if _is_measured(ticket, known)])
    for ticket in running:
        course = _course(ticket, known, past)
        if course is None:
            _promise_nothing(ticket)
            continue
        policy = known.policy(course.terms["policy"])
        _write(ticket, course)
        told = _withdraw(session, ticket, course, policy, past.told.get(ticket.id, {}))
        moments = [moment for kind in course.stretches for moment in _moments(course, kind, policy, told)]
        ticket.next_alarm_at = min(moments, default=None)


def _is_measured(ticket: Ticket, known: Levels) -> bool:
    """Whether something is promised, by a calendar that there is."""
    return ticket.service_terms is not None and ticket.service_terms["calendar"] in known.calendars


def _promise(session: Session, tickets: Sequence[Ticket], known: Levels) -> None:
    """What the policies of now promise for them."""
    homes = {ticket.department_id for ticket in tickets} - {None}
    asked = select(Department.id, Department.key).where(Department.id.in_(homes))
    with session.no_autoflush:  # departments are not changed here; what is promised is written with all the rest
        keys = {row.id: row.key for row in session.execute(asked)} if homes else {}
    for ticket in tickets:
        ticket.service_terms = _terms(ticket, keys.get(ticket.department_id) if ticket.department_id else None, known)


def _write(ticket: Ticket, course: Course) -> None:
    due = {kind: course.due(kind) for kind in course.stretches}
    for kind, moment in due.items():
        setattr(ticket, f"{kind.value}_due_at", moment)
    ticket.next_due_at = min((moment for moment in due.values() if moment is not None), default=None)
    ticket.clocks_paused_at = _paused_at(course)


def is_over(ticket: Ticket) -> bool:
    """Whether no clock of it runs any more."""
    return ticket.status in _FINISHED or ticket.merged_into_id is not None


def _promise_nothing(ticket: Ticket) -> None:
    ticket.resolution_due_at = ticket.next_due_at = ticket.next_alarm_at = ticket.clocks_paused_at = None
    if ticket.first_response_at is None:
        ticket.first_response_due_at = None


def _terms(ticket: Ticket, department: str | None, known: Levels) -> dict[str, Any] | None:
    policy = known.policy_for(ticket.priority, ticket.category, department)
    if policy is None:
        return None
    return {
        "policy": policy.key,
        "title": policy.title,
        "calendar": policy.calendar,
        **{kind.value: policy.minutes(kind) for kind in Kind},
    }


# --- from the log


@dataclass(frozen=True)
class _Past:
    """What happened to tickets.

    Attributes:
        families: each with those merged into it, directly or through others.
        moves: when each of all these went to which status.
        told: of each, what was told of its time and still holds: by clock and kind the number of the last time.
    """

    families: Mapping[UUID, Sequence[Ticket]]
    moves: Mapping[UUID, Sequence[tuple[datetime, str]]]
    told: Mapping[UUID, dict[tuple[str, str], int]]


def _past(session: Session, tickets: Sequence[Ticket]) -> _Past:
    families = _families(session, tickets)
    ids = [each.id for family in families.values() for each in family]
    return _Past(families, _moves(session, ids), _told(session, list(families)))


def course_of(session: Session, ticket: Ticket, known: Levels) -> Course | None:
    """How the clocks of a ticket go; None when nothing is promised. Of one that others were merged into, the waiting of
    all counts.
    """
    return _course(ticket, known, _past(session, [ticket])) if _is_measured(ticket, known) else None


def _course(ticket: Ticket, known: Levels, past: _Past) -> Course | None:
    if not _is_measured(ticket, known):
        return None
    terms = ticket.service_terms or {}
    members = past.families[ticket.id]
    ran = {each.id: stretches(each.created_at, past.moves.get(each.id, ())) for each in members}
    found = {Kind.RESOLUTION: union(ran.values())}
    if ticket.first_response_at is None:
        unanswered = [ran[each.id] for each in members if each.first_response_at is None]
        found[Kind.FIRST_RESPONSE] = union(unanswered)
    return Course(terms, known.calendars[terms["calendar"]], found)


def _families(session: Session, tickets: Sequence[Ticket]) -> dict[UUID, list[Ticket]]:
    """Each of these tickets with those merged into it, directly or through others."""
    found = {ticket.id: [ticket] for ticket in tickets}
    family = {ticket.id: ticket.id for ticket in tickets}
    newest = list(family)
    while newest:
        asked = select(Ticket).where(Ticket.merged_into_id.in_(newest), Ticket.id.not_in(list(family)))
        more = list(session.scalars(asked))
        for each in more:
            assert each.merged_into_id is not None
            family[each.id] = family[each.merged_into_id]
            found[family[each.id]].append(each)
        newest = [each.id for each in more]
    return found


def _moves(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[tuple[datetime, str]]]:
    """When each ticket went to which status."""
    found: dict[UUID, list[tuple[datetime, str]]] = {}
    if not ids:
        return found
    columns = (Change.ticket_id, Change.at, Change.action, Change.after)
    asked = select(*columns).where(Change.ticket_id.in_(ids), Change.action.in_(_MOVES)).order_by(Change.id)
    for ticket_id, at, action, after in session.execute(asked):
        # Merging closes; what stands in its line is the survivor.
        to = Status.CLOSED.value if action == "merged" else (after or {})["status"]
        found.setdefault(ticket_id, []).append((at, to))
    return found


def _told(session: Session, ids: Sequence[UUID]) -> dict[UUID, dict[tuple[str, str], int]]:
    found: dict[UUID, dict[tuple[str, str], int]] = {}
    if not ids:
        return found
    columns = (Alarm.ticket_id, Alarm.clock, Alarm.kind, Alarm.number)
    asked = select(*columns).where(Alarm.ticket_id.in_(ids), Alarm.withdrawn_at.is_(None))
    for ticket_id, of_clock, kind, number in session.execute(asked):
        told = found.setdefault(ticket_id, {})
        told[of_clock, kind] = max(number, told.get((of_clock, kind), 0))
    return found


def stretches(opened_at: datetime, moves: Iterable[tuple[datetime, str]]) -> list[Stretch]:
    """In which time a ticket's clocks ran, from where it went and when."""
    found: list[Stretch] = []
    since: datetime | None = opened_at
    for at, status in moves:
        stopped = status in _FINISHED or status == Status.WAITING
        if stopped and since is not None:
            found.append((since, at))
            since = None
        elif not stopped and since is None:
            since = at
    return found if since is None else [*found, (since, None)]


def union(several: Iterable[Sequence[Stretch]]) -> list[Stretch]:
    """The time in which at least one of them ran."""
    found: list[Stretch] = []
    for begin, end in sorted((each for some in several for each in some), key=lambda each: each[0]):
        last = found[-1] if found else None
        if last is not None and (last[1] is None or begin <= last[1]):
            later = None if last[1] is None or end is None else max(last[1], end)
            found[-1] = (last[0], later)
        else:
            found.append((begin, end))
    return found


def when(calendar: Calendar, ran: Sequence[Stretch], target: timedelta) -> datetime | None:
    """The moment at which a clock that ran like this has measured so much; None when it stands still before that."""
    left = target
    for begin, end in ran:
        if end is None:
            try:
                return add(calendar, begin, left)
            except NeverOpen:
                return None
        passed = between(calendar, begin, end)
        if passed >= left:
            return add(calendar, begin, left)
        left -= passed
    return None


def _paused_at(course: Course) -> datetime | None:
    last = course.stretches[Kind.RESOLUTION][-1:]
    return last[0][1] if last else None


# --- alarms to come


def _moments(course: Course, kind: Kind, policy: Policy | None, told: Mapping[tuple[str, str], int]) -> list[datetime]:
    """When the next warning and the next telling of one clock are."""
    due = course.due(kind)
    if due is None:
        soon = warning(course, kind, policy)
        return [soon] if soon is not None and (kind.value, "soon") not in told else []
    if (kind.value, "breached") in told:
        again = repeat(course, kind, policy, told[kind.value, "breached"] + 1)
        return [again] if again is not None else []
    soon = warning(course, kind, policy)
    return [due, soon] if soon is not None and (kind.value, "soon") not in told else [due]


def warning(course: Course, kind: Kind, policy: Policy | None) -> datetime | None:
    """When somebody is warned; None: nobody is, or the clock is paused before that."""
    if policy is None or not policy.warn_at:
        return None
    return course.due(kind, policy.warn_at)


def repeat(course: Course, kind: Kind, policy: Policy | None, number: int) -> datetime | None:
    """When they are told for the so-many-th time again; not while the requester is waited for."""
    due = course.due(kind)
    running = course.stretches[kind][-1][1] is None
    if policy is None or due is None or not running or not policy.repeat_every or number > policy.repeat_most:
        return None
    try:
        return add(course.calendar, due, timedelta(minutes=policy.repeat_every) * number)
    except NeverOpen:
        return None


def told_of(session: Session, ticket_id: UUID) -> dict[tuple[str, str], int]:
    """What was told already and still holds: by clock and kind the number of the last time."""
    return _told(session, [ticket_id]).get(ticket_id, {})


def _withdraw(
    session: Session, ticket: Ticket, course: Course, policy: Policy | None, told: Mapping[tuple[str, str], int]
) -> dict[tuple[str, str], int]:
    """A clock that got more time, so that what was told is no longer so, is told of anew when its time comes.

    Returns:
        What was told and still holds.
    """
    now = clock.now()
    moments = {
        (kind.value, name): moment
        for kind in course.stretches
        for name, moment in (("breached", course.due(kind)), ("soon", warning(course, kind, policy)))
    }
    gone = [each for each in told if each in moments and ((moment := moments[each]) is None or moment > now)]
    for of_clock, name in gone:
        ours = (Alarm.ticket_id == ticket.id, Alarm.clock == of_clock, Alarm.kind == name)
        session.execute(update(Alarm).where(*ours, Alarm.withdrawn_at.is_(None)).values(withdrawn_at=now))
    return {each: number for each, number in told.items() if each not in gone}
