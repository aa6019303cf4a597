"""Task boards: which are connected, and how they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import sealed
from helpsage.boards import sync
from helpsage.boards import words as told
from helpsage.boards.board import AccessLost, BoardAway
from helpsage.boards.documents import BoardDocument
from helpsage.boards.kinds import KINDS, USUAL
from helpsage.boards.models import BoardCard, BoardRow, CardState
from helpsage.configuration import service as configuration
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent, StaleContent
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.web.access import Confirmed
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/boards")

#: Conflicts that are shown.
MOST_CONFLICTS = 20


@dataclass
class Typed:
    """What stands in the form."""

    name: str = ""
    token: str = ""
    project: str = ""
    department: str = ""
    remarks: str = "reply"
    notes: bool = False
    seen: str = ""
    kind: str = USUAL

    @classmethod
    def of(cls, content: Content) -> Typed:
        """As the board is now."""
        return cls(
            content["name"],
            "",
            content["project"],
            content["department"],
            content["remarks"],
            content["notes"],
            configuration.digest(content),
            content["kind"],
        )

    def content(self, before: Content | None) -> Content:
        """As it is to be kept."""
        return {
            "name": self.name.strip(),
            "kind": before["kind"] if before is not None else self.kind,
            "project": self.project.strip(),
            "department": self.department,
            "remarks": self.remarks,
            "notes": self.notes,
            "enabled": before["enabled"] if before is not None else True,
            "removed": False,
        }


def typed(
    name: Annotated[str, Form()] = "",
    token: Annotated[str, Form(max_length=500)] = "",
    project: Annotated[str, Form()] = "",
    department: Annotated[str, Form()] = "",
    remarks: Annotated[str, Form()] = "reply",
    notes: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = USUAL,
) -> Typed:
    """Read the form."""
    return Typed(name, token.strip(), project, department, remarks, bool(notes), seen, kind if kind in KINDS else USUAL)


Form_ = Annotated[Typed, Depends(typed)]


@router.get("")
def index(request: Request, viewer: Administrator, saved: int | None = None) -> Response:
    """All boards, and how they do."""
    with transaction() as session:
        asked = select(BoardRow).where(BoardRow.removed_at.is_(None)).order_by(BoardRow.name)
        found = session.scalars(asked).all()
        context = {"boards": found, "kinds": KINDS, "counts": {one.id: _counts(session, one.id) for one in found}}
        return forms.page(request, session, "boards", context, saved)


@router.get("/new")
def new(request: Request, viewer: Administrator) -> Response:
    """An empty form."""
    with transaction() as session:
        return _page(request, session, None, Typed())


@router.post("/new", dependencies=forms.checked)
def make(
    request: Request, viewer: Administrator, confirmed: Confirmed, sent: Form_, then: Annotated[str, Form()] = ""
) -> Response:
    """Connect a board; or only show which projects it has (`then`)."""
    if then:
        return _with_projects(request, None, sent)
    document = BoardDocument(uuid4(), sent.token)

    def work(session: Session) -> SettingChange | None:
        summary = words.BOARD_MADE.format(name=sent.name.strip()[:80])
        return configuration.edit(session, document, lambda _: sent.content(None), forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        if sent.token:
            return _with_projects(request, None, sent, problems, status)
        with transaction() as session:
            return _page(request, session, None, sent, problems, status=status)

    return forms.send(work, redraw, f"/settings/boards/{document.board_id}")


@router.get("/{board_id}")
def show(request: Request, viewer: Administrator, board_id: UUID, saved: int | None = None) -> Response:
    """One board, and what needs a look."""
    with transaction() as session:
        return _page(request, session, board_id, Typed.of(_content(session, board_id)), saved=saved)


@router.post("/{board_id}", dependencies=forms.checked)
def change(
    request: Request,
    viewer: Administrator,
    confirmed: Confirmed,
    board_id: UUID,
    sent: Form_,
    then: Annotated[str, Form()] = "",
) -> Response:
    """Change it."""
    with transaction() as session:
        sent.kind = _content(session, board_id)["kind"]
    if then:
        return _with_projects(request, board_id, sent)
    document = BoardDocument(board_id, sent.token)

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            forms.refuse_stale(session, document.name, content, sent.seen)
            return sent.content(content)

        summary = words.BOARD_CHANGED.format(name=sent.name.strip()[:80])
        line = configuration.edit(session, document, changed, forms.who(viewer), summary)
        if line is None and sent.token:
            # Only the token is new, and that stands in no log.
            document.write(session, _content(session, board_id))
        return line

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            if stale is not None:
                sent.seen = configuration.digest(_content(session, board_id))
            return _page(request, session, board_id, sent, problems, stale, status=status)

    return forms.send(work, redraw, f"/settings/boards/{board_id}")


@router.post("/{board_id}/switch", dependencies=forms.checked)
def switch(request: Request, viewer: Administrator, board_id: UUID, on: Annotated[str, Form()] = "") -> Response:
    """On, or off."""
    summary = words.BOARD_ON if on else words.BOARD_OFF
    return _set(viewer, board_id, {"enabled": bool(on)}, summary, f"/settings/boards/{board_id}")


@router.post("/{board_id}/remove", dependencies=forms.checked)
def remove(request: Request, viewer: Administrator, board_id: UUID) -> Response:
    """Leave it alone from now on; its cards stay where they are."""
    return _set(viewer, board_id, {"removed": True}, words.BOARD_REMOVED, "/settings/boards")


@router.post("/{board_id}/test", dependencies=forms.checked)
def test(request: Request, viewer: Administrator, board_id: UUID) -> Response:
    """Ask the board now; one that had stopped goes on when it answers."""
    with transaction() as session:
        kept = Typed.of(_content(session, board_id))
    good, shown, _ = _asked(board_id, kept)
    with transaction() as session:
        if good:
            row = session.get_one(BoardRow, board_id)
            row.broken_at, row.trouble, row.failures = None, "", 0
        return _page(request, session, board_id, kept, told_=(good, shown))


def _asked(board_id: UUID | None, sent: Typed) -> tuple[bool, str, Mapping[str, str]]:
    """Whether it answers, what to say of it, and its projects."""
    token = sent.token
    if not token and board_id is not None:
        with transaction() as session:
            token = sealed.unseal(sync.PURPOSE, session.get_one(BoardRow, board_id).token)
    try:
        projects = KINDS[sent.kind].open(token, "", {}).projects()
    except (BoardAway, AccessLost) as error:
        return False, told.FAILS.format(error=error), {}
    return True, told.WORKS.format(count=len(projects)), projects


def _with_projects(
    request: Request, board_id: UUID | None, sent: Typed, problems: dict[str, str] | None = None, status: int = 200
) -> Response:
    good, shown, projects = _asked(board_id, sent)
    with transaction() as session:
        if not good:
            problems = {**(problems or {}), "token": shown}
        return _page(request, session, board_id, sent, problems, projects=projects, status=status if good else 422)


def _set(viewer: Administrator, board_id: UUID, changes: dict[str, Any], summary: str, then: str) -> Response:
    document = BoardDocument(board_id)
    try:
        with transaction() as session:
            name = _content(session, board_id)["name"]
            line = configuration.edit(
                session,
                document,
                lambda kept: {**(kept or {}), **changes},
                forms.who(viewer),
                summary.format(name=name),
            )
    except (InvalidContent, StaleContent) as error:
        raise HTTPException(409) from error
    return RedirectResponse(f"{then}?saved={line.id if line is not None else 0}", status_code=303)


def _content(session: Session, board_id: UUID) -> Content:
    found = BoardDocument(board_id).read(session)
    if found is None or found["removed"]:
        raise HTTPException(404)
    return found


def _counts(session: Session, board_id: UUID) -> dict[str, int]:
    asked = select(BoardCard.state, func.count()).where(BoardCard.board_id == board_id).group_by(BoardCard.state)
    found = {state: int(count) for state, count in session.execute(asked)}
    return {state.value: found.get(state.value, 0) for state in CardState}


def _page(
    request: Request,
    session: Session,
    board_id: UUID | None,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
    told_: tuple[bool, str] | None = None,
    projects: Mapping[str, str] | None = None,
) -> Response:
    row = session.get(BoardRow, board_id) if board_id is not None else None
    quarrels = select(BoardCard).where(BoardCard.board_id == board_id, BoardCard.conflict != "").limit(MOST_CONFLICTS)
    choices = dict(projects or {})
    if sent.project and sent.project not in choices:
        choices[sent.project] = words.BOARD_PROJECT.format(id=sent.project)
    context = {
        "board": row,
        "form": sent,
        "kind": KINDS[sent.kind],
        "kinds": [(each.name, each.title) for each in KINDS.values()],
        "problems": problems or {},
        "stale": stale,
        "projects": list(choices.items()),
        "departments": [(str(one.id), one.name) for one in departments.departments(session)],
        "sections": told.SECTIONS,
        "counts": _counts(session, board_id) if board_id is not None else {},
        "conflicts": session.scalars(quarrels).all() if board_id is not None else [],
        "told": told_,
        "document": BoardDocument(board_id).name if board_id is not None else "",
    }
    return forms.page(request, session, "board", context, saved, status)
