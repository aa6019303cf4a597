"""The catalogue of categories: complete, and refused with a reason when it is not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpsage.settings import ROOT
from helpsage.tickets.categories import FILE, CategoriesError, catalogue, load, read


def domain() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    return loaded


def test_every_response_exists() -> None:
    responses = domain()["responses"]
    for category in load().values():
        assert category.acknowledge in responses
        for question in category.questions:
            assert {question.ask, question.help} <= set(responses), question.name


def test_every_faq_entry_leads_to_a_category() -> None:
    keys = set()
    for path in (ROOT / "data" / "faq").glob("*.yml"):
        keys |= set(re.findall(r"intent: faq/(\w+)", path.read_text(encoding="utf-8")))
    assert keys == {key for category in load().values() for key in category.faqs}


def test_every_issue_intent_opens_one_category() -> None:
    opened = {intent for category in load().values() for intent in category.intents}
    rules = (ROOT / "data" / "rules" / "report.yml").read_text(encoding="utf-8")
    assert opened | {"report_problem"} == set(re.findall(r"intent: (\w+)", rules))


def test_at_most_four_questions() -> None:
    assert max(len(category.questions) for category in load().values()) <= 4


def test_by_intent_and_by_faq() -> None:
    known = catalogue()
    wifi, dining = known.of_intent("wifi_problem"), known.of_faq("mess_menu")
    assert wifi is not None
    assert wifi.title == "Wi-Fi problem"
    assert dining is not None
    assert dining.name == "hostel_problem"
    assert known.of_intent("greet") is None


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("kind: amount,", "kind: sum,", "unknown kind sum"),
        ("questions: [room, since]", "questions: [room, when]", "unknown questions when"),
        ("group: campus", "group: moon", "moon"),
        ("priority: low", "priority: whatever", "whatever"),
        ("intents: [vpn_problem]", "intents: [wifi_problem]", "belongs to"),
        ("otherwise: hostel_problem", "otherwise: nothing", "no category nothing"),
    ],
)
def test_mistakes_are_named(old: str, new: str, reason: str, tmp_path: Path) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "categories.yml"
    broken.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CategoriesError, match=reason):
        read(broken)


def test_no_yaml_is_a_mistake_too(tmp_path: Path) -> None:
    broken = tmp_path / "categories.yml"
    broken.write_text("groups: [", encoding="utf-8")
    with pytest.raises(CategoriesError):
        read(broken)
