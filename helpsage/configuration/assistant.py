"""What the assistant was taught: its responses, intents, FAQ entries, and how many examples each intent has.

Read from the trainers' files (`domain.yml`, `data/`), so that the settings pages can say honestly what a change there
does not bring by itself: words need examples, and examples need training.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from helpsage.settings import ROOT

DOMAIN = ROOT / "domain.yml"
DATA = ROOT / "data"
#: A response's name; anything else that is asked or said is taken word for word.
RESPONSE = re.compile(r"utter_\w+")
#: Rasa's own advice, and what the measurements of ours agree with: fewer are understood badly.
ENOUGH_EXAMPLES = 10


@dataclass(frozen=True)
class Taught:
    """What stands in the trainers' files."""

    #: First wording of each response, by name.
    responses: Mapping[str, str]
    intents: frozenset[str]
    #: Examples of each intent.
    examples: Mapping[str, int]
    faqs: frozenset[str]


def taught() -> Taught:
    """What the files say now; read again when one of them changes."""
    files = (DOMAIN, *sorted(DATA.glob("**/*.yml")))
    return _read(tuple((path, path.stat().st_mtime_ns) for path in files if path.exists()))


@lru_cache(maxsize=2)
def _read(files: tuple[tuple[Path, int], ...]) -> Taught:
    responses: dict[str, str] = {}
    intents: set[str] = set()
    examples: dict[str, int] = {}
    for path, _ in files:
        content = _yaml(path)
        for name, wordings in (content.get("responses") or {}).items():
            responses.setdefault(name, _first_wording(wordings))
        intents.update(_intents(content.get("intents") or ()))
        for intent, count in _examples(content.get("nlu") or ()):
            examples[intent] = examples.get(intent, 0) + count
    faqs = {intent.partition("/")[2] for intent in examples if intent.startswith("faq/")}
    return Taught(responses, frozenset(intents), examples, frozenset(faqs))


def _yaml(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 a safe loader
    return content if isinstance(content, dict) else {}


def _first_wording(wordings: Any) -> str:
    first = wordings[0] if isinstance(wordings, list) and wordings else {}
    return str(first.get("text", "")) if isinstance(first, dict) else ""


def _intents(listed: Iterable[Any]) -> Iterator[str]:
    for intent in listed:
        yield from intent if isinstance(intent, dict) else (str(intent),)


def _examples(blocks: Iterable[Any]) -> Iterator[tuple[str, int]]:
    for block in blocks:
        if isinstance(block, dict) and block.get("intent"):
            lines = str(block.get("examples") or "").splitlines()
            yield str(block["intent"]), sum(line.lstrip().startswith("- ") for line in lines)
