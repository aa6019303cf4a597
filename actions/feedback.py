"""Yes, no, thanks and other short words outside of forms: they answer what was asked or offered last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from actions import articles, desk, fallback, handoff, knowledge, track, words
from actions.follow_up import FollowUp, begin, proceed
from actions.report import opening
from actions.step import OFFER, Step, offer
from actions.turn import FEW_WORDS, Event, Turn
from helpsage.conversations.models import Conversation
from helpsage.handoff.models import Reason
from helpsage.tickets import lifecycle, service
from helpsage.tickets.categories import catalogue
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Status, Ticket

URGENT = ("high", "urgent")
#: Fewer words do not describe a problem.
TOLD_WORDS = 6


class Affirm(Step):
    """Yes, to what was offered."""

    action = "action_affirm"

    async def take(self, turn: Turn) -> list[Event]:
        """Do what was offered."""
        answered = knowledge.answered(turn)
        if answered is not None:
            await knowledge.keep_feedback(turn, answered["key"], helped=True)
            turn.say("utter_glad_it_helped")
            return []
        offered = _offered(turn)
        match offered.get("kind"):
            case articles.KIND:
                await articles.helped(turn, offered, yes=True)
                turn.say("utter_glad_it_helped")
                return []
            case "filed":
                return await _again_filed(turn, offered["reference"])
            case "human":
                return await handoff.wanted(turn, Reason(offered["reason"]))
            case "person":
                return handoff.start(turn)
            case "again":
                return await _once_more(turn, offered["reference"])
            case "report":
                return _report(turn, offered.get("words", ""))
            case "add":
                return await proceed(
                    turn, FollowUp("comment", offered["reference"], words=offered["words"], key=offered["key"])
                )
        turn.say("utter_what_next")
        return []


class Deny(Step):
    """No, to what was offered."""

    action = "action_deny"

    async def take(self, turn: Turn) -> list[Event]:
        """Take it back, or go on to the next best thing."""
        answered = knowledge.answered(turn)
        if answered is not None:
            return await _did_not_help(turn, answered)
        offered = _offered(turn)
        if offered.get("kind") == articles.KIND:
            return await articles.did_not_help(turn, offered)
        if offered.get("kind") == "choices":
            return await fallback.offer_person(turn, offered.get("words", ""))
        if offered.get("kind") == "human" and offered.get("reason") == Reason.FAILED:
            return fallback.give_up(turn, offered.get("words", ""))
        turn.say("utter_no_problem")
        return []


class Thanks(Step):
    """Thanks. It never reopens anything."""

    action = "action_thanks"

    async def take(self, turn: Turn) -> list[Event]:
        """After an answer it says that the answer helped."""
        answered = knowledge.answered(turn)
        if answered is not None:
            await knowledge.keep_feedback(turn, answered["key"], helped=True)
            turn.say("utter_glad_it_helped")
        elif _offered(turn).get("kind") == articles.KIND:
            await articles.helped(turn, _offered(turn), yes=True)
            turn.say("utter_glad_it_helped")
        else:
            turn.say("utter_welcome")
        return []


class Inform(Step):
    """Details that nothing asked for: a reference alone, a button, or more about a ticket."""

    action = "action_inform"

    async def take(self, turn: Turn) -> list[Event]:
        """Find out what they belong to."""
        choice = turn.heard.value("choice") or ""
        if turn.heard.is_button and choice.startswith(knowledge.CHOICE_PREFIX):
            return _tell_chosen(turn, choice.removeprefix(knowledge.CHOICE_PREFIX))
        if turn.heard.reference_alone is not None:
            await track.tell(turn)
            return []
        if turn.heard.value("urgency") in URGENT and turn.heard.length <= FEW_WORDS:
            return await begin(turn, "escalate")
        return await _offer_to_add(turn)


class CorrectDetail(Step):
    """A correction after the ticket was sent goes to the ticket."""

    action = "action_correct_detail"

    async def take(self, turn: Turn) -> list[Event]:
        """Offer to add it."""
        return await _offer_to_add(turn)


class Skip(Step):
    """There is nothing to skip."""

    action = "action_skip"

    async def take(self, turn: Turn) -> list[Event]:
        """Say so kindly."""
        turn.say("utter_no_problem")
        return []


class Cancel(Step):
    """There is nothing to cancel; an offer is off the table."""

    action = "action_cancel"

    async def take(self, turn: Turn) -> list[Event]:
        """Say so."""
        turn.say("utter_no_problem" if _offered(turn).get("kind") not in (None, "filed") else "utter_nothing_to_cancel")
        return []


def _offered(turn: Turn) -> Mapping[str, Any]:
    kept = turn.slot(OFFER)
    return kept if isinstance(kept, dict) else {}


async def _once_more(turn: Turn, reference: str) -> list[Event]:
    """A new ticket for what an old one was about; the person need not say it again."""

    def work(session: Session, conversation: Conversation) -> tuple[str, str]:
        old = service.visible_to(session, reference, conversation.id)
        return old.category, f"{old.description}\n{words.AGAIN.format(reference=old.reference)}"

    category, description = await desk.ask(turn.sender_id, work)
    known = catalogue().categories
    return opening.start(opening.new_draft(turn, description, known.get(category) or known["general_issue"]))


def _report(turn: Turn, said: str) -> list[Event]:
    """Open the form; a few words such as "it is back" say too little to be a description."""
    if len(said.split()) < TOLD_WORDS:
        return opening.start(opening.new_draft(turn))
    return fallback.describe(turn, said, turn.earlier[0] if turn.earlier else turn.heard)


async def _again_filed(turn: Turn, reference: str) -> list[Event]:
    """Send was pressed twice."""
    try:
        card = await desk.ask(
            turn.sender_id,
            lambda session, where: desk.card(service.visible_to(session, reference, where.id)),
        )
    except TicketNotFound:
        turn.say("utter_what_next")
        return []
    turn.say("utter_ticket_opened_before", ticket=card, reference=reference)
    return [offer("filed", reference=reference)]


async def _did_not_help(turn: Turn, answered: Mapping[str, Any]) -> list[Event]:
    """Keep that it did not help, and go on: to an article about it, else to a ticket with what was asked.

    The answer counts as what was shown first, so that one more passage comes before the ticket.
    """
    await knowledge.keep_feedback(turn, answered["key"], helped=False)
    known = catalogue()
    category = known.of_faq(answered["key"]) or known.categories["general_issue"]
    more = await articles.quote(
        turn, str(answered.get("words") or ""), category.name, shown=[knowledge.shown(answered)]
    )
    if more is not None:
        return more
    turn.say("utter_answer_did_not_help")
    draft = opening.new_draft(turn, str(answered.get("words") or ""), category)
    if turn.earlier:
        opening.absorb(draft, turn.earlier[0])
    return opening.start(draft)


def _tell_chosen(turn: Turn, key: str) -> list[Event]:
    knowledge.tell(turn, key)
    turn.say("utter_did_that_help")
    return [offer("faq", key=key, words=str(_offered(turn).get("words") or ""))]


async def _offer_to_add(turn: Turn) -> list[Event]:
    ticket = await desk.ask(turn.sender_id, _newest_open)
    if ticket is None or not turn.heard.words:
        turn.say("utter_what_about_it")
        return []
    turn.say("utter_offer_to_add", reference=ticket.reference, subject=ticket.subject)
    return [offer("add", reference=ticket.reference, words=turn.heard.words, key=turn.heard.id)]


def _newest_open(session: Session, conversation: Conversation) -> Ticket | None:
    tickets = service.tickets_of_conversation(session, conversation.id)
    return next((ticket for ticket in tickets if Status(ticket.status) not in lifecycle.FINISHED), None)
