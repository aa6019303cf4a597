"""One change to the tickets that are ticked, and its undoing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.people.permissions import Action
from helpsage.tickets import bulk
from helpsage.tickets.bulk import BulkNotFound, Chosen, InvalidBulk, Wish
from helpsage.web import access, csrf
from helpsage.web.access import SignedIn
from helpsage.web.console import asked, queue, said
from helpsage.web.console.asked import Asked

router = APIRouter(include_in_schema=False, prefix="/agent/bulk")
checked = [Depends(csrf.checked)]

BulkWorker = Annotated[SignedIn, Depends(access.allowed(Action.BULK))]
Words = Annotated[str, Form(max_length=4_000)]


@router.post("", dependencies=checked)
def change(
    request: Request,
    who: BulkWorker,
    kind: Annotated[str, Form()] = "",
    ticket: Annotated[tuple[str, ...], Form()] = (),
    status: Words = "",
    priority: Words = "",
    assignee: Words = "",
    team: Words = "",
    tag: Words = "",
    query: Words = "",
    key: Annotated[str, Form(min_length=1, max_length=64)] = "",
) -> Response:
    """Do the same to every chosen ticket; the outcome stands above the queue, with a way back."""
    given = {"status": status, "priority": priority, "assignee": assignee, "team": team, "tag": tag, "untag": tag}
    view = asked.read(dict(parse_qsl(query)))
    with transaction() as session:
        try:
            wish = _wish(kind, given)
            done = bulk.apply(session, who, who.actor, [_chosen(each) for each in ticket], wish, key)
        except InvalidBulk as error:
            told = queue.Told(bulk_problem=said.BULK_PROBLEMS[error.problem], chosen=frozenset(ticket), tried=given)
            return queue.page(request, session, who, view, told=told, status=422)
        return _back(view, done.id)


@router.post("/{bulk_id}/undo", dependencies=checked)
def undo(request: Request, who: BulkWorker, bulk_id: UUID, query: Words = "") -> Response:
    """Take it back."""
    view = asked.read(dict(parse_qsl(query)))
    with transaction() as session:
        try:
            bulk.undo(session, bulk_id, who, who.actor, said.UNDONE)
        except BulkNotFound as error:
            raise HTTPException(404) from error
        except InvalidBulk as error:
            told = queue.Told(bulk_problem=said.BULK_PROBLEMS[error.problem])
            return queue.page(request, session, who, view, told=told, status=409)
    return _back(view, bulk_id)


def _wish(kind: str, given: Mapping[str, str]) -> Wish:
    """What is to be done; `none` takes colleague or team away.

    Raises:
        InvalidBulk: `unknown_value`, also when nothing was chosen.
    """
    known = next((each for each in bulk.KINDS if each == kind), None)
    if known is None or not given[known]:
        raise InvalidBulk("unknown_value")
    nothing = known in ("assignee", "team") and given[known] == asked.NONE
    return Wish(known, "" if nothing else given[known])


def _chosen(written: str) -> Chosen:
    """`HS-1042.7`: the ticket as it was on the screen."""
    reference, _, version = written.partition(".")
    return Chosen(reference, int(version) if version.isdecimal() and len(version) < 10 else None)


def _back(view: Asked, bulk_id: UUID) -> Response:
    return RedirectResponse(f"{asked.PATH}?{urlencode({**view.query(), 'done': str(bulk_id)})}", status_code=303)
