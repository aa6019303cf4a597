"""Responses in `domain.yml`: each is said somewhere, and each that is said is there."""

from __future__ import annotations

import re

import yaml

from helpsage.settings import ROOT
from helpsage.tickets.models import Status

#: Said by Rasa itself.
OWN = {"utter_default"}
#: Names of other things that begin alike.
NO_RESPONSES = {"utter_faq", "utter_message", "utter_status", "utter_action"}


def said() -> set[str]:
    """Names in actions, rules and categories."""
    files = [*ROOT.glob("actions/**/*.py"), *ROOT.glob("data/rules/*.yml"), ROOT / "config" / "categories.yml"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    statuses = {f"utter_status_{status}" for status in Status}
    return set(re.findall(r"\butter_[a-z_]+[a-z]\b", text)) | statuses


def responses() -> set[str]:
    """Names in the domain."""
    return set(yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["responses"])


def test_every_response_is_said() -> None:
    assert responses() - said() - OWN == set()


def test_what_is_said_exists() -> None:
    assert said() - responses() - NO_RESPONSES == set()
