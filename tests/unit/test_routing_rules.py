"""Routing rules: what they say, when they fit, and what cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
import yaml

from helpsage.tickets import categories
from helpsage.triage import rules
from helpsage.triage.rules import Case, Hours, InvalidRouting, Move

MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def _case(**given: Any) -> Case:
    usual: dict[str, Any] = {
        "topic": "wifi_problem", "urgency": "medium", "tone": "calm", "language": "en", "channel": "email",
        "department": "help-desk", "tags": frozenset(), "at": MONDAY_NOON,
    }  # fmt: skip
    return Case(**{**usual, **given})


def _table(*given: dict[str, Any]) -> rules.Table:
    return rules.build(
        {"rules": [{"key": f"r{n}", "title": f"R{n}", "move": "queue", **each} for n, each in enumerate(given)]}
    )


def _fired(table: rules.Table, **given: Any) -> str:
    found = table.first(_case(**given))
    return found.rule.key if found is not None else ""


def test_the_first_that_fits_decides() -> None:
    table = _table({"urgency": ["high"]}, {"tone": ["angry"]}, {})
    assert _fired(table, urgency="high", tone="angry") == "r0"
    assert _fired(table, tone="angry") == "r1"
    assert _fired(table) == "r2"


def test_every_condition_has_to_be_met() -> None:
    table = _table({"urgency": ["high", "medium"], "channels": ["email"], "tags": ["vip"]})
    assert _fired(table, tags=frozenset({"vip", "x"})) == "r0"
    assert _fired(table) == ""
    assert _fired(table, tags=frozenset({"vip"}), channel="portal") == ""


def test_one_that_is_off_is_passed_over() -> None:
    assert _fired(_table({"active": False}, {"active": True})) == "r1"


@pytest.mark.parametrize(
    ("hour", "day", "inside"),
    [
        (19, 2, True),
        (23, 2, True),
        (3, 3, True),
        (7, 3, True),
        (8, 3, False),
        (12, 2, False),
        (3, 2, False),
        (19, 7, False),
    ],
)
def test_hours_over_midnight_belong_to_their_first_day(hour: int, day: int, inside: bool) -> None:
    weekdays = Hours(
        frozenset({"mon", "tue", "wed", "thu", "fri"}),
        since=time(18),
        until=time(8),
    )
    assert weekdays.hold(datetime(2026, 3, day, hour, tzinfo=UTC)) is inside


def test_hours_can_be_turned_round() -> None:
    table = _table({"hours": {"days": ["mon"], "from": "08:00", "until": "17:00", "outside": True}})
    assert (_fired(table), _fired(table, at=MONDAY_NOON.replace(hour=20))) == ("", "r0")


@pytest.mark.parametrize(
    "wrong",
    [
        {"move": "delete"},
        {"urgency": ["critical"]},
        {"tone": "angry"},
        {"title": ""},
        {"title": "x" * 81},
        {"key": "Not a key"},
        {"hours": {"days": ["someday"]}},
        {"hours": {"from": "25:00"}},
        {"alert": "everybody"},
        {"active": "yes"},
        {"run": "rm -rf"},
    ],
    ids=str,
)
def test_what_cannot_be_used_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRouting):
        _table(wrong)


@pytest.mark.parametrize("broken", [None, [], {"rules": 7}, {"rules": [7]}, {}], ids=str)
def test_what_is_no_table_is_refused(broken: object) -> None:
    with pytest.raises(InvalidRouting):
        rules.build(broken)


def test_the_shipped_rules_name_topics_that_exist() -> None:
    table = rules.build(yaml.safe_load(rules.FILE.read_text("utf-8")))
    topics = {topic for rule in table.rules for topic in rule.topics}
    assert topics <= {rules.UNSURE, *categories.read(categories.FILE).categories}
    assert {rule.move for rule in table.rules} >= {Move.FRONT, Move.SENIOR, Move.SORT}
