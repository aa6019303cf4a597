"""Whether a message answers a question, and with what. One checker a kind of answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from actions.report import days
from actions.report.draft import Answer
from actions.turn import Entity, Heard
from helpsage.tickets.categories import Choice, Question
from languages import catalogues

LONGEST = 2_000
LONGEST_NAME = 200
LARGEST_AMOUNT = Decimal(10) ** 12

_EMAIL = re.compile(
    r"(?<![\w.+%-])[a-z0-9_](?:[a-z0-9._%+'-]*[a-z0-9_+])?@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,24}(?![\w@])",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,])\d[\d.,\u00a0\u202f' ]*\d|(?<![\w.,])\d")
_TRANSACTION = re.compile(r"(?<![\w@])#?(?=[\w/-]*\d)[A-Za-z0-9][\w/-]{4,39}(?![\w@])")
_LEAD_IN = re.compile(
    r"^\s*(?:it(?:'?s| is| was| says?)|that(?:'?s| is| was)|this is|i(?:'?m| am) (?:in|at|on)|my|the|"
    r"(?:on|in|at) (?:my|the)|in|at|on|called|for|with|by)\s+",
    re.IGNORECASE,
)
_QUOTES_A_SCREEN = re.compile(
    r"\s*(?:it|he|she|the (?:screen|page|message)) (?:says|said|shows|tells)\b", re.IGNORECASE
)
_NEGATED = re.compile(
    r"(?:\bnot|n['’]t|\bisnt|\bwasnt|\binstead of|\brather than)\s+(?:(?:the|my|by|on|in|at|a)\s+)*$",
    re.IGNORECASE,
)


class NotAnAnswer(Exception):
    """The words do not answer the question.

    Attributes:
        response: what to say instead of the question's own help, or None.
        day: for that response.
    """

    def __init__(self, response: str | None = None, day: str = "") -> None:
        self.response = response
        self.day = day
        super().__init__(response or "")


def understand(question: Question, heard: Heard, now: datetime, date_order: str = "DMY") -> Answer:
    """The answer to a question that was just asked.

    Raises:
        NotAnAnswer: with what to say about it.
    """
    pressed = heard.value("choice") if heard.is_button else None
    if pressed is not None:
        return _from_text(question, pressed, now, date_order)
    named = mentioned(question, heard, now, date_order, directly=True)
    return named if named is not None else _from_text(question, heard.words, now, date_order)


def mentioned(
    question: Question, heard: Heard, now: datetime, date_order: str = "DMY", directly: bool = False
) -> Answer | None:
    """The answer that a message holds by the way, from the entities in it; None when it holds none.

    Args:
        directly: The question was just asked, so that places and the like are taken with the words around them.
    """
    entities = [entity for entity in heard.entities if entity.name == question.entity and not _negated(heard, entity)]
    if not entities or (directly and question.kind in ("text", "device", "place", "application")):
        return None
    try:
        return _FROM_ENTITIES[question.kind](question, entities, heard, now, date_order)
    except NotAnAnswer:
        return None


def names_choice(question: Question, text: str) -> bool:
    """Whether a text names one of the question's few answers."""
    try:
        return bool(question.choices) and _choice(question, text) is not None
    except NotAnAnswer:
        return False


def email(text: str) -> str:
    """The e-mail address in a text, its domain in small letters.

    Raises:
        NotAnAnswer: there is none.
    """
    found = _EMAIL.search(text)
    if found is None or len(found[0]) > 254:  # RFC 5321, 4.5.3.1.3
        raise NotAnAnswer
    local, _, domain = found[0].rpartition("@")
    return f"{local}@{domain.lower()}"


def free_text(text: str, least: int = 1) -> str:
    """Words worth keeping: at least one letter or digit, and `least` characters.

    Raises:
        NotAnAnswer: there is nothing in it.
    """
    kept = text.strip()[:LONGEST]
    if len(kept) < least or not any(character.isalnum() for character in kept):
        raise NotAnAnswer
    return kept


def amount(written: str) -> Decimal:
    """The number that 1,200.50 - 1.200,50 - 1 200,50 - 1,20,000 - 5k mean.

    Raises:
        NotAnAnswer: no number, zero, or more than anyone owes.
    """
    text = written.strip().casefold()
    factor = next((value for ending, value in _FACTORS.items() if re.search(rf"\d\s?{ending}s?\b", text)), 1)
    found = _NUMBER.search(text)
    if found is None:
        raise NotAnAnswer
    digits = re.sub(r"[\s\u00a0\u202f']", "", found[0])
    try:
        number = Decimal(_point(digits)) * factor
    except InvalidOperation as error:
        raise NotAnAnswer from error
    if not 0 < number <= LARGEST_AMOUNT:
        raise NotAnAnswer
    return number


_FACTORS = {"k": 1_000, "lakh": 100_000, "lac": 100_000, "crore": 10_000_000, "million": 1_000_000}


def _point(digits: str) -> str:
    """Only the decimal separator is left, as a point: the last of the two kinds, with one or two digits behind."""
    last = max(digits.rfind("."), digits.rfind(","))
    if last == -1:
        return digits
    fraction = digits[last + 1 :]
    kinds = {character for character in digits if character in ".,"}
    if len(kinds) == 1 and (digits.count(digits[last]) > 1 or len(fraction) not in (1, 2)):
        return re.sub(r"[.,]", "", digits)
    return f"{re.sub(r'[.,]', '', digits[:last])}.{fraction}"


