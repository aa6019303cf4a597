"""Days as people say them, always in the past: "yesterday", "last Monday", "12/03", "two days ago"."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import dateparser

from languages import SPOKEN

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBER = r"an?|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,3}"
_SOME = r"(?:a )?few|(?:a )?couple(?: of)?|several"
_WEEKDAY = re.compile(r"\b(mon|tue|wed|thu|fri|sat|sun)(?:[a-z]*day|s|r|rs|nes)?\b", re.I)
_PART_OF_DAY = re.compile(
    r"\b(?:early|late|at|in the|this)?\s*(?:morning|afternoon|evening|night|noon|midnight)\b", re.I
)
_TODAY = re.compile(
    r"\b(?:today|tonight|just now|right now|now|this (?:morning|afternoon|evening|noon)|aaj|hoy|heute|aujourd['’]hui)\b"
    r"|आज",
    re.I,
)
_YESTERDAY = re.compile(r"\b(?:yesterday|last (?:night|evening)|ayer|anoche|gestern|hier|kal)\b|कल", re.I)
_BEFORE_YESTERDAY = re.compile(
    r"\b(?:(?:the )?day before yesterday|anteayer|antier|vorgestern|avant-hier|parso)\b|परसों", re.I
)
_AGO = re.compile(rf"\b({_NUMBER}|{_SOME})\s+(day|week|fortnight|month|year)s?\s+(?:ago|back)\b", re.I)
_FOR = re.compile(
    rf"\b(?:for|since)\s+(?:about\s+|the (?:last|past)\s+)?({_NUMBER}|{_SOME})\s+(day|week|month|year)s?\b", re.I
)
_LAST = re.compile(r"\b(?:last|past)\s+(week|weekend|month|year)\b", re.I)
_LEADING = re.compile(r"^\s*(?:on|since|at|from|it was|it happened|was|the)\s+", re.I)
_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "few": 3, "a few": 3, "couple": 2, "a couple": 2, "couple of": 2, "a couple of": 2, "several": 3,
}  # fmt: skip
_DAYS = {"day": 1, "week": 7, "fortnight": 14, "month": 30, "year": 365}
_LAST_DAYS = {"week": 7, "weekend": 7, "month": 30, "year": 365}
#: A year nobody reports a problem from.
OLDEST_YEARS = 20


class NotADay(ValueError):
    """The words name no day."""


class DayAhead(ValueError):
    """The day is still to come.

    Attributes:
        day: which day that would be.
    """

    def __init__(self, day: date) -> None:
        self.day = day
        super().__init__(day.isoformat())


def resolve(text: str, now: datetime, order: str = "DMY") -> date:
    """The day these words mean, seen from `now`.

    Args:
        text: What was said, with or without other words around the day.
        now: The present moment.
        order: How 03/04/2026 is read: DMY, MDY or YMD.

    Raises:
        NotADay: there is no day in it.
        DayAhead: it has not come yet.
    """
    today = now.date()
    day = _relative(text, today) or _weekday(text, today) or _written(text, now, order)
    if day is None or day.year < today.year - OLDEST_YEARS:
        raise NotADay(text)
    if day > today:
        raise DayAhead(day)
    return day


def _relative(text: str, today: date) -> date | None:
    if _BEFORE_YESTERDAY.search(text):
        return today - timedelta(days=2)
    if _YESTERDAY.search(text):
        return today - timedelta(days=1)
    if _TODAY.search(text):
        return today
    ago = _AGO.search(text) or _FOR.search(text)
    if ago is not None:
        number = _NUMBERS.get(ago[1].casefold()) or int(ago[1])
        return _back(today, number * _DAYS[ago[2].casefold()])
    last = _LAST.search(text)
    return _back(today, _LAST_DAYS[last[1].casefold()]) if last is not None else None


def _back(today: date, days: int) -> date | None:
    try:
        return today - timedelta(days=days)
    except OverflowError:
        return None


def _weekday(text: str, today: date) -> date | None:
    """The latest such day before today; a date written beside it says it better."""
    found = _WEEKDAY.search(text)
    if found is None or re.search(r"\d", text):
        return None
    index = next(number for number, name in enumerate(WEEKDAYS) if name.startswith(found[1].casefold()))
    return today - timedelta(days=(today.weekday() - index - 1) % 7 + 1)


def _written(text: str, now: datetime, order: str) -> date | None:
    plain = _PART_OF_DAY.sub(" ", _LEADING.sub("", text.strip(" .,;!?"))).strip(" .,")
    plain = re.sub(r"^(\d{1,2})\.\s?(\d{1,2})$", r"\1/\2", plain)
    if not re.search(r"\d|[a-z]{3}", plain, re.I) or len(plain) > 60:
        return None
    base = now.replace(tzinfo=None)
    found = dateparser.parse(
        plain,
        languages=list(SPOKEN),
        settings={
            "DATE_ORDER": order,
            "PREFER_DATES_FROM": "past",
            "PREFER_DAY_OF_MONTH": "first",
            "RELATIVE_BASE": base,
            "PARSERS": ["absolute-time"],
            "REQUIRE_PARTS": ["month"],
        },
    )
    return found.date() if found is not None else None
