"""Being away: said in the header, with a return or without, and taken back there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.assignment import presence
from helpsage.db.session import transaction
from helpsage.web import access, csrf, templating, zones
from helpsage.web.access import CurrentStaff
from helpsage.web.console import said

router = APIRouter(include_in_schema=False)

AWAY = "/agent/away"


@router.get(AWAY)
def show(request: Request, who: CurrentStaff) -> Response:
    """The form."""
    return _page(request, who, "", "")


@router.post(AWAY, dependencies=[Depends(csrf.checked)])
def change(
    request: Request,
    who: CurrentStaff,
    until: Annotated[str, Form(max_length=40)] = "",
    note: Annotated[str, Form(max_length=200)] = "",
    back: Annotated[str, Form(max_length=4)] = "",
) -> Response:
    """Away from now on, or back."""
    try:
        with transaction() as session:
            if back:
                presence.come_back(session, who.account_id)
            else:
                presence.go_away(session, who.account_id, _moment(until, who), note.replace("\0", ""))
    except (presence.InvalidReturn, ValueError):
        return _page(request, who, until, note, said.RETURN_IS_PAST, 422)
    return RedirectResponse(AWAY if not back else "/agent", status_code=303)


def _moment(written: str, who: access.SignedIn) -> datetime | None:
    """As a browser writes it, in its own zone.

    Raises:
        ValueError: no moment.
    """
    if not written.strip():
        return None
    return datetime.fromisoformat(written.strip()).replace(tzinfo=who.zone)


def _page(
    request: Request, who: access.SignedIn, until: str, note: str, problem: str = "", status: int = 200
) -> Response:
    with transaction() as session:
        away = presence.away_of(session, who.account_id)
    context = {
        "now_away": away,
        "until": until,
        "note": note,
        "problem": problem,
        "zone": zones.called(who.zone),
    }
    return templating.page(request, "console/away.html", context, status)
