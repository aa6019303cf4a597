"""What every form of a ticket's page shares.

Each form carries the version that its writer had on the screen (`version`, and `seen`, the newest line of the log), so
that nobody overwrites what they have not read; and a key, so that sending twice is sending once. What is refused comes
back with everything that was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Form
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.attachments import AttachmentRefused, Received
from helpsage.db.session import transaction
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.tickets import merge, service
from helpsage.tickets import reference as reference_of
from helpsage.tickets.details import InvalidDetails, UnknownCategory
from helpsage.tickets.errors import (
    IllegalTransition,
    InvalidMerge,
    InvalidText,
    StaleTicket,
    TicketMerged,
    TicketNotFound,
)
from helpsage.tickets.models import Ticket
from helpsage.tickets.placing import UnknownPlace
from helpsage.tickets.tags import InvalidTag
from helpsage.web import access, csrf, words
from helpsage.web.access import SignedIn
from helpsage.web.console import asked, said
from helpsage.web.uploads import Files

LONGEST_KEY = 64

checked = [Depends(csrf.checked)]
#: Whoever may see tickets at all; which ones is asked with each.
Agent = Annotated[SignedIn, Depends(access.allowed(Action.SEE_QUEUE))]


@dataclass
class Attempt:
    """What someone tried to send, kept when it is refused."""

    form: str = ""
    #: What was typed and chosen, by field.
    typed: Mapping[str, str] = field(default_factory=dict)
    #: Newest line of the log that was on the screen.
    seen: int = 0
    #: Words beside the form, and beside single fields.
    problem: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    http_status: int = 200
    stale: bool = False
    #: Files that came with it: they need not be chosen again.
    files: Files | None = None

    def value(self, form: str, name: str, otherwise: str = "") -> str:
        """What a field shows: what was typed into it, when this form was refused."""
        return self.typed.get(name, otherwise) if self.form == form else otherwise

    def kept(self, form: str) -> list[tuple[Received, str]]:
        """Files that this form still carries, with their marks."""
        return self.files.marked if self.files is not None and self.form == form else []


@dataclass(frozen=True)
class Sent:
    """The hidden fields that every form of this page carries."""

    version: int
    seen: int
    key: str

    def key_of(self, kind: str) -> str | None:
        """The key of what this form writes; forms of two kinds never share one."""
        return f"{kind}:{self.key}" if self.key else None


def sent(
    version: Annotated[int, Form(ge=1, le=2**31 - 1)],
    seen: Annotated[int, Form(ge=0, le=2**63 - 1)] = 0,
    key: Annotated[str, Form(max_length=LONGEST_KEY)] = "",
) -> Sent:
    """Read them."""
    return Sent(version, seen, key)


async def _posted(request: Request) -> FormData:
    return await request.form()


Hidden = Annotated[Sent, Depends(sent)]
#: A form's fields, for those that carry files or fields that are not known beforehand.
Posted = Annotated[FormData, Depends(_posted)]
Work = Callable[[Session, Ticket], object]
#: Draws the ticket's page with what was refused.
Draw = Callable[[Request, SignedIn, str, Attempt], Response]


def visible(session: Session, who: SignedIn, reference: str) -> Ticket:
    """The ticket of this reference, if the viewer may see it.

    Raises:
        TicketNotFound: there is none, or it is not theirs to see: nobody can tell which.
    """
    ticket = service.by_reference(session, reference)
    if not permissions.may(who, Action.SEE_TICKET, ticket):
        raise TicketNotFound(reference)
    return ticket


def visible_family(session: Session, who: SignedIn, written: str) -> list[Ticket]:
    """The same ticket with those that were merged into it, itself first.

    Raises:
        TicketNotFound: as `visible`.
    """
    number = reference_of.parse(written)
    family = merge.family_of(session, number) if number is not None else []
    if not family or not permissions.may(who, Action.SEE_TICKET, family[0]):
        raise TicketNotFound(written)
    return family


def attempted(
    request: Request,
    who: SignedIn,
    reference: str,
    action: Action,
    attempt: Attempt,
    work: Work,
    draw: Draw,
    fragment: str = "",
) -> Response:
    """Do it and show the ticket anew, or show what stood in the way with everything that was typed.

    Raises:
        TicketNotFound
        permissions.Forbidden
    """
    try:
        with transaction() as session:
            ticket = visible(session, who, reference)
            permissions.require(who, action, ticket)
            work(session, ticket)
            session.flush()
            shown = ticket.reference
            still_seen = permissions.may(who, Action.SEE_TICKET, ticket)
    except StaleTicket:
        attempt.stale = True
        return refused(request, who, reference, attempt, words.STALE, draw, 409)
    except TicketMerged as error:
        return refused(request, who, reference, attempt, said.MERGED.format(survivor=error.survivor), draw, 409)
    except IllegalTransition as error:
        told = words.ILLEGAL.format(origin=words.status(error.origin), target=words.status(error.target))
        return refused(request, who, reference, attempt, told, draw, 409)
    except InvalidDetails as error:
        attempt.problems = {name: said.DETAIL_PROBLEMS[problem] for name, problem in error.problems.items()}
        return refused(request, who, reference, attempt, words.LOOK_AT_FIELDS, draw)
    except InvalidTag as error:
        return refused(request, who, reference, attempt, said.TAG_PROBLEMS[error.problem], draw)
    except InvalidMerge as error:
        return refused(request, who, reference, attempt, said.MERGE_PROBLEMS[error.problem], draw)
    except UnknownPlace:
        return refused(request, who, reference, attempt, said.UNKNOWN_PLACE, draw)
    except UnknownCategory:
        return refused(request, who, reference, attempt, said.UNKNOWN_CATEGORY, draw)
    except AttachmentRefused as error:
        return refused(request, who, reference, attempt, str(error), draw)
    except InvalidText as error:
        return refused(request, who, reference, attempt, str(error), draw)
    if not still_seen:
        return gone_to(request, f"{asked.PATH}?told=out-of-sight")
    return RedirectResponse(f"{asked.PATH}/tickets/{shown}{fragment}", status_code=303)


def refused(
    request: Request,
    who: SignedIn,
    reference: str,
    attempt: Attempt,
    problem: str,
    draw: Draw,
    http_status: int = 422,
) -> Response:
    """The page as before, with what is wrong and everything that was typed."""
    attempt.problem, attempt.http_status = problem, http_status
    return draw(request, who, reference, attempt)


def gone_to(request: Request, address: str) -> Response:
    """Another page, whole: also for a script that asked for a part of this one."""
    if request.headers.get("hx-request"):
        return Response(status_code=200, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=303)
