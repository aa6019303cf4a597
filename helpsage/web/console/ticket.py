"""A ticket's page: its story, and what an agent does with it.

Each form carries the version that its writer had on the screen (`version`, and `seen`, the newest line of the log), so
that nobody overwrites what they have not read; and a key, so that sending twice is sending once.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.people.models import Account
from helpsage.tickets import categories, lifecycle, service
from helpsage.tickets.errors import IllegalTransition, InvalidText, StaleTicket
from helpsage.tickets.models import Priority, Status, Ticket
from helpsage.web import csrf, templating, words
from helpsage.web.access import CurrentStaff

router = APIRouter(include_in_schema=False, prefix="/agent/tickets/{reference}")

LONGEST_KEY = 64


@dataclass
class Attempt:
    """What someone tried to send, kept when it is refused."""

    form: str = ""
    body: str = ""
    status: str = ""
    reason: str = ""
    #: Newest line of the log that was on the screen.
    seen: int = 0
    #: Words beside the form.
    problem: str = ""
    http_status: int = 200
    stale: bool = False


@dataclass(frozen=True)
class Sent:
    """The hidden fields that every form of this page carries."""

    version: int
    seen: int
    key: str


def sent(
    version: Annotated[int, Form(ge=1)],
    seen: Annotated[int, Form(ge=0)] = 0,
    key: Annotated[str, Form(max_length=LONGEST_KEY)] = "",
) -> Sent:
    """Read them."""
    return Sent(version, seen, key)


Hidden = Annotated[Sent, Depends(sent)]
checked = [Depends(csrf.checked)]


@router.get("")
def show(request: Request, who: CurrentStaff, reference: str) -> Response:
    """The whole ticket."""
    return _page(request, reference, Attempt())


@router.post("/reply", dependencies=checked)
def reply(
    request: Request,
    who: CurrentStaff,
    reference: str,
    hidden: Hidden,
    body: Annotated[str, Form()] = "",
    status: Annotated[str, Form()] = "",
) -> Response:
    """Public words to the requester, and where the ticket goes with them."""
    attempt = Attempt(form="reply", body=body, status=status, seen=hidden.seen)
    if status and status not in list(Status):
        return _refused(request, reference, attempt, words.UNKNOWN_CHOICE)

    def work(session: Session, ticket: Ticket) -> None:
        key = _key(hidden, "reply")
        service.reply(session, ticket, body, who.actor, key, status or None, hidden.version)

    return _attempted(request, reference, attempt, work, "#newest")


@router.post("/note", dependencies=checked)
def note(
    request: Request, who: CurrentStaff, reference: str, hidden: Hidden, body: Annotated[str, Form()] = ""
) -> Response:
    """Words among staff. They add to the story and change nothing in it, so that an older view is no obstacle."""
    attempt = Attempt(form="note", body=body, seen=hidden.seen)

    def work(session: Session, ticket: Ticket) -> None:
        service.note(session, ticket, body, who.actor, _key(hidden, "note"))

    return _attempted(request, reference, attempt, work, "#newest")


@router.post("/status", dependencies=checked)
def status(
    request: Request,
    who: CurrentStaff,
    reference: str,
    hidden: Hidden,
    to: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Another status, without words to the requester."""
    attempt = Attempt(form="status", status=to, reason=reason, seen=hidden.seen)
    if to not in list(Status):
        return _refused(request, reference, attempt, words.UNKNOWN_CHOICE)

    def work(session: Session, ticket: Ticket) -> None:
        if to == Status.ESCALATED:
            service.escalate(session, ticket, who.actor, reason, hidden.version)
        else:
            service.change_status(session, ticket, to, who.actor, reason, hidden.version)

    return _attempted(request, reference, attempt, work)


