"""What the desk takes care of, from `config/categories.yml`: categories, their teams and what is asked for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from helpsage.settings import ROOT
from helpsage.tickets.models import Priority

FILE = ROOT / "config" / "categories.yml"
#: What an answer is made of.
Kind = Literal["text", "amount", "date", "transaction_id", "choice", "email", "device", "place", "application"]
#: Kinds of answers that an entity of the same name fills.
ENTITY_KINDS = frozenset({"amount", "date", "transaction_id", "email", "device", "place", "application"})


class CategoriesError(ValueError):
    """The file cannot be used; the message says where and why."""


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
    #: Response that says we have understood what it is about, for its categories that have none of their own.
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


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The installation's catalogue, read once a process.

    Raises:
        CategoriesError: the file is missing something or contradicts itself.
    """
    return read(FILE)


def read(path: Path) -> Catalogue:
    """Read and check one file.

    Raises:
        CategoriesError: the file is missing something or contradicts itself.
    """
    try:
        return _build(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, AttributeError) as error:
        raise CategoriesError(f"{path.name}: {type(error).__name__}: {error}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise CategoriesError(f"{path.name}: {error}") from error


def _build(raw: Mapping[str, Any]) -> Catalogue:
    groups = {name: Group(name=name, **given) for name, given in raw["groups"].items()}
    questions = {name: _question(name, given) for name, given in raw["questions"].items()}
    categories = {name: _category(name, given, groups, questions) for name, given in raw["categories"].items()}
    for group in groups.values():
        if group.otherwise not in categories:
            raise CategoriesError(f"group {group.name}: there is no category {group.otherwise}")
    return Catalogue(
        categories=categories,
        groups=groups,
        date_order=raw.get("dates", {}).get("order", "DMY"),
        _by_intent=_index(categories, "intents"),
        _by_faq=_index(categories, "faqs"),
    )


def _question(name: str, given: Mapping[str, Any]) -> Question:
    kind = given["kind"]
    if kind not in get_args(Kind):
        raise CategoriesError(f"question {name}: unknown kind {kind}")
    choices = tuple(
        Choice(choice["value"], choice["title"], tuple(choice.get("words", ()))) for choice in given.get("choices", ())
    )
    if (kind == "choice") != bool(choices):
        raise CategoriesError(f"question {name}: kind choice and a list of choices belong together")
    return Question(
        name=name,
        label=given["label"],
        kind=kind,
        ask=given["ask"],
        help=given["help"],
        required=bool(given["required"]),
        entity=given.get("entity", kind if kind in ENTITY_KINDS else None),
        choices=choices,
    )


def _category(
    name: str, given: Mapping[str, Any], groups: Mapping[str, Group], questions: Mapping[str, Question]
) -> Category:
    unknown = set(given["questions"]) - set(questions)
    if unknown:
        raise CategoriesError(f"category {name}: unknown questions {', '.join(sorted(unknown))}")
    return Category(
        name=name,
        title=given["title"],
        group=groups[given["group"]],
        team=given["team"],
        priority=Priority(given["priority"]),
        intents=tuple(given.get("intents", ())),
        questions=tuple(questions[question] for question in given["questions"]),
        faqs=tuple(given.get("faqs", ())),
        acknowledge=given.get("acknowledge", groups[given["group"]].acknowledge),
    )


def _index(categories: Mapping[str, Category], attribute: str) -> dict[str, Category]:
    index: dict[str, Category] = {}
    for category in categories.values():
        for key in getattr(category, attribute):
            if key in index:
                raise CategoriesError(f"{key} belongs to {index[key].name} and to {category.name}")
            index[key] = category
    return index
