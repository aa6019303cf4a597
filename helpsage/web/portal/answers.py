"""Answers to a category's questions, as a form sends them: one checker a kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from starlette.datastructures import FormData

from helpsage import clock
from helpsage.mail import address
from helpsage.tickets.categories import Category, Question
from helpsage.tickets.words import LONGEST_BODY, clean, visible
from helpsage.web.portal import words
from helpsage.web.portal.forms import Attempt, said

LONGEST = 2_000
LONGEST_NAME = 200
LARGEST_AMOUNT = Decimal(10) ** 12
#: A day that nobody reports a problem from.
OLDEST_YEARS = 20

#: Groups of three digits (or two, as in 1,20,000) behind the first, and at most two decimals.
_AMOUNT = re.compile(r"(\d{1,13}|\d{1,3}(?:[ ,\u00a0\u202f'](?:\d{2,3}))*[ ,\u00a0\u202f']\d{3})(?:\.(\d{1,2}))?")
_COMMA_AMOUNT = re.compile(r"(\d{1,13}|\d{1,3}(?:[ .]\d{3})+),(\d{1,2})")
_TRANSACTION = re.compile(r"#?(?=[\w/-]*\d)[A-Za-z0-9][A-Za-z0-9_/-]{4,39}")


class InvalidAnswer(ValueError):
    """Words that do not answer the question; the message says what would, for the person."""


@dataclass(frozen=True)
class Answers:
    """What a ticket keeps of them.

    Attributes:
        details: by question.
        gaps: questions that stay open.
    """

    details: dict[str, str]
    gaps: list[str]


def field(question: Question) -> str:
    """The name of a question's field."""
    return f"answer-{question.name}"


def read(category: Category, form: FormData, attempt: Attempt) -> Answers:
    """Check every answer; what is wrong with one is written beside its field."""
    details: dict[str, str] = {}
    gaps: list[str] = []
    for question in category.questions:
        given = clean(said(form, field(question)))
        if not visible(given):
            gaps.append(question.name)
            if question.required and not said(form, f"unknown-{question.name}"):
                attempt.refuse(field(question), words.NO_ANSWER)
            continue
        try:
            details[question.name] = answer(question, given)
            if question.kind == "amount" and said(form, "currency"):
                details["currency"] = _currency(said(form, "currency"))
        except InvalidAnswer as error:
            attempt.refuse(field(question), str(error))
    return Answers(details, gaps)


def answer(question: Question, given: str) -> str:
    """The answer as a ticket keeps it.

    Raises:
        InvalidAnswer
    """
    match question.kind:
        case "amount":
            return _amount(given)
        case "date":
            return _day(given).isoformat()
        case "choice":
            return _choice(question, given)
        case "email":
            return _email(given)
        case "transaction_id":
            return _transaction(given)
        case "text":
            return _words(given, LONGEST)
        case _:
            return _words(" ".join(given.split()), LONGEST_NAME)


def _words(given: str, limit: int) -> str:
    if len(given) > min(limit, LONGEST_BODY):
        raise InvalidAnswer(words.LONG_ANSWER.format(limit=limit, length=len(given)))
    return given


def _amount(given: str) -> str:
    found, comma = _AMOUNT.fullmatch(given), _COMMA_AMOUNT.fullmatch(given)
    whole, cents = comma.groups() if comma else found.groups() if found else ("", "")
    try:
        number = Decimal(f"{re.sub(r'[^0-9]', '', whole)}.{cents or 0}")
    except InvalidOperation as error:
        raise InvalidAnswer(words.NO_AMOUNT) from error
    if not 0 < number <= LARGEST_AMOUNT:
        raise InvalidAnswer(words.NO_AMOUNT)
    return f"{number:.2f}" if number % 1 else f"{number:.0f}"


def _currency(given: str) -> str:
    if given not in words.CURRENCIES:
        raise InvalidAnswer(words.NO_CURRENCY)
    return given


def _day(given: str) -> date:
    today = clock.now().date()
    try:
        day = date.fromisoformat(given)
    except ValueError as error:
        raise InvalidAnswer(words.NO_DAY) from error
    if day.year < today.year - OLDEST_YEARS:
        raise InvalidAnswer(words.NO_DAY)
    # East of Greenwich it is tomorrow already.
    if (day - today).days > 1:
        raise InvalidAnswer(words.FUTURE_DAY)
    return day


def _choice(question: Question, given: str) -> str:
    if given not in {choice.value for choice in question.choices}:
        raise InvalidAnswer(words.NO_CHOICE)
    return given


def _email(given: str) -> str:
    try:
        return address.parse(given)
    except address.InvalidAddress as error:
        raise InvalidAnswer(words.NO_EMAIL) from error


def _transaction(given: str) -> str:
    found = _TRANSACTION.fullmatch(given)
    if found is None:
        raise InvalidAnswer(words.NO_TRANSACTION)
    return found[0].removeprefix("#")
