"""Sends a ticket that was read where the table of rules says, once, and takes that back when a person says so.

A person who was faster (took it, answered it, moved it) is not overruled: then only what would have been done is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.departments import service as departments
from helpsage.departments.service import Places
from helpsage.service_levels import clocks
from helpsage.tickets import changing, details, lifecycle, placing, priority, service
from helpsage.tickets.actor import Actor
from helpsage.tickets.categories import UNSORTED
from helpsage.tickets.models import Change, Priority, Status, Ticket
from helpsage.triage import rules, words
from helpsage.triage.local import CHOSEN
from helpsage.triage.models import ReadingRow, Routing
from helpsage.triage.rules import UNSURE, Case, Fired, Move, Rule

DESK = Actor("system")


class NothingToUndo(Exception):
    """The router did nothing with this ticket, or it was taken back already."""


def route(session: Session, ticket: Ticket, reading: ReadingRow) -> Routing:
    """Send it, once: whoever asks again gets what was done then."""
    return route_all(session, [(ticket, reading)])[0]


def route_all(session: Session, read: Sequence[tuple[Ticket, ReadingRow]]) -> list[Routing]:
    """Send many, each once; in the order given. They are locked until the transaction ends."""
    locked = {ticket.id for ticket in changing.lock_these(session, [ticket for ticket, _ in read])}
    with session.no_autoflush:  # nothing of it was changed here: what is to be written is written at once, behind it
        done = {row.ticket_id: row for row in session.scalars(select(Routing).where(Routing.ticket_id.in_(locked)))}
        staffed = _worked_on(session, locked)
        places = departments.places(session)
    with clocks.together(session):
        for ticket, reading in read:
            if ticket.id not in done:
                done[ticket.id] = _route(session, ticket, reading, places, ticket.id in staffed)
    return [done[ticket.id] for ticket, _ in read]


def _route(session: Session, ticket: Ticket, reading: ReadingRow, places: Places, staffed: bool) -> Routing:
    held = _held(ticket, staffed)
    if not held:
        _take_topic(session, ticket, reading, places)
    fired = rules.table().first(case_of(ticket, reading, places))
    row = Routing(ticket_id=ticket.id, at=clock.now(), move=(fired.rule.move if fired else Move.QUEUE).value, held=held)
    row.before, row.after, row.because = {}, {}, []
    # All of them have all their columns: rows that are alike go into the database in one statement.
    row.rule, row.title = (fired.rule.key, fired.rule.title) if fired is not None else ("", "")
    if fired is not None:
        row.because = words.because(fired.because)
        if not held:
            before = _standing(ticket)
            _apply(session, ticket, fired.rule, places)
            after = _standing(ticket)
            row.before = {name: value for name, value in before.items() if value != after[name]}
            row.after = {name: after[name] for name in row.before}
    ticket.routed_by = row.rule or None
    session.add(row)
    told = {"rule": row.rule, "move": row.move, "held": held, "team": changing.id_or_none(ticket.team_id)}
    changing.tell(session, ticket, "ticket.routed", DESK, told)
    if fired is not None and not held and fired.rule.move in (Move.FRONT, Move.SENIOR):
        _alert(session, ticket, fired)
    return row


def case_of(ticket: Ticket, reading: ReadingRow, places: Places) -> Case:
    """What the rules look at, of a ticket as it stands."""
    department = places.department(ticket.department_id)
    return Case(
        topic=reading.topic or UNSURE,
        urgency=reading.urgency,
        tone=reading.tone,
        language=reading.language or UNSURE,
        channel=ticket.channel,
        department=department.key if department is not None else "",
        tags=frozenset(ticket.tags),
        at=ticket.created_at,
    )


def undo(session: Session, ticket: Ticket, actor: Actor) -> Ticket:
    """Put the ticket back where it was, as far as nobody has changed it since.

    Raises:
        NothingToUndo, TicketNotFound, TicketMerged
    """
    ticket = changing.locked(session, ticket)
    row = session.get(Routing, ticket.id, with_for_update=True)
    if row is None or row.undone_at is not None or not row.before:
        raise NothingToUndo(ticket.reference)
    now = _standing(ticket)
    back = {name: value for name, value in row.before.items() if now[name] == row.after.get(name)}
    why = words.UNDONE.format(title=row.title)
    if "team" in back:
        placing.change_team(session, ticket, _id(back["team"]), actor, why)
    if "department" in back:
        ticket.department_id = _id(back["department"])
    if "priority" in back:
        service.change_priority(session, ticket, back["priority"], actor, why)
    if "status" in back:
        _stand_again(session, ticket, Status(back["status"]), actor, why)
    row.undone_at, row.undone_by_id = clock.now(), actor.person_id
    changing.tell(session, ticket, "ticket.routed_back", actor, {"rule": row.rule})
    session.flush()
    return ticket


def _stand_again(session: Session, ticket: Ticket, status: Status, actor: Actor, why: str) -> None:
    """Back to a status that the map of moves does not lead to; the person is not told that it is open "again"."""
    at = changing.touch(ticket)
    before, ticket.status = ticket.status, status.value
    changing.log(session, ticket, actor, "status", {"status": before}, {"status": status.value}, why, at)


def _worked_on(session: Session, ticket_ids: Iterable[UUID]) -> set[UUID]:
    """The tickets of these that an agent did something with."""
    by_staff = select(Change.ticket_id).where(Change.ticket_id.in_(ticket_ids), Change.actor_kind == "agent")
    # An agent may have opened it: that alone is no decision about where it goes.
    return set(session.scalars(by_staff.where(Change.action != "created").distinct()))


def _held(ticket: Ticket, staffed: bool) -> str:
    """Why the ticket is left alone; empty when it is not."""
    if ticket.merged_into_id is not None or Status(ticket.status) in lifecycle.FINISHED:
        return "finished"
    return "somebody works on it" if ticket.assignee_id is not None or staffed else ""


def _take_topic(session: Session, ticket: Ticket, reading: ReadingRow, places: Places) -> None:
    """A ticket that nobody gave a category gets the one that was read, with that one's place and priority."""
    sure = reading.topic is not None and reading.topic_version != CHOSEN
    if not sure or ticket.category != UNSORTED or ticket.conversation_id is not None or reading.topic == UNSORTED:
        return
    assert reading.topic is not None
    why = words.READ_AS.format(percent=round(100 * reading.topic_confidence))
    details.change_category(session, ticket, reading.topic, DESK, why)
    _, team_id = places.of_ticket(reading.topic, department_id=_own_home(ticket, places))
    if team_id is not None:
        placing.change_team(session, ticket, team_id, DESK, why)
    wanted, because = priority.decide(f"{ticket.subject}\n{ticket.description}", reading.topic)
    if priority.rank(wanted) > priority.rank(ticket.priority):
        service.change_priority(session, ticket, wanted, DESK, because)
    elif wanted == ticket.priority:
        ticket.priority_reason = because


