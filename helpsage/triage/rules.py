"""The table of rules that sends tickets somewhere: what it says, whether it can be used, and which rule fits."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from helpsage import settings
from helpsage.configuration.live import Live
from helpsage.settings import ROOT
from helpsage.triage.reading import Tone, Urgency

FILE = ROOT / "config" / "routing.yml"
KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_TITLE = 80
MOST_RULES = 200
MOST_VALUES = 100
UNSURE = "unsure"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Conditions that are lists, by name.
LISTS = ("topics", "urgency", "tone", "language", "channels", "departments", "tags")


class Move(enum.StrEnum):
    """What a rule does with a ticket."""

    #: A team's queue.
    QUEUE = "queue"
    #: The front of it, and someone is alerted.
    FRONT = "front"
    #: Someone senior.
    SENIOR = "senior"
    #: Somebody who sorts.
    SORT = "sort"


class Alert(enum.StrEnum):
    """Who is alerted."""

    TEAM = "team"
    LEADS = "leads"


class InvalidRouting(ValueError):
    """The rules cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Hours:
    """A part of the week, in the desk's time zone. `since` after `until`: over midnight, counted to the first day."""

    days: frozenset[str] = frozenset(DAYS)
    since: time = time(0)
    until: time = time(0)
    outside: bool = False

    def hold(self, at: datetime) -> bool:
        """Whether a moment lies in it."""
        local = at.astimezone(ZoneInfo(settings.get().time_zone))
        return self._inside(local) is not self.outside

    def _inside(self, local: datetime) -> bool:
        today, yesterday = DAYS[local.weekday()], DAYS[local.weekday() - 1]
        now = local.time().replace(tzinfo=None)
        if self.since == self.until:
            return today in self.days
        if self.since < self.until:
            return today in self.days and self.since <= now < self.until
        return (today in self.days and now >= self.since) or (yesterday in self.days and now < self.until)


@dataclass(frozen=True)
class Case:
    """What a rule looks at."""

    #: A category's name, or `unsure`.
    topic: str
    urgency: str
    tone: str
    language: str
    channel: str
    department: str
    tags: frozenset[str]
    at: datetime


@dataclass(frozen=True)
class Rule:
    """One line of the table. A list without values fits everything."""

    key: str
    title: str
    move: Move
    active: bool = True
    topics: tuple[str, ...] = ()
    urgency: tuple[str, ...] = ()
    tone: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    hours: Hours | None = None
    team: str = ""
    alert: Alert = Alert.TEAM

    def met(self, case: Case) -> list[tuple[str, str]] | None:
        """The conditions that are met, each with what met it; None when one is not."""
        found: list[tuple[str, str]] = []
        for name, value in (
            ("topics", case.topic),
            ("urgency", case.urgency),
            ("tone", case.tone),
            ("language", case.language),
            ("channels", case.channel),
            ("departments", case.department),
        ):
            wanted = getattr(self, name)
            if wanted and value not in wanted:
                return None
            if wanted:
                found.append((name, value))
        if self.tags:
            common = sorted(case.tags & set(self.tags))
            if not common:
                return None
            found.append(("tags", ", ".join(common)))
        if self.hours is not None:
            if not self.hours.hold(case.at):
                return None
            found.append(("hours", "outside" if self.hours.outside else "within"))
        return found


@dataclass(frozen=True)
class Table:
    """All rules in order, and what is done with twins."""

    rules: tuple[Rule, ...]
    link_certain: bool = True
    merge_own_certain: bool = False

    def first(self, case: Case) -> Fired | None:
        """The first rule that fits."""
        for rule in self.rules:
            met = rule.met(case) if rule.active else None
            if met is not None:
                return Fired(rule, met)
        return None


@dataclass(frozen=True)
class Fired:
    """A rule that fits, and why."""

    rule: Rule
    because: list[tuple[str, str]] = field(default_factory=list)


def table() -> Table:
    """The rules as they are now. A change on the settings pages is here within a second."""
    return _LIVE.get()


def build(raw: Any) -> Table:
    """Check the rules, wherever they come from.

    Raises:
        InvalidRouting
    """
    try:
        rules = tuple(_rule(given) for given in raw["rules"])
        twins = raw.get("twins") or {}
        choices = {
            name: twins.get(name, default) for name, default in (("link_certain", True), ("merge_own_certain", False))
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidRouting(f"{type(error).__name__}: {error}") from error
    if len(rules) > MOST_RULES:
        raise InvalidRouting(f"at most {MOST_RULES} rules")
    keys = [rule.key for rule in rules]
    if len(set(keys)) != len(keys):
        raise InvalidRouting("two rules have the same key")
    if not all(isinstance(value, bool) for value in choices.values()):
        raise InvalidRouting("twins: each choice is true or false")
    return Table(rules, **choices)


def _rule(given: Mapping[str, Any]) -> Rule:
    key, title = given["key"], given["title"]
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise InvalidRouting(f"rule {key}: a key is small letters, digits and _, at most 40")
    where = f"rule {key}"
    if not isinstance(title, str) or not title.strip() or len(title) > LONGEST_TITLE or not title.isprintable():
        raise InvalidRouting(f"{where}: a title has 1 to {LONGEST_TITLE} characters")
    unknown = set(given) - {"key", "title", "active", "move", "hours", "team", "alert", *LISTS}
    if unknown:
        raise InvalidRouting(f"{where}: unknown {', '.join(sorted(map(str, unknown)))}")
    lists = {name: _list(given.get(name) or [], f"{where}: {name}") for name in LISTS}
    for name, known in (("urgency", Urgency), ("tone", Tone)):
        if set(lists[name]) - {str(each) for each in known}:
            raise InvalidRouting(f"{where}: {name} is out of {', '.join(known)}")
    active, team = given.get("active", True), given.get("team") or ""
    if not isinstance(active, bool) or not isinstance(team, str):
        raise InvalidRouting(f"{where}: active is true or false, team a key")
    try:
        move, alert = Move(given["move"]), Alert(given.get("alert") or Alert.TEAM)
    except ValueError as error:
        raise InvalidRouting(f"{where}: {error}") from error
    return Rule(key, title, move, active, hours=_hours(given.get("hours"), where), team=team, alert=alert, **lists)


def _list(given: Any, where: str) -> tuple[str, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str) or len(given) > MOST_VALUES:
        raise InvalidRouting(f"{where}: a list of at most {MOST_VALUES}")
    if not all(isinstance(value, str) and 0 < len(value) <= LONGEST_TITLE and value.isprintable() for value in given):
        raise InvalidRouting(f"{where}: names of 1 to {LONGEST_TITLE} characters")
    return tuple(dict.fromkeys(given))


def _hours(given: Any, where: str) -> Hours | None:
    if not given:
        return None
    try:
        days = given.get("days") or list(DAYS)
        hours = Hours(
            frozenset(days), _time(given.get("from")), _time(given.get("until")), bool(given.get("outside", False))
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise InvalidRouting(f"{where}: hours are days, from and until, like 18:00") from error
    if hours.days - set(DAYS):
        raise InvalidRouting(f"{where}: days are {', '.join(DAYS)}")
    return hours


def _time(written: Any) -> time:
    return time.fromisoformat(written).replace(tzinfo=None) if written else time(0)


_LIVE = Live("routing", FILE, build)
