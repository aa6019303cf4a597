"""While a question is open: is this message its answer, or something else? One pure decision."""

from __future__ import annotations

import enum
import re

from actions.report.draft import CONFIRM, DESCRIPTION, EMAIL, FIELD, SAME, TOPIC
from actions.turn import Heard


class Move(enum.StrEnum):
    """What a message does to the form."""

    ANSWER = "answer"
    #: A button of another question, or a word that answers nothing: the question is put again.
    REPEAT = "repeat"
    YES = "yes"
    NO = "no"
    SKIP = "skip"
    CANCEL = "cancel"
    CORRECT = "correct"
    #: Send what there is.
    SEND = "send"
    #: A field was picked to be changed.
    CHANGE = "change"
    PERSON = "person"
    KNOWLEDGE = "knowledge"
    #: About tickets that exist.
    TICKETS = "tickets"
    #: About tickets that exist, in a way that has to wait.
    LATER = "later"
    URGENT = "urgent"
    HELP = "help"
    BOT = "bot"


#: Buttons that mean something whatever is open.
BUTTONS = {
    "cancel": Move.CANCEL,
    "skip": Move.SKIP,
    "correct_detail": Move.CORRECT,
    "talk_to_person": Move.PERSON,
    "ticket_status": Move.TICKETS,
    "list_tickets": Move.TICKETS,
    "close_ticket": Move.TICKETS,
    "reopen_ticket": Move.TICKETS,
    "help": Move.HELP,
}

#: Typed words leave the question only with this confidence, and no more words than this. Reasons: docs/dialogue.md.
LEAVES: dict[str, tuple[Move, float, int]] = {
    "cancel": (Move.CANCEL, 0.5, 8),
    "skip": (Move.SKIP, 0.4, 12),
    "talk_to_person": (Move.PERSON, 0.6, 15),
    "ticket_status": (Move.TICKETS, 0.6, 15),
    "list_tickets": (Move.TICKETS, 0.6, 15),
    "help": (Move.HELP, 0.6, 8),
    "are_you_a_bot": (Move.BOT, 0.6, 10),
    "greet": (Move.REPEAT, 0.6, 3),
    "thanks": (Move.REPEAT, 0.6, 4),
    "add_comment": (Move.LATER, 0.6, 15),
    "close_ticket": (Move.LATER, 0.6, 15),
    "reopen_ticket": (Move.LATER, 0.7, 15),
    "give_rating": (Move.LATER, 0.7, 15),
    "escalate_ticket": (Move.URGENT, 0.6, 15),
}
#: An open text question takes almost anything for an answer, so more is needed to leave it.
SURER = 0.15
FAQ_CONFIDENCE = 0.6
CORRECTION_CONFIDENCE = 0.45
YES_CONFIDENCE = 0.35
#: Unmistakable wherever they are said.
STOP_WORDS = re.compile(
    r"\s*(?:please\s+)?(?:cancel|stop|never\s?mind|forget (?:it|about it)|abort)"
    r"(?:\s+(?:it|this|that|please))*[\s.!]*",
    re.I,
)
SKIP_WORDS = re.compile(
    r"\s*(?:skip|skip (?:it|this|that)|pass|next|no idea|(?:i'?m )?not sure|unknown|none|n/?a|idk|dunno|"
    r"(?:i )?(?:do not|don'?t|dont) (?:know|have (?:it|one|that)|remember))[\s.!]*",
    re.I,
)
SEND_WORDS = re.compile(
    r"(?:[\w']+[\s,]+){0,3}(?:send|submit|file|open)\s+(?:it|this|that|the ticket|what (?:you|i) have)"
    r"(?:\s+(?:now|please|already|as it is|like that|anyway))*[\s.!]*",
    re.I,
)
DONT = re.compile(r"\b(?:not|don'?t|dont|never|can'?t|cannot|could|how|where)\b", re.I)
YES_WORDS = re.compile(
    r"\s*(?:yes|yep|yeah|yup|ok|okay|sure|correct|right|fine|send|send it|go ahead|submit|looks good|"
    r"that'?s (?:right|correct|fine))(?:[\s,]+(?:please|thanks|send it|it is|that'?s right))*[\s.!]*",
    re.I,
)
NO_WORDS = re.compile(r"\s*(?:no|nope|nah|not yet|wait|don'?t)[\s.!]*", re.I)
SAME_WORDS = re.compile(r"\b(?:same|that one|that'?s it|exactly)\b", re.I)
OTHER_WORDS = re.compile(r"\b(?:different|another|other|something else|new (?:one|problem|issue)|separate)\b", re.I)
NO_ADDRESS = re.compile(r"\s*(?:no|nope|nah|not|don'?t|rather not|without)\b", re.I)
QUESTION = re.compile(
    r"\?\s*$|^\s*(?:how|what|when|where|which|who|why|can|could|do|does|is|are|may|should|will|kab|kaise|kahan)\b", re.I
)
CORRECTING = re.compile(
    r"\bno[,.\s]|\b(?:not|wrong|meant|mean|actually|sorry|instead|correct(?:ion)?|change|typo|mistake|oops|edit|fix|rather|"
    r"should (?:be|say)|mixed)\b",
    re.I,
)