# --- by kind, from the whole text


def _from_text(question: Question, text: str, now: datetime, date_order: str) -> Answer:
    match question.kind:
        case "amount":
            return _amount(text, None)
        case "date":
            return _day(text, now, date_order)
        case "email":
            address = email(text)
            return Answer(address, address)
        case "transaction_id":
            return _transaction(text)
        case "choice":
            return _choice(question, text)
        case "text":
            kept = free_text(text)
            return Answer(kept, kept)
        case _:
            return _name(text)


def _amount(text: str, currency: str | None) -> Answer:
    number = amount(text)
    value = f"{number:.2f}" if number % 1 else f"{number:.0f}"
    shown = f"{number:,.2f}" if number % 1 else f"{number:,.0f}"
    if currency is None:
        return Answer(value, shown)
    return Answer(value, f"{shown} {currency}", {"currency": currency})


def _day(text: str, now: datetime, date_order: str) -> Answer:
    try:
        day = days.resolve(text, now, date_order)
    except days.DayAhead as error:
        raise NotAnAnswer("utter_date_ahead", day=written_day(error.day)) from error
    except days.NotADay as error:
        raise NotAnAnswer from error
    return Answer(day.isoformat(), written_day(day))


def written_day(day: date) -> str:
    """A day as it is shown: 9 November 2026."""
    return f"{day.day} {day:%B %Y}"


def _transaction(text: str) -> Answer:
    found = _TRANSACTION.search(text)
    if found is None or _EMAIL.search(text):
        raise NotAnAnswer
    return Answer(found[0].lstrip("#"), found[0].lstrip("#"))


def _choice(question: Question, text: str) -> Answer:
    said = re.sub(r"[^\w\s+-]", "", text.casefold().replace("'", "").replace("’", "")).strip()
    exact = next((choice for choice in question.choices if choice.matches(said) or said in _titles(choice)), None)
    chosen = exact or _named_in(question.choices, said)
    if chosen is None:
        raise NotAnAnswer
    return Answer(chosen.value, chosen.title)


def _titles(choice: Choice) -> frozenset[str]:
    return catalogues.every(choice.title)


def _named_in(choices: tuple[Choice, ...], said: str) -> Choice | None:
    """The choice with the longest name among those that the words hold."""
    names = [(name, choice) for choice in choices for name in (*_titles(choice), *choice.words)]
    held = [(len(name), choice) for name, choice in names if re.search(rf"\b{re.escape(name)}\b", said)]
    return max(held, key=lambda pair: pair[0])[1] if held else None


def _name(text: str) -> Answer:
    """What something is called. What a screen says, or an address, is not that."""
    if _EMAIL.fullmatch(text.strip()) or _QUOTES_A_SCREEN.match(text):
        raise NotAnAnswer
    kept = free_text(_LEAD_IN.sub("", text.strip(" .,!?")), least=2)[:LONGEST_NAME]
    return Answer(kept, kept)


# --- by kind, from entities

_Reader = Callable[[Question, list[Entity], Heard, datetime, str], Answer]


def _mentioned_amount(_: Question, entities: list[Entity], heard: Heard, __: datetime, ___: str) -> Answer:
    currencies = [
        entity.value for entity in heard.entities if entity.name == "currency" and not _negated(heard, entity)
    ]
    return _amount(entities[0].value, currencies[0] if currencies else None)


def _mentioned_day(_: Question, entities: list[Entity], __: Heard, now: datetime, date_order: str) -> Answer:
    return _day(entities[0].value, now, date_order)


def _mentioned_choice(question: Question, entities: list[Entity], _: Heard, __: datetime, ___: str) -> Answer:
    return _choice(question, entities[0].value)


def _mentioned_address(_: Question, entities: list[Entity], __: Heard, ___: datetime, ____: str) -> Answer:
    address = email(entities[0].value)
    return Answer(address, address)


def _mentioned_name(_: Question, entities: list[Entity], __: Heard, ___: datetime, ____: str) -> Answer:
    names = list(dict.fromkeys(entity.value for entity in entities))
    kept = ", ".join(names)[:LONGEST_NAME]
    return Answer(kept, kept)


_FROM_ENTITIES: dict[str, _Reader] = {
    "amount": _mentioned_amount,
    "date": _mentioned_day,
    "choice": _mentioned_choice,
    "email": _mentioned_address,
    "transaction_id": _mentioned_name,
    "text": _mentioned_name,
    "device": _mentioned_name,
    "place": _mentioned_name,
    "application": _mentioned_name,
}


def _negated(heard: Heard, entity: Entity) -> bool:
    """Whether it was named to say that it is not this: "not yesterday"."""
    return _NEGATED.search(heard.text[: entity.start]) is not None


def with_more(answer: Answer, before: Answer) -> Answer:
    """A corrected amount without a currency keeps the one it had."""
    currency = before.more.get("currency")
    shown = f"{answer.shown} {currency}" if currency is not None else answer.shown
    return Answer(answer.value, shown, dict(before.more))
