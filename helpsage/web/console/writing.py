"""What an agent writes on a ticket: replies, notes, drafts of them, and what helps to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException, UploadFile
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.attachments import service as attachments
from helpsage.attachments import storage
from helpsage.attachments.errors import AttachmentRefused
from helpsage.configuration import canned_replies
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.tickets import drafts, presence, service
from helpsage.tickets.models import Entry, Status, Ticket
from helpsage.web import templating, words
from helpsage.web.access import SignedIn
from helpsage.web.console import said, ticket
from helpsage.web.console.attempt import Agent, Attempt, Hidden, Sent, attempted, checked, refused, visible

router = APIRouter(include_in_schema=False, prefix="/agent/tickets/{reference}")

Kind = Literal["reply", "note"]
Typed = Annotated[str, Form()]
Files = Annotated[tuple[UploadFile, ...], Form()]


@router.post("/reply", dependencies=checked)
def reply(
    request: Request,
    who: Agent,
    reference: str,
    hidden: Hidden,
    body: Typed = "",
    status: Typed = "",
    canned: Typed = "",
    do: Typed = "",
    files: Files = (),
) -> Response:
    """Public words to the requester, with files, and where the ticket goes with them.

    `do` is the button without a script: `insert` a canned reply, or `preview`.
    """
    attempt = Attempt("reply", {"body": body, "status": status, "canned": canned, "do": do}, hidden.seen)
    if do == "insert":
        return _inserted(request, who, reference, attempt, canned)
    if do == "preview":
        return ticket.draw(request, who, reference, attempt)
    if status and status not in list(Status):
        return refused(request, who, reference, attempt, words.UNKNOWN_CHOICE, ticket.draw)

    def work(session: Session, found: Ticket) -> None:
        said_here = filled(session, who, found, body)
        entry = service.reply(
            session, found, said_here, who.actor, hidden.key_of("reply"), status or None, hidden.version
        )
        _attach(session, who, entry, files, hidden)
        drafts.forget(session, found, who.account_id, "reply")

    return _written(request, who, reference, Action.REPLY, attempt, work)


@router.post("/note", dependencies=checked)
def note(
    request: Request, who: Agent, reference: str, hidden: Hidden, body: Typed = "", do: Typed = "", files: Files = ()
) -> Response:
    """Words among staff. They add to the story and change nothing in it, so that an older view is no obstacle."""
    attempt = Attempt("note", {"body": body, "do": do}, hidden.seen)
    if do == "preview":
        return ticket.draw(request, who, reference, attempt)

    def work(session: Session, found: Ticket) -> None:
        entry = service.note(session, found, body, who.actor, hidden.key_of("note"))
        _attach(session, who, entry, files, hidden)
        drafts.forget(session, found, who.account_id, "note")

    return _written(request, who, reference, Action.NOTE, attempt, work)


def _written(
    request: Request, who: SignedIn, reference: str, action: Action, attempt: Attempt, work: object
) -> Response:
    try:
        return attempted(request, who, reference, action, attempt, work, ticket.draw, "#newest")  # type: ignore[arg-type]
    except AttachmentRefused as error:
        return refused(request, who, reference, attempt, str(error), ticket.draw)


def _attach(session: Session, who: SignedIn, entry: Entry, files: tuple[UploadFile, ...], hidden: Sent) -> None:
    for number, file in enumerate(each for each in files if each.filename):
        received = storage.receive(file.filename or "", file.content_type or "", file.file)
        key = f"{hidden.key}:{number}" if hidden.key else None
        attachments.attach(session, received, entry.ticket_id, entry.id, who.person_id, key)


@router.post("/draft", dependencies=checked)
def keep_draft(
    who: Agent,
    reference: str,
    kind: Annotated[Kind, Form()],
    body: Typed = "",
    key: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """What is typed so far, sent by the page's script now and then; the others see that someone writes."""
    with transaction() as session:
        found = visible(session, who, reference)
        permissions.require(who, Action.REPLY if kind == "reply" else Action.NOTE, found)
        drafts.keep(session, found, who.account_id, kind, body, key)
        presence.announce(session, found.id)
    return Response(status_code=204)


@router.post("/preview", dependencies=checked)
def preview(request: Request, who: Agent, reference: str, body: Typed = "") -> Response:
    """How words will look: a part of the page, for its script."""
    with transaction() as session:
        found = visible(session, who, reference)
        return templating.page(request, "console/preview.html", {"body": filled(session, who, found, body)})


@router.get("/canned/{key}")
def canned_reply(request: Request, who: Agent, reference: str, key: str) -> Response:
    """A canned reply with its variables filled in, for the page's script."""
    with transaction() as session:
        text = _canned(session, who, visible(session, who, reference), key)
    if text is None:
        raise HTTPException(404)
    return Response(text, media_type="text/plain; charset=utf-8")


def _inserted(request: Request, who: SignedIn, reference: str, attempt: Attempt, key: str) -> Response:
    with transaction() as session:
        text = _canned(session, who, visible(session, who, reference), key)
    if text is None:
        return refused(request, who, reference, attempt, said.NOTHING_TO_INSERT, ticket.draw)
    before = attempt.typed["body"].rstrip()
    attempt.typed = {**attempt.typed, "body": f"{before}\n\n{text}" if before else text}
    return ticket.draw(request, who, reference, attempt)


def _canned(session: Session, who: SignedIn, found: Ticket, key: str) -> str | None:
    department = departments.by_id(session, found.department_id)
    shown = canned_replies.available(department.key if department else None)
    reply = next((each for each in shown if each.key == key), None)
    return reply.filled(variables(session, who, found)) if reply is not None else None


def filled(session: Session, who: SignedIn, found: Ticket, text: str) -> str:
    """The text with the variables filled in that we know; whatever else stands in braces is the agent's own words."""
    if "{{" not in text:
        return text
    values = variables(session, who, found)
    return canned_replies.VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def variables(session: Session, who: SignedIn, found: Ticket) -> Mapping[str, str]:
    """What stands for what in this ticket."""
    name = found.requester.name.strip()
    department = departments.by_id(session, found.department_id)
    team = departments.team(session, found.team_id)
    return {
        "requester.name": name or said.SOMEONE,
        "requester.first_name": name.split()[0] if name else said.SOMEONE,
        "ticket.reference": found.reference,
        "ticket.subject": found.subject,
        "ticket.status": words.status(found.status),
        "agent.name": who.name,
        "department.name": department.name if department is not None else settings.get().desk_name,
        "team.name": team.name if team is not None else settings.get().desk_name,
    }
