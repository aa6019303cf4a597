"""What the desk takes care of: categories, their teams and what is asked for each.

`config/categories.yml` says it until an administrator changes it on the settings pages; then the database does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from helpsage.configuration.live import Live
from helpsage.settings import ROOT
from helpsage.tickets.models import Priority

FILE = ROOT / "config" / "categories.yml"
#: What an answer is made of.
Kind = Literal["text", "amount", "date", "transaction_id", "choice", "email", "device", "place", "application"]
#: Kinds of answers that an entity of the same name fills.
ENTITY_KINDS = frozenset({"amount", "date", "transaction_id", "email", "device", "place", "application"})


#: Names stand in addresses, in buttons' payloads and in tickets for good.
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_TITLE = 60
LONGEST_WORDS = 500
#: What the desk's own code files tickets under.
UNSORTED, FOR_A_PERSON = "general_issue", "person_request"
DATE_ORDERS = ("DMY", "MDY", "YMD")


class CategoriesError(ValueError):
    """The catalogue cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Choice:
    """One of the few answers of a question."""

    value: str
    title: str
    words: tuple[str, ...] = ()

    def matches(self, text: str) -> bool:
        """Whether these words name this choice."""
        return text in {self.value, self.title.casefold(), *self.words}


@dataclass(frozen=True)
class Question:
    """One thing to find out."""

    name: str
    label: str
    kind: Kind
    #: The question, and what is said when an answer cannot be used: a response of domain.yml, or the words themselves.
    ask: str
    help: str
    required: bool
    entity: str | None = None
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Group:
    """A part of the first menu."""

    name: str
    title: str
    #: What says that we have understood what it is about, for its categories that have none of their own: a response of
    #: domain.yml, or the words themselves.
    acknowledge: str
    #: Category when nothing more exact is known.
    otherwise: str


@dataclass(frozen=True)
class Category:
    """A kind of problem."""

    name: str
    title: str
    group: Group
    team: str
    priority: Priority
    intents: tuple[str, ...]
    questions: tuple[Question, ...]
    faqs: tuple[str, ...]
    #: Response that says we have understood what it is about.
    acknowledge: str
    #: Whether one trouble of this kind reaches many at once: then the chat tells that others report the same.
    shared: bool = False

    def question(self, name: str) -> Question | None:
        """The question of this name, when this category asks it."""
        return next((question for question in self.questions if question.name == name), None)


@dataclass(frozen=True)
class Catalogue:
    """The whole file, indexed."""

    categories: Mapping[str, Category]
    groups: Mapping[str, Group]
    #: DMY, MDY or YMD.
    date_order: str
    _by_intent: Mapping[str, Category] = field(repr=False)
    _by_faq: Mapping[str, Category] = field(repr=False)

    def of_intent(self, intent: str | None) -> Category | None:
        """The category a problem with this intent belongs to."""
        return self._by_intent.get(intent or "")

    def of_faq(self, key: str | None) -> Category | None:
        """The category for someone whom this FAQ entry did not help."""
        return self._by_faq.get(key or "")


def load() -> dict[str, Category]:
    """Every category by its name."""
    return dict(catalogue().categories)


def catalogue() -> Catalogue:
    """The installation's catalogue as it is now. A change on the settings pages is here within a second.

    Raises:
        CategoriesError: the file is missing something or contradicts itself.
    """
    return _LIVE.get()


def read(path: Path) -> Catalogue:
    """Read and check one file.

    Raises:
        CategoriesError: the file is missing something or contradicts itself.
    """
    try:
        return build(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValueError, yaml.YAMLError) as error:
        raise CategoriesError(f"{path.name}: {error}") from error


def build(raw: Mapping[str, Any]) -> Catalogue:
    """Check a catalogue, wherever it comes from, and index it.

    Raises:
        CategoriesError: it is missing something or contradicts itself.
    """
    try:
        return _build(raw)
    except (KeyError, TypeError, AttributeError) as error:
        raise CategoriesError(f"{type(error).__name__}: {error}") from error


def _build(raw: Mapping[str, Any]) -> Catalogue:
    groups = {name: _group(name, given) for name, given in raw["groups"].items()}
    questions = {name: _question(name, given) for name, given in raw["questions"].items()}
    categories = {name: _category(name, given, groups, questions) for name, given in raw["categories"].items()}
    for group in groups.values():
        if group.otherwise not in categories:
            raise CategoriesError(f"group {group.name}: there is no category {group.otherwise}")
    for needed in (UNSORTED, FOR_A_PERSON):
        if needed not in categories:
            raise CategoriesError(f"category {needed}: the desk itself files tickets there, it has to stay")
    order = raw.get("dates", {}).get("order", "DMY")
    if order not in DATE_ORDERS:
        raise CategoriesError(f"dates: order is one of {', '.join(DATE_ORDERS)}, not {order}")
    return Catalogue(
        categories=categories,
        groups=groups,
        date_order=order,
        _by_intent=_index(categories, "intents"),
        _by_faq=_index(categories, "faqs"),
    )


