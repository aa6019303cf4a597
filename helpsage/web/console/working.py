"""What an agent does with a ticket besides writing: where it stands, who works on it, what it is about."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.people.permissions import Action
from helpsage.tickets import details, followers, placing, service, tags
from helpsage.tickets import words as texts
from helpsage.tickets.models import Priority, Status, Ticket
from helpsage.tickets.placing import UnknownPlace
from helpsage.web import words
from helpsage.web.console import asked, said, ticket
from helpsage.web.console.attempt import Agent, Attempt, Hidden, Posted, attempted, checked, refused

router = APIRouter(include_in_schema=False, prefix="/agent/tickets/{reference}")

Typed = Annotated[str, Form()]
DETAIL = "detail."


@router.post("/status", dependencies=checked)
def status(
    request: Request, who: Agent, reference: str, hidden: Hidden, to: Typed = "", reason: Typed = ""
) -> Response:
    """Another status, without words to the requester."""
    attempt = Attempt("status", {"to": to, "reason": reason}, hidden.seen)
    if to not in list(Status):
        return refused(request, who, reference, attempt, words.UNKNOWN_CHOICE, ticket.draw)

    def work(session: Session, found: Ticket) -> None:
        if to == Status.ESCALATED:
            service.escalate(session, found, who.actor, reason, hidden.version)
        else:
            service.change_status(session, found, to, who.actor, reason, hidden.version)

    action = Action.ESCALATE if to == Status.ESCALATED else Action.CHANGE_STATUS
    return attempted(request, who, reference, action, attempt, work, ticket.draw)


@router.post("/escalate", dependencies=checked)
def escalate(
    request: Request, who: Agent, reference: str, hidden: Hidden, reason: Typed = "", team: Typed = ""
) -> Response:
    """To a senior, with the reason, and to another team if one is chosen."""
    attempt = Attempt("escalate", {"reason": reason, "team": team}, hidden.seen)
    if not texts.visible(texts.clean(reason)):
        return refused(request, who, reference, attempt, said.NO_REASON, ticket.draw)

    def work(session: Session, found: Ticket) -> None:
        service.escalate(session, found, who.actor, reason, hidden.version)
        if team:
            placing.change_team(session, found, _id(team), who.actor, reason)

    return attempted(request, who, reference, Action.ESCALATE, attempt, work, ticket.draw)


@router.post("/priority", dependencies=checked)
def priority(
    request: Request, who: Agent, reference: str, hidden: Hidden, to: Typed = "", reason: Typed = ""
) -> Response:
    """Another priority."""
    attempt = Attempt("priority", {"to": to, "reason": reason}, hidden.seen)
    if to not in list(Priority):
        return refused(request, who, reference, attempt, words.UNKNOWN_CHOICE, ticket.draw)

    def work(session: Session, found: Ticket) -> None:
        service.change_priority(session, found, to, who.actor, reason, hidden.version)

    return attempted(request, who, reference, Action.CHANGE_PRIORITY, attempt, work, ticket.draw)


@router.post("/take", dependencies=checked)
def take(request: Request, who: Agent, reference: str, hidden: Hidden, give_back: Typed = "") -> Response:
    """Work on it, or give it back to the queue."""

    def work(session: Session, found: Ticket) -> None:
        service.assign(session, found, None if give_back else who.account_id, who.actor, hidden.version)

    attempt = Attempt("take", {}, hidden.seen)
    return attempted(request, who, reference, Action.ASSIGN, attempt, work, ticket.draw)


@router.post("/assign", dependencies=checked)
def assign(
    request: Request, who: Agent, reference: str, hidden: Hidden, assignee: Typed = "", team: Typed = ""
) -> Response:
    """Give it to a colleague and a team; nothing chosen leaves it as it is, `none` takes it away."""
    attempt = Attempt("assign", {"assignee": assignee, "team": team}, hidden.seen)

    def work(session: Session, found: Ticket) -> None:
        version: int | None = hidden.version
        if team and _chosen(team) != found.team_id:
            placing.change_team(session, found, _chosen(team), who.actor, "", version)
            version = None
        if assignee:
            placing.give(session, found, _chosen(assignee), who.actor, version)

    action = Action.CHANGE_TEAM if team and not assignee else Action.ASSIGN
    return attempted(request, who, reference, action, attempt, work, ticket.draw)


@router.post("/category", dependencies=checked)
def category(request: Request, who: Agent, reference: str, hidden: Hidden, to: Typed = "") -> Response:
    """What it is really about."""
    attempt = Attempt("category", {"to": to}, hidden.seen)

    def work(session: Session, found: Ticket) -> None:
        details.change_category(session, found, to, who.actor, "", hidden.version)

    return attempted(request, who, reference, Action.CHANGE_CATEGORY, attempt, work, ticket.draw)


@router.post("/details", dependencies=checked)
def change_details(request: Request, who: Agent, reference: str, hidden: Hidden, form: Posted) -> Response:
    """The answers to the category's questions."""
    typed = {name: value for name, value in form.items() if name.startswith(DETAIL) and isinstance(value, str)}
    attempt = Attempt("details", typed, hidden.seen)
    answers = {name.removeprefix(DETAIL): value for name, value in typed.items()}

    def work(session: Session, found: Ticket) -> None:
        details.change(session, found, answers, who.actor, hidden.version)

    return attempted(request, who, reference, Action.CHANGE_DETAILS, attempt, work, ticket.draw)


@router.post("/tags", dependencies=checked)
def change_tags(
    request: Request, who: Agent, reference: str, hidden: Hidden, add: Typed = "", remove: Typed = ""
) -> Response:
    """Put tags on (parted by commas), or take one off. Neither minds what else was changed meanwhile."""
    attempt = Attempt("tags", {"add": add}, hidden.seen)

    def work(session: Session, found: Ticket) -> None:
        tags.change(session, found, who.actor, add=tags.read(add), remove=[remove] if remove else [])

    return attempted(request, who, reference, Action.TAG, attempt, work, ticket.draw)


@router.post("/follow", dependencies=checked)
def follow(request: Request, who: Agent, reference: str, hidden: Hidden, stop: Typed = "") -> Response:
    """Hear of it, or no longer."""

    def work(session: Session, found: Ticket) -> None:
        if stop:
            followers.unfollow(session, found, who.account_id)
        else:
            followers.follow(session, found, who.account_id)

    attempt = Attempt("follow", {}, hidden.seen)
    return attempted(request, who, reference, Action.FOLLOW, attempt, work, ticket.draw)


def _chosen(written: str) -> UUID | None:
    return None if written == asked.NONE else _id(written)


def _id(written: str) -> UUID:
    """The id that a choice stands for.

    Raises:
        UnknownPlace: it is none.
    """
    try:
        return UUID(written)
    except ValueError as error:
        raise UnknownPlace(written) from error
