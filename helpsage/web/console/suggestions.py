"""What may answer a ticket: a page of its own, which the ticket's page takes into its side once it is drawn."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import reading
from helpsage.knowledge import suggesting
from helpsage.web import templating
from helpsage.web.console.attempt import Agent, visible_family

router = APIRouter(include_in_schema=False)


@router.get("/agent/tickets/{reference}/suggestions")
def show(request: Request, who: Agent, reference: str) -> Response:
    """FAQ entries, articles and solved tickets near to what the person wrote.

    Raises:
        TicketNotFound
    """
    with reading() as session:
        ticket = visible_family(session, who, reference)[0]
        context = {"ticket": ticket, "suggestions": suggesting.for_ticket(session, ticket, who)}
        return templating.page(request, "console/suggestions.html", context)
