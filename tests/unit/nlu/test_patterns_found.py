"""The entities of whole messages, with the project's own word lists and expressions."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from assistant.nlu.patterns import MAX_CHARACTERS, Patterns, collect
from encoder.model import Encoder

EXAMPLES = [
    ("it hangs in room 214", [("place", 12, 20)]),
    ("till 3 is dead", [("device", 0, 6)]),
    ("word has no meaning", []),
    ("I open word and it closes", [("application", 7, 11)]),
    ("in a word no", []),
    ("the last word", []),
]


@pytest.fixture
def patterns(lookups: Path, encoder: Encoder) -> Patterns:
    """Everything in `data/lookups`, and a few marked examples."""
    regexes: list[tuple[str, str]] = []
    tables: list[tuple[str, list[str]]] = []
    synonyms: dict[str, str] = {}
    for path in sorted(lookups.glob("*.yml")):
        for entry in yaml.safe_load(path.read_text("utf-8"))["nlu"]:
            lines = [line.removeprefix("- ") for line in entry["examples"].splitlines() if line]
            if "regex" in entry:
                regexes += [(entry["regex"], line) for line in lines]
            elif "lookup" in entry:
                tables.append((entry["lookup"], lines))
            else:
                synonyms |= dict.fromkeys(lines, entry["synonym"])
    return collect(regexes, tables, synonyms, EXAMPLES, encoder.words)


def found(patterns: Patterns, text: str) -> list[tuple[str, str]]:
    return [(entity.entity, entity.value) for entity in patterns.find(text)]


@pytest.mark.parametrize(
    ("text", "entities"),
    [
        ("I paid 450 rupees", [("amount", "450"), ("currency", "INR")]),
        ("₹450 gone", [("currency", "INR"), ("amount", "450")]),
        ("they took $20 twice", [("currency", "USD"), ("amount", "20")]),
        ("1.200,50 € left my bank", [("amount", "1200.50"), ("currency", "EUR")]),
        ("5k naira by bank transfer", [("amount", "5000"), ("currency", "NGN"), ("payment_method", "bank transfer")]),
        ("hs 1042 and #HS2210", [("reference", "HS-1042"), ("reference", "HS-2210")]),
        ("write to A.Mensah@Example.ORG", [("email", "a.mensah@example.org")]),
        ("TXN20394857 yesterday", [("transaction_id", "TXN20394857"), ("date", "yesterday")]),
        ("error 503 at 9am", [("error_code", "error 503"), ("time", "9am")]),
        ("0x80070005", [("error_code", "0x80070005")]),
        ("on 12/03/2026 at 14:30", [("date", "12/03/2026"), ("time", "14:30")]),
        ("the printers are dead", [("device", "printer")]),
        ("the pirnter is dead", [("device", "printer")]),
        ("I printed forty pages", []),
        ("in room 7b", [("place", "room 7b")]),
        ("at till 12", [("device", "till 12")]),
        ("that is the last word on it", []),
    ],
)
def test_message(patterns: Patterns, text: str, entities: list[tuple[str, str]]) -> None:
    assert found(patterns, text) == entities


def test_a_longer_name_hides_the_shorter_one_in_it(patterns: Patterns) -> None:
    assert found(patterns, "the student portal is slow") == [("application", "student portal")]


@pytest.mark.parametrize(
    ("written", "value"), [("rupees", "INR"), ("asap", "urgent"), ("no hurry", "low"), ("not urgent", "low")]
)
def test_synonyms_give_one_value(patterns: Patterns, written: str, value: str) -> None:
    assert [name for _, name in found(patterns, f"well, {written}")] == [value]


@pytest.mark.parametrize("text", ["pay 450 rupees on 12/03/2026 for HS-1042 with error 503 at a.b@c.org by UPI"])
def test_no_two_overlap_and_each_stands_where_it_says(patterns: Patterns, text: str) -> None:
    entities = patterns.find(text)
    assert len(entities) == 7
    for before, after in pairwise(entities):
        assert before.end <= after.start
    assert all(text[entity.start : entity.end].strip() for entity in entities)


def test_the_same_after_storing(patterns: Patterns) -> None:
    again = Patterns.from_json(json.loads(json.dumps(patterns.as_json())))
    for text in ("450 rupees by UPI for the pirnter in room 12", "hs 1042, asap", "I printed it"):
        assert again.find(text) == patterns.find(text)


@pytest.mark.parametrize(
    "text", ["", " ", "🙂", "\x00", "9" * 10_000, "a-" * 5000, "hs " * 3000, "1," * 5000, "e-" * 5000]
)
@pytest.mark.timeout(5)
def test_odd_text_ends_soon(patterns: Patterns, text: str) -> None:
    assert all(entity.end <= MAX_CHARACTERS for entity in patterns.find(text))
