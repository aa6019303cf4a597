"""The ticket form: everything said while it is open comes here, and every turn ends with a question or a ticket."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from rasa_sdk.events import ActiveLoop, SlotSet

from actions import articles, follow_up, handoff, knowledge, track, words
from actions.desk import DeskUnavailable
from actions.report import answers, asking, opening, same, tone
from actions.report.draft import CONFIRM, DESCRIPTION, EMAIL, FIELD, SAME, TOPIC, Answer, Draft
from actions.report.opening import (
    CONTACT,
    DRAFT,
    FORM,
    NO_ADDRESS,
    TOLD_CONFIDENCE,
    TOLD_WORDS,
    absorb,
    likely_category,
)
from actions.report.reading import QUESTION, Move, read
from actions.report.submit import submit
from actions.step import OFFER, Step, offer
from actions.turn import Event, Heard, Turn
from helpsage import clock
from helpsage.handoff.models import Reason
from helpsage.handoff.staffing import NobodyThere
from helpsage.tickets.categories import Category, Question, catalogue
from helpsage.tickets.errors import TicketError

FILED = "filed"

#: A group's likeliest category counts from here; below it is the group's own.
IN_GROUP_CONFIDENCE = 0.03
#: At the summary, this many words or more are one more thing to tell.
ONE_MORE_THING_WORDS = 4


class ValidateTicketForm(Step):
    """Called by Rasa's form for every message while it is open."""

    action = "validate_ticket_form"

    async def take(self, turn: Turn) -> list[Event]:
        """Handle the message, then ask what is open. Nothing is ever rejected: no other rule gets a say meanwhile."""
        draft = Draft.from_slot(turn.slot(DRAFT))
        if turn.opens(FORM) or draft is None:
            if not turn.set_now(DRAFT) and opening.meant_for_a_ticket(turn.heard.words):
                return [*await follow_up.begin(turn, "comment"), *_end()]
            if not turn.set_now(DRAFT) and (quoted := await _quoted(turn)) is not None:
                return [*quoted, *_end()]
            draft = draft if draft is not None and turn.set_now(DRAFT) else _begin(turn)
            await same.look(turn, draft)
            return _ask(turn, draft)
        return await _handle(turn, draft)

    def unchanged(self, turn: Turn) -> list[Event]:
        """The draft as it was; a form that could not even begin is closed again."""
        kept = turn.slot(DRAFT)
        return _end() if kept is None else [SlotSet(DRAFT, kept)]


# --- beginning


def _begin(turn: Turn) -> Draft:
    heard = turn.heard
    category = catalogue().of_intent(heard.intent) or _told(heard)
    description = (heard.words or _words_before(turn)) if category is not None else ""
    draft = opening.new_draft(turn, description, category)
    absorb(draft, heard)
    opening.acknowledge(turn, draft)
    return draft


async def _quoted(turn: Turn) -> list[Event] | None:
    """A problem that is put as a question may have its answer in an article; without one the form goes on."""
    if not QUESTION.search(turn.heard.words):
        return None
    category = catalogue().of_intent(turn.heard.intent)
    return await articles.quote(turn, turn.heard.words, category.name if category is not None else None)


def _told(heard: Heard) -> Category | None:
    """The problem inside of "I would like to report that ..."."""
    return likely_category(heard, TOLD_CONFIDENCE) if heard.length >= TOLD_WORDS else None


def _words_before(turn: Turn) -> str:
    """When a button chose the problem: the words that led to the button."""
    kept = turn.slot(OFFER)
    return str(kept.get("words") or "") if isinstance(kept, dict) else ""


# --- one message


async def _handle(turn: Turn, draft: Draft) -> list[Event]:
    asked = draft.asked or draft.next_open()
    question = draft.question(asked)
    kind = question.kind if question is not None else "text"
    chosen = question is not None and answers.names_choice(question, turn.heard.words)
    move = Move.ANSWER if chosen else read(asked, kind, turn.heard)
    draft.asked = asked
    return await _HANDLERS[move](turn, draft)


