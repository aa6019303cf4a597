"""A ticket's page: its whole story, and everything an agent does with it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.boards import beside as boards
from helpsage.configuration import canned_replies
from helpsage.db.session import reading
from helpsage.departments import service as departments
from helpsage.knowledge import suggesting
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.service_levels import standing
from helpsage.tickets import beside, categories, details, lifecycle, placing, story
from helpsage.tickets.models import Status, Ticket
from helpsage.triage import beside as triage
from helpsage.web import templating, words
from helpsage.web.access import SignedIn
from helpsage.web.console import asked, received, said, triaged
from helpsage.web.console.attempt import Agent, Attempt, visible_family

router = APIRouter(include_in_schema=False)

#: Other tickets of the same person.
MOST_RELATED = 6


@dataclass(frozen=True)
class Field:
    """An answer as the details form shows it."""

    name: str
    label: str
    value: str
    #: text, date, choice, or fixed for what no form can say.
    kind: str = "text"
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def shown(self) -> str:
        """The answer as people read it."""
        return dict(self.choices).get(self.value, self.value)


@router.get("/agent/tickets/{reference}")
def show(request: Request, who: Agent, reference: str, insert: Annotated[str, Query(max_length=300)] = "") -> Response:
    """The whole ticket.

    Parameters:
        insert: a suggestion with whose words the reply begins, for whoever has no script.
    """
    if not insert:
        return draw(request, who, reference, Attempt())
    with reading() as session:
        body = suggesting.text_of(session, insert)
    return draw(request, who, reference, Attempt("reply", {"body": body}) if body else Attempt())


def draw(request: Request, who: SignedIn, reference: str, attempt: Attempt) -> Response:
    """The page, with what was refused.

    Raises:
        TicketNotFound
    """
    everything = request.query_params.get("all") == "1"
    with reading() as session:
        family = visible_family(session, who, reference)
        context = _context(session, who, family, attempt, everything)
        return templating.page(request, "console/ticket.html", context, attempt.http_status)


def _context(
    session: Session, who: SignedIn, family: list[Ticket], attempt: Attempt, everything: bool
) -> dict[str, Any]:
    ticket = family[0]
    told = story.tell(session, family, everything)
    news = story.changes_since(session, ticket, attempt.seen) if attempt.stale else []
    changes = [item.change for item in told.items if item.change is not None]
    places = departments.places(session)
    department, team = places.department(ticket.department_id), places.team(ticket.team_id)
    colleagues = placing.colleagues(session, ticket.team_id)
    names = said.names_beside(session, colleagues, [ticket.assignee_id])
    own = beside.of(session, ticket, who.account_id, also=boards.asked(ticket.id))
    came = received.of_family(session, family)
    others = triage.others(session, ticket, MOST_RELATED * 2)
    allowed = lifecycle.allowed(Status(ticket.status)) if ticket.merged_into_id is None else set()
    known = categories.load()
    read = triage.of(session, ticket.id)
    return {
        "ticket": ticket,
        "family": family,
        "survivor": session.get(Ticket, ticket.merged_into_id) if ticket.merged_into_id else None,
        "story": told,
        "everything": everything,
        "seen": told.seen,
        "news": news,
        "names": said.names_in(session, [*changes, *news]),
        "files": came.files,
        "chat_files": came.chats,
        "received": came.letters,
        "bounce": own.bounced,
        "attempt": attempt,
        "key": secrets.token_urlsafe(16),
        "can": {action.value for action in Action if permissions.may(who, action, ticket)},
        "moves": [(move.value, title) for move, title in words.STATUSES.items() if move in allowed],
        "priorities": words.PRIORITIES,
        "categories": known,
        "category": known[ticket.category].title if ticket.category in known else ticket.category,
        # What is known, and what stands in the form: a refused answer is no fact.
        "facts": fields_of(ticket, Attempt()),
        "fields": fields_of(ticket, attempt),
        "clocks": standing.of(session, ticket),
        "clock_titles": words.CLOCKS,
        "gaps": [_label(str(name), ticket) for name in ticket.gaps],
        "department": department,
        "team": team,
        "teams": places.teams,
        "colleagues": colleagues,
        "assignee": names.get(ticket.assignee_id, "") if ticket.assignee_id else "",
        "drafts": own.drafts,
        "canned": canned_replies.available(department.key if department else None),
        "follows": own.follows,
        "others": own.others,
        "related": [each for each in others.related if permissions.may(who, Action.SEE_TICKET, each)][:MOST_RELATED],
        "cards": boards.shown(own.also),
        "queue": asked.PATH,
        "triage": triaged.shown(who, read, others.twins),
        "spoken": said.foreign(triage.language_of(read, ticket)),
    }


def fields_of(ticket: Ticket, attempt: Attempt) -> list[Field]:
    """What the category asks, and whatever else is known, in that order."""
    questions = details.questions_of(ticket)
    names = [*questions, *(name for name in ticket.details if name not in questions)]
    return [_field(ticket, name, attempt) for name in names]


def _field(ticket: Ticket, name: str, attempt: Attempt) -> Field:
    question = details.questions_of(ticket).get(name)
    kept = ticket.details.get(name, "")
    label = _label(name, ticket)
    if not isinstance(kept, str | int | float):
        return Field(name, label, _plain(kept), "fixed")
    value = attempt.value("details", f"detail.{name}", str(kept))
    if question is not None and question.kind == "choice":
        choices = tuple((choice.value, choice.title) for choice in question.choices)
        other = ((value, value),) if value and value not in dict(choices) else ()
        return Field(name, label, value, "choice", (*choices, *other))
    if question is not None and question.kind == "date" and _is_date(value):
        return Field(name, label, value, "date")
    return Field(name, label, value)


def _is_date(value: str) -> bool:
    try:
        return not value or bool(date.fromisoformat(value))
    except ValueError:
        return False


def _label(name: str, ticket: Ticket) -> str:
    """What a detail is called in the category's questions; its own name when the questions have changed since."""
    question = details.questions_of(ticket).get(name)
    return question.label if question else name.replace("_", " ").capitalize()


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(part)}" for name, part in value.items())
    return ", ".join(_plain(part) for part in value) if isinstance(value, list) else str(value)
