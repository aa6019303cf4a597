"""What an agent writes on a ticket: replies, notes, drafts of them, and what helps to write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Form, HTTPException
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.configuration import canned_replies
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.tickets import drafts, presence, service
from helpsage.tickets.models import Status, Ticket
from helpsage.triage import beside as triage
from helpsage.web import templating, uploads, words
from helpsage.web.access import SignedIn
from helpsage.web.console import said, ticket
from helpsage.web.console.attempt import Agent, Attempt, Hidden, Posted, Sent, attempted, checked, refused, visible
from helpsage.web.uploads import Files

router = APIRouter(include_in_schema=False, prefix="/agent/tickets/{reference}")

Kind = Literal["reply", "note"]
Typed = Annotated[str, Form()]


@router.post("/reply", dependencies=checked)
def reply(request: Request, who: Agent, reference: str, hidden: Hidden, form: Posted) -> Response:
    """Public words to the requester, with files, and where the ticket goes with them.

    `do` is the button without a script: `insert` a canned reply, or `preview`.
    """
    attempt = _attempt("reply", who, hidden, form)
    body, status, do = (attempt.typed[name] for name in ("body", "status", "do"))
    if do == "insert":
        return _inserted(request, who, reference, attempt)
    if do == "preview":
        return ticket.draw(request, who, reference, attempt)
    if status and status not in list(Status):
        return refused(request, who, reference, attempt, words.UNKNOWN_CHOICE, ticket.draw)

    def work(session: Session, found: Ticket, files: Files) -> None:
        told = filled(session, who, found, body)
        key = hidden.key_of("reply")
        entry = service.reply(session, found, told, who.actor, key, status or None, hidden.version)
        files.attach(session, found, entry, str(entry.id))
        drafts.forget(session, found, who.account_id, "reply")

    return _written(request, who, reference, Action.REPLY, attempt, work)


@router.post("/note", dependencies=checked)
def note(request: Request, who: Agent, reference: str, hidden: Hidden, form: Posted) -> Response:
    """Words among staff. They add to the story and change nothing in it, so that an older view is no obstacle."""
    attempt = _attempt("note", who, hidden, form)

    def work(session: Session, found: Ticket, files: Files) -> None:
        entry = service.note(session, found, attempt.typed["body"], who.actor, hidden.key_of("note"))
        files.attach(session, found, entry, str(entry.id))
        drafts.forget(session, found, who.account_id, "note")

    return _written(request, who, reference, Action.NOTE, attempt, work)


def _attempt(kind: Kind, who: SignedIn, hidden: Sent, form: FormData) -> Attempt:
    given = {name: form.get(name) for name in ("body", "status", "canned", "do")}
    typed = {name: value if isinstance(value, str) else "" for name, value in given.items()}
    return Attempt(kind, typed, hidden.seen, files=uploads.read(form, who.person_id))


def _written(
    request: Request,
    who: SignedIn,
    reference: str,
    action: Action,
    attempt: Attempt,
    work: Callable[[Session, Ticket, Files], None],
) -> Response:
    files = attempt.files or Files(who.person_id)
    if files.problems:
        return refused(request, who, reference, attempt, " ".join(files.problems), ticket.draw)

    def with_files(session: Session, found: Ticket) -> None:
        work(session, found, files)

    return attempted(request, who, reference, action, attempt, with_files, ticket.draw, "#newest")


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


def _inserted(request: Request, who: SignedIn, reference: str, attempt: Attempt) -> Response:
    with transaction() as session:
        text = _canned(session, who, visible(session, who, reference), attempt.typed["canned"])
    if text is None:
        return refused(request, who, reference, attempt, said.NOTHING_TO_INSERT, ticket.draw)
    before = attempt.typed["body"].rstrip()
    attempt.typed = {**attempt.typed, "body": f"{before}\n\n{text}" if before else text}
    return ticket.draw(request, who, reference, attempt)


def _canned(session: Session, who: SignedIn, found: Ticket, key: str) -> str | None:
    department = departments.by_id(session, found.department_id)
    shown = canned_replies.available(department.key if department else None)
    reply = next((each for each in shown if each.key == key), None)
    if reply is None:
        return None
    language = triage.language_of(triage.of(session, found.id), found) if reply.translations else ""
    return reply.filled(variables(session, who, found), language)


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