async def _on_answer(turn: Turn, draft: Draft) -> list[Event]:
    take = _OWN_QUESTIONS.get(draft.asked or "")
    if take is not None:
        take(turn, draft)
    else:
        _take_answer(turn, draft, draft.question(draft.asked))
    if not turn.heard.is_button:
        draft.urgency = turn.heard.value("urgency") or draft.urgency
        draft.tone = draft.tone or tone.of(turn.heard.words)
    await same.look(turn, draft)
    return _ask(turn, draft)


def _take_answer(turn: Turn, draft: Draft, question: Question | None) -> None:
    if question is None:  # the category's questions were changed meanwhile
        return
    try:
        answer = answers.understand(question, turn.heard, clock.now(), catalogue().date_order)
    except answers.NotAnAnswer as problem:
        absorb(draft, turn.heard)
        _failed(turn, draft, question, problem)
        return
    draft.answer(question.name, answer)
    before = set(draft.answers)
    taken = absorb(draft, turn.heard, overwrite=question.kind != "text", but=question.name)
    _say_changed(turn, [(other, given) for other, given in taken if other.name in before])


def _failed(turn: Turn, draft: Draft, question: Question, problem: answers.NotAnAnswer) -> None:
    if draft.failed(question.name):
        turn.say("utter_move_on")
        draft.leave_open(question.name)
        return
    turn.say(problem.response or question.help, buttons=asking.choice_buttons(question), day=problem.day)
    draft.asked = asking.ASKED_ALREADY


def _take_topic(turn: Turn, draft: Draft) -> None:
    chosen = turn.heard.value("topic") if turn.heard.is_button else None
    if draft.editing == TOPIC:
        _change_topic(turn.heard, draft, chosen)
    elif chosen in catalogue().groups:
        draft.group = chosen
    else:
        _take_description(turn, draft)


def _change_topic(heard: Heard, draft: Draft, chosen: str | None) -> None:
    """Another topic for what is described already."""
    draft.editing = None
    known = catalogue()
    if chosen in known.groups:
        draft.group = chosen
        draft.set_category(_default(draft))
    else:
        draft.set_category(likely_category(heard, IN_GROUP_CONFIDENCE) or draft.kind() or _default(draft))


def _take_description(turn: Turn, draft: Draft) -> None:
    try:
        text = answers.free_text(turn.heard.words, least=3)
    except answers.NotAnAnswer:
        if draft.failed(DESCRIPTION):
            draft.group = draft.group or "other"
            draft.description = (draft.kind() or _default(draft)).title
            _place(draft, Heard())
            return
        turn.say("utter_help_description")
        draft.asked = asking.ASKED_ALREADY
        return
    draft.description = text
    if draft.editing == DESCRIPTION:
        draft.editing = None
    _place(draft, turn.heard)
    absorb(draft, turn.heard)


def _place(draft: Draft, heard: Heard) -> None:
    """Find the category of what was described, within the group that was chosen."""
    if draft.category is None:
        found = likely_category(heard, IN_GROUP_CONFIDENCE, draft.group)
        draft.set_category(found or _default(draft))


def _default(draft: Draft) -> Category:
    known = catalogue()
    return known.categories[known.groups[draft.group or "other"].otherwise]


def _take_email(turn: Turn, draft: Draft) -> None:
    try:
        draft.email = answers.email(turn.heard.words)
        draft.email_settled = True
    except answers.NotAnAnswer:
        if turn.heard.length >= ONE_MORE_THING_WORDS and "@" not in turn.heard.words:
            _add(turn, draft)
        elif draft.failed(EMAIL):
            turn.say("utter_move_on")
            draft.email_settled = True
        else:
            turn.say("utter_help_contact_email")
            draft.asked = asking.ASKED_ALREADY
            return
    draft.editing = None


def _take_field(turn: Turn, draft: Draft) -> None:
    named = asking.field_named(draft, turn.heard.words)
    if named is not None:
        draft.editing = named
    elif draft.failed(FIELD):
        draft.editing = None


