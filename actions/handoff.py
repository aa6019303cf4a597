"""Someone wants a person. Nobody is live in the chat in this version, and that is what is said."""

from __future__ import annotations

from actions.report import opening
from actions.step import Step, offer
from actions.turn import Event, Turn
from helpsage.tickets.categories import catalogue


class HandOver(Step):
    """Say honestly that nobody is there, and offer a ticket that a person reads."""

    action = "action_hand_over"

    async def take(self, turn: Turn) -> list[Event]:
        """Offer it."""
        turn.say("utter_nobody_live")
        return [offer("person", words=turn.heard.words)]


def start(turn: Turn) -> list[Event]:
    """Open the form for someone who wants a person."""
    draft = opening.new_draft(turn, category=catalogue().categories["person_request"])
    draft.wants_person = True
    return opening.start(draft)
