"""Rules that can never apply, and questions that have no words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product, takewhile
from pathlib import Path
from typing import Any

import yaml

from helpsage.training import examples
from helpsage.training.checks.finding import Finding, Project, Severity

#: Intents that the program gives, never a person's words.
GIVEN = frozenset({"nlu_fallback", "answer_agent"})
CATEGORIES = Path("config") / "categories.yml"
_END = ("action", "action_listen")

Step = tuple[str, str]


@dataclass(frozen=True)
class Rule:
    """One way through a rule: `or` is one each.

    Attributes:
        begin: its conditions and whether it is for the start of a conversation only.
        steps: kind and name; slots and entities are part of the name.
    """

    name: str
    place: str
    begin: str
    steps: tuple[Step, ...]


def look(project: Project) -> Iterator[Finding]:
    """All of it."""
    rules = list(_rules(project))
    yield from _unknown(project, rules)
    yield from _shadowed(rules)
    yield from _form_slots(project)
    yield from _questions(project)


def _unknown(project: Project, rules: list[Rule]) -> Iterator[Finding]:
    intents, actions = project.places("intents"), project.places("actions")
    forms = project.places("forms")
    learned = {line.intent for line in project.lines}
    seen: set[tuple[str, str]] = set()
    for rule in rules:
        for kind, name in rule.steps:
            if (rule.place, name) in seen:
                continue
            seen.add((rule.place, name))
            about = f"{rule.name} | {name}"
            if kind == "intent" and name not in intents:
                words = f"rule {rule.name!r} waits for {name}, which is no intent of domain.yml: it never applies"
                yield Finding(Severity.ERROR, "unreachable-rule", rule.place, words, about)
            elif kind == "intent" and name not in learned and name not in GIVEN:
                words = f"rule {rule.name!r} waits for {name}, which has no example: only a button can lead to it"
                yield Finding(Severity.WARNING, "unlearned-intent", rule.place, words, about)
            elif kind == "action" and name.startswith("utter_") and not _said(project, name):
                words = f"rule {rule.name!r} says {name}, which domain.yml does not hold"
                yield Finding(Severity.ERROR, "missing-response", rule.place, words, about)
            elif kind == "action" and not name.startswith(("utter_", "action_")) and name not in {*forms, *actions}:
                words = f"rule {rule.name!r} calls {name}, which is no form or action of domain.yml"
                yield Finding(Severity.ERROR, "unknown-action", rule.place, words, about)


def _said(project: Project, name: str) -> bool:
    """Whether there is such a response; that of a retrieval intent stands for its answers."""
    return name in project.responses or any(other.startswith(f"{name}/") for other in project.responses)


def _shadowed(rules: list[Rule]) -> Iterator[Finding]:
    for one, other in combinations(rules, 2):
        if one.place == other.place or one.begin != other.begin:
            continue
        common = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one.steps, other.steps, strict=False))))
        if not common or not any(kind == "intent" for kind, _ in one.steps[:common]):
            continue
        first, second = _after(one, common), _after(other, common)
        about = f"{other.name} | {one.name}"
        if first == second == _END:
            words = f"rule {other.name!r} is the same as {one.name!r} ({one.place})"
            yield Finding(Severity.WARNING, "repeated-rule", other.place, words, about)
        elif _differ(first, second):
            words = (
                f"rule {other.name!r} begins like {one.name!r} ({one.place}) and goes on otherwise: one never applies"
            )
            yield Finding(Severity.ERROR, "shadowed-rule", other.place, words, about)


def _differ(first: Step, second: Step) -> bool:
    """Whether two rules that were alike until here want different things now. To listen and to have heard are one."""
    return "action" in (first[0], second[0]) and not (_END in (first, second) and "intent" in (first[0], second[0]))


def _after(rule: Rule, common: int) -> Step:
    """What a rule does after its first steps; at its end the assistant listens."""
    return rule.steps[common] if common < len(rule.steps) else _END


def _form_slots(project: Project) -> Iterator[Finding]:
    forms, slots = examples.plain(project.part("forms")), examples.plain(project.part("slots"))
    actions = project.places("actions")
    for form, place in project.places("forms").items():
        for slot in (forms[form] or {}).get("required_slots") or []:
            asked = (f"utter_ask_{form}_{slot}", f"utter_ask_{slot}", f"action_ask_{form}_{slot}", f"action_ask_{slot}")
            by_code = f"validate_{form}" in actions and _only_custom(slots.get(slot) if slots else None)
            if not by_code and not any(name in project.responses or name in actions for name in asked):
                words = f"{form} asks for {slot} without words: domain.yml needs utter_ask_{form}_{slot}"
                yield Finding(Severity.ERROR, "question-without-words", place, words, f"{form} {slot}")


def _only_custom(slot: Any) -> bool:
    """Whether only code fills a slot; that code asks for it, too."""
    mappings = (slot or {}).get("mappings") or []
    return bool(mappings) and all(mapping.get("type") == "custom" for mapping in mappings)


def _questions(project: Project) -> Iterator[Finding]:
    """Questions of categories: what they name must be in the domain."""
    path = project.root / CATEGORIES
    node = examples.composed(path) if path.exists() else None
    for key, value in _pairs(_child(node, "questions")):
        for what, words_node in _pairs(value):
            if what.value not in ("ask", "help") or not isinstance(words_node, yaml.ScalarNode):
                continue
            name = words_node.value
            place = f"{examples.shown(path)}:{words_node.start_mark.line + 1}"
            if not name.strip() or (name.startswith("utter_") and name not in project.responses):
                words = f"question {key.value} has no words for {what.value!r}: {name or 'nothing'} is no response"
                yield Finding(Severity.ERROR, "question-without-words", place, words, f"{key.value} {what.value}")


def _rules(project: Project) -> Iterator[Rule]:
    for path, node in project.rules:
        rules = _child(node, "rules")
        for item in rules.value if isinstance(rules, yaml.SequenceNode) else ():
            about = examples.plain(item)
            if not isinstance(about, dict):
                continue
            place = f"{examples.shown(path)}:{item.start_mark.line + 1}"
            begin = repr((about.get("condition"), about.get("conversation_start")))
            for steps in product(*(_ways(step) for step in about.get("steps") or [])):
                yield Rule(str(about.get("rule")), place, begin, steps)


def _ways(step: Any) -> list[Step]:
    if not isinstance(step, dict):
        return [("step", str(step))]
    if "or" in step:
        return [way for each in step["or"] for way in _ways(each)]
    if "intent" in step:
        rest = {key: value for key, value in step.items() if key not in ("intent", "user")}
        return [("intent", step["intent"] + (f" {sorted(rest.items())}" if rest else ""))]
    kind, value = next(iter(step.items()))
    return [(kind, str(value))]


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    return next((value for key, value in _pairs(node) if key.value == name), None)


def _pairs(node: yaml.Node | None) -> list[tuple[Any, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []
