"""What people do with tickets that exist: add to them, close, reopen, speed up, answer an agent.

When something is missing (which ticket, what words), the form `follow_up_form` stays open until it is said; what it
waits for is in the slot `follow_up`.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rasa_sdk.events import ActiveLoop, SlotSet
from sqlalchemy.orm import Session

from actions import desk, knowledge, track, words
from actions.report import opening
from actions.report.reading import SKIP_WORDS, STOP_WORDS
from actions.step import Step, offer
from actions.turn import Button, Event, Heard, Turn
from helpsage.conversations.models import Conversation
from helpsage.tickets import lifecycle, reference, service
from helpsage.tickets.errors import (
    AlreadyRated,
    IllegalTransition,
    InvalidText,
    StaleTicket,
    TicketError,
    TicketNotFound,
)
from helpsage.tickets.models import Status, Ticket

FORM = "follow_up_form"
SLOT = "follow_up"
MOST_CHOICES = 8
MOST_TRIES = 2
#: Someone who starts on another problem is not answering.
ANOTHER_PROBLEM_CONFIDENCE = 0.75
PERSON_CONFIDENCE = 0.75
#: Words after a colon are what to add, when they are this many.
TOLD_WORDS = 2

_SCORE_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "zero": 1}
_AFTER_REQUEST = re.compile(
    r"(?:: |\b(?:ticket|case|request|file|hs[\s-]?\d+)\s+that\s+)(.+)", re.IGNORECASE | re.DOTALL
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


@dataclass(frozen=True)
class FollowUp:
    """What is going on with which ticket, and what is still missing."""

    #: comment, close, reopen, escalate, rate or rating_comment.
    kind: str
    reference: str | None = None
    #: What the person said about it so far.
    words: str = ""
    score: int | None = None
    #: Key of the message that began it: what it writes is written once.
    key: str = ""
    tries: int = 0
    #: References to choose from.
    among: tuple[str, ...] = ()

    @classmethod
    def from_slot(cls, kept: Any) -> FollowUp | None:
        """Read the slot."""
        if not isinstance(kept, dict):
            return None
        try:
            return cls(**{**kept, "among": tuple(kept.get("among") or ())})
        except TypeError:
            return None


# --- the actions


class _FollowUpStep(Step):
    kind: str

    async def take(self, turn: Turn) -> list[Event]:
        """Do it, or open the form for what is missing."""
        return await begin(turn, self.kind)


class AddComment(_FollowUpStep):
    """Add words to a ticket."""

    action, kind = "action_add_comment", "comment"


class CloseTicket(_FollowUpStep):
    """The person says it is solved."""

    action, kind = "action_close_ticket", "close"


class ReopenTicket(_FollowUpStep):
    """The person says it is back."""

    action, kind = "action_reopen_ticket", "reopen"


class EscalateTicket(_FollowUpStep):
    """The person cannot wait."""

    action, kind = "action_escalate_ticket", "escalate"


class GiveRating(_FollowUpStep):
    """The person judges the help."""

    action, kind = "action_give_rating", "rate"


class AnswerAgent(Step):
    """Words that answer what an agent wrote: the channel knows which ticket it was."""

    action = "action_answer_agent"

    async def take(self, turn: Turn) -> list[Event]:
        """Put them on the ticket."""
        named = turn.heard.metadata.get("awaiting_ticket")

        def work(session: Session, conversation: Conversation) -> str:
            ticket = service.visible_to(session, str(named), conversation.id)
            service.comment(session, ticket, turn.heard.text, _requester(conversation), _key(turn.heard.id))
            return ticket.reference

        try:
            turn.say("utter_answer_passed_on", reference=await desk.ask(turn.sender_id, work))
        except desk.DeskUnavailable:
            turn.say("utter_answer_not_passed_on")
        except InvalidText:
            turn.say("utter_words_too_long")
        except TicketNotFound:
            turn.say("utter_no_tickets")
        return []


class ValidateFollowUpForm(Step):
    """Called by Rasa's form for every message while something about a ticket is missing."""

    action = "validate_follow_up_form"

    async def take(self, turn: Turn) -> list[Event]:
        """Take what was said for what is missing."""
        follow_up = FollowUp.from_slot(turn.slot(SLOT))
        if follow_up is None:
            return _end()
        if turn.opens(FORM):
            _ask(turn, follow_up)
            return _wait(follow_up)
        return await _hear(turn, follow_up)

    def unchanged(self, turn: Turn) -> list[Event]:
        """Still waiting for the same."""
        kept = turn.slot(SLOT)
        return _end() if kept is None else [SlotSet(SLOT, kept)]


# --- going on with what is known


async def begin(turn: Turn, kind: str) -> list[Event]:
    """Do what this message wants done with a ticket, or ask for what is missing.

    Raises:
        DeskUnavailable
    """
    heard = turn.heard
    said = _told(heard) if kind == "comment" else heard.words
    score = _score(heard) if kind == "rate" else None
    return await proceed(turn, FollowUp(kind, heard.value("reference"), said, score, heard.id))


async def proceed(turn: Turn, follow_up: FollowUp) -> list[Event]:
    """Do what can be done, or ask for what is missing.

    Raises:
        DeskUnavailable
    """
    if follow_up.reference is None:
        found = await _which(turn, follow_up)
        if isinstance(found, list):
            return found
        follow_up = found
        if follow_up.reference is None:
            return _open(turn, follow_up)
    if follow_up.kind == "comment" and not follow_up.words:
        return _open(turn, await _known(turn, follow_up))
    if follow_up.kind == "rate" and follow_up.score is None:
        return _open(turn, await _known(turn, follow_up))
    return await _do(turn, follow_up)


async def _known(turn: Turn, follow_up: FollowUp) -> FollowUp:
    """Nothing is asked about a ticket that the person does not have."""

    def work(session: Session, conversation: Conversation) -> str:
        return service.visible_to(session, follow_up.reference or "", conversation.id).reference

    try:
        return replace(follow_up, reference=await desk.ask(turn.sender_id, work))
    except TicketNotFound:
        return replace(follow_up, kind="unknown")


async def _which(turn: Turn, follow_up: FollowUp) -> FollowUp | list[Event]:
    """Find the ticket that is meant: the only one that fits, or a choice; or what to say when there is none."""
    tickets = await desk.ask(turn.sender_id, lambda session, where: service.tickets_of_conversation(session, where.id))
    fitting = [ticket for ticket in tickets if _fits(follow_up.kind, ticket)]
    if len(fitting) == 1:
        return replace(follow_up, reference=fitting[0].reference)
    if fitting:
        return replace(follow_up, among=tuple(ticket.reference for ticket in fitting[:MOST_CHOICES]))
    if not tickets:
        return _nothing(turn, follow_up)
    if follow_up.kind == "reopen":
        # It is "back" while it was never closed: the newest open one is meant, and gets the words.
        return replace(follow_up, reference=tickets[0].reference)
    if follow_up.kind == "close":
        turn.say("utter_already_closed", reference=tickets[0].reference)
        return []
    return _nothing(turn, follow_up)


def _fits(kind: str, ticket: Ticket) -> bool:
    finished = Status(ticket.status) in lifecycle.FINISHED
    match kind:
        case "close":
            return ticket.status != Status.CLOSED
        case "reopen":
            return finished
        case "escalate":
            return not finished
        case "rate":
            return finished and ticket.rating is None
        case _:
            return ticket.status != Status.CLOSED


def _nothing(turn: Turn, follow_up: FollowUp) -> list[Event]:
    if follow_up.kind == "reopen":
        turn.say("utter_nothing_to_reopen")
        return [offer("report", words=follow_up.words)]
    turn.say(_NOTHING.get(follow_up.kind, "utter_no_tickets"))
    return []


_NOTHING = {"escalate": "utter_nothing_to_escalate", "rate": "utter_nothing_to_rate"}


# --- doing it


async def _do(turn: Turn, follow_up: FollowUp) -> list[Event]:
    """Do it and say so; whatever the desk refuses has its own words."""
    try:
        return await _DOERS[follow_up.kind](turn, follow_up)
    except TicketNotFound:
        turn.say("utter_ticket_unknown", reference=follow_up.reference)
    except StaleTicket:
        turn.say("utter_changed_meanwhile", reference=follow_up.reference)
    except InvalidText as problem:
        turn.say("utter_words_too_long" if problem.problem == "too_long" else "utter_help_comment")
    except AlreadyRated:
        turn.say("utter_already_rated", reference=follow_up.reference)
    except TicketError:
        turn.say("utter_cannot_change", reference=follow_up.reference)
    return []


