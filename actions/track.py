"""Telling people how their tickets stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from actions import desk
from actions.step import Step
from actions.turn import Event, Turn
from helpsage import clock
from helpsage.conversations.models import Conversation
from helpsage.service_levels import standing as clocks
from helpsage.service_levels.levels import Kind
from helpsage.tickets import service
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Ticket

#: Cards in one message.
MOST_SHOWN = 10
LONGEST_REPLY = 500
#: What is said of a promise, by what is promised and whether it is late.
PROMISED = {
    (Kind.FIRST_RESPONSE, False): "utter_promised_first_response",
    (Kind.FIRST_RESPONSE, True): "utter_promised_first_response_late",
    (Kind.RESOLUTION, False): "utter_promised_resolution",
    (Kind.RESOLUTION, True): "utter_promised_resolution_late",
}


@dataclass(frozen=True)
class Standing:
    """What there is to say of one ticket."""

    card: Mapping[str, Any]
    opened: str
    #: The agent who wrote last and what, if one did.
    last_reply: tuple[str, str] | None
    #: The response that says what is promised next, and by when it is; None when this desk promises nothing.
    promised: tuple[str, str] | None
    #: Tickets of this person in all.
    count: int


class TicketStatus(Step):
    """How one ticket stands: the named one, or the newest."""

    action = "action_ticket_status"

    async def take(self, turn: Turn) -> list[Event]:
        """Say it."""
        await tell(turn)
        return []


class ListTickets(Step):
    """Every ticket of this person, as cards."""

    action = "action_list_tickets"

    async def take(self, turn: Turn) -> list[Event]:
        """Show them."""
        await tell_all(turn)
        return []


async def tell(turn: Turn) -> None:
    """Say how the ticket in question stands, or show all when that was asked.

    Raises:
        DeskUnavailable
    """
    if turn.heard.intent == "list_tickets":
        await tell_all(turn)
        return
    reference = turn.heard.value("reference")
    try:
        standing = await desk.ask(turn.sender_id, lambda session, where: _standing(session, where, reference))
    except TicketNotFound:
        turn.say("utter_ticket_unknown", reference=reference)
        return
    if standing is None:
        turn.say("utter_no_tickets")
        return
    _say(turn, standing, named=reference is not None)


def _say(turn: Turn, standing: Standing, named: bool) -> None:
    card = standing.card
    turn.say(
        f"utter_status_{card['status']}",
        ticket=card,
        reference=card["reference"],
        subject=card["subject"],
        opened=standing.opened,
    )
    if standing.promised is not None:
        response, when = standing.promised
        turn.say(response, when=when)
    if standing.last_reply is not None:
        name, said = standing.last_reply
        turn.say("utter_latest_reply", name=name, words=said)
    if not named and standing.count > 1:
        turn.say("utter_more_tickets", count=standing.count)


async def tell_all(turn: Turn) -> None:
    """Show every ticket.

    Raises:
        DeskUnavailable
    """
    cards = await desk.ask(turn.sender_id, _cards)
    if cards:
        turn.say("utter_tickets", tickets=cards)
    else:
        turn.say("utter_no_tickets")


def _cards(session: Session, conversation: Conversation) -> list[Mapping[str, Any]]:
    return [desk.card(ticket) for ticket in service.tickets_of_conversation(session, conversation.id)[:MOST_SHOWN]]


def _standing(session: Session, conversation: Conversation, reference: str | None) -> Standing | None:
    tickets = service.tickets_of_conversation(session, conversation.id)
    if reference is not None:
        ticket: Ticket | None = service.visible_to(session, reference, conversation.id)
    else:
        ticket = next(iter(tickets), None)
    if ticket is None:
        return None
    return Standing(
        desk.card(ticket), ago(ticket), _last_reply(session, ticket), _promised(session, ticket), len(tickets)
    )


def _promised(session: Session, ticket: Ticket) -> tuple[str, str] | None:
    found = clocks.promised(session, ticket)
    if found is None or found.due_at is None:
        return None
    return PROMISED[found.kind, found.state is clocks.State.LATE], clocks.in_words(found.due_at)


def _last_reply(session: Session, ticket: Ticket) -> tuple[str, str] | None:
    public = [entry for entry in service.thread(session, ticket) if entry.visibility == "public"]
    if not public or public[-1].author_kind != "agent":
        return None
    body = public[-1].body
    shown = body if len(body) <= LONGEST_REPLY else body[: LONGEST_REPLY - 1] + "…"
    return public[-1].author_name or "The help desk", shown.replace("\n", "\n> ")


def ago(ticket: Ticket) -> str:
    """When a ticket was opened, in words."""
    passed = clock.now() - ticket.created_at
    if passed.days >= 2:
        return f"{passed.days} days ago"
    if passed.days == 1:
        return "yesterday"
    hours, minutes = passed.seconds // 3600, passed.seconds // 60
    if hours:
        return f"{hours} hours ago" if hours > 1 else "an hour ago"
    return f"{minutes} minutes ago" if minutes > 1 else "just now"
