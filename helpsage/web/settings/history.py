"""Everything that was changed on the settings pages, and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.alerts.documents import PlaceDocument
from helpsage.assignment.documents import AgentDocument
from helpsage.boards.documents import BoardDocument
from helpsage.configuration import service as configuration
from helpsage.configuration.documents import CANNED_REPLIES, CATEGORIES, STORED
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Document
from helpsage.configuration.staff import AccountDocument
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.departments.documents import DepartmentDocument, TeamDocument
from helpsage.notify.documents import TargetDocument
from helpsage.people.models import Account, Role
from helpsage.service_levels.document import SERVICE_LEVELS
from helpsage.web.access import confirmed
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale
from helpsage.webhooks.documents import WebhookDocument

router = APIRouter(include_in_schema=False, prefix="/settings/history")

PAGE_SIZE = 25
#: Differences of one change that are shown.
SHOWN = 12
_PART = re.compile(r"/settings/(categories|questions|groups|replies)/([a-z0-9_]{1,40})")
_ROWS: dict[str, Callable[[UUID], Document]] = {
    "department": DepartmentDocument,
    "team": TeamDocument,
    "account": AccountDocument,
    "agent": AgentDocument,
    "notice_target": TargetDocument,
    "webhook": WebhookDocument,
    "board": BoardDocument,
    "alert_place": PlaceDocument,
}
#: Documents that say who may do what, and where words go: whoever brings them back proves first who they are.
CAREFUL = frozenset({"account", "webhook", "board", "notice_target", "channels"})


@router.get("")
def show(
    request: Request,
    viewer: Administrator,
    document: Annotated[str, Query(max_length=80)] = "",
    before: Annotated[int | None, Query(ge=1)] = None,
    saved: int | None = None,
) -> Response:
    """The changes of a document, or of all."""
    with transaction() as session:
        return _page(request, session, document, before, saved=saved)


@router.post("/{change_id}", dependencies=forms.checked)
def restore(
    request: Request,
    viewer: Administrator,
    change_id: int,
    to: Annotated[str, Form()] = "after",
    back: Annotated[str, Form()] = "",
) -> Response:
    """Bring back what a change made, or (`to=before`) what it replaced."""
    with transaction() as session:
        change = session.get(SettingChange, change_id)
        if change is None or to not in ("before", "after"):
            raise HTTPException(404)
    document = document_named(change.document)
    if change.document.partition(":")[0] in CAREFUL:
        confirmed(request)
    undo = to == "before"
    summary = words.UNDID.format(summary=change.summary) if undo else words.WENT_BACK.format(when=_when(change))

    def work(session: Session) -> SettingChange | None:
        try:
            return configuration.go_back(session, document, change_id, forms.who(viewer), summary[:200], to_before=undo)
        except configuration.ChangeNotFound as error:
            raise HTTPException(404) from error

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            return _page(request, session, change.document, None, problems=problems, status=status)

    done = forms.send(work, redraw, "")
    if isinstance(done, RedirectResponse):
        saved = done.headers["location"]
        return RedirectResponse(f"{_still_there(back) or _address(change)}{saved}", status_code=303)
    return done


def document_named(name: str) -> Document:
    """The document that the log calls this.

    Raises:
        HTTPException: 404.
    """
    if name in STORED:
        return STORED[name]
    if name == SERVICE_LEVELS.name:
        return SERVICE_LEVELS
    kind, _, written = name.partition(":")
    try:
        return _ROWS[kind](UUID(written))
    except (KeyError, ValueError) as error:
        raise HTTPException(404) from error


def _when(change: SettingChange) -> str:
    return f"{change.at:%-d %b %Y, %H:%M} UTC"


def _still_there(address: str) -> str:
    """The page of a part of a document, if it was on one and the part is there (again); else nothing."""
    found = _PART.fullmatch(address)
    if found is None:
        return ""
    with transaction() as session:
        if found[1] == "replies":
            there = {reply["key"] for reply in CANNED_REPLIES.read(session)["replies"]}
        else:
            there = set(CATEGORIES.read(session)[found[1]])
    return address if found[2] in there else ""


def _address(change: SettingChange) -> str:
    """The page on which the document is edited."""
    kind, _, row = change.document.partition(":")
    if kind == "department":
        with transaction() as session:
            found = departments.by_id(session, UUID(row))
            return f"/settings/departments/{found.key}" if found is not None else "/settings/departments"
    pages = {
        "team": f"/settings/teams/{row}",
        "account": f"/settings/people/{row}",
        "agent": f"/settings/agents/{row}",
        "service_levels": "/settings/service-levels",
        "canned_replies": "/settings/replies",
        "notice_templates": "/settings/notices",
        "notice_target": f"/settings/notices/targets/{row}",
        "webhook": f"/settings/webhooks/{row}",
        "board": f"/settings/boards/{row}",
    }
    return pages.get(kind, f"/settings/{kind}")


def _names(session: Session) -> dict[str, str]:
    """What departments, teams and staff are called, by the ids that stand in documents."""
    named = {str(one.id): one.name for one in departments.departments(session, archived=True)}
    named |= {str(one.id): one.name for one in departments.teams(session, archived=True)}
    staff = select(Account).where(Account.role != Role.REQUESTER.value)
    return named | {str(one.id): one.person.name or one.email for one in session.scalars(staff)}


def _page(
    request: Request,
    session: Session,
    document: str,
    before: int | None,
    problems: dict[str, str] | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    if document:
        document_named(document)
    found = configuration.history(session, document or None, PAGE_SIZE + 1, before)
    shown = found[:PAGE_SIZE]
    newest = configuration.latest(session, document) if document else None
    context = {
        "names": _names(session),
        "changes": [(change, configuration.differences(change.before, change.after)) for change in shown],
        "document": document,
        "called": newest.title if newest is not None else "",
        "newest": newest.id if newest is not None else None,
        "older": shown[-1].id if len(found) > PAGE_SIZE else None,
        "shown": SHOWN,
        "problems": problems or {},
    }
    return forms.page(request, session, "history", context, saved, status)