def _take_same(turn: Turn, draft: Draft) -> None:
    """Neither yes nor no: what was said may still answer something; the question is put once more."""
    absorb(draft, turn.heard)
    if draft.failed(SAME):
        draft.same = None


def _take_one_more_thing(turn: Turn, draft: Draft) -> None:
    """At the summary: an answer that was missing, or words to add."""
    before = draft.to_slot()
    absorb(draft, turn.heard)
    if turn.heard.length >= ONE_MORE_THING_WORDS:
        _add(turn, draft)
    elif draft.to_slot() == before:
        turn.say("utter_confirm_again")
        draft.asked = asking.ASKED_ALREADY


def _add(turn: Turn, draft: Draft) -> None:
    draft.description = f"{draft.description}\n{turn.heard.words}"
    turn.say("utter_added_to_description")


_OWN_QUESTIONS: dict[str, Callable[[Turn, Draft], None]] = {
    TOPIC: _take_topic,
    DESCRIPTION: _take_description,
    EMAIL: _take_email,
    SAME: _take_same,
    FIELD: _take_field,
    CONFIRM: _take_one_more_thing,
}


async def _on_skip(turn: Turn, draft: Draft) -> list[Event]:
    question = draft.question(draft.asked)
    if question is not None:
        must_be_asked_again = question.required and not turn.heard.is_button
        if must_be_asked_again and not draft.failed(question.name):
            turn.say("utter_nudge")
        else:
            if question.required:
                turn.say("utter_move_on")
            draft.leave_open(question.name)
    elif draft.asked == SAME:
        draft.same = None
    elif draft.asked == EMAIL:
        draft.email_settled = True
        draft.editing = None
    elif draft.asked == FIELD:
        draft.editing = None
    elif draft.asked in (TOPIC, DESCRIPTION):
        _take_description(turn, draft)
    return _ask(turn, draft)


async def _on_correction(turn: Turn, draft: Draft) -> list[Event]:
    changed = absorb(draft, turn.heard, overwrite=True) if not turn.heard.is_button else []
    if changed:
        _say_changed(turn, changed)
        draft.editing = None
        return _ask(turn, draft)
    named = asking.field_named(draft, turn.heard.words)
    draft.editing = named if named is not None else FIELD
    return _ask(turn, draft)


async def _on_change(turn: Turn, draft: Draft) -> list[Event]:
    field = turn.heard.value("field") or ""
    if field == asking.SEND:
        return await _on_send(turn, draft)
    if field == asking.NOTHING:
        draft.editing = None
    elif field in asking.fields(draft):
        draft.editing = field
        draft.tries.pop(field, None)
    return _ask(turn, draft)


async def _on_send(turn: Turn, draft: Draft) -> list[Event]:
    """Enough of questions: the summary of what there is."""
    draft.email_settled, draft.same = True, None
    for question in draft.questions():
        draft.leave_open(question.name)
    return _ask(turn, draft)


async def _on_yes(turn: Turn, draft: Draft) -> list[Event]:
    if draft.asked == EMAIL:
        turn.say("utter_which_email")
        return _keep(draft, EMAIL)
    if draft.asked == SAME:
        return await _on_same(turn, draft)
    ticket = await submit(turn, draft)
    if ticket is None:
        return _keep(draft, CONFIRM)
    return _filed(draft, ticket)


async def _on_same(turn: Turn, draft: Draft) -> list[Event]:
    """The words go to the person's own ticket; with others' trouble they become a ticket that hears when it is over."""
    of_others = (draft.same or {}).get("kind") in same.OF_OTHERS
    try:
        ticket = await (submit(turn, draft) if of_others else same.add(turn, draft))
    except TicketError:  # it was merged, or finished, or given to somebody else in the meantime
        draft.same = None
        return _ask(turn, draft)
    if ticket is None:
        return _keep(draft, SAME)
    if of_others:
        await same.join(turn, draft, ticket)
        turn.say("utter_same_outage")
        return _filed(draft, ticket)
    return _end()


