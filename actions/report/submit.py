"""Sending the ticket: once, whatever happens, and only called sent when it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from actions import desk, words
from actions.report.draft import Draft
from actions.turn import Turn
from helpsage.conversations.models import Conversation
from helpsage.departments import service as departments
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.words import LONGEST_BODY


async def submit(turn: Turn, draft: Draft) -> str | None:
    """Send it and say so. Returns the reference; None when it could not be saved, and the person knows.

    The key is the conversation and the form's own id: a second click, a retry after a crash or a repeated delivery
    ends with the first one's ticket and the same words.
    """
    try:
        card, team = await desk.ask(turn.sender_id, lambda session, where: _filed(session, where, draft))
    except desk.DeskUnavailable:
        turn.say("utter_ticket_not_saved")
        return None
    response = "utter_ticket_opened_with_email" if draft.email else "utter_ticket_opened"
    turn.say(response, ticket=card, reference=card["reference"], team=team, email=draft.email)
    reference: str = card["reference"]
    return reference


def _filed(session: Session, conversation: Conversation, draft: Draft) -> tuple[Mapping[str, Any], str]:
    """The ticket as a card, and who has it now."""
    ticket = _open(session, conversation, draft)
    category = draft.kind()
    placed = departments.called_in_a_sentence(session, ticket.team_id, ticket.department_id)
    return desk.card(ticket), placed or (category.team if category is not None else "")


def _description(draft: Draft) -> str:
    """What was said, and below it what was tried."""
    if not draft.tried:
        return draft.description[:LONGEST_BODY]
    below = "\n".join(["", "", words.TRIED, *draft.tried])
    return draft.description[: LONGEST_BODY - len(below)] + below


def _open(session: Session, conversation: Conversation, draft: Draft) -> Ticket:
    new = service.NewTicket(
        subject=draft.subject(),
        description=_description(draft),
        category=draft.category or "general_issue",
        channel=conversation.channel,
        details=draft.details(),
        gaps=[name for name in draft.left_open if name not in draft.answers],
        conversation_id=conversation.id,
        contact_email=draft.email,
        urgency=draft.urgency,
        idempotency_key=f"{conversation.id}:{draft.form}",
        tone=draft.tone,
    )
    return service.open_ticket(session, new, desk.REQUESTER)
