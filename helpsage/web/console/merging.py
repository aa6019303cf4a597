"""Making one ticket of two, or two of one, and taking that back."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.tickets import categories, merge, split
from helpsage.tickets import words as texts
from helpsage.tickets.errors import InvalidMerge, TicketNotFound
from helpsage.tickets.models import Ticket
from helpsage.web.console import said, ticket
from helpsage.web.console.attempt import Agent, Attempt, Hidden, attempted, checked, refused, visible

router = APIRouter(include_in_schema=False, prefix="/agent/tickets/{reference}")

Typed = Annotated[str, Form()]


@router.post("/merge", dependencies=checked)
def merge_into(
    request: Request,
    who: Agent,
    reference: str,
    hidden: Hidden,
    into: Typed = "",
    reason: Typed = "",
    other_person: Typed = "",
) -> Response:
    """Let it go on as another ticket."""
    attempt = Attempt("merge", {"into": into, "reason": reason, "other_person": other_person}, hidden.seen)

    def work(session: Session, found: Ticket) -> None:
        target = visible(session, who, into)
        permissions.require(who, Action.MERGE, target)
        merge.merge(session, found, target, who.actor, reason, bool(other_person), hidden.version)

    try:
        return attempted(request, who, reference, Action.MERGE, attempt, work, ticket.draw)
    except TicketNotFound as error:
        if str(error) != into:
            raise
        told = said.NO_SUCH_TICKET.format(written=texts.shortened(texts.clean(into), 40) or "–")
        return refused(request, who, reference, attempt, told, ticket.draw)


@router.post("/unmerge", dependencies=checked)
def unmerge(request: Request, who: Agent, reference: str, hidden: Hidden) -> Response:
    """Undo a merge."""

    def work(session: Session, found: Ticket) -> None:
        merge.unmerge(session, found, who.actor)

    attempt = Attempt("unmerge", {}, hidden.seen)
    return attempted(request, who, reference, Action.MERGE, attempt, work, ticket.draw)


@router.post("/split", dependencies=checked)
def split_off(
    request: Request,
    who: Agent,
    reference: str,
    hidden: Hidden,
    entry: Annotated[tuple[str, ...], Form()] = (),
    subject: Typed = "",
    category: Typed = "",
    reason: Typed = "",
) -> Response:
    """Make a ticket of its own of the chosen messages, and show the old one, which says where they are."""
    typed = {"subject": subject, "category": category, "reason": reason, "entries": " ".join(entry)}
    attempt = Attempt("split", typed, hidden.seen)
    if not texts.visible(texts.clean(subject)) or len(texts.clean(subject)) > texts.LONGEST_SUBJECT:
        attempt.problems = {"subject": said.MERGE_PROBLEMS["no_subject"]}
        return refused(request, who, reference, attempt, said.MERGE_PROBLEMS["no_subject"], ticket.draw)

    def work(session: Session, found: Ticket) -> None:
        known = category if category in categories.load() else found.category
        key = hidden.key_of("split")
        chosen = [_entry_id(each) for each in entry]
        split.split(session, found, chosen, subject, known, who.actor, key, reason, hidden.version)

    return attempted(request, who, reference, Action.SPLIT, attempt, work, ticket.draw)


@router.post("/rejoin", dependencies=checked)
def rejoin(request: Request, who: Agent, reference: str, hidden: Hidden) -> Response:
    """Undo a split."""

    def work(session: Session, found: Ticket) -> None:
        split.rejoin(session, found, who.actor)

    attempt = Attempt("rejoin", {}, hidden.seen)
    return attempted(request, who, reference, Action.SPLIT, attempt, work, ticket.draw)


def _entry_id(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError as error:
        raise InvalidMerge("foreign_entry") from error
