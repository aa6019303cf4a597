"""Who asks: the account behind the session cookie, and pages that are for some of them only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Depends, HTTPException
from starlette.requests import Request

from helpsage import settings
from helpsage.assignment.presence import Away
from helpsage.db.session import reading, transaction
from helpsage.people import permissions, visits
from helpsage.people.models import Account
from helpsage.people.permissions import STAFF, Action, Viewer
from helpsage.tickets.service import Actor
from helpsage.web import cookies, zones

UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class SignedIn(Viewer):
    """The viewer who asks, logged in with this browser.

    Attributes:
        session_id: names the login in the list of sessions.
        is_fresh: they have proven who they are within the last minutes.
        lacks_two_factor: staff have to show a second factor here, and this login has not.
        away: staff who said that they are away.
        zone: in which their browser tells the time.
    """

    session_id: UUID | None = None
    is_fresh: bool = False
    lacks_two_factor: bool = False
    away: Away | None = None
    zone: ZoneInfo = UTC

    @property
    def actor(self) -> Actor:
        """As a ticket's log knows them when they work on it."""
        return Actor(kind="agent" if self.is_staff else "requester", name=self.name, person_id=self.person_id)

    def may(self, action: Action) -> bool:
        """For templates: whether to show the way to something."""
        return permissions.may(self, action)


#: What the agents' pages call whoever asks.
Staff = SignedIn


def viewer_or_none(request: Request) -> SignedIn | None:
    """The logged-in viewer, if there is one. Every page shows their name."""
    token = cookies.session(request)
    if not token:
        return None
    with reading() as session:
        found = visits.find(session, token)
        if found is None:
            return None
    if found.renewal_due:
        with transaction() as session:
            visits.renew(session, token)
    who = SignedIn(
        **vars(found.viewer),
        session_id=found.session_id,
        is_fresh=found.is_fresh,
        lacks_two_factor=found.viewer.is_staff and settings.get().staff_two_factor and not found.two_factor,
        away=found.away,
        zone=zones.of(request),
    )
    request.state.account = who
    return who


def owner(request: Request) -> SignedIn:
    """The logged-in viewer, for the pages of their own account; everyone else is sent to the login and comes back.

    Raises:
        HTTPException: 303 to the login page; for an event stream, 401.
    """
    who = viewer_or_none(request)
    if who is not None:
        return who
    raise _sent_to(request, "/login")


def viewer(request: Request) -> SignedIn:
    """The logged-in viewer. Staff who still have to show a second factor are sent to do so, and come back.

    Raises:
        HTTPException: as `owner`; 303 to the page of one-time codes.
    """
    who = owner(request)
    if who.lacks_two_factor:
        raise _sent_to(request, "/account/two-factor")
    return who


def fresh(request: Request) -> SignedIn:
    """The logged-in viewer, who has proven within the last minutes that it is them. For what hurts in wrong hands.

    Raises:
        HTTPException: as `owner`; 303 to the page that asks for the password or a code.
    """
    who = owner(request)
    if not who.is_fresh:
        raise _sent_to(request, "/account/confirm")
    return who


class Unconfirmed(Exception):
    """A form of somebody who has not proven lately that it is them. They are asked, and it goes on."""


def confirmed(request: Request) -> SignedIn:
    """The logged-in viewer, whose form counts only when they have proven within the last minutes that it is them.

    Raises:
        HTTPException: as `viewer`.
        Unconfirmed: answered with the page that asks, which carries the form along.
    """
    who = viewer(request)
    if not who.is_fresh:
        raise Unconfirmed
    return who


def staff_or_none(request: Request) -> SignedIn | None:
    """The logged-in agent, if there is one."""
    who = viewer_or_none(request)
    return who if who is not None and who.is_staff and not who.lacks_two_factor else None


def staff(request: Request) -> SignedIn:
    """The logged-in agent.

    Raises:
        HTTPException: as `viewer`; 403 for someone who is no staff.
    """
    who = viewer(request)
    if not who.is_staff:
        raise HTTPException(403)
    return who


def allowed(action: Action) -> Callable[[Request], SignedIn]:
    """A dependency: the logged-in viewer, who may do this at all. Which tickets is asked with `permissions.require`."""

    def who(request: Request) -> SignedIn:
        found = viewer(request)
        permissions.require(found, action)
        return found

    return who


def _sent_to(request: Request, page: str) -> HTTPException:
    """The way to another page and back. A form cannot be sent again from there: they return to its page."""
    if request.headers.get("accept", "").startswith("text/event-stream"):
        return HTTPException(401)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = here if request.method == "GET" else request.url.path
    return HTTPException(303, headers={"Location": f"{page}?next={quote(back, safe='')}"})


def is_staff(account: Account) -> bool:
    """Whether this account works here, and may still do so."""
    return account.role in STAFF and account.disabled_at is None


OwnAccount = Annotated[SignedIn, Depends(owner)]
FreshViewer = Annotated[SignedIn, Depends(fresh)]
Confirmed = Annotated[SignedIn, Depends(confirmed)]
CurrentViewer = Annotated[SignedIn, Depends(viewer)]
MaybeViewer = Annotated[SignedIn | None, Depends(viewer_or_none)]
CurrentStaff = Annotated[SignedIn, Depends(staff)]
MaybeStaff = Annotated[SignedIn | None, Depends(staff_or_none)]
