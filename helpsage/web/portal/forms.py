"""What every form of the portal has in common: who sends it, what it holds, what stood in its way."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.datastructures import FormData
from starlette.requests import Request

from helpsage.people.permissions import Action
from helpsage.tickets.service import Actor
from helpsage.web import access, csrf
from helpsage.web.access import SignedIn

LONGEST_KEY = 64

checked = [Depends(csrf.checked)]

Opener = Annotated[SignedIn, Depends(access.allowed(Action.OPEN_TICKET))]
Reader = Annotated[SignedIn, Depends(access.allowed(Action.SEE_OWN_TICKET))]
Writer = Annotated[SignedIn, Depends(access.allowed(Action.COMMENT))]
Closer = Annotated[SignedIn, Depends(access.allowed(Action.CLOSE_OWN))]
Reopener = Annotated[SignedIn, Depends(access.allowed(Action.REOPEN_OWN))]
Rater = Annotated[SignedIn, Depends(access.allowed(Action.RATE))]
Owner = Annotated[SignedIn, Depends(access.allowed(Action.MANAGE_OWN_ACCOUNT))]


async def _posted(request: Request) -> FormData:
    return await request.form()


Posted = Annotated[FormData, Depends(_posted)]


def requester(who: SignedIn) -> Actor:
    """As a ticket's log knows whoever asks here, staff included."""
    return Actor(kind="requester", name=who.name, person_id=who.person_id)


def said(form: FormData, name: str) -> str:
    """What stands in a field; empty when it is missing, or a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def number(form: FormData, name: str) -> int | None:
    """A whole number of a hidden field."""
    value = said(form, name)
    return int(value) if value.isascii() and value.isdigit() and len(value) < 18 else None


def key(form: FormData) -> str:
    """The mark by which a form that is sent twice is known; one of our own for a form without one."""
    return said(form, "key")[:LONGEST_KEY] or new_key()


def new_key() -> str:
    """For a page's form."""
    return secrets.token_urlsafe(16)


@dataclass
class Attempt:
    """What someone tried to send, kept when it is refused.

    Attributes:
        form: which form of the page it was.
        values: what was typed, by field.
        problems: words beside a field, by field; `form` for what concerns no single one.
        seen: newest line of the log that was on the screen.
    """

    form: str = ""
    values: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    stale: bool = False
    http_status: int = 200

    def value(self, name: str, otherwise: str = "") -> str:
        """For templates: what was typed."""
        return self.values.get(name, otherwise)

    def problem(self, name: str) -> str:
        """For templates: what is wrong with it."""
        return self.problems.get(name, "")

    def refuse(self, name: str, told: str, http_status: int = 422) -> None:
        """Write a problem down."""
        self.problems.setdefault(name, told)
        self.http_status = http_status
