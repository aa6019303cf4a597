"""What a table of rules would have done with the last weeks' tickets, beside another table. Nothing is changed.

Someone waits for the answer: tickets that look the same to the rules are tried once, and when time runs out the newest
ones that were looked at by then have to do, and the page says so.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments.models import Department
from helpsage.tickets.models import REFERENCE_PREFIX, Ticket
from helpsage.triage.models import ReadingRow
from helpsage.triage.rules import UNSURE, Case, Rule, Table

DAYS = 30
#: Tickets that are looked at, the newest.
MOST = 20_000
#: Seconds that rules are tried for.
LONGEST_S = 1.0
#: Tickets that are fetched at a time.
PAGE = 2_000
#: Tickets that are shown one by one.
SHOWN = 25
#: In the place of a moment that no rule asks for.
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Moved:
    """A ticket that would go elsewhere. None: no rule fits it."""

    reference: str
    subject: str
    before: Rule | None
    after: Rule | None


@dataclass(frozen=True)
class DryRun:
    """What would happen.

    Attributes:
        looked_at: tickets of these days that were read.
        fired: how often each rule would decide, by key; `""` for none.
        moved: the first of those that would go elsewhere.
        elsewhere: how many those are.
        of: how many there are; more than `looked_at`: those were the newest.
    """

    looked_at: int
    of: int
    fired: dict[str, int]
    moved: list[Moved]
    elsewhere: int


def compare(session: Session, new: Table, old: Table) -> DryRun:
    """Put the tickets of the last month before both tables, with the tags and the department they have now."""
    fired: Counter[str] = Counter()
    moved: list[Moved] = []
    elsewhere = looked_at = 0
    before, after = _Tried(old), _Tried(new)
    ends = time.monotonic() + LONGEST_S
    since = clock.now() - timedelta(days=DAYS)
    for number, subject, case in _cases(session, since):
        looked_at += 1
        was, would = before.rule(case), after.rule(case)
        fired[would.key if would else ""] += 1
        if _does(was) != _does(would):
            elsewhere += 1
            if len(moved) < SHOWN:
                moved.append(Moved(f"{REFERENCE_PREFIX}{number}", subject, was, would))
        if looked_at % PAGE == 0 and time.monotonic() > ends:
            break
    return DryRun(looked_at, max(looked_at, _count(session, since)), dict(fired), moved, elsewhere)


class _Tried:
    """A table that remembers what it decided on tickets that look the same to it."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._by_hours = any(rule.active and rule.hours is not None for rule in table.rules)
        self._known: dict[Case, Rule | None] = {}

    def rule(self, case: Case) -> Rule | None:
        """The first that fits."""
        seen = case if self._by_hours else replace(case, at=_ANY_TIME)
        if seen not in self._known:
            fired = self._table.first(seen)
            self._known[seen] = fired.rule if fired else None
        return self._known[seen]


def _count(session: Session, since: datetime) -> int:
    return session.scalar(select(func.count()).select_from(ReadingRow).where(ReadingRow.at >= since)) or 0


def _does(rule: Rule | None) -> tuple[str, ...]:
    """What matters of a rule to a ticket: another name is no change."""
    return (rule.move.value, rule.team, rule.alert.value) if rule is not None else ()


def _cases(session: Session, since: datetime) -> Iterator[tuple[int, str, Case]]:
    asked = (
        select(
            Ticket.number,
            Ticket.subject,
            Ticket.channel,
            Ticket.tags,
            Ticket.created_at,
            Department.key,
            ReadingRow.topic,
            ReadingRow.urgency,
            ReadingRow.tone,
            ReadingRow.language,
        )
        .join(ReadingRow, ReadingRow.ticket_id == Ticket.id)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .where(ReadingRow.at >= since)
        .order_by(ReadingRow.at.desc())
        .limit(MOST)
    )
    for row in session.execute(asked).yield_per(PAGE):
        yield (
            row.number,
            row.subject,
            Case(
                topic=row.topic or UNSURE,
                urgency=row.urgency,
                tone=row.tone,
                language=row.language or UNSURE,
                channel=row.channel,
                department=row.key or "",
                tags=frozenset(row.tags),
                at=row.created_at,
            ),
        )
