"""Making one ticket of two, or two of one, taking that back; and saying that two are about the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from helpsage import settings
from helpsage.db.session import reading, transaction
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.schema.events import KeptTicket
from helpsage.tickets import categories, changing, merge, split
from helpsage.tickets import words as texts
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Ticket
from helpsage.tokens.answers import Keyed
from helpsage.triage import twins
from helpsage.triage.models import Twin
from helpsage.triage.twins import NoTwin
from helpsage.web.api import models, route, seen, words
from helpsage.web.api.access import Caller, TicketReader, TicketWriter
from helpsage.web.api.answers import MaybeIfMatch, json, refuse_stale
from helpsage.web.api.once import Done, MaybeKeyed, once
from helpsage.web.api.problems import Refused, in_body, responses
from helpsage.web.api.route import Reference
from helpsage.web.api.seen import Seen

router = route.router("merging")
_REFUSALS = responses(404, 409, 412, 413, 415)

Other = Annotated[str, Path(pattern=r"^HS-[0-9]{1,12}$", examples=["HS-1043"])]
Work = Callable[[Session, Ticket], Ticket]


@router.post("/tickets/{reference}/merge", response_model=KeptTicket, responses=_REFUSALS)
def merge_ticket(
    who: TicketWriter, reference: Reference, asked: models.Merge, key: MaybeKeyed, if_match: MaybeIfMatch = None
) -> Response:
    """Let a ticket go on as another one, which is the answer. Nothing is copied and nothing lost: `unmerge` gives both
    threads back.
    """

    def work(session: Session, ticket: Ticket) -> Ticket:
        into = _worked_on(session, who, asked.into, Action.MERGE, "into")
        return merge.merge(session, ticket, into, who.actor, asked.reason, asked.other_person)

    return _done(who, reference, Action.MERGE, key, if_match, work)


@router.post("/tickets/{reference}/unmerge", response_model=KeptTicket, responses=_REFUSALS)
def unmerge_ticket(
    who: TicketWriter, reference: Reference, asked: models.Why, key: MaybeKeyed, if_match: MaybeIfMatch = None
) -> Response:
    """Undo a merge: the ticket stands where it stood, and gets back what was meant for it meanwhile."""

    def work(session: Session, ticket: Ticket) -> Ticket:
        return merge.unmerge(session, ticket, who.actor, asked.reason)

    return _done(who, reference, Action.MERGE, key, if_match, work)


@router.post("/tickets/{reference}/split", status_code=201, response_model=KeptTicket, responses=_REFUSALS)
def split_ticket(
    who: TicketWriter, reference: Reference, asked: models.Split, key: MaybeKeyed, if_match: MaybeIfMatch = None
) -> Response:
    """Take a second problem out of a thread: a new ticket of the same person with these pieces of it."""

    def work(session: Session, ticket: Ticket) -> Ticket:
        if not texts.visible(texts.clean(asked.subject)):
            raise in_body(words.NO_SUBJECT, "subject")
        if asked.category is not None and asked.category not in categories.load():
            raise in_body(words.NO_SUCH["category"], "category")
        category = asked.category or ticket.category
        return split.split(session, ticket, asked.entries, asked.subject, category, who.actor, reason=asked.reason)

    return _done(who, reference, Action.SPLIT, key, if_match, work, status=201)


@router.post("/tickets/{reference}/rejoin", response_model=KeptTicket, responses=_REFUSALS)
def rejoin_ticket(
    who: TicketWriter, reference: Reference, asked: models.Why, key: MaybeKeyed, if_match: MaybeIfMatch = None
) -> Response:
    """Undo a split. The answer is the first ticket, which has its words again."""

    def work(session: Session, ticket: Ticket) -> Ticket:
        return split.rejoin(session, ticket, who.actor, asked.reason)

    return _done(who, reference, Action.SPLIT, key, if_match, work)


@router.get("/tickets/{reference}/links", response_model=models.LinkList, responses=responses(404))
def list_links(who: TicketReader, reference: Reference) -> Response:
    """Tickets that are, or may be, about the same; for staff, who see those that they may see."""
    with reading() as session:
        ticket = _worked_on(session, who, reference, Action.SEE_TICKET)
        found = [
            _link(twin, other)
            for twin, other in twins.of_ticket(session, ticket)
            if permissions.may(who, Action.SEE_TICKET, other)
        ]
        return json(models.LinkList(items=found))


@router.put("/tickets/{reference}/links/{other}", response_model=models.Link, responses=responses(404, 409))
def link_tickets(who: TicketWriter, reference: Reference, other: Other) -> Response:
    """Say that two tickets are about the same. Saying it again changes nothing."""
    with transaction() as session:
        ticket, linked = _pair(session, who, reference, other)
        return json(_link(twins.link(session, ticket, linked, who.actor), linked))


@router.delete("/tickets/{reference}/links/{other}", status_code=204, responses=responses(404, 409))
def part_tickets(who: TicketWriter, reference: Reference, other: Other) -> Response:
    """Say that they are not; the desk does not offer it again."""
    with transaction() as session:
        ticket, linked = _pair(session, who, reference, other)
        try:
            twins.dismiss(session, ticket, linked, who.actor)
        except NoTwin as error:
            raise Refused("not_found") from error
    return Response(status_code=204)


def _pair(session: Session, who: Caller, reference: str, other: str) -> tuple[Ticket, Ticket]:
    if reference == other:
        raise Refused("no_merge", words.MERGES["itself"])
    ticket = _worked_on(session, who, reference, Action.MERGE)
    return ticket, _worked_on(session, who, other, Action.MERGE)


def _worked_on(session: Session, who: Caller, reference: str, action: Action, field: str = "") -> Ticket:
    """The ticket, when the caller may do this with it.

    Parameters:
        field: of the body, in which it is named.

    Raises:
        Refused, TicketNotFound, permissions.Forbidden
    """
    try:
        found = seen.ticket(session, who, reference)
    except TicketNotFound as error:
        if not field:
            raise
        raise in_body(words.NO_SUCH["ticket"], field) from error
    return _allowed(who, found, action)


def _allowed(who: Caller, found: Seen, action: Action) -> Ticket:
    if not found.as_staff:
        raise permissions.Forbidden(action)
    permissions.require(who, action, found.ticket)
    return found.ticket


def _done(
    who: Caller, reference: str, action: Action, key: Keyed | None, if_match: str | None, work: Work, status: int = 200
) -> Response:
    """Do it once, and show the ticket that goes on.

    Raises:
        Refused, permissions.Forbidden, and what the ticket package refuses
    """

    def doing(session: Session) -> Done:
        ticket = _worked_on(session, who, reference, action)
        if if_match is not None:
            refuse_stale(if_match, changing.locked(session, ticket, merged_too=True).version)
        result = work(session, ticket)
        session.flush()
        kept = seen.shown(session, Seen(result, True))
        headers = {"ETag": seen.etag(kept)}
        if status == 201:
            headers["Location"] = f"{settings.get().web_url}{route.BASE}/tickets/{kept.reference}"
        return Done(kept, status, headers, result.id)

    return once(key, doing)


def _link(twin: Twin, other: Ticket) -> models.Link:
    return models.Link.model_validate(
        {
            "reference": other.reference,
            "subject": other.subject,
            "status": other.status,
            "state": twin.state,
            "score": twin.score,
            "because": [str(one) for one in twin.because],
        }
    )