def _filed(draft: Draft, ticket: str) -> list[Event]:
    return [
        SlotSet(FILED, {"form": draft.form, "reference": ticket}),
        SlotSet(CONTACT, draft.email or NO_ADDRESS),
        offer("filed", reference=ticket),
        *_end(),
    ]


async def _on_no(turn: Turn, draft: Draft) -> list[Event]:
    if draft.asked == SAME:
        draft.same = None
        return _ask(turn, draft)
    draft.editing = FIELD
    return _ask(turn, draft)


async def _on_cancel(turn: Turn, draft: Draft) -> list[Event]:
    turn.say("utter_ticket_cancelled")
    return _end()


async def _on_person(turn: Turn, draft: Draft) -> list[Event]:
    """A person comes into the chat and sees what is filled in; when nobody is there, one reads the ticket."""
    try:
        await handoff.queue(turn, Reason.ASKED)
        return [SlotSet(DRAFT, draft.to_slot())]
    except NobodyThere:
        draft.wants_person = True
    if draft.category is None and not draft.description:
        draft.set_category(catalogue().categories["person_request"])
    turn.say("utter_person_will_read")
    return _ask(turn, draft)


async def _on_knowledge(turn: Turn, draft: Draft) -> list[Event]:
    knowledge.tell(turn, turn.heard.faq or "")
    return _ask(turn, draft)


async def _on_tickets(turn: Turn, draft: Draft) -> list[Event]:
    try:
        await track.tell(turn)
    except DeskUnavailable:
        turn.say("utter_unavailable")
    return _ask(turn, draft)


async def _on_later(turn: Turn, draft: Draft) -> list[Event]:
    turn.say("utter_still_writing")
    return _ask(turn, draft)


async def _on_urgent(turn: Turn, draft: Draft) -> list[Event]:
    draft.urgency = turn.heard.value("urgency") or turn.heard.words
    turn.say("utter_marked_urgent")
    return _ask(turn, draft)


async def _on_help(turn: Turn, draft: Draft) -> list[Event]:
    turn.say("utter_help_in_form")
    return _ask(turn, draft)


async def _on_bot(turn: Turn, draft: Draft) -> list[Event]:
    turn.say("utter_are_you_a_bot")
    return _ask(turn, draft)


async def _on_repeat(turn: Turn, draft: Draft) -> list[Event]:
    return _ask(turn, draft)


_HANDLERS: dict[Move, Callable[[Turn, Draft], Awaitable[list[Event]]]] = {
    Move.ANSWER: _on_answer,
    Move.SKIP: _on_skip,
    Move.CORRECT: _on_correction,
    Move.SEND: _on_send,
    Move.CHANGE: _on_change,
    Move.YES: _on_yes,
    Move.NO: _on_no,
    Move.CANCEL: _on_cancel,
    Move.PERSON: _on_person,
    Move.KNOWLEDGE: _on_knowledge,
    Move.TICKETS: _on_tickets,
    Move.LATER: _on_later,
    Move.URGENT: _on_urgent,
    Move.HELP: _on_help,
    Move.BOT: _on_bot,
    Move.REPEAT: _on_repeat,
}


# --- what was said by the way


def _say_changed(turn: Turn, changed: Sequence[tuple[Question, Answer]]) -> None:
    if changed:
        listed = ", ".join(f"{question.label}: {words.shortened(answer.shown)}" for question, answer in changed)
        turn.say("utter_corrected", changes=listed)


# --- going on, or ending


def _ask(turn: Turn, draft: Draft) -> list[Event]:
    already = draft.asked == asking.ASKED_ALREADY
    asked = draft.next_open()
    if not already:
        asking.ask(turn, draft, asked)
    return _keep(draft, asked)


def _keep(draft: Draft, asked: str) -> list[Event]:
    draft.asked = asked
    return [SlotSet(DRAFT, draft.to_slot())]


def _end() -> list[Event]:
    return [SlotSet(DRAFT, None), SlotSet("ticket_answer", None), ActiveLoop(None)]
