"""What became of a request that had to wait."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from sqlalchemy.orm import Session
from starlette.responses import Response

from helpsage.db.session import reading
from helpsage.intake import service as intake
from helpsage.intake.models import Inbound, Lane, Progress
from helpsage.tickets import service
from helpsage.web.api import route
from helpsage.web.api.access import Caller, TicketReader
from helpsage.web.api.answers import json
from helpsage.web.api.models import Accepted
from helpsage.web.api.problems import Refused, responses

router = route.router("submissions")

Number = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])]


@router.get("/submissions/{submission_id}", response_model=Accepted, responses=responses(404))
def get_submission(who: TicketReader, submission_id: Number) -> Response:
    """Whether a ticket was made of it. The token that sent it can ask."""
    with reading() as session:
        record = _own(session, who, submission_id)
        ticket = service.by_id(session, record.ticket_id) if record.ticket_id is not None else None
        told = Accepted(
            id=record.id,
            status=Progress(record.state).value,
            reference=ticket.reference if ticket is not None else None,
            reason=record.reason if record.state == Progress.IGNORED else "",
        )
    return json(told)


def _own(session: Session, who: Caller, submission_id: int) -> Inbound:
    try:
        record = intake.by_id(session, submission_id)
    except intake.InboundNotFound as error:
        raise Refused("not_found") from error
    if record.lane != Lane.API or record.meta.get("token") != str(who.token_id):
        raise Refused("not_found")
    return record