async def _comment(turn: Turn, follow_up: FollowUp) -> list[Event]:
    def work(session: Session, conversation: Conversation) -> str:
        ticket = service.visible_to(session, follow_up.reference or "", conversation.id)
        service.comment(session, ticket, follow_up.words, _requester(conversation), _key(follow_up.key))
        return ticket.reference

    turn.say("utter_comment_added", reference=await desk.ask(turn.sender_id, work))
    return []


async def _close(turn: Turn, follow_up: FollowUp) -> list[Event]:
    def work(session: Session, conversation: Conversation) -> tuple[str, Mapping[str, Any], bool]:
        ticket = service.visible_to(session, follow_up.reference or "", conversation.id)
        if ticket.status == Status.CLOSED:
            return "utter_already_closed", desk.card(ticket), False
        rated = ticket.rating is not None
        closed = service.close(session, ticket, _requester(conversation), follow_up.words or "closed in the chat")
        return "utter_ticket_closed", desk.card(closed), not rated

    response, card, may_rate = await desk.ask(turn.sender_id, work)
    turn.say(response, ticket=card, reference=card["reference"])
    if may_rate:
        turn.say("utter_ask_rating", reference=card["reference"])
    return []


async def _reopen(turn: Turn, follow_up: FollowUp) -> list[Event]:
    def work(session: Session, conversation: Conversation) -> tuple[str, Mapping[str, Any]]:
        ticket = service.visible_to(session, follow_up.reference or "", conversation.id)
        who = _requester(conversation)
        if Status(ticket.status) in lifecycle.FINISHED:
            ticket = service.reopen(session, ticket, who, follow_up.words or "reopened in the chat")
            said = "utter_ticket_reopened"
        else:
            said = "utter_still_open"
        if follow_up.words:
            service.comment(session, ticket, follow_up.words, who, _key(follow_up.key))
        return said, desk.card(ticket)

    try:
        response, card = await desk.ask(turn.sender_id, work)
    except IllegalTransition:
        turn.say("utter_too_old_to_reopen", reference=follow_up.reference)
        return [offer("again", reference=follow_up.reference)]
    turn.say(response, ticket=card, reference=card["reference"])
    return []


async def _escalate(turn: Turn, follow_up: FollowUp) -> list[Event]:
    def work(session: Session, conversation: Conversation) -> tuple[str, Mapping[str, Any]]:
        ticket = service.visible_to(session, follow_up.reference or "", conversation.id)
        who = _requester(conversation)
        already = ticket.status == Status.ESCALATED
        if Status(ticket.status) in lifecycle.FINISHED:
            return "utter_cannot_escalate", desk.card(ticket)
        ticket = service.escalate(session, ticket, who, follow_up.words)
        if already and follow_up.words:
            service.comment(session, ticket, follow_up.words, who, _key(follow_up.key))
        return ("utter_already_escalated" if already else "utter_ticket_escalated"), desk.card(ticket)

    response, card = await desk.ask(turn.sender_id, work)
    turn.say(response, ticket=card, reference=card["reference"])
    return []


async def _rate(turn: Turn, follow_up: FollowUp) -> list[Event]:
    """The score is kept at once: a comment may follow, but need not."""

    def work(session: Session, conversation: Conversation) -> str:
        ticket = service.visible_to(session, follow_up.reference or "", conversation.id)
        if Status(ticket.status) not in lifecycle.FINISHED:
            return ""
        return service.rate(session, ticket, follow_up.score or 0, "", _requester(conversation)).reference

    rated = await desk.ask(turn.sender_id, work)
    if not rated:
        turn.say("utter_nothing_to_rate")
        return []
    return _open(turn, replace(follow_up, kind="rating_comment", reference=rated, words="", tries=0))


async def _rating_comment(turn: Turn, follow_up: FollowUp) -> list[Event]:
    def work(session: Session, conversation: Conversation) -> None:
        ticket = service.visible_to(session, follow_up.reference or "", conversation.id)
        service.comment(session, ticket, follow_up.words, _requester(conversation), _key(follow_up.key), "rating")

    await desk.ask(turn.sender_id, work)
    turn.say("utter_rated")
    return []


async def _unknown(turn: Turn, follow_up: FollowUp) -> list[Event]:
    turn.say("utter_ticket_unknown", reference=follow_up.reference)
    return []