def read(asked: str, kind: str, heard: Heard) -> Move:
    """Decide what a message means for the open question.

    Args:
        asked: The question's name, or one of the form's own (topic, description, email, confirm, field).
        kind: Its kind of answer, as in `config/categories.yml`; `text` for an open question.
        heard: The message as understood.
    """
    if heard.is_button:
        return _button(asked, heard)
    if STOP_WORDS.fullmatch(heard.words):
        return Move.CANCEL
    if asked == CONFIRM:
        return _at_the_end(heard)
    if asked == SAME:
        return _same(heard)
    if asked == FIELD and (YES_WORDS.fullmatch(heard.words) or NO_WORDS.fullmatch(heard.words)):
        return Move.SKIP
    if SKIP_WORDS.fullmatch(heard.words):
        return Move.SKIP
    if asked == EMAIL and "@" not in heard.words:
        declined = NO_ADDRESS.match(heard.words) or (heard.intent == "deny" and heard.confidence >= YES_CONFIDENCE)
        if declined:
            return Move.SKIP
        if YES_WORDS.fullmatch(heard.words):
            return Move.YES
    if asked not in (TOPIC, DESCRIPTION) and SEND_WORDS.fullmatch(heard.words) and not DONT.search(heard.words):
        return Move.SEND
    open_text = kind == "text" or asked in (TOPIC, DESCRIPTION)
    if _corrects(heard, open_text):
        return Move.CORRECT
    if _asks_for_knowledge(heard, open_text):
        return Move.KNOWLEDGE
    if _has_answer(kind, heard):
        return Move.ANSWER
    return _leaves(heard, open_text) or Move.ANSWER


def _button(asked: str, heard: Heard) -> Move:
    if heard.intent == "inform":
        if heard.value("field") is not None:
            return Move.CHANGE
        return Move.ANSWER if heard.value("choice") or heard.value("topic") else Move.REPEAT
    if asked in (CONFIRM, SAME) and heard.intent in ("affirm", "deny"):
        return Move.YES if heard.intent == "affirm" else Move.NO
    if asked == FIELD and heard.intent == "deny":
        return Move.REPEAT
    return BUTTONS.get(heard.intent, Move.REPEAT)


def _at_the_end(heard: Heard) -> Move:
    """The summary is shown: yes, no, a correction, or one more thing to tell."""
    if YES_WORDS.fullmatch(heard.words):
        return Move.YES
    if NO_WORDS.fullmatch(heard.words):
        return Move.NO
    if heard.intent == "correct_detail" and heard.confidence >= CORRECTION_CONFIDENCE:
        return Move.CORRECT
    if heard.intent in ("affirm", "deny") and heard.confidence >= YES_CONFIDENCE:
        # "no, the amount was 450" is a correction, whatever its intent
        if heard.entities and CORRECTING.search(heard.words):
            return Move.CORRECT
        return Move.YES if heard.intent == "affirm" else Move.NO
    if heard.entities and CORRECTING.search(heard.words):
        return Move.CORRECT
    if _asks_for_knowledge(heard, open_text=False):
        return Move.KNOWLEDGE
    if heard.intent in ("thanks", "greet", "goodbye") and heard.confidence >= YES_CONFIDENCE:
        return Move.REPEAT
    return _leaves(heard, open_text=False) or Move.ANSWER


def _same(heard: Heard) -> Move:
    """Is it the same as a ticket that exists: yes, no, or something else altogether."""
    if YES_WORDS.fullmatch(heard.words) or SAME_WORDS.search(heard.words):
        return Move.NO if DONT.search(heard.words) else Move.YES
    if NO_WORDS.fullmatch(heard.words) or SKIP_WORDS.fullmatch(heard.words) or OTHER_WORDS.search(heard.words):
        return Move.NO
    if heard.intent in ("affirm", "deny") and heard.confidence >= YES_CONFIDENCE:
        return Move.YES if heard.intent == "affirm" else Move.NO
    return _leaves(heard, open_text=False) or Move.ANSWER


def _corrects(heard: Heard, open_text: bool) -> bool:
    if heard.intent != "correct_detail" or CORRECTING.search(heard.words) is None:
        return False
    return heard.confidence >= CORRECTION_CONFIDENCE + (SURER if open_text else 0.0)


def _asks_for_knowledge(heard: Heard, open_text: bool) -> bool:
    if heard.intent != "faq" or heard.faq is None or QUESTION.search(heard.words) is None:
        return False
    return heard.confidence >= FAQ_CONFIDENCE + (SURER if open_text else 0.0)


def _has_answer(kind: str, heard: Heard) -> bool:
    return kind in {entity.name for entity in heard.entities}


def _leaves(heard: Heard, open_text: bool) -> Move | None:
    move, confidence, words = LEAVES.get(heard.intent, (None, 1.0, 0))
    if move is None or heard.length > words:
        return None
    return move if heard.confidence >= confidence + (SURER if open_text else 0.0) else None
