"""What the desk calls me, and what I am told of."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time
from typing import Any

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.notify import manner
from helpsage.notify.models import Rhythm, Target
from helpsage.people import directory, preferences
from helpsage.people.models import Person
from helpsage.people.preferences import DEFAULTS, OF_STAFF, Channel, Event
from helpsage.web import cookies, templating
from helpsage.web.access import SignedIn
from helpsage.web.portal import words
from helpsage.web.portal.forms import Attempt, Owner, Posted, checked, said
from languages import detect

router = APIRouter(include_in_schema=False, prefix="/my")


@router.get("/profile")
def profile(request: Request, who: Owner, saved: str = "") -> Response:
    """Name and address."""
    return _profile(request, who, Attempt(), saved)


@router.post("/profile", dependencies=checked)
def keep_profile(request: Request, who: Owner, form: Posted) -> Response:
    """Another name, another language. Tickets keep the name they were written with."""
    attempt = Attempt("profile", {"name": said(form, "name")})
    language = detect.spoken(said(form, "language"))
    name = directory.clean_name(attempt.value("name"))
    if not name:
        attempt.refuse("name", words.NO_NAME)
    elif len(attempt.value("name").strip()) > directory.LONGEST_NAME:
        attempt.refuse("name", words.LONG_NAME.format(limit=directory.LONGEST_NAME))
    if attempt.problems:
        return _profile(request, who, attempt)
    with transaction() as session:
        person = session.get_one(Person, who.person_id)
        person.name = name
        person.locale = language or person.locale
    response = RedirectResponse("/my/profile?saved=1", status_code=303)
    if language is not None:
        cookies.set_language(response, language)
    return response


def _profile(request: Request, who: SignedIn, attempt: Attempt, saved: str = "") -> Response:
    with transaction() as session:
        person = session.get_one(Person, who.person_id)
        context: dict[str, Any] = {"person": person, "attempt": attempt, "saved": words.SAVED if saved else ""}
        return templating.page(request, "portal/profile.html", context, attempt.http_status)


@router.get("/notifications")
def notifications(request: Request, who: Owner, saved: str = "") -> Response:
    """What is told where, and when."""
    return _notifications(request, who, Attempt(), saved)


@router.post("/notifications", dependencies=checked)
def keep_notifications(request: Request, who: Owner, form: Posted) -> Response:
    """Keep what is ticked; what is not is not wanted."""
    attempt = Attempt("notifications", {name: said(form, name) for name in _MANNER})
    with transaction() as session:
        shown = _shown(session, who)
    wanted = {pair for pair in shown if said(form, _field(*pair))}
    chosen = _manner(attempt)
    if not attempt.problems:
        try:
            with transaction() as session:
                preferences.choose(session, who.person_id, wanted, shown)
                manner.choose(session, who.person_id, **chosen)
            return RedirectResponse("/my/notifications?saved=1", status_code=303)
        except manner.InvalidManner as error:
            attempt.refuse(error.field, words.NO_ZONE if error.field == "time_zone" else words.HALF_QUIET)
    return _notifications(request, who, attempt, wanted=wanted)


_MANNER = ("rhythm", "digest_at", "time_zone", "quiet_from", "quiet_to")


def _manner(attempt: Attempt) -> dict[str, Any]:
    """What was typed about when; problems go to the attempt."""
    rhythm = attempt.value("rhythm") or Rhythm.AT_ONCE.value
    if rhythm not in words.RHYTHMS:
        attempt.refuse("rhythm", words.NO_CHOICE)
        rhythm = Rhythm.AT_ONCE.value
    return {
        "rhythm": Rhythm(rhythm),
        "digest_at": _time(attempt, "digest_at", "digest_at") or time(8),
        "time_zone": attempt.value("time_zone"),
        "quiet_from": _time(attempt, "quiet_from", "quiet"),
        "quiet_to": _time(attempt, "quiet_to", "quiet"),
    }


def _time(attempt: Attempt, name: str, beside: str) -> time | None:
    written = attempt.value(name).strip()
    if not written:
        return None
    try:
        return datetime.strptime(written[:5], "%H:%M").time()  # noqa: DTZ007 a time of day, in the person's zone
    except ValueError:
        attempt.refuse(beside, words.NO_TIME)
        return None


def _shown(session: Session, who: SignedIn) -> list[tuple[Event, Channel]]:
    """What this person can choose: staff's events for staff, places for who has one."""
    has_places = session.scalar(
        select(Target.id).where(Target.person_id == who.person_id, Target.removed_at.is_(None)).limit(1)
    )
    return [
        (event, channel)
        for event, channel in DEFAULTS
        if (who.is_staff or event not in OF_STAFF) and (has_places or channel is not Channel.TARGET)
    ]


def _notifications(
    request: Request,
    who: SignedIn,
    attempt: Attempt,
    saved: str = "",
    wanted: Collection[tuple[Event, Channel]] | None = None,
) -> Response:
    with transaction() as session:
        shown = _shown(session, who)
        kept = preferences.of_person(session, who.person_id)
        chosen = {pair: kept[pair] if wanted is None else pair in wanted for pair in shown}
        person = session.get_one(Person, who.person_id)
        when = manner.of_person(session, who.person_id)
    channels = [channel for channel in Channel if any(channel is one for _, one in shown)]
    context = {
        "rows": [
            (title, hint, [(event, channel, chosen.get((event, channel))) for channel in channels])
            for event, (title, hint) in words.EVENTS.items()
            if any(event is one for one, _ in shown)
        ],
        "channels": [words.CHANNELS[channel] for channel in channels],
        "names": words.CHANNELS,
        "person": person,
        "saved": words.SAVED if saved else "",
        "attempt": attempt,
        "when": {
            "rhythm": attempt.value("rhythm", when.rhythm),
            "digest_at": attempt.value("digest_at", f"{when.digest_at:%H:%M}"),
            "time_zone": attempt.value("time_zone", when.time_zone),
            "quiet_from": attempt.value("quiet_from", f"{when.quiet_from:%H:%M}" if when.quiet_from else ""),
            "quiet_to": attempt.value("quiet_to", f"{when.quiet_to:%H:%M}" if when.quiet_to else ""),
        },
        "rhythms": words.RHYTHMS,
        "zones": manner.zones(),
        "desk_zone": settings.get().time_zone,
    }
    return templating.page(request, "portal/notifications.html", context, attempt.http_status)


def _field(event: Event, channel: Channel) -> str:
    return f"{event.value}-{channel.value}"