_DOERS: dict[str, Callable[[Turn, FollowUp], Awaitable[list[Event]]]] = {
    "comment": _comment,
    "close": _close,
    "reopen": _reopen,
    "escalate": _escalate,
    "rate": _rate,
    "rating_comment": _rating_comment,
    "unknown": _unknown,
}


def _requester(conversation: Conversation) -> service.Actor:
    return service.Actor("requester", person_id=conversation.person_id)


def _key(message_id: str) -> str | None:
    return f"chat:{message_id}" if message_id else None


# --- asking for what is missing


def _open(turn: Turn, follow_up: FollowUp) -> list[Event]:
    """Ask, and keep the form open until it is answered."""
    if follow_up.kind == "unknown":
        turn.say("utter_ticket_unknown", reference=follow_up.reference)
        return []
    if turn.form == FORM:
        _ask(turn, follow_up)
        return _wait(follow_up)
    return [SlotSet(SLOT, asdict(follow_up)), {"event": "followup", "timestamp": None, "name": FORM}]


def _ask(turn: Turn, follow_up: FollowUp) -> None:
    if follow_up.reference is None:
        turn.say("utter_ask_which_ticket", buttons=_ticket_buttons(follow_up.among))
    else:
        turn.say(_QUESTIONS[follow_up.kind], reference=follow_up.reference)


_QUESTIONS = {
    "comment": "utter_ask_comment",
    "rate": "utter_ask_rating",
    "rating_comment": "utter_ask_rating_comment",
}
_HELP = {"comment": "utter_help_comment", "rate": "utter_help_rating", "rating_comment": "utter_help_comment"}


def _ticket_buttons(among: Sequence[str]) -> list[Button]:
    buttons = [{"title": one, "payload": f'/inform{{"reference": "{one}"}}'} for one in among]
    return [*buttons, {"title": words.CANCEL, "payload": "/cancel"}]


async def _hear(turn: Turn, follow_up: FollowUp) -> list[Event]:
    heard = turn.heard
    if _stops(heard):
        turn.say("utter_follow_up_cancelled")
        return _end()
    if follow_up.reference is None:
        return await _hear_which(turn, follow_up)
    if follow_up.kind == "rate":
        return await _hear_score(turn, follow_up)
    return await _hear_words(turn, follow_up)


def _stops(heard: Heard) -> bool:
    return (heard.is_button and heard.intent == "cancel") or STOP_WORDS.fullmatch(heard.words) is not None


async def _hear_which(turn: Turn, follow_up: FollowUp) -> list[Event]:
    chosen = _chosen(turn.heard, follow_up.among)
    if chosen is not None:
        return await _finish(turn, replace(follow_up, reference=chosen, tries=0))
    return await _elsewhere(turn) or _again(
        turn, follow_up, "utter_help_which_ticket", _ticket_buttons(follow_up.among)
    )


def _chosen(heard: Heard, among: Sequence[str]) -> str | None:
    named = heard.value("reference") or heard.words
    number = reference.parse(named) if re.search(r"\d", named) else None
    position = number if number is not None and number <= len(among) else None
    if position is None:
        position = next((at + 1 for at, word in enumerate(_ORDINALS) if word in heard.words.casefold()), None)
    if position is not None and position <= len(among):
        return among[position - 1]
    return f"HS-{number}" if number is not None else None


async def _hear_score(turn: Turn, follow_up: FollowUp) -> list[Event]:
    score = _score(turn.heard)
    if score is not None:
        return await _finish(turn, replace(follow_up, score=score))
    if SKIP_WORDS.fullmatch(turn.heard.words) or turn.heard.intent in ("skip", "deny"):
        turn.say("utter_follow_up_cancelled")
        return _end()
    return await _elsewhere(turn) or _again(turn, follow_up, "utter_help_rating")


async def _hear_words(turn: Turn, follow_up: FollowUp) -> list[Event]:
    heard = turn.heard
    if follow_up.kind == "rating_comment" and _says_nothing_more(heard):
        turn.say("utter_rated")
        return _end()
    if heard.is_button:
        return await _button_elsewhere(turn) or _again(turn, follow_up, _HELP[follow_up.kind])
    if follow_up.kind == "rating_comment":
        left = await _elsewhere(turn)
        if left is not None:
            return left
    if not any(character.isalnum() for character in heard.words):
        return _again(turn, follow_up, _HELP[follow_up.kind])
    return await _finish(turn, replace(follow_up, words=heard.words, key=heard.id))


