"""The same change to many tickets at once, and its undoing.

Each ticket is changed by the same functions as on its own page, with the same log and events, and for itself: one that
cannot be changed is told and holds up none of the others. What was changed is written down, so that it can be undone
while nobody has changed the same thing again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, delete, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from helpsage import clock
from helpsage.db.base import Base
from helpsage.people import permissions
from helpsage.people.permissions import Action, Viewer
from helpsage.tickets import changing, placing, service, tags
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import IllegalTransition, StaleTicket, TicketError, TicketMerged, TicketNotFound
from helpsage.tickets.models import Priority, Status, Ticket
from helpsage.tickets.placing import UnknownPlace
from helpsage.tickets.tags import InvalidTag

Kind = Literal["status", "priority", "assignee", "team", "tag", "untag"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MOST_TICKETS = 200
#: For so long a change can be undone.
UNDONE_WITHIN = timedelta(hours=24)
KEPT = timedelta(days=30)
_KEY_LOCK = 1_010

ACTIONS: Mapping[Kind, Action] = {
    "status": Action.CHANGE_STATUS,
    "priority": Action.CHANGE_PRIORITY,
    "assignee": Action.ASSIGN,
    "team": Action.CHANGE_TEAM,
    "tag": Action.TAG,
    "untag": Action.TAG,
}


class InvalidBulk(TicketError):
    """A change that cannot be made to anything.

    Attributes:
        problem: `nothing_chosen`, `too_many`, `unknown_value`, `too_late`, `undone`.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


class BulkNotFound(TicketError):
    """No such change, or somebody else's."""


@dataclass(frozen=True)
class Wish:
    """What is to be done.

    Attributes:
        to: a status, a priority, an account's or team's id (empty: none), or a tag.
    """

    kind: Kind
    to: str


@dataclass(frozen=True)
class Chosen:
    """A ticket as it was on the screen; without a version, as it is."""

    reference: str
    version: int | None = None


class BulkChange(Base):
    """One change to many tickets."""

    __tablename__ = "bulk_change"
    __table_args__ = (UniqueConstraint("account_id", "key"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    #: Of the form: sent twice it is done once.
    key: Mapped[str]
    change: Mapped[dict[str, Any]]
    #: `[{"ticket": id, "reference": "HS-1042", "before": "open", "after": "closed"}]`
    done: Mapped[list[Any]]
    #: `[{"reference": "HS-1043", "problem": "changed"}]`
    refused: Mapped[list[Any]]
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    undone_at: Mapped[datetime | None]


def apply(session: Session, viewer: Viewer, actor: Actor, chosen: Sequence[Chosen], wish: Wish, key: str) -> BulkChange:
    """Change every chosen ticket that can be changed; the outcome says which were, and why the others were not.

    Problems: `not_found` (or not to be seen), `forbidden`, `changed` (since it was on the screen), `illegal`, `merged`,
    `too_many` tags.

    Raises:
        InvalidBulk
    """
    already = with_key(session, viewer.account_id, key)
    if already is not None:
        return already
    if not chosen:
        raise InvalidBulk("nothing_chosen")
    if len(chosen) > MOST_TICKETS:
        raise InvalidBulk("too_many")
    work = _work(wish)
    outcome = BulkChange(
        account_id=viewer.account_id, key=key, change={"kind": wish.kind, "to": wish.to}, done=[], refused=[]
    )
    done: list[Any] = []
    refused: list[Any] = []
    for found, each in _found(session, chosen):
        problem, before, after = _changed(session, viewer, actor, found, each, wish, work)
        if problem:
            refused.append({"reference": each.reference, "problem": problem})
        elif found is not None and before != after:
            row = {"ticket": str(found.id), "reference": found.reference, "before": before, "after": after}
            done.append(row)
    outcome.done, outcome.refused, outcome.at = done, refused, clock.now()
    session.add(outcome)
    session.flush()
    return outcome


def undo(session: Session, bulk_id: UUID, viewer: Viewer, actor: Actor, reason: str) -> BulkChange:
    """Give every ticket back what it had, unless somebody has changed that since. Undoing twice is undoing once.

    Returns:
        The change; what could not be given back stands in `refused` with the problem `changed` (or another one).

    Raises:
        BulkNotFound
        InvalidBulk: `too_late`.
    """
    bulk = session.get(BulkChange, bulk_id, with_for_update=True)
    if bulk is None or bulk.account_id != viewer.account_id:
        raise BulkNotFound(str(bulk_id))
    if bulk.undone_at is not None:
        return bulk
    if clock.now() - bulk.at > UNDONE_WITHIN:
        raise InvalidBulk("too_late")
    kind: Kind = bulk.change["kind"]
    refused: list[Any] = []
    for row in sorted(bulk.done, key=lambda each: str(each["ticket"])):
        problem = _given_back(session, viewer, actor, kind, row, reason)
        if problem:
            refused.append({"reference": row["reference"], "problem": problem})
    bulk.refused, bulk.undone_at = refused, clock.now()
    session.flush()
    return bulk


def with_key(session: Session, account_id: UUID, key: str) -> BulkChange | None:
    """What was done with this form already. Its twin of the same moment waits here until the first one is done."""
    lock = {"key": f"{account_id} {key}", "purpose": _KEY_LOCK}
    session.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, :purpose))"), lock)
    return session.scalar(select(BulkChange).where(BulkChange.account_id == account_id, BulkChange.key == key))


