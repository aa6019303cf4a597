"""What the settings pages share: a form is sent, refused with everything that was typed, or saved and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from fastapi import Depends, Form
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import InvalidContent, StaleContent, Who, digest, stale
from helpsage.db.session import transaction
from helpsage.people import permissions
from helpsage.people.permissions import Action
from helpsage.web import csrf, templating
from helpsage.web.access import SignedIn, allowed

Administrator = Annotated[SignedIn, Depends(allowed(Action.MANAGE_SETTINGS))]
PeopleManager = Annotated[SignedIn, Depends(allowed(Action.MANAGE_PEOPLE))]
DepartmentManager = Annotated[SignedIn, Depends(allowed(Action.MANAGE_DEPARTMENTS))]
ReplyEditor = Annotated[SignedIn, Depends(allowed(Action.MANAGE_CANNED_REPLIES))]
checked = [Depends(csrf.checked)]

#: Draws the page anew with what stood in the way.
Redraw = Callable[[dict[str, str], "Stale | None", int], Response]


class Stale:
    """Someone else saved meanwhile.

    Attributes:
        change: what they did, when the log has it.
    """

    def __init__(self, change: SettingChange | None) -> None:
        self.change = change


def who(viewer: SignedIn) -> Who:
    """As the log of settings knows them."""
    return Who(viewer.person_id, viewer.name)


def send(work: Callable[[Session], SettingChange | None], redraw: Redraw, then: str | Callable[[], str]) -> Response:
    """Do it and go on to a page that says so, or draw the form again.

    Parameters:
        then: the address to go on to.
    """
    try:
        with transaction() as session:
            change = work(session)
    except InvalidContent as error:
        return redraw(error.problems, None, 422)
    except StaleContent as error:
        return redraw({}, Stale(error.latest), 409)
    to = then if isinstance(then, str) else then()
    return RedirectResponse(f"{to}?saved={change.id if change is not None else 0}", status_code=303)


def refuse_stale(session: Session, document: str, part: Any, seen: str) -> None:
    """Refuse a form whose writer had another state of this part of the document on the screen.

    Raises:
        StaleContent
    """
    if seen != digest(part):
        raise stale(session, document)


def page(
    request: Request,
    session: Session,
    template: str,
    context: Mapping[str, Any],
    saved: int | None = None,
    status: int = 200,
) -> Response:
    """A settings page; `saved` is the change that the last form made (0: nothing differed)."""
    done = session.get(SettingChange, saved) if saved else None
    shared: dict[str, Any] = {
        "saved": done,
        "unchanged": saved == 0,
        "problems": {},
        "stale": None,
        "may_undo": permissions.may(request.state.account, Action.MANAGE_SETTINGS),
    }
    return templating.page(request, f"settings/{template}.html", {**shared, **context}, status)


class Move:
    """Where one of a list in order is to go: `up`, `down`, or to the place typed beside it (1 is the first)."""

    def __init__(self, to: Annotated[str, Form()] = "", place: Annotated[str, Form()] = "") -> None:
        self.to = to or place

    def applied(self, order: Sequence[Any], key: str) -> list[Any]:
        """The same list with it there; as it was, when there is no such entry or place."""
        kept = list(order)
        here = next((place for place, each in enumerate(kept) if each["key"] == key), None)
        if here is None:
            return kept
        moved = kept.pop(here)
        there = {"up": here - 1, "down": here + 1}.get(self.to)
        if there is None:
            there = int(self.to) - 1 if self.to.isdecimal() and len(self.to) < 5 else here
        kept.insert(max(0, min(there, len(kept))), moved)
        return kept


def lines(text: str) -> list[str]:
    """One entry a line, without empty ones and without the same one twice."""
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def listed(text: str) -> list[str]:
    """Entries between commas, spaces or line ends."""
    return list(dict.fromkeys(text.replace(",", " ").split()))
