"""Putting a question: its words, its buttons, the summary."""

from __future__ import annotations

import json

from actions import words
from actions.report import same
from actions.report.draft import CONFIRM, DESCRIPTION, EMAIL, FIELD, SAME, TOPIC, Draft
from actions.turn import Button, Turn
from helpsage.tickets.categories import Question, catalogue
from languages import SOURCE, catalogues

#: The message said already what is wanted; the question is not put a second time.
ASKED_ALREADY = "asked already"
#: Values of the entity `field` that are no fields.
SEND, NOTHING = "send", "nothing"
LONGEST_IN_SUMMARY = 300


def ask(turn: Turn, draft: Draft, asked: str) -> None:
    """Put the question that is open."""
    question = draft.question(asked)
    if question is not None:
        turn.say(question.ask, buttons=choice_buttons(question))
    elif asked == TOPIC:
        turn.say("utter_ask_topic", buttons=_topics())
    elif asked == DESCRIPTION:
        turn.say("utter_ask_description_for_person" if draft.wants_person else "utter_ask_description")
    elif asked == SAME:
        same.ask(turn, draft)
    elif asked == EMAIL:
        turn.say("utter_ask_email")
    elif asked == FIELD:
        turn.say("utter_ask_field", buttons=_field_buttons(draft))
    elif asked == CONFIRM:
        turn.say("utter_ask_confirm", summary=summary(draft, turn.language))


def payload(**entities: str) -> str:
    """A button's payload that carries answers."""
    return "/inform" + json.dumps(entities)


def choice_buttons(question: Question) -> list[Button]:
    """The answers of a question with few of them, and a way around it."""
    if not question.choices:
        return []
    buttons: list[Button] = [
        {"title": choice.title, "payload": payload(choice=choice.value)} for choice in question.choices
    ]
    return [*buttons, {"title": words.SKIP, "payload": "/skip"}]


def _topics() -> list[Button]:
    return [{"title": group.title, "payload": payload(topic=name)} for name, group in catalogue().groups.items()]


def fields(draft: Draft) -> dict[str, str]:
    """What can be changed, with its label."""
    named = {DESCRIPTION: words.DESCRIPTION, TOPIC: words.TOPIC}
    named.update({question.name: question.label for question in draft.questions()})
    return {**named, EMAIL: words.EMAIL}


def _field_buttons(draft: Draft) -> list[Button]:
    buttons = [{"title": label, "payload": payload(field=name)} for name, label in fields(draft).items()]
    return [*buttons, {"title": words.NOTHING_TO_CHANGE, "payload": payload(field=NOTHING)}]


def field_named(draft: Draft, text: str) -> str | None:
    """The field whose label, name or value the words hold; the longest wins."""
    said = text.casefold()
    found: list[tuple[int, str]] = []
    for name, label in fields(draft).items():
        names = {*catalogues.every(label), name.replace("_", " "), *_SYNONYMS.get(name, ())}
        if label.startswith("Date"):
            names |= {"date", "day"}
        found.extend((len(word), name) for word in names if word in said)
    return max(found)[1] if found else None


_SYNONYMS = {
    DESCRIPTION: ("description", "what i wrote", "the text"),
    TOPIC: ("topic", "category"),
    EMAIL: ("e-mail", "email", "address"),
    "transaction_id": ("transaction", "txn"),
    "payment_method": ("payment method", "how i paid", "method"),
    "application": ("application", "system", "app"),
    "place": ("place", "location", "building", "room"),
    "room": ("room", "hostel"),
    "error_text": ("error", "message"),
}


def summary(draft: Draft, language: str = SOURCE) -> str:
    """The ticket as it will be sent, a line a field; what it says in words of ours in this language."""

    def ours(english: str) -> str:
        return catalogues.filled(english, language)

    category = draft.kind()
    lines = [
        _line(ours(words.TOPIC), ours(category.title if category is not None else words.NOT_KNOWN)),
        _line(ours(words.DESCRIPTION), draft.description),
    ]
    for question in draft.questions():
        answer = draft.answers.get(question.name)
        if answer is not None or question.required:
            known = answer.shown if answer is not None else words.NOT_KNOWN
            # What somebody typed is theirs; days, choices and what is not known are said by us.
            said = ours(known) if answer is None or question.kind in ("choice", "date") else known
            lines.append(_line(ours(question.label), said))
    if draft.email:
        lines.append(_line(ours(words.EMAIL), draft.email))
    if draft.wants_person:
        lines.append(f"- {ours(words.PERSON_WANTED)}")
    return "\n".join(lines)


def _line(label: str, value: str) -> str:
    return f"- **{label}:** {words.shortened(value, LONGEST_IN_SUMMARY)}"
