"""Changing a ticket: each field by the rules of the desk, all of them or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.departments.models import Team
from helpsage.people import accounts, permissions
from helpsage.people.permissions import Action, Forbidden
from helpsage.tickets import changing, details, placing, service, tags
from helpsage.tickets.models import Status, Ticket
from helpsage.tickets.placing import UnknownPlace
from helpsage.tickets.tags import InvalidTag
from helpsage.web.api import words
from helpsage.web.api.access import Caller
from helpsage.web.api.answers import refuse_stale
from helpsage.web.api.models import TicketChange
from helpsage.web.api.problems import Refused, in_body
from helpsage.web.api.seen import Seen

ESCALATED, OPEN = Status.ESCALATED.value, Status.OPEN.value
#: What whoever asked may do with their own ticket.
_OWN = {Status.CLOSED.value: Action.CLOSE_OWN, Status.OPEN.value: Action.REOPEN_OWN}
#: What each field needs. Its order is the order of the changes: where the ticket stands comes last.
_NEEDED: Mapping[str, Action] = {
    "category": Action.CHANGE_CATEGORY,
    "team": Action.CHANGE_TEAM,
    "assignee": Action.ASSIGN,
    "priority": Action.CHANGE_PRIORITY,
    "tags": Action.TAG,
    "details": Action.CHANGE_DETAILS,
    "status": Action.CHANGE_STATUS,
}
#: Fields that are never null.
_SET = ("category", "priority", "tags", "details", "status")


def change(session: Session, who: Caller, found: Seen, asked: TicketChange, if_match: str | None) -> Seen:
    """Make every change.

    Raises:
        Refused, permissions.Forbidden, and what the ticket package refuses: nothing was changed then.
    """
    given = [name for name in _NEEDED if name in asked.model_fields_set]
    for name in given:
        if name in _SET and getattr(asked, name) is None:
            raise in_body(words.NOT_NULL, name)
    _require(who, found, asked, given)
    ticket = changing.locked(session, found.ticket)
    refuse_stale(if_match, ticket.version)
    for name in given:
        _CHANGES[name](session, who, ticket, asked)
    session.flush()
    return Seen(ticket, found.as_staff)


def _require(who: Caller, found: Seen, asked: TicketChange, given: list[str]) -> None:
    if found.as_staff:
        for name in given:
            escalates = name == "status" and asked.status == ESCALATED
            permissions.require(who, Action.ESCALATE if escalates else _NEEDED[name], found.ticket)
        return
    for name in given:
        own = _OWN.get(asked.status or "") if name == "status" else None
        if own is None:
            raise Forbidden(_NEEDED[name])
        permissions.require(who, own, found.ticket)


def _status(session: Session, who: Caller, ticket: Ticket, asked: TicketChange) -> None:
    if asked.status == ESCALATED:
        service.escalate(session, ticket, who.actor, asked.reason)
    elif asked.status == OPEN and not who.is_staff:
        service.reopen(session, ticket, who.actor, asked.reason)
    elif asked.status is not None:
        service.change_status(session, ticket, asked.status, who.actor, asked.reason)


def _priority(session: Session, who: Caller, ticket: Ticket, asked: TicketChange) -> None:
    service.change_priority(session, ticket, asked.priority or ticket.priority, who.actor, asked.reason)


def _category(session: Session, who: Caller, ticket: Ticket, asked: TicketChange) -> None:
    details.change_category(session, ticket, asked.category or ticket.category, who.actor, asked.reason)


def _team(session: Session, who: Caller, ticket: Ticket, asked: TicketChange) -> None:
    wanted = team(session, asked.team) if asked.team is not None else None
    if asked.team is not None and wanted is None:
        raise UnknownPlace(asked.team)
    placing.change_team(session, ticket, wanted.id if wanted is not None else None, who.actor, asked.reason)


def _assignee(session: Session, who: Caller, ticket: Ticket, asked: TicketChange) -> None:
    account = accounts.by_email(session, asked.assignee) if asked.assignee is not None else None
    try:
        if asked.assignee is not None and account is None:
            raise UnknownPlace(asked.assignee)
        placing.give(session, ticket, account.id if account is not None else None, who.actor, reason=asked.reason)
    except UnknownPlace as error:
        raise in_body(words.NO_SUCH["assignee"], "assignee") from error


def _tags(session: Session, who: Caller, ticket: Ticket, asked: TicketChange) -> None:
    wanted = [normal_tag(tag) for tag in asked.tags or ()]
    tags.change(session, ticket, who.actor, add=wanted, remove=[tag for tag in ticket.tags if tag not in wanted])


def _details(session: Session, who: Caller, ticket: Ticket, asked: TicketChange) -> None:
    answers = asked.details or {}
    known = details.questions_of(ticket)
    for name in answers:
        if name not in known and name not in ticket.details:
            raise in_body(words.NO_SUCH["question"], "details", name)
    details.change(session, ticket, {name: value or "" for name, value in answers.items()}, who.actor)


_CHANGES: Mapping[str, Callable[[Session, Caller, Ticket, TicketChange], None]] = {
    "category": _category,
    "team": _team,
    "assignee": _assignee,
    "priority": _priority,
    "tags": _tags,
    "details": _details,
    "status": _status,
}


def team(session: Session, key: str) -> Team | None:
    """The team in use that goes by this key."""
    return session.scalar(select(Team).where(Team.key == key, Team.archived_at.is_(None)))


def normal_tag(written: str) -> str:
    """A tag as it is kept.

    Raises:
        Refused
    """
    try:
        return tags.normal(written)
    except InvalidTag as error:
        raise Refused("invalid", words.TAGS[error.problem]) from error
