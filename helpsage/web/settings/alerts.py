"""Places in which teams are told of tickets and waiting chats: making one, its code, what it is told, its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.alerts import places
from helpsage.alerts.documents import PlaceDocument
from helpsage.alerts.models import AlertPlace
from helpsage.configuration import service as configuration
from helpsage.configuration.documents import CHANNELS
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent, StaleContent
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/alerts")

ADDRESS = "/settings/alerts"


@dataclass
class Typed:
    """What stands in the form."""

    name: str = ""
    whose: str = ""
    tickets: str = "all"
    chats: bool = True
    seen: str = ""

    @classmethod
    def of(cls, content: Content) -> Typed:
        """As the place is now."""
        digest = configuration.digest(content)
        return cls(content["name"], content["whose"], content["tickets"], content["chats"], digest)

    def content(self) -> Content:
        """As it is to be kept."""
        return {
            "name": self.name.strip(),
            "whose": self.whose,
            "tickets": self.tickets,
            "chats": self.chats,
            "removed": False,
        }


def typed(
    name: Annotated[str, Form()] = "",
    whose: Annotated[str, Form()] = "",
    tickets: Annotated[str, Form()] = "all",
    chats: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Typed:
    """Read the form."""
    return Typed(name, whose, tickets, bool(chats), seen)


Form_ = Annotated[Typed, Depends(typed)]


@router.get("")
def index(request: Request, viewer: Administrator, saved: int | None = None) -> Response:
    """All places."""
    with transaction() as session:
        asked = select(AlertPlace).where(AlertPlace.removed_at.is_(None)).order_by(AlertPlace.name, AlertPlace.id)
        found = session.scalars(asked).all()
        context = {
            "places": found,
            "whose": _choices_by_id(session),
            "installations": _installations(session),
            "which": words.ALERT_TICKETS,
        }
        return forms.page(request, session, "alerts", context, saved)


@router.get("/new")
def new(request: Request, viewer: Administrator, whose: str = "") -> Response:
    """An empty form."""
    with transaction() as session:
        return _page(request, session, None, Typed(whose=whose))


@router.post("/new", dependencies=forms.checked)
def make(request: Request, viewer: Administrator, sent: Form_) -> Response:
    """Make a place; it has a code then, which connects it."""
    document = PlaceDocument(uuid4())

    def work(session: Session) -> SettingChange | None:
        summary = words.ALERT_MADE.format(name=sent.name.strip()[:80])
        return configuration.edit(session, document, lambda _: sent.content(), forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            return _page(request, session, None, sent, problems, status=status)

    return forms.send(work, redraw, f"{ADDRESS}/{document.place_id}")


@router.get("/{place_id}")
def show(request: Request, viewer: Administrator, place_id: UUID, saved: int | None = None) -> Response:
    """One place, and how it is connected."""
    with transaction() as session:
        return _page(request, session, place_id, Typed.of(_content(session, place_id)), saved=saved)


@router.post("/{place_id}", dependencies=forms.checked)
def change(request: Request, viewer: Administrator, place_id: UUID, sent: Form_) -> Response:
    """Change what is told there."""
    with transaction() as session:
        _content(session, place_id)
    document = PlaceDocument(place_id)

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            forms.refuse_stale(session, document.name, content, sent.seen)
            return sent.content()

        summary = words.ALERT_CHANGED.format(name=sent.name.strip()[:80])
        return configuration.edit(session, document, changed, forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            if stale is not None:
                sent.seen = configuration.digest(_content(session, place_id))
            return _page(request, session, place_id, sent, problems, stale, status=status)

    return forms.send(work, redraw, f"{ADDRESS}/{place_id}")


@router.post("/{place_id}/code", dependencies=forms.checked)
def code(request: Request, viewer: Administrator, place_id: UUID) -> Response:
    """A new code, shown now and never again. Until it is said somewhere, the place stays where it is."""
    with transaction() as session:
        kept = Typed.of(_content(session, place_id))
        made = places.new_code(session, session.get_one(AlertPlace, place_id))
        return _page(request, session, place_id, kept, code_=made)


@router.post("/{place_id}/remove", dependencies=forms.checked)
def remove(request: Request, viewer: Administrator, place_id: UUID) -> Response:
    """Nothing is told or heard there any more. What was posted stays with the application."""
    document = PlaceDocument(place_id)
    try:
        with transaction() as session:
            name = _content(session, place_id)["name"]
            summary = words.ALERT_REMOVED.format(name=name)
            line = configuration.edit(
                session, document, lambda kept: {**(kept or {}), "removed": True}, forms.who(viewer), summary
            )
    except (InvalidContent, StaleContent) as error:
        raise HTTPException(409) from error
    return RedirectResponse(f"{ADDRESS}?saved={line.id if line is not None else 0}", status_code=303)


def _content(session: Session, place_id: UUID) -> Content:
    found = PlaceDocument(place_id).read(session)
    if found is None or found["removed"]:
        raise HTTPException(404)
    return found


def _installations(session: Session) -> dict[str, str]:
    return {each["key"]: each["name"] for each in CHANNELS.read(session)["installations"]}


def _choices(session: Session) -> list[tuple[str, str]]:
    """Departments, and the teams of each."""
    found = []
    for home in departments.departments(session):
        found.append((f"department:{home.id}", words.ALERT_DEPARTMENT.format(name=home.name)))
        found += [(f"team:{team.id}", f"{home.name}: {team.name}") for team in departments.teams(session, home.id)]
    return found


def _choices_by_id(session: Session) -> dict[str, str]:
    return {key.partition(":")[2]: title for key, title in _choices(session)}


def _page(
    request: Request,
    session: Session,
    place_id: UUID | None,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
    code_: str = "",
) -> Response:
    row = session.get(AlertPlace, place_id) if place_id is not None else None
    context = {
        "place": row,
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "whose": _choices(session),
        "which": list(words.ALERT_TICKETS.items()),
        "installations": _installations(session),
        "code": code_,
        "steps": words.ALERT_STEPS,
        "document": PlaceDocument(place_id).name if place_id is not None else "",
    }
    return forms.page(request, session, "alert", context, saved, status)
