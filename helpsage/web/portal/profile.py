"""What the desk calls me, and what I am told of."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.people import directory, preferences
from helpsage.people.models import Person
from helpsage.people.preferences import DEFAULTS, Channel, Event
from helpsage.web import templating
from helpsage.web.access import SignedIn
from helpsage.web.portal import words
from helpsage.web.portal.forms import Attempt, Owner, Posted, checked, said

router = APIRouter(include_in_schema=False, prefix="/my")


@router.get("/profile")
def profile(request: Request, who: Owner, saved: str = "") -> Response:
    """Name and address."""
    return _profile(request, who, Attempt(), saved)


@router.post("/profile", dependencies=checked)
def keep_profile(request: Request, who: Owner, form: Posted) -> Response:
    """Another name. Tickets keep the one they were written with."""
    attempt = Attempt("profile", {"name": said(form, "name")})
    name = directory.clean_name(attempt.value("name"))
    if not name:
        attempt.refuse("name", words.NO_NAME)
    elif len(attempt.value("name").strip()) > directory.LONGEST_NAME:
        attempt.refuse("name", words.LONG_NAME.format(limit=directory.LONGEST_NAME))
    if attempt.problems:
        return _profile(request, who, attempt)
    with transaction() as session:
        session.get_one(Person, who.person_id).name = name
    return RedirectResponse("/my/profile?saved=1", status_code=303)


def _profile(request: Request, who: SignedIn, attempt: Attempt, saved: str = "") -> Response:
    with transaction() as session:
        person = session.get_one(Person, who.person_id)
        context: dict[str, Any] = {"person": person, "attempt": attempt, "saved": words.SAVED if saved else ""}
        return templating.page(request, "portal/profile.html", context, attempt.http_status)


@router.get("/notifications")
def notifications(request: Request, who: Owner, saved: str = "") -> Response:
    """What is told where."""
    with transaction() as session:
        chosen = preferences.of_person(session, who.person_id)
        person = session.get_one(Person, who.person_id)
    context = {
        "rows": [
            (title, hint, [(event, channel, chosen.get((event, channel))) for channel in Channel])
            for event, (title, hint) in words.EVENTS.items()
        ],
        "channels": list(words.CHANNELS.values()),
        "names": words.CHANNELS,
        "person": person,
        "saved": words.SAVED if saved else "",
    }
    return templating.page(request, "portal/notifications.html", context)


@router.post("/notifications", dependencies=checked)
def keep_notifications(request: Request, who: Owner, form: Posted) -> Response:
    """Keep what is ticked; what is not is not wanted."""
    wanted = {pair for pair in DEFAULTS if said(form, _field(*pair))}
    with transaction() as session:
        preferences.choose(session, who.person_id, wanted)
    return RedirectResponse("/my/notifications?saved=1", status_code=303)


def _field(event: Event, channel: Channel) -> str:
    return f"{event.value}-{channel.value}"