def _group(name: str, given: Mapping[str, Any]) -> Group:
    where = f"group {_named(name, 'group')}"
    return Group(
        name=name,
        title=_text(given, "title", where, LONGEST_TITLE),
        acknowledge=_text(given, "acknowledge", where, LONGEST_WORDS),
        otherwise=_text(given, "otherwise", where, LONGEST_TITLE),
    )


def _question(name: str, given: Mapping[str, Any]) -> Question:
    where = f"question {_named(name, 'question')}"
    kind = given["kind"]
    if kind not in get_args(Kind):
        raise CategoriesError(f"{where}: unknown kind {kind}")
    choices = tuple(_choice(choice, where) for choice in given.get("choices", ()))
    if (kind == "choice") != bool(choices):
        raise CategoriesError(f"{where}: kind choice and a list of choices belong together")
    if len({choice.value for choice in choices}) != len(choices):
        raise CategoriesError(f"{where}: two choices have the same value")
    if not isinstance(given["required"], bool):
        raise CategoriesError(f"{where}: required is true or false")
    return Question(
        name=name,
        label=_text(given, "label", where, LONGEST_TITLE),
        kind=kind,
        ask=_text(given, "ask", where, LONGEST_WORDS),
        help=_text(given, "help", where, LONGEST_WORDS),
        required=given["required"],
        entity=given.get("entity", kind if kind in ENTITY_KINDS else None),
        choices=choices,
    )


def _choice(given: Mapping[str, Any], where: str) -> Choice:
    words = tuple(given.get("words", ()))
    if not all(isinstance(word, str) and 0 < len(word) <= LONGEST_TITLE for word in words):
        raise CategoriesError(f"{where}: a choice's words have 1 to {LONGEST_TITLE} characters each")
    value = _text(given, "value", where, LONGEST_TITLE)
    return Choice(_named(value, f"{where}: choice"), _text(given, "title", where, LONGEST_TITLE), words)


def _category(
    name: str, given: Mapping[str, Any], groups: Mapping[str, Group], questions: Mapping[str, Question]
) -> Category:
    where = f"category {_named(name, 'category')}"
    asked = given["questions"]
    unknown = [question for question in asked if question not in questions]
    if unknown:
        raise CategoriesError(f"{where}: unknown questions {', '.join(sorted(unknown))}")
    if len(set(asked)) != len(asked):
        raise CategoriesError(f"{where}: a question is asked twice")
    if given["group"] not in groups:
        raise CategoriesError(f"{where}: there is no group {given['group']}")
    if given["priority"] not in list(Priority):
        raise CategoriesError(f"{where}: there is no priority {given['priority']}")
    if not isinstance(given.get("shared", False), bool):
        raise CategoriesError(f"{where}: shared is true or false")
    return Category(
        name=name,
        title=_text(given, "title", where, LONGEST_TITLE),
        group=groups[given["group"]],
        team=_text(given, "team", where, LONGEST_TITLE),
        priority=Priority(given["priority"]),
        intents=tuple(given.get("intents", ())),
        questions=tuple(questions[question] for question in asked),
        faqs=tuple(given.get("faqs", ())),
        acknowledge=given.get("acknowledge", groups[given["group"]].acknowledge),
        shared=given.get("shared", False),
    )


def _named(name: Any, what: str) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise CategoriesError(f"{what} {name}: a name is small letters, digits and _, begins with a letter, at most 40")
    return name


def _text(given: Mapping[str, Any], key: str, where: str, longest: int) -> str:
    value = given[key]
    if not isinstance(value, str) or not value.strip() or len(value) > longest or not value.isprintable():
        raise CategoriesError(f"{where}: {key} has 1 to {longest} printable characters")
    return value


def _index(categories: Mapping[str, Category], attribute: str) -> dict[str, Category]:
    index: dict[str, Category] = {}
    for category in categories.values():
        for key in getattr(category, attribute):
            if not isinstance(key, str) or not NAME.fullmatch(key):
                raise CategoriesError(f"category {category.name}: {attribute}: {key} is no name")
            if key in index:
                raise CategoriesError(f"{key} belongs to {index[key].name} and to {category.name}")
            index[key] = category
    return index


_LIVE = Live("categories", FILE, build)
