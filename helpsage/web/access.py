"""Who asks: the account behind the session cookie, and pages that are for staff only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, HTTPException
from starlette.requests import Request

from helpsage.db.session import transaction
from helpsage.people import accounts
from helpsage.people.models import Account, Role
from helpsage.tickets.service import Actor
from helpsage.web import cookies

STAFF = (Role.AGENT, Role.LEAD, Role.ADMINISTRATOR)


@dataclass(frozen=True)
class Staff:
    """The agent who asks."""

    account_id: UUID
    person_id: UUID
    name: str
    email: str

    @property
    def actor(self) -> Actor:
        """As the ticket's log knows them."""
        return Actor(kind="agent", name=self.name, person_id=self.person_id)


def staff_or_none(request: Request) -> Staff | None:
    """The logged-in agent, if there is one. Every page shows their name."""
    token = cookies.session(request)
    if not token:
        return None
    with transaction() as session:
        found = accounts.find_session(session, token)
        if found is None or not is_staff(found.account):
            return None
        account = found.account
        who = Staff(account.id, account.person_id, account.person.name or account.email, account.email)
    request.state.account = who
    return who


def staff(request: Request) -> Staff:
    """The logged-in agent; everyone else is sent to the login and comes back.

    Raises:
        HTTPException: 303 to the login page; for an event stream, 401.
    """
    who = staff_or_none(request)
    if who is not None:
        return who
    if request.headers.get("accept", "").startswith("text/event-stream"):
        raise HTTPException(401)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = here if request.method == "GET" else request.url.path
    raise HTTPException(303, headers={"Location": f"/login?next={quote(back, safe='')}"})


def is_staff(account: Account) -> bool:
    """Whether this account works here, and may still do so."""
    return account.role in STAFF and account.disabled_at is None


CurrentStaff = Annotated[Staff, Depends(staff)]
MaybeStaff = Annotated[Staff | None, Depends(staff_or_none)]
