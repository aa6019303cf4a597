"""A requester's ticket: where it stands, what was said, and what they can do with it.

Each form carries the version that was on the screen (`version`, and `seen`, the newest line of the log), so that nobody
decides over what they have not read; and a key, so that sending twice is sending once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import attachments, clock, settings
from helpsage.attachments import AttachmentRefused
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.handoff import files as chat_files
from helpsage.service_levels import standing
from helpsage.tickets import categories, changing, lifecycle, requester, service
from helpsage.tickets.errors import (
    AlreadyRated,
    IllegalTransition,
    InvalidRating,
    InvalidText,
    StaleTicket,
    TicketMerged,
)
from helpsage.tickets.models import Change, Entry, Status, Ticket
from helpsage.web import templating, uploads
from helpsage.web.access import SignedIn
from helpsage.web.portal import forms, progress, words
from helpsage.web.portal.forms import Attempt, Closer, Posted, Rater, Reader, Reopener, Writer, checked, said
from helpsage.web.uploads import Files

router = APIRouter(include_in_schema=False, prefix="/my/tickets/{reference}")

#: Lines of the log that a requester may see. What staff say and do among themselves is not theirs.
SHOWN = frozenset({"created", "replied", "commented", "status", "rated"})


@dataclass(frozen=True)
class Line:
    """One piece of the story: something said, or a move."""

    at: datetime
    entry: Entry | None = None
    moved: str = ""


@router.get("")
def show(request: Request, who: Reader, reference: str, new: str = "") -> Response:
    """The whole ticket, as its requester may see it; `new`: it was opened just now."""
    return _page(request, who, reference, Attempt("opened" if new else ""), Files(who.person_id))


@router.post("/reply", dependencies=checked)
def reply(request: Request, who: Writer, reference: str, form: Posted) -> Response:
    """Words, files, or both; they also bring a finished ticket back when that is asked for."""
    attempt = Attempt("reply", {"body": said(form, "body")}, seen=forms.number(form, "seen") or 0)
    files = uploads.read(form, who.person_id)
    for told in files.problems:
        attempt.refuse("files", told)
    body = attempt.value("body")
    if not body.strip() and files.received:
        body = words.ONLY_FILES
    key = f"portal:{forms.key(form)}"

    def work(session: Session, ticket: Ticket) -> None:
        actor = forms.requester(who)
        if said(form, "then") == "reopen" and changing.entry_with(session, ticket, key) is None:
            service.reopen(session, ticket, actor, expected_version=forms.number(form, "version"))
        entry = service.comment(session, ticket, body, actor, key, "portal")
        files.attach(session, ticket, entry, key)

    return _attempted(request, who, reference, attempt, work, files, "#newest")


@router.post("/close", dependencies=checked)
def close(request: Request, who: Closer, reference: str, form: Posted) -> Response:
    """It is solved, or no longer needed."""

    def work(session: Session, ticket: Ticket) -> None:
        version = None if ticket.status == Status.CLOSED else forms.number(form, "version")
        service.close(session, ticket, forms.requester(who), expected_version=version)

    return _attempted(request, who, reference, _moving(form), work)


@router.post("/reopen", dependencies=checked)
def reopen(request: Request, who: Reopener, reference: str, form: Posted) -> Response:
    """It is back."""

    def work(session: Session, ticket: Ticket) -> None:
        if ticket.status == Status.OPEN:  # the second click
            return
        service.reopen(session, ticket, forms.requester(who), expected_version=forms.number(form, "version"))

    return _attempted(request, who, reference, _moving(form), work)


@router.post("/rate", dependencies=checked)
def rate(request: Request, who: Rater, reference: str, form: Posted) -> Response:
    """How it went, 1 to 5, once."""
    given = {"score": said(form, "score"), "comment": said(form, "comment")}
    attempt = Attempt("rate", given, seen=forms.number(form, "seen") or 0)
    score = forms.number(form, "score")
    if score is None or not 1 <= score <= 5:
        attempt.refuse("score", words.NO_RATING)

    def work(session: Session, ticket: Ticket) -> None:
        if Status(ticket.status) not in lifecycle.FINISHED:
            raise IllegalTransition(Status(ticket.status), Status(ticket.status), ())
        service.rate(session, ticket, score or 0, given["comment"], forms.requester(who))

    return _attempted(request, who, reference, attempt, work)


def _moving(form: Posted) -> Attempt:
    return Attempt("move", seen=forms.number(form, "seen") or 0)


def _attempted(
    request: Request,
    who: SignedIn,
    reference: str,
    attempt: Attempt,
    work: Callable[[Session, Ticket], None],
    files: Files | None = None,
    fragment: str = "",
) -> Response:
    """Do it and show the ticket anew, or show what stood in the way with everything that was typed and chosen."""
    files = files or Files(who.person_id)
    if not attempt.problems:
        try:
            with transaction() as session:
                ticket = requester.own(session, who.person_id, reference)
                work(session, ticket)
                shown = ticket.reference
            return RedirectResponse(f"/my/tickets/{shown}{fragment}", status_code=303)
        except (AlreadyRated, InvalidRating, InvalidText, AttachmentRefused, IllegalTransition, StaleTicket) as error:
            _write_down(attempt, error)
    return _page(request, who, reference, attempt, files)


def _write_down(attempt: Attempt, error: Exception) -> None:
    match error:
        case StaleTicket():
            attempt.stale = True
            attempt.refuse("form", words.STALE, 409)
        case TicketMerged():
            attempt.refuse("form", words.MERGED.format(reference=error.survivor), 409)
        case IllegalTransition() if error.origin is Status.CLOSED and error.target is Status.OPEN:
            attempt.refuse("form", words.TOO_LONG_CLOSED, 409)
        case IllegalTransition():
            attempt.refuse("form", words.NOT_POSSIBLE, 409)
        case AlreadyRated():
            attempt.refuse("form", words.RATED_ALREADY, 409)
        case AttachmentRefused():
            attempt.refuse("files", str(error))
        case InvalidText():
            attempt.refuse("comment" if attempt.form == "rate" else "body", str(error))
        case _:
            attempt.refuse("score", words.NO_RATING)


def _page(request: Request, who: SignedIn, reference: str, attempt: Attempt, files: Files) -> Response:
    with transaction() as session:
        ticket = requester.own(session, who.person_id, reference)
        context = _context(session, ticket, attempt)
        context["files"] = files.marked
        return templating.page(request, "portal/ticket.html", context, attempt.http_status)


def _context(session: Session, ticket: Ticket, attempt: Attempt) -> dict[str, Any]:
    log = [line for line in service.history(session, ticket) if line.action in SHOWN]
    category = categories.load().get(ticket.category)
    status = Status(ticket.status)
    team = departments.team(session, ticket.team_id)
    attached = attachments.by_entry(session, ticket.id, public_only=True)
    attached[None], sent = chat_files.apart(attached.get(None, ()))
    return {
        "ticket": ticket,
        "category": category.title if category else "",
        "team": team.name if team is not None else "",
        "status": words.status(ticket.status),
        "standing": words.STANDING[status],
        "promised": standing.promised(session, ticket),
        "steps": progress.steps(ticket, log),
        "story": _story(log, service.thread(session, ticket, public_only=True)),
        "transcript": service.transcript(session, ticket),
        "attached": attached,
        "chat_files": sent,
        "details": _details(ticket, category),
        "seen": log[-1].id if log else 0,
        "news": [line for line in log if line.id > attempt.seen] if attempt.stale else [],
        "attempt": attempt,
        "key": forms.new_key(),
        "finished": status in lifecycle.FINISHED,
        "can_reopen": _can_reopen(ticket),
        "survivor": _survivor(session, ticket),
        "moved": words.MOVED,
    }


def _story(log: Sequence[Change], thread: Sequence[Entry]) -> list[Line]:
    """Everything said and every move, in order."""
    moves = [
        Line(line.at, moved=words.MOVED[Status((line.after or {})["status"])])
        for line in log
        if line.action == "status"
    ]
    said_lines = [Line(entry.created_at, entry) for entry in thread]
    # What was said with a move comes before it.
    return sorted([*moves, *said_lines], key=lambda line: (line.at, line.moved))


def _details(ticket: Ticket, category: categories.Category | None) -> list[tuple[str, str, bool]]:
    """What was asked and answered, as people read it, and whether the answer is in words of ours."""
    shown = []
    for name, value in ticket.details.items():
        question = category.question(name) if category else None
        label = question.label if question else name.replace("_", " ").capitalize()
        shown.append((label, *_answer(question, str(value))))
    return shown


def _answer(question: categories.Question | None, value: str) -> tuple[str, bool]:
    """A choice by its title, a day in full; everything else as it was written."""
    titles = {choice.value: choice.title for choice in question.choices} if question else {}
    if question is not None and question.kind == "date" and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return f"{date.fromisoformat(value):%-d %B %Y}", True
    return titles.get(value, value), value in titles


def _can_reopen(ticket: Ticket) -> bool:
    if ticket.status == Status.RESOLVED:
        return True
    closed = ticket.status == Status.CLOSED
    return closed and lifecycle.may_come_back(ticket.closed_at, clock.now(), settings.get().reopen_days)


def _survivor(session: Session, ticket: Ticket) -> Ticket | None:
    """The ticket it goes on as, when that is this person's too."""
    if ticket.merged_into_id is None:
        return None
    found = changing.survivor(session, ticket)
    return found if found.requester_id == ticket.requester_id else None
