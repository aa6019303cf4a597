"""Saving the way the queue is looked at, and the counts beside the names."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.tickets import queue as tickets
from helpsage.tickets import views as saved
from helpsage.tickets.views import ViewError, ViewNotFound
from helpsage.web import access, csrf, templating
from helpsage.web.access import SignedIn
from helpsage.web.console import asked, queue, said

router = APIRouter(include_in_schema=False, prefix="/agent/views")
checked = [Depends(csrf.checked)]

ViewManager = Annotated[SignedIn, Depends(access.allowed(Action.MANAGE_VIEWS))]


@router.get("/counts")
def counts(request: Request, who: queue.QueueViewer) -> Response:
    """The list of views with how many tickets each shows: a part of the queue's page, fetched when that is there."""
    view = asked.read(request.query_params)
    with transaction() as session:
        links = queue.links(session, who, view)
        queries = {link.id: asked.read(dict(parse_qsl(link.href.partition("?")[2]))) for link in links}
        found = {each: tickets.count(session, query.filters(who), who) for each, query in queries.items()}
    shown = {each: queue.counted([number]) for each, number in found.items()}
    return templating.page(request, "console/views.html", {"view": view, "views": links, "counts": shown})


@router.post("", dependencies=checked)
def save(
    request: Request,
    who: ViewManager,
    name: Annotated[str, Form()] = "",
    query: Annotated[str, Form(max_length=4_000)] = "",
    shared: Annotated[str, Form()] = "",
) -> Response:
    """Keep what is shown under a name."""
    view = asked.read(dict(parse_qsl(query)))
    with transaction() as session:
        try:
            if shared and not permissions.may(who, Action.SHARE_VIEWS):
                raise ViewError("not_shared")
            saved.save(session, who.account_id, name, view.query(), bool(shared))
        except ViewError as error:
            problem = said.VIEW_PROBLEMS[error.problem]
            told = queue.Told(view_problem=problem, view_name=name, view_shared=bool(shared))
            return queue.page(request, session, who, view, told=told, status=422)
    return RedirectResponse(view.href(), status_code=303)


@router.post("/{view_id}/remove", dependencies=checked)
def remove(request: Request, who: ViewManager, view_id: UUID) -> Response:
    """Forget one's own view."""
    with transaction() as session:
        try:
            saved.remove(session, view_id, who.account_id)
        except ViewNotFound as error:
            raise permissions.Forbidden(Action.MANAGE_VIEWS) from error
    return RedirectResponse(f"{asked.PATH}?told=view-removed", status_code=303)
