"""Is this the same as HS-1042? Asked once while a ticket is written: of the person's own tickets, of a known outage, or
of what several others report just now.

Found by meaning and words, as the worker does it for tickets that are filed. Nobody hears another person's words, name
or reference: of an outage (a ticket that agents tagged `outage`) and of others' reports only the category is named, and
of reports only when enough people made them that it tells of none of them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions import desk
from actions.report.draft import Draft
from actions.turn import Turn
from helpsage.conversations.models import Conversation
from helpsage.tickets import lifecycle, service
from helpsage.tickets.categories import catalogue
from helpsage.tickets.models import Status, Ticket
from helpsage.triage import twins

OWN, OUTAGE, OTHERS = "own", "outage", "others"
#: Of which the person hears no more than the category.
OF_OTHERS = (OUTAGE, OTHERS)
YES_OR_NO = ("/affirm", "/deny")


async def look(turn: Turn, draft: Draft) -> None:
    """Look once, as soon as the problem is described. When the records do not answer, there is nothing to ask."""
    if draft.compared or not draft.description or draft.category is None:
        return
    draft.compared = True
    try:
        draft.same = await desk.ask(turn.sender_id, lambda session, where: _found(session, where, draft))
    except desk.DeskUnavailable:
        draft.same = None


def ask(turn: Turn, draft: Draft) -> None:
    """Put the question."""
    same = draft.same or {}
    if same.get("kind") == OUTAGE:
        turn.say("utter_ask_same_outage", title=same.get("title", ""))
    elif same.get("kind") == OTHERS:
        turn.say("utter_ask_same_others", title=same.get("title", ""))
    else:
        turn.say("utter_ask_same_own", reference=same.get("reference", ""), subject=same.get("title", ""))


def _found(session: Session, conversation: Conversation, draft: Draft) -> dict[str, Any] | None:
    """The likeliest one. The encoder is only opened when there is something to compare with."""
    own = [ticket for ticket in service.tickets_of_conversation(session, conversation.id, 20) if _is_open(ticket)]
    outages = session.scalars(select(Ticket.id).where(twins.known_outage()).limit(20)).all()
    lately = twins.many_lately(session, draft.category)
    if not own and not outages and not lately:
        return None
    told = twins.words_of("", draft.description, draft.category, conversation.person_id)
    if own:
        told = twins.by_requester(told, own[0].requester_id)
        among = Ticket.id.in_([ticket.id for ticket in own])
        for found in _likely(twins.find(session, told, among=among)):
            return {"kind": OWN, "reference": found.ticket.reference, "title": found.ticket.subject}
    if outages:
        for found in _likely(twins.find(session, told, among=twins.known_outage(), shared=True)):
            return _of_others(OUTAGE, found.ticket)
    burst = twins.burst(session, told) if lately else None
    return _of_others(OTHERS, burst) if burst is not None else None


def _of_others(kind: str, ticket: Ticket) -> dict[str, Any]:
    category = catalogue().categories.get(ticket.category)
    return {"kind": kind, "reference": ticket.reference, "title": category.title if category is not None else ""}


def _likely(found: list[twins.Found]) -> list[twins.Found]:
    """The first one, if it is worth the question."""
    return [each for each in found if each.is_worth_asking][:1]


def _is_open(ticket: Ticket) -> bool:
    return Status(ticket.status) not in lifecycle.FINISHED and ticket.merged_into_id is None


async def add(turn: Turn, draft: Draft) -> str | None:
    """Put the words on the person's own ticket. Returns its reference; None when it could not be saved, and the person
    knows. The key is the form's: twice is once.

    Raises:
        helpsage.tickets.errors.TicketError: the ticket is not theirs (any more).
    """
    reference = str((draft.same or {}).get("reference", ""))

    def work(session: Session, conversation: Conversation) -> Any:
        ticket = service.visible_to(session, reference, conversation.id)
        service.comment(session, ticket, draft.description, desk.REQUESTER, key=f"same:{draft.form}")
        return desk.card(ticket)

    try:
        card = await desk.ask(turn.sender_id, work)
    except desk.DeskUnavailable:
        turn.say("utter_unavailable")
        return None
    turn.say("utter_same_added", ticket=card, reference=reference)
    return reference


async def join(turn: Turn, draft: Draft, filed: str) -> None:
    """Link the ticket that was just filed with the outage. That it is filed does not depend on it."""
    outage = str((draft.same or {}).get("reference", ""))

    def work(session: Session, conversation: Conversation) -> None:
        mine = service.visible_to(session, filed, conversation.id)
        twins.link(session, mine, service.by_reference(session, outage), desk.REQUESTER)

    try:
        await desk.ask(turn.sender_id, work)
    except desk.DeskUnavailable:
        return
