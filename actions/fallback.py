"""Not understood: once more in other words, then the likeliest choices, then a ticket. Never a dead end."""

from __future__ import annotations

from itertools import takewhile

from actions import articles, follow_up, handoff, knowledge, track, words
from actions.report import asking, opening, tone
from actions.step import Step, offer
from actions.turn import Button, Event, Heard, Turn
from helpsage.handoff.models import Reason
from helpsage.tickets.categories import catalogue

FALLBACK = "nlu_fallback"
MOST_CHOICES = 3
#: Of the ranking, to be offered at all.
LEAST_CONFIDENCE = 0.02


class Fallback(Step):
    """One step further each time in a row."""

    action = "action_fallback"

    async def take(self, turn: Turn) -> list[Event]:
        """Ask again, offer choices, or open a ticket with what was said; offer someone angry a person at once."""
        if opening.meant_for_a_ticket(turn.heard.words):
            return await follow_up.begin(turn, "comment")
        if turn.heard.reference_alone is not None:  # a bare number has no words to be understood by
            await track.tell(turn)
            return []
        before = list(takewhile(lambda heard: heard.intent == FALLBACK, turn.earlier))
        said = "\n".join(heard.words for heard in [*reversed(before), turn.heard] if heard.words)
        if not before and tone.of(turn.heard.words) == "angry":
            if await handoff.somebody_is_there(turn):
                turn.say("utter_offer_person_to_angry")
                return [offer("human", words=said, reason=Reason.ANGRY.value)]
            turn.say("utter_angry_not_understood")
            return [offer("person", words=said)]
        quoted = await articles.quote(turn, said)
        if quoted is not None:
            return quoted
        if not before:
            turn.say("utter_ask_rephrase")
            return [offer("rephrase", words=said)]
        buttons = _choices(turn.heard)
        if len(before) == 1 and buttons:
            none = {"title": words.NONE_OF_THESE, "payload": "/deny"}
            turn.say("utter_ask_which_of_these", buttons=[*buttons, none])
            return [offer("choices", words=said)]
        return await offer_person(turn, said)


class OutOfScope(Step):
    """It sounds like nothing that we do; an article may know of it all the same."""

    action = "action_out_of_scope"

    async def take(self, turn: Turn) -> list[Event]:
        """Quote one, or say what we do."""
        quoted = await articles.quote(turn, turn.heard.words)
        if quoted is not None:
            return quoted
        turn.say("utter_out_of_scope")
        return []


async def offer_person(turn: Turn, said: str) -> list[Event]:
    """Enough of guessing: a person, when one is there; else a ticket."""
    if await handoff.somebody_is_there(turn):
        turn.say("utter_offer_person_after_failure")
        return [offer("human", words=said, reason=Reason.FAILED.value)]
    return give_up(turn, said)


def give_up(turn: Turn, said: str) -> list[Event]:
    """Open a ticket of no certain kind with the words that were not understood."""
    turn.say("utter_no_more_guessing")
    return opening.start(opening.new_draft(turn, said, catalogue().categories["general_issue"]))


def describe(turn: Turn, said: str, heard: Heard) -> list[Event]:
    """Open the form on a description; the category is the likeliest one, else the general one."""
    likely = opening.likely_category(heard, opening.TOLD_CONFIDENCE)
    draft = opening.new_draft(turn, said, likely or catalogue().categories["general_issue"])
    opening.absorb(draft, heard)
    return opening.start(draft)


def _choices(heard: Heard) -> list[Button]:
    """The likeliest meanings as buttons."""
    buttons = []
    for intent, confidence in heard.ranking:
        button = _button(intent, heard) if confidence >= LEAST_CONFIDENCE else None
        if button is not None:
            buttons.append(button)
    return buttons[:MOST_CHOICES]


def _button(intent: str, heard: Heard) -> Button | None:
    category = catalogue().of_intent(intent)
    if category is not None:
        return {"title": category.title, "payload": f"/{intent}"}
    if intent == "faq" and heard.faq is not None:
        choice = knowledge.CHOICE_PREFIX + heard.faq
        return {"title": words.faq_title(heard.faq), "payload": asking.payload(choice=choice)}
    title = words.INTENTS.get(intent)
    return {"title": title, "payload": f"/{intent}"} if title is not None else None