def _own_home(ticket: Ticket, places: Places) -> UUID | None:
    """The department that a ticket stays in; none when it came to the one that takes what nobody else claims."""
    home = places.department(ticket.department_id)
    return home.id if home is not None and not home.is_default else None


def _apply(session: Session, ticket: Ticket, rule: Rule, places: Places) -> None:
    why = words.BY_RULE.format(title=rule.title)
    team_id = _team(ticket, rule, places)
    if team_id is not None:
        placing.change_team(session, ticket, team_id, DESK, why)
    if rule.move is Move.FRONT:
        service.change_priority(session, ticket, Priority.URGENT, DESK, why)
    elif rule.move is Move.SENIOR:
        service.escalate(session, ticket, DESK, why)


def _team(ticket: Ticket, rule: Rule, places: Places) -> UUID | None:
    """The team that a rule sends to; none leaves the ticket with the team it has."""
    if rule.team:
        found = places.team_called(rule.team)
        return found.id if found is not None else None
    if rule.move is Move.SORT:
        return places.of_ticket(UNSORTED, department_id=_own_home(ticket, places))[1]
    return None


def _alert(session: Session, ticket: Ticket, fired: Fired) -> None:
    more = {
        "rule": fired.rule.key,
        "title": fired.rule.title,
        "move": fired.rule.move.value,
        "whom": fired.rule.alert.value,
        "team": changing.id_or_none(ticket.team_id),
    }
    changing.tell(session, ticket, "ticket.alerted", DESK, more)


def _standing(ticket: Ticket) -> dict[str, Any]:
    """What a move can change."""
    return {
        "team": changing.id_or_none(ticket.team_id),
        "department": changing.id_or_none(ticket.department_id),
        "priority": ticket.priority,
        "status": ticket.status,
    }


def _id(kept: str | None) -> UUID | None:
    return UUID(kept) if kept else None
