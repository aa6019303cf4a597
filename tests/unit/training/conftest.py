"""A small project of one's own, to put mistakes into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

DOMAIN = """\
version: "3.1"
intents: [greet, wifi_problem, faq, nlu_fallback]
responses:
  utter_greet: [{text: Hello}]
  utter_faq/hours: [{text: Nine to five}]
forms:
  ticket_form: {required_slots: [place]}
slots:
  place: {type: text, mappings: [{type: from_text}]}
actions: [action_hand_over]
"""
RULES = """\
version: "3.1"
rules:
  - rule: Hello
    steps:
      - intent: greet
      - action: utter_greet
  - rule: A question
    steps:
      - intent: faq
      - action: utter_faq
"""
GREETINGS = ["hello", "hi there", "good morning", "hey you", "greetings", "hello there friend", "good evening to you"]
WIFI = ["wifi is down", "no wlan in my room", "cannot connect to eduroam", "wireless drops all the time", "slow wifi"]
HOURS = ["when are you open", "opening hours", "are you open on sunday", "until when is the desk staffed", "hours?"]

Project = Callable[..., Path]


def block(label: str, texts: list[str]) -> str:
    """A part of an NLU file."""
    return f"  - intent: {label}\n    examples: |\n" + "".join(f"      - {text}\n" for text in texts)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Writes one: sound, but for what the caller changes."""

    def write(
        nlu: str = "", domain: str = DOMAIN, rules: str = RULES, held_out: str = "", categories: str = ""
    ) -> Path:
        files = {
            "domain.yml": domain,
            "data/nlu/a.yml": nlu or 'version: "3.1"\nnlu:\n' + block("greet", GREETINGS) + block("wifi_problem", WIFI),
            "data/faq/b.yml": 'version: "3.1"\nnlu:\n' + block("faq/hours", HOURS),
            "data/rules/c.yml": rules,
            "tests/nlu/held_out_a.yml": held_out or 'version: "3.1"\nnlu:\n' + block("greet", ["good day, dear desk"]),
            "config/categories.yml": categories,
        }
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, "utf-8")
        return tmp_path

    return write
