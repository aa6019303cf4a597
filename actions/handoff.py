"""Someone wants a person: put them in the queue when somebody is there, and say plainly when nobody is."""

from __future__ import annotations

from sqlalchemy.orm import Session

from actions import desk
from actions.desk import DeskUnavailable
from actions.report import opening
from actions.step import Step, offer
from actions.turn import Event, Turn
from helpsage.conversations.models import Conversation
from helpsage.handoff import idle, service, staffing
from helpsage.handoff import words as said
from helpsage.handoff.models import Reason
from helpsage.handoff.service import IllegalStep, NobodyThere
from helpsage.handoff.waiting import Place
from helpsage.tickets.categories import catalogue

#: What the button "Make it a ticket" of the queue carries; pressed too late it comes here.
TICKET = "ticket"


class HandOver(Step):
    """Look for a person."""

    action = "action_hand_over"

    async def take(self, turn: Turn) -> list[Event]:
        """Queue them; or say that nobody is there, and offer a ticket that a person reads."""
        if turn.heard.is_button and turn.heard.value("choice") == TICKET:
            return start(turn)
        return await wanted(turn, Reason.ASKED)


async def wanted(turn: Turn, reason: Reason) -> list[Event]:
    """Queue somebody who wants a person; or say that nobody is there, and offer a ticket."""
    try:
        await queue(turn, reason)
    except NobodyThere as nobody:
        if nobody.open or nobody.opens_at is None:
            turn.say("utter_nobody_live")
        else:
            turn.say("utter_people_are_off", opens=idle.told(nobody.opens_at))
        return [offer("person", words=turn.heard.words)]
    return []


async def queue(turn: Turn, reason: Reason) -> None:
    """Queue somebody, and say where they stand.

    Raises:
        NobodyThere: nothing was said.
        DeskUnavailable
    """

    def work(session: Session, conversation: Conversation) -> Place:
        # Whoever is angry has waited long enough.
        urgent = reason is Reason.ANGRY
        return service.ask(session, conversation.id, reason, turn.heard.number, urgent)

    try:
        place = await desk.ask(turn.sender_id, work)
    except IllegalStep:
        return  # an agent came at this very moment: nothing that is said now will be heard
    turn.say(
        "utter_waiting_for_person",
        buttons=service.queue_buttons(),
        handoff={"state": "queued", "place": place.number},
        place=said.place(place.number, place.wait),
    )


async def somebody_is_there(turn: Turn) -> bool:
    """Whether a person could be offered now. Not while the records cannot be reached."""
    try:
        return await desk.ask(turn.sender_id, lambda session, where: staffing.of(session, where.department_id).somebody)
    except DeskUnavailable:
        return False


def start(turn: Turn) -> list[Event]:
    """Open the form for someone who wants a person."""
    draft = opening.new_draft(turn, category=catalogue().categories["person_request"])
    draft.wants_person = True
    return opening.start(draft)
