"""A click that corrects what was read of a ticket, where it was sent, or which other ticket is about the same."""

from __future__ import annotations

import contextlib
from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.people.permissions import Action
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Ticket
from helpsage.triage import beside, corrections, router, twins
from helpsage.triage.reading import Tag
from helpsage.triage.router import NothingToUndo
from helpsage.triage.twins import NoTwin
from helpsage.web import words
from helpsage.web.console import said, ticket, triaged
from helpsage.web.console.attempt import Agent, Attempt, Hidden, attempted, checked, refused, visible

pages = APIRouter(include_in_schema=False, prefix="/agent/tickets/{reference}")

Typed = Annotated[str, Form()]
LINK, PART = "link", "part"


@pages.post("/reading", dependencies=checked)
def correct(
    request: Request,
    who: Agent,
    reference: str,
    hidden: Hidden,
    topic: Typed = "",
    urgency: Typed = "",
    tone: Typed = "",
    withdraw: Typed = "",
) -> Response:
    """Say what a tag should have been (what is left as it is shown is not corrected), or take that back."""
    typed = {"topic": topic, "urgency": urgency, "tone": tone}
    attempt = Attempt("reading", typed, hidden.seen)
    known = triaged.choices()
    wrong = any(value and value not in dict(known[name]) for name, value in typed.items())
    if wrong or (withdraw and withdraw not in list(Tag)):
        return refused(request, who, reference, attempt, words.UNKNOWN_CHOICE, ticket.draw)

    def work(session: Session, found: Ticket) -> None:
        if withdraw:
            corrections.withdraw(session, found, Tag(withdraw), who.actor)
            return
        known = beside.of(session, found.id)
        lines = triaged.tags(known.reading, known.labels) if known.reading is not None else []
        now = {line.tag: line.value for line in lines}
        version: int | None = hidden.version
        for tag in Tag:
            if typed[tag] and typed[tag] != now.get(tag):
                corrections.correct(session, found, tag, typed[tag], who.actor, version)
                version = None

    return attempted(request, who, reference, Action.CHANGE_CATEGORY, attempt, work, ticket.draw)


@pages.post("/routing/undo", dependencies=checked)
def undo(request: Request, who: Agent, reference: str, hidden: Hidden) -> Response:
    """Put the ticket back where it was before the rule. Doing it twice is doing it once."""

    def work(session: Session, found: Ticket) -> None:
        with contextlib.suppress(NothingToUndo):
            router.undo(session, found, who.actor)

    attempt = Attempt("routing", {}, hidden.seen)
    return attempted(request, who, reference, Action.CHANGE_TEAM, attempt, work, ticket.draw)


@pages.post("/twins", dependencies=checked)
def decide(
    request: Request, who: Agent, reference: str, hidden: Hidden, other: Typed = "", do: Typed = LINK
) -> Response:
    """Say that another ticket is about the same thing, or that it is not."""
    attempt = Attempt("twins", {"other": other}, hidden.seen)

    def work(session: Session, found: Ticket) -> None:
        twin = visible(session, who, other)
        if twin.id == found.id:
            return
        if do == PART:
            with contextlib.suppress(NoTwin):
                twins.dismiss(session, found, twin, who.actor)
        else:
            twins.link(session, found, twin, who.actor)

    try:
        return attempted(request, who, reference, Action.MERGE, attempt, work, ticket.draw)
    except TicketNotFound as error:
        if str(error) != other:
            raise
        told = said.NO_SUCH_TICKET.format(written=other[:40] or "–")
        return refused(request, who, reference, attempt, told, ticket.draw)
