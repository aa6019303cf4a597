"""Beginning a ticket: the draft, its category, and what the first words say by the way."""

from __future__ import annotations

import re

from rasa_sdk.events import SlotSet

from actions.report import answers, tone
from actions.report.draft import Answer, Draft
from actions.turn import Event, Heard, Turn
from helpsage import clock
from helpsage.tickets.categories import Category, Question, catalogue

FORM = "ticket_form"
DRAFT = "ticket_draft"
CONTACT = "contact_email"

#: Kept in place of an address by someone who wants no e-mail: it is asked once a conversation.
NO_ADDRESS = ""

#: A report that only says "I have a problem" in many words holds the problem itself: least words, least likelihood.
TOLD_WORDS, TOLD_CONFIDENCE = 7, 0.12
_FOR_A_TICKET = re.compile(
    r"\s*(?:please\s+|can you\s+|could you\s+|pls\s+|kindly\s+)*(?:add|append|note|write|put|attach|comment)\b"
    r"[^:]{0,40}\b(?:ticket|case|request|hs[\s-]?\d+)\b",
    re.IGNORECASE,
)


def new_draft(turn: Turn, description: str = "", category: Category | None = None) -> Draft:
    """A draft with what this conversation has settled already."""
    kept = turn.slot(CONTACT)
    draft = Draft(description=description, email=kept or None, email_settled=kept is not None)
    draft.tone = tone.of(description)
    if category is not None:
        draft.set_category(category)
    return draft


def start(draft: Draft) -> list[Event]:
    """Events with which another action opens the form on a draft it has prepared."""
    return [SlotSet(DRAFT, draft.to_slot()), {"event": "followup", "timestamp": None, "name": FORM}]


def meant_for_a_ticket(text: str) -> bool:
    """Whether words that sound like a problem are meant for a ticket that exists: "add to my ticket: ..."."""
    return _FOR_A_TICKET.match(text) is not None


def acknowledge(turn: Turn, draft: Draft) -> None:
    """Say in a sentence that the problem arrived; sorry, when the person is angry."""
    category = draft.kind()
    if draft.tone == "angry":
        turn.say("utter_acknowledge_angry")
    elif category is not None:
        turn.say(category.acknowledge)


def likely_category(heard: Heard, least: float, group: str | None = None) -> Category | None:
    """The likeliest category of a message (of one group), or None when nothing reaches `least`."""
    known = catalogue()
    for intent, confidence in heard.ranking:
        category = known.of_intent(intent)
        if category is not None and (group is None or category.group.name == group):
            return category if confidence >= least else None
    return None


def absorb(draft: Draft, heard: Heard, overwrite: bool = False, but: str = "") -> list[tuple[Question, Answer]]:
    """Take every answer that a message holds, for open questions or (overwrite) for answered ones too.

    Returns:
        What was taken, when `overwrite` asked for changes.
    """
    changed = []
    now, order = clock.now(), catalogue().date_order
    for question in draft.questions():
        before = draft.answers.get(question.name)
        if question.name == but or (before is not None and not overwrite):
            continue
        answer = answers.mentioned(question, heard, now, order)
        if answer is None or (before is not None and before.value == answer.value and not answer.more):
            continue
        if before is not None and before.more and not answer.more:
            answer = answers.with_more(answer, before)
        if answer == before:
            continue
        draft.answer(question.name, answer)
        if overwrite:
            changed.append((question, answer))
    _absorb_address(draft, heard)
    draft.urgency = heard.value("urgency") or draft.urgency
    return changed


def _absorb_address(draft: Draft, heard: Heard) -> None:
    address = heard.value("email")
    asks_for_address = any(question.kind == "email" for question in draft.questions())
    if address is not None and not asks_for_address:
        draft.email = address
        draft.email_settled = True
