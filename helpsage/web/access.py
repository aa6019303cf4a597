"""Who asks: the account behind the session cookie, and pages that are for some of them only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, HTTPException
from starlette.requests import Request

from helpsage.db.session import transaction
from helpsage.people import accounts, permissions
from helpsage.people.models import Account
from helpsage.people.permissions import STAFF, Action, Viewer
from helpsage.tickets.service import Actor
from helpsage.web import cookies


@dataclass(frozen=True)
class SignedIn(Viewer):
    """The viewer who asks, logged in with this browser."""

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
    with transaction() as session:
        found = accounts.find_session(session, token)
        if found is None:
            return None
        who = SignedIn(**vars(permissions.viewer_of(session, found.account)))
    request.state.account = who
    return who


def viewer(request: Request) -> SignedIn:
    """The logged-in viewer; everyone else is sent to the login and comes back.

    Raises:
        HTTPException: 303 to the login page; for an event stream, 401.
    """
    who = viewer_or_none(request)
    if who is not None:
        return who
    raise to_login(request)


def staff_or_none(request: Request) -> SignedIn | None:
    """The logged-in agent, if there is one."""
    who = viewer_or_none(request)
    return who if who is not None and who.is_staff else None


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


def to_login(request: Request) -> HTTPException:
    """The way to the login page and back."""
    if request.headers.get("accept", "").startswith("text/event-stream"):
        return HTTPException(401)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = here if request.method == "GET" else request.url.path
    return HTTPException(303, headers={"Location": f"/login?next={quote(back, safe='')}"})


def is_staff(account: Account) -> bool:
    """Whether this account works here, and may still do so."""
    return account.role in STAFF and account.disabled_at is None


CurrentViewer = Annotated[SignedIn, Depends(viewer)]
MaybeViewer = Annotated[SignedIn | None, Depends(viewer_or_none)]
CurrentStaff = Annotated[SignedIn, Depends(staff)]
MaybeStaff = Annotated[SignedIn | None, Depends(staff_or_none)]
