"""Who is told of what: one table from the outbox's events to people and targets.

A rule says who may be concerned and why; whether they want it, and where, is asked later (`telling`). The order matters
when several match one person: the first that they want somewhere is the one that is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.departments.models import TeamMember
from helpsage.notify.models import Target
from helpsage.people import permissions
from helpsage.people.models import Account, Role
from helpsage.people.permissions import Action
from helpsage.people.preferences import Event
from helpsage.tickets import followers, lifecycle, merge
from helpsage.tickets.models import Change, Entry, Status, Ticket

#: Events that cannot wait for the morning, as far as staff are concerned.
URGENT = frozenset({"ticket.alerted", "ticket.breached", "ticket.escalated"})


@dataclass(frozen=True)
class Happening:
    """An event of the outbox, with what it is about.

    Attributes:
        entry: what was written with it.
        change: the line of the log.
        actor_id: the person who did it; None: nobody, or nobody that is known.
    """

    event_id: int
    kind: str
    ticket: Ticket
    payload: Mapping[str, Any]
    entry: Entry | None = None
    change: Change | None = None
    actor_id: UUID | None = None


@dataclass(frozen=True)
class Told:
    """That somebody may be told.

    Attributes:
        ticket: the one that they know it as: of a merged one, their own.
        because: one of `words.BECAUSE`.
    """

    event: Event
    template: str
    because: str
    ticket: Ticket
    person_id: UUID | None = None
    target_id: UUID | None = None
    urgent: bool = False
    staff: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)


def happening(session: Session, event_id: int, kind: str, ticket: Ticket, payload: Mapping[str, Any]) -> Happening:
    """Read what an event speaks of."""
    entry = session.get(Entry, UUID(payload["entry_id"])) if payload.get("entry_id") else None
    change = session.get(Change, int(payload["change_id"])) if payload.get("change_id") is not None else None
    actor = UUID(payload["actor_id"]) if payload.get("actor_id") else None
    if actor is None and change is not None:
        actor = change.actor_id
    if actor is None and entry is not None:
        actor = entry.author_id
    return Happening(event_id, kind, ticket, payload, entry, change, actor)


def told_by(session: Session, what: Happening) -> list[Told]:
    """Everybody whom an event may concern, the nearest first, without whoever did it."""
    everyone = [*_requesters(session, what), *_staff(session, what), *_targets(session, what)]
    # A receipt confirms one's own doing: it is the one thing that is told to whoever did it.
    return [
        told for told in everyone if told.person_id != what.actor_id or told.event is Event.RECEIVED or told.target_id
    ]


# --- requesters


def _requesters(session: Session, what: Happening) -> Iterator[Told]:
    match what.kind:
        case "ticket.opened":
            yield _to_requester(what.ticket, Event.RECEIVED, "ticket_received")
        case "ticket.replied" if what.entry is not None and what.entry.visibility == "public":
            yield _to_requester(what.ticket, Event.REPLIED, "ticket_replied", entry_id=str(what.entry.id))
        case "ticket.status_changed" if _is_news(what):
            status = Status(what.payload["to"])
            template = "ticket_closed" if status is Status.CLOSED else "ticket_status"
            for ticket in merge.family(session, what.ticket):
                yield _to_requester(ticket, event_of(what.payload), template, status=status.value)


def _to_requester(ticket: Ticket, event: Event, template: str, **facts: Any) -> Told:
    return Told(event, template, "requester", ticket, ticket.requester_id, staff=False, facts=facts)


def _is_news(what: Happening) -> bool:
    """Where the ticket went, unless the requester did it, a reply says it, or it has moved on since."""
    status = Status(what.payload["to"])
    if what.payload.get("actor_kind") not in ("agent", "system") or what.ticket.status != status:
        return False
    return what.payload.get("entry_id") is None or status in lifecycle.FINISHED


def event_of(payload: Mapping[str, Any]) -> Event:
    """What a change of status is to the person: the end (or the end of the end), or a step on the way."""
    ends = {Status(payload["from"]), Status(payload["to"])} & lifecycle.FINISHED
    return Event.FINISHED if ends else Event.PROGRESS


# --- staff

Whom = Callable[[Session, Happening], Iterator[tuple[UUID, str, Event]]]


def _assignee(event: Event) -> Whom:
    def whom(session: Session, what: Happening) -> Iterator[tuple[UUID, str, Event]]:
        if what.ticket.assignee_id is not None:
            yield what.ticket.assignee_id, "assignee", event

    return whom


def _followers(session: Session, what: Happening) -> Iterator[tuple[UUID, str, Event]]:
    for account_id in sorted(followers.followers(session, what.ticket.id)):
        yield account_id, "follower", Event.FOLLOWED


def _team(event: Event) -> Whom:
    def whom(session: Session, what: Happening) -> Iterator[tuple[UUID, str, Event]]:
        members = select(TeamMember.account_id).where(TeamMember.team_id == what.ticket.team_id)
        for account_id in session.scalars(members.order_by(TeamMember.account_id)):
            yield account_id, "team", event

    return whom


def _leads(session: Session, what: Happening) -> Iterator[tuple[UUID, str, Event]]:
    asked = select(Account.id).where(Account.role == Role.LEAD.value, Account.disabled_at.is_(None))
    for account_id in session.scalars(asked.order_by(Account.id)):
        yield account_id, "lead", Event.ALERTED


def _leads_unless_named(session: Session, what: Happening) -> Iterator[tuple[UUID, str, Event]]:
    if not what.payload.get("accounts"):
        yield from _leads(session, what)


def _named(session: Session, what: Happening) -> Iterator[tuple[UUID, str, Event]]:
    """Whoever the event names: a policy or a rule has chosen them."""
    for account_id in what.payload.get("accounts") or ():
        yield UUID(account_id), "named", Event.ALERTED


def _new_assignee(session: Session, what: Happening) -> Iterator[tuple[UUID, str, Event]]:
    given_to = what.payload.get("to")
    if given_to and what.ticket.assignee_id == UUID(given_to):  # not when it has moved on since
        yield UUID(given_to), "assignee", Event.ASSIGNED


def _alerted(session: Session, what: Happening) -> Iterator[tuple[UUID, str, Event]]:
    """Named ones if there are; else whoever has it; else the team."""
    for whom in (_named, _assignee(Event.ALERTED), _team(Event.ALERTED)):
        found = list(whom(session, what))
        if found:
            yield from found
            return


def _called(session: Session, what: Happening) -> Iterator[tuple[UUID, str, Event]]:
    """Whom the rule that put it to the front of the queue calls: the leads, or whoever works on it."""
    yield from (_leads if what.payload.get("whom") == "leads" else _alerted)(session, what)


#: Which of the staff may be concerned by an event.
CONCERNED: Mapping[str, tuple[Whom, ...]] = MappingProxyType(
    {
        "ticket.opened": (_team(Event.TEAM),),
        "ticket.replied": (_assignee(Event.WROTE), _followers),
        "ticket.commented": (_assignee(Event.WROTE), _followers),
        "ticket.noted": (_assignee(Event.WROTE), _followers),
        "ticket.status_changed": (_followers,),
        "ticket.assigned": (_new_assignee,),
        "ticket.escalated": (_leads,),
        "ticket.alerted": (_called,),
        "ticket.due_soon": (_alerted,),
        "ticket.breached": (_alerted, _leads_unless_named),
    }
)


def _staff(session: Session, what: Happening) -> Iterator[Told]:
    if what.kind == "ticket.status_changed" and what.entry is not None:
        return  # what was said with it is told by itself
    for whom in CONCERNED.get(what.kind, ()):
        for account_id, because, event in whom(session, what):
            account = session.get(Account, account_id)
            if account is not None and _may_hear(session, account, what.ticket):
                yield Told(
                    event,
                    "staff_ticket",
                    because,
                    what.ticket,
                    account.person_id,
                    urgent=what.kind in URGENT,
                    facts=_facts(what),
                )


def _may_hear(session: Session, account: Account, ticket: Ticket) -> bool:
    """Whether they still work here, and may see the ticket."""
    if account.disabled_at is not None or account.role not in permissions.STAFF:
        return False
    return permissions.may(permissions.viewer_of(session, account), Action.SEE_TICKET, ticket)


# --- targets of teams and of the whole desk

#: What a place outside is told. Notes among staff stay inside.
OUTSIDE: Mapping[str, Event] = MappingProxyType(
    {
        "ticket.opened": Event.TEAM,
        "ticket.replied": Event.REPLIED,
        "ticket.commented": Event.WROTE,
        "ticket.assigned": Event.ASSIGNED,
        "ticket.escalated": Event.ALERTED,
        "ticket.alerted": Event.ALERTED,
        "ticket.due_soon": Event.ALERTED,
        "ticket.breached": Event.ALERTED,
    }
)


def _targets(session: Session, what: Happening) -> Iterator[Told]:
    if what.kind == "ticket.status_changed":
        event: Event | None = event_of(what.payload) if what.entry is None else None
    else:
        event = OUTSIDE.get(what.kind)
    if event is None:
        return
    ours = Target.team_id == what.ticket.team_id if what.ticket.team_id is not None else Target.team_id.is_(None)
    asked = select(Target.id).where(
        Target.person_id.is_(None),
        Target.removed_at.is_(None),
        Target.events.contains([event.value]),
        ours | Target.team_id.is_(None),
    )
    for target_id in session.scalars(asked.order_by(Target.created_at, Target.id)):
        yield Told(
            event,
            "staff_ticket",
            "team",
            what.ticket,
            target_id=target_id,
            urgent=what.kind in URGENT,
            facts=_facts(what),
        )


def _facts(what: Happening) -> dict[str, Any]:
    """What is needed to say it later: ids and plain values, no words."""
    known: dict[str, Any] = {"kind": what.kind}
    if what.entry is not None:
        known["entry_id"] = str(what.entry.id)
    if what.change is not None:
        known["change_id"] = what.change.id
    if what.actor_id is not None:
        known["actor_id"] = str(what.actor_id)
    for name in ("to", "due_at", "title"):
        if isinstance(what.payload.get(name), str):
            known[name] = what.payload[name]
    return known