@router.post("/priority", dependencies=checked)
def priority(
    request: Request,
    who: CurrentStaff,
    reference: str,
    hidden: Hidden,
    to: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
) -> Response:
    """Another priority."""
    attempt = Attempt(form="priority", status=to, reason=reason, seen=hidden.seen)
    if to not in list(Priority):
        return _refused(request, reference, attempt, words.UNKNOWN_CHOICE)

    def work(session: Session, ticket: Ticket) -> None:
        service.change_priority(session, ticket, to, who.actor, reason, hidden.version)

    return _attempted(request, reference, attempt, work)


@router.post("/take", dependencies=checked)
def take(
    request: Request, who: CurrentStaff, reference: str, hidden: Hidden, give_back: Annotated[str, Form()] = ""
) -> Response:
    """Work on it, or give it back to the queue."""

    def work(session: Session, ticket: Ticket) -> None:
        service.assign(session, ticket, None if give_back else who.account_id, who.actor, hidden.version)

    return _attempted(request, reference, Attempt(form="take", seen=hidden.seen), work)


def _key(hidden: Sent, kind: str) -> str | None:
    return f"{kind}:{hidden.key}" if hidden.key else None


def _attempted(
    request: Request,
    reference: str,
    attempt: Attempt,
    work: Callable[[Session, Ticket], None],
    fragment: str = "",
) -> Response:
    """Do it and show the ticket anew, or show what stood in the way with everything that was typed."""
    try:
        with transaction() as session:
            ticket = service.by_reference(session, reference)
            work(session, ticket)
            shown = ticket.reference
    except StaleTicket:
        attempt.stale = True
        return _refused(request, reference, attempt, words.STALE, 409)
    except IllegalTransition as error:
        told = words.ILLEGAL.format(origin=words.status(error.origin), target=words.status(error.target))
        return _refused(request, reference, attempt, told, 409)
    except InvalidText as error:
        return _refused(request, reference, attempt, str(error))
    return RedirectResponse(f"/agent/tickets/{shown}{fragment}", status_code=303)


def _refused(request: Request, reference: str, attempt: Attempt, problem: str, http_status: int = 422) -> Response:
    attempt.problem, attempt.http_status = problem, http_status
    return _page(request, reference, attempt)


def _page(request: Request, reference: str, attempt: Attempt) -> Response:
    with transaction() as session:
        ticket = service.by_reference(session, reference)
        context = _context(session, ticket, attempt)
        return templating.page(request, "console/ticket.html", context, attempt.http_status)


def _context(session: Session, ticket: Ticket, attempt: Attempt) -> dict[str, Any]:
    category = categories.load().get(ticket.category)
    log = service.history(session, ticket)
    allowed = lifecycle.allowed(Status(ticket.status))
    return {
        "ticket": ticket,
        "category": category.title if category else ticket.category,
        "details": [(_label(name, ticket.category), _plain(value)) for name, value in ticket.details.items()],
        "gaps": [_label(str(name), ticket.category) for name in ticket.gaps],
        "thread": service.thread(session, ticket),
        "transcript": service.transcript(session, ticket),
        "log": log,
        "seen": log[-1].id if log else 0,
        "news": [line for line in log if line.id > attempt.seen] if attempt.stale else [],
        "attempt": attempt,
        "key": secrets.token_urlsafe(16),
        "moves": [(move.value, title) for move, title in words.STATUSES.items() if move in allowed],
        "priorities": words.PRIORITIES,
        "assignee": _assignee(session, ticket),
    }


def _label(name: str, category: str) -> str:
    """What a detail is called in the category's questions; its own name when the questions have changed since."""
    found = categories.load().get(category)
    question = found.question(name) if found else None
    return question.label if question else name.replace("_", " ").capitalize()


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(part)}" for name, part in value.items())
    return ", ".join(_plain(part) for part in value) if isinstance(value, list) else str(value)


def _assignee(session: Session, ticket: Ticket) -> Account | None:
    if ticket.assignee_id is None:
        return None
    return session.scalar(select(Account).where(Account.id == ticket.assignee_id))