def get(session: Session, bulk_id: UUID, account_id: UUID) -> BulkChange | None:
    """One's own change."""
    found = session.get(BulkChange, bulk_id)
    return found if found is not None and found.account_id == account_id else None


def tidy(session: Session) -> None:
    """Forget changes that nobody can undo any more."""
    session.execute(delete(BulkChange).where(BulkChange.at < clock.now() - KEPT))


def _found(session: Session, chosen: Sequence[Chosen]) -> list[tuple[Ticket | None, Chosen]]:
    """The tickets in the order in which everybody locks them."""
    found: list[tuple[Ticket | None, Chosen]] = []
    for each in {one.reference: one for one in chosen}.values():
        try:
            found.append((service.by_reference(session, each.reference), each))
        except TicketNotFound:
            found.append((None, each))
    return sorted(found, key=lambda pair: (pair[0] is None, str(pair[0].id) if pair[0] else ""))


def _changed(
    session: Session,
    viewer: Viewer,
    actor: Actor,
    ticket: Ticket | None,
    chosen: Chosen,
    wish: Wish,
    work: Callable[[Session, Ticket, Actor, int | None], object],
) -> tuple[str, Any, Any]:
    """The problem, or nothing and the value before and after."""
    if ticket is None or not permissions.may(viewer, Action.SEE_TICKET, ticket):
        return "not_found", None, None
    if not permissions.may(viewer, ACTIONS[wish.kind], ticket):
        return "forbidden", None, None
    try:
        with session.begin_nested():
            ticket = changing.locked(session, ticket, chosen.version)
            before = _value(ticket, wish.kind)
            work(session, ticket, actor, None)
            return "", before, _value(ticket, wish.kind)
    except StaleTicket:
        return "changed", None, None
    except TicketMerged:
        return "merged", None, None
    except IllegalTransition:
        return "illegal", None, None
    except InvalidTag as error:
        return error.problem, None, None


def _work(wish: Wish) -> Callable[[Session, Ticket, Actor, int | None], object]:
    """What is done to each ticket.

    Raises:
        InvalidBulk: `unknown_value`.
    """
    try:
        match wish.kind:
            case "status":
                status = Status(wish.to)
                return lambda s, t, a, v: (
                    service.escalate(s, t, a, "", v)
                    if status is Status.ESCALATED
                    else service.change_status(s, t, status, a, "", v)
                )
            case "priority":
                priority = Priority(wish.to)
                return lambda s, t, a, v: service.change_priority(s, t, priority, a, "", v)
            case "assignee":
                account_id = UUID(wish.to) if wish.to else None
                return lambda s, t, a, v: placing.give(s, t, account_id, a, v)
            case "team":
                team_id = UUID(wish.to) if wish.to else None
                return lambda s, t, a, v: placing.change_team(s, t, team_id, a, "", v)
            case "tag":
                added = tags.normal(wish.to)
                return lambda s, t, a, v: tags.change(s, t, a, add=[added], expected_version=v)
            case "untag":
                removed = tags.normal(wish.to)
                return lambda s, t, a, v: tags.change(s, t, a, remove=[removed], expected_version=v)
    except (ValueError, InvalidTag) as error:
        raise InvalidBulk("unknown_value") from error


def _value(ticket: Ticket, kind: Kind) -> Any:
    match kind:
        case "status":
            return {"status": ticket.status, "priority": ticket.priority}
        case "priority":
            return ticket.priority
        case "assignee":
            return changing.id_or_none(ticket.assignee_id)
        case "team":
            return changing.id_or_none(ticket.team_id)
        case _:
            return list(ticket.tags)


def _given_back(session: Session, viewer: Viewer, actor: Actor, kind: Kind, row: Mapping[str, Any], reason: str) -> str:
    """Give one ticket back what it had; the problem when that cannot be."""
    try:
        with session.begin_nested():
            ticket = changing.locked(session, service.by_id(session, UUID(row["ticket"])))
            # Who gave a ticket away may take that back, though the ticket is no longer theirs to see.
            moved_away = kind in ("assignee", "team")
            if not moved_away and not permissions.may(viewer, ACTIONS[kind], ticket):
                return "forbidden"
            if _value(ticket, kind) != row["after"]:
                return "changed"
            _restore(session, ticket, actor, kind, row["before"], reason)
            return ""
    except (TicketMerged, TicketNotFound, UnknownPlace):
        return "changed"


def _restore(session: Session, ticket: Ticket, actor: Actor, kind: Kind, before: Any, reason: str) -> None:
    match kind:
        case "status":
            # Not through the lifecycle: this is no move, it takes one back.
            changing.move(session, ticket, Status(before["status"]), actor, reason, changing.touch(ticket))
            if before["priority"] != ticket.priority:
                service.change_priority(session, ticket, before["priority"], actor, reason)
        case "priority":
            service.change_priority(session, ticket, before, actor, reason)
        case "assignee":
            service.assign(session, ticket, UUID(before) if before else None, actor)
        case "team":
            placing.change_team(session, ticket, UUID(before) if before else None, actor, reason)
        case _:
            tags.change(session, ticket, actor, add=before, remove=[tag for tag in ticket.tags if tag not in before])