def _says_nothing_more(heard: Heard) -> bool:
    if heard.intent in ("skip", "deny", "thanks", "goodbye") and heard.length <= 5:
        return True
    return SKIP_WORDS.fullmatch(heard.words) is not None and not heard.is_button


async def _finish(turn: Turn, follow_up: FollowUp) -> list[Event]:
    events = await proceed(turn, follow_up)
    return events if _waits(events) else [*events, *_end()]


def _waits(events: list[Event]) -> bool:
    """Whether something is still missing."""
    return any(event.get("event") == "slot" and event.get("name") == SLOT for event in events)


async def _elsewhere(turn: Turn) -> list[Event] | None:
    """What someone wants who did not answer but began on something else."""
    heard = turn.heard
    if heard.is_button:
        return await _button_elsewhere(turn)
    if heard.intent == "faq" and heard.faq is not None and heard.confidence >= ANOTHER_PROBLEM_CONFIDENCE:
        knowledge.tell(turn, heard.faq)
        turn.say("utter_did_that_help")
        return [offer("faq", key=heard.faq, words=heard.words), *_end()]
    category = opening.likely_category(heard, ANOTHER_PROBLEM_CONFIDENCE)
    if category is not None and heard.intent in category.intents:
        draft = opening.new_draft(turn, heard.words, category)
        opening.absorb(draft, heard)
        opening.acknowledge(turn, draft)
        return [*_end(), *opening.start(draft)]
    return None


async def _button_elsewhere(turn: Turn) -> list[Event] | None:
    """A button of an earlier message: what it stands for is done, and this ends."""
    intent = turn.heard.intent
    if intent in ("ticket_status", "list_tickets"):
        await track.tell(turn)
    elif intent == "report_problem":
        return [*_end(), *opening.start(opening.new_draft(turn))]
    elif intent in _KINDS:
        events = await begin(turn, _KINDS[intent])
        return events if _waits(events) else [*events, *_end()]
    else:
        return None
    return _end()


_KINDS = {
    "add_comment": "comment",
    "close_ticket": "close",
    "reopen_ticket": "reopen",
    "escalate_ticket": "escalate",
    "give_rating": "rate",
}


def _again(turn: Turn, follow_up: FollowUp, response: str, buttons: Sequence[Button] = ()) -> list[Event]:
    """Ask once more; the third time it is left alone."""
    tried = replace(follow_up, tries=follow_up.tries + 1)
    if tried.tries > MOST_TRIES:
        turn.say("utter_follow_up_cancelled")
        return _end()
    turn.say(response, buttons=buttons, reference=follow_up.reference)
    return _wait(tried)


def _wait(follow_up: FollowUp) -> list[Event]:
    return [SlotSet(SLOT, asdict(follow_up))]


def _end() -> list[Event]:
    return [SlotSet(SLOT, None), SlotSet("follow_up_answer", None), ActiveLoop(None)]


# --- reading


def _told(heard: Heard) -> str:
    """The words to add, when the request holds them: "add to HS-1042: the lamp blinks"."""
    found = _AFTER_REQUEST.search(heard.words)
    if found is not None and len(found[1].split()) >= TOLD_WORDS:
        return found[1].strip()
    facts = [entity for entity in heard.entities if entity.name not in ("reference", "date", "urgency")]
    numbers = re.findall(r"\d{4,}", re.sub(r"(?i)hs[\s-]?\d+", "", heard.words))
    return heard.words if facts or numbers else ""


def _score(heard: Heard) -> int | None:
    """1 to 5 from a button or from words: "4", "four stars", "4/5"; out of ten is halved."""
    pressed = heard.value("rating")
    said = pressed if heard.is_button else heard.words.casefold()
    if said is None:
        return None
    of_ten = re.search(r"\b(\d{1,2})\s*(?:/|out of|of)\s*(?:10|ten)\b", said)
    if of_ten is not None and int(of_ten[1]) <= 10:
        return max(1, round(int(of_ten[1]) / 2))
    number = re.search(r"(?<![\w.-])([1-5])(?:\s*(?:/|out of|of)\s*(?:5|five)|\s*stars?)?(?![\w.%-]|\.\d)", said)
    if number is not None:
        return int(number[1])
    word = re.search(r"\b(one|two|three|four|five|zero)\s*(?:stars?|out of|of five|points?|$)", said)
    return _SCORE_WORDS[word[1]] if word is not None else None
