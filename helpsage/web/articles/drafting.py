"""An article of what was answered on a ticket: the agents' public replies, without what is personal."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.tickets import categories, service
from helpsage.tickets.models import Entry, Ticket
from helpsage.triage.masking import masked
from helpsage.web.access import SignedIn
from helpsage.web.articles import editing, forms, words
from helpsage.web.articles.forms import LIMITS, PATH, Sent, Typed
from helpsage.web.console.attempt import Agent, visible

router = APIRouter(include_in_schema=False, prefix=f"{PATH}/from/{{reference}}")


@router.get("")
def begin(request: Request, who: Agent, reference: str) -> Response:
    """The editor with the answers in it. Nothing is kept until it is saved.

    Raises:
        TicketNotFound: there is none, or none of theirs.
    """
    with transaction() as session:
        typed = _draft(session, _ticket(session, who, reference))
    return editing.draw_new(request, who, typed)


@router.post("", dependencies=forms.checked)
def create(request: Request, who: Agent, reference: str, sent: Sent) -> Response:
    """Keep it as a draft.

    Raises:
        TicketNotFound
    """
    with transaction() as session:
        sent.ticket = _ticket(session, who, reference).reference
    return editing.created(request, who, sent)


def _ticket(session: Session, who: SignedIn, reference: str) -> Ticket:
    permissions.require(who, Action.WRITE_ARTICLES)
    return visible(session, who, reference)


def _draft(session: Session, ticket: Ticket) -> Typed:
    answers = [entry for entry in service.thread(session, ticket, public_only=True) if entry.author_kind == "agent"]
    names = _names(ticket, answers)
    known = categories.load().get(ticket.category)
    return Typed(
        title=masked(ticket.subject, names)[: LIMITS["title"]],
        body="\n\n".join(masked(entry.body, names).strip() for entry in answers)[: LIMITS["body"]],
        category=words.OF_GROUPS.get(known.group.name, known.group.name) if known is not None else "",
        note=words.FROM_TICKET.format(reference=ticket.reference),
        ticket=ticket.reference,
    )


def _names(ticket: Ticket, answers: Iterable[Entry]) -> list[str]:
    """Of everybody who may stand in the words."""
    return [ticket.requester.name, *{entry.author_name for entry in answers}]
