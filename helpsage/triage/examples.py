"""The examples that trainers wrote: the assistant's, by the category they belong to, and letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from helpsage.settings import ROOT
from helpsage.tickets.categories import Catalogue
from helpsage.triage.classifier import NOTHING
from helpsage.triage.training import Example

DATA = ROOT / "data"
FOLDERS = ("nlu", "faq")
LETTERS = ROOT / "config" / "letters.yml"
#: A question that the FAQ answers tells of its category's subject, but less of its problems.
WEIGHT_FAQ = 0.5
#: Files with intents that are no topics: greetings, yes and no, words about tickets, nonsense.
WEIGHT_NOTHING = 0.5

_ENTITY = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")


def written(catalogue: Catalogue) -> list[Example]:
    """Every example in `data/`, with the category that its intent or FAQ entry belongs to, and all letters."""
    found = [example for intent, text in _all() if (example := _example(catalogue, intent, text)) is not None]
    known = catalogue.categories
    letters = [Example(text, topic) for topic, some in _letters()["topics"].items() if topic in known for text in some]
    return [*found, *letters, *(Example(text, NOTHING) for text in _letters()["nothing"])]


def of_faq() -> list[tuple[str, str]]:
    """Key and question of every example of the FAQ."""
    return [(intent.partition("/")[2], text) for intent, text in _all() if intent.startswith("faq/")]


def manner() -> list[tuple[str, str, str]]:
    """Sentences with the urgency and the tone that they show; an empty one is shown by none of its words."""
    return [(urgency, tone, text) for urgency, tone, text in _letters()["manner"]]


def _example(catalogue: Catalogue, intent: str, text: str) -> Example | None:
    kind, _, key = intent.partition("/")
    if key:
        category = catalogue.of_faq(key)
        return Example(text, category.name, WEIGHT_FAQ) if category is not None else None
    category = catalogue.of_intent(intent)
    if category is not None:
        return Example(text, category.name)
    return Example(text, NOTHING, WEIGHT_NOTHING) if kind == "out_of_scope" else None


@lru_cache(maxsize=1)
def _letters() -> dict[str, Any]:
    given: dict[str, Any] = _loaded(LETTERS)
    return given


@lru_cache(maxsize=1)
def _all() -> tuple[tuple[str, str], ...]:
    return tuple(pair for folder in FOLDERS for path in sorted((DATA / folder).glob("*.yml")) for pair in _read(path))


def _loaded(path: Path) -> Any:
    # By libyaml, which comes with the package: thousands of examples take it a tenth of the time.
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def _read(path: Path) -> Iterator[tuple[str, str]]:
    for entry in _loaded(path).get("nlu", ()):
        if "intent" in entry:
            for line in entry["examples"].splitlines():
                text = _ENTITY.sub(r"\1", line.removeprefix("- ")).strip()
                if text:
                    yield entry["intent"], text
