"""Answers of the FAQ and responses: whether each is there, and whether anything says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from helpsage.training import examples
from helpsage.training.checks.finding import Finding, Project, Severity

#: Where responses are named, besides the domain itself.
SPEAKERS = ("data/rules", "data/stories", "actions", "assistant", "helpsage", "config")
ENDINGS = (".py", ".yml")
_NAME = re.compile(r"utter_[\w/]*(\{)?")
#: Said by Rasa itself.
_BY_RASA = frozenset({"utter_default"})
#: Rasa asks for a form's slot with these.
_ASKED_BY_FORMS = re.compile(r"utter_ask_")


def look(project: Project) -> Iterator[Finding]:
    """All of them."""
    yield from _without_answer(project)
    yield from _without_examples(project)
    yield from _unused(project)


def _without_answer(project: Project) -> Iterator[Finding]:
    for label, numbers in project.labels.items():
        if "/" in label and f"utter_{label}" not in project.responses:
            place = project.lines[numbers[0]].place
            words = f"{label} is asked for and has no answer: there is no utter_{label}"
            yield Finding(Severity.ERROR, "no-answer", place, words, label)


def _without_examples(project: Project) -> Iterator[Finding]:
    for name, place in project.responses.items():
        label = name.removeprefix("utter_")
        if "/" in label and label not in project.labels:
            words = f"{name} answers a question that has no example: nobody will hear it"
            yield Finding(Severity.WARNING, "unasked-answer", place, words, name)


def _unused(project: Project) -> Iterator[Finding]:
    whole, beginnings = named(project.root)
    slots = {slot for form in _forms(project).values() for slot in form}
    for name, place in project.responses.items():
        asked = _ASKED_BY_FORMS.sub("", name)
        by_form = any(asked == slot or asked.endswith(f"_{slot}") for slot in slots)
        begun = any(name.startswith(beginning) for beginning in beginnings)
        if "/" not in name and name not in whole | _BY_RASA and not begun and not by_form:
            yield Finding(Severity.WARNING, "unused-response", place, f"nothing says {name}", name)


def named(root: Path) -> tuple[set[str], set[str]]:
    """The responses that something names, and the beginnings that something completes (`utter_faq/{key}`)."""
    whole: set[str] = set()
    beginnings: set[str] = set()
    for folder in SPEAKERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in ENDINGS and "training" not in path.parts and path.is_file():
                for found in _NAME.finditer(path.read_text("utf-8", errors="replace")):
                    name = found[0].removesuffix("{")
                    # "utter_" alone would complete to everything, and so to nothing.
                    (beginnings if found[1] and name != "utter_" else whole).add(name)
    return whole, beginnings


def _forms(project: Project) -> dict[str, list[str]]:
    found = examples.plain(project.part("forms"))
    forms = found if isinstance(found, dict) else {}
    return {name: list((about or {}).get("required_slots") or []) for name, about in forms.items()}
