"""Tickets about the same thing are found by person, words, meaning and time, and people have the last word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.people import directory
from helpsage.tickets import merge, service
from helpsage.tickets.models import Change
from helpsage.tickets.service import Actor
from helpsage.triage import rules, twins
from helpsage.triage.models import Twin
from tests.integration.triage.conftest import Open

AGENT = Actor("agent", "Priya Raman")
DOWN = "Wi-Fi is down in building B, nobody on our floor has internet."
DOWN_TOO = "Wi-Fi is down in building B, all of us here have no internet."


def _twins(session: Session) -> list[tuple[bool, str]]:
    return [(twin.same_person, twin.state) for twin in session.scalars(select(Twin).order_by(Twin.id))]


@pytest.fixture
def others(desk: Session) -> Iterator[object]:
    """Another person each time."""
    return (directory.add(desk, f"Person {number}", None).id for number in range(10))


def test_one_person_who_writes_twice_is_found(desk: Session, opened: Open) -> None:
    one = opened("Printer", "The printer on the second floor jams with every page.", "printer_problem")
    two = opened("Printer", "The printer on floor 2 jams all the time.", "printer_problem")
    assert _twins(desk)[0][0] is True
    (found,) = twins.of_ticket(desk, two)
    assert found[1].id == one.id
    assert "the same person" in found[0].because


def test_two_people_with_one_outage_are_linked_by_the_desk(
    desk: Session, opened: Open, others: Iterator[object]
) -> None:
    one = opened("No internet", DOWN, "wifi_problem", requester_id=next(others))
    two = opened("No internet", DOWN_TOO, "wifi_problem", requester_id=next(others))
    assert _twins(desk) == [(False, "linked")]
    told = [line.action for line in desk.scalars(select(Change).where(Change.ticket_id.in_([one.id, two.id])))]
    assert told.count("linked") == 2


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wi-Fi is down in building B, nobody has internet.", "Wi-Fi is down in building C, nobody has internet."),
        ("I was charged twice, transaction TXN88121.", "I was charged twice, transaction TXN90455."),
        ("I forgot my password for the portal.", "Forgot my portal password, please reset it."),
    ],
)
def test_likes_of_different_people_are_not_linked(
    desk: Session, opened: Open, others: Iterator[object], one: str, other: str
) -> None:
    opened("", one, requester_id=next(others), hours_ago=2)
    opened("", other, requester_id=next(others))
    assert (False, "linked") not in _twins(desk)


def test_what_is_long_ago_is_something_else(desk: Session, opened: Open, others: Iterator[object]) -> None:
    opened("No internet", DOWN, "wifi_problem", requester_id=next(others), hours_ago=24 * 8)
    opened("No internet", DOWN_TOO, "wifi_problem", requester_id=next(others))
    assert _twins(desk) == []


def test_somebody_elses_trouble_that_is_over_is_not_the_same(
    desk: Session, opened: Open, others: Iterator[object]
) -> None:
    one = opened("No internet", DOWN, "wifi_problem", requester_id=next(others))
    service.change_status(desk, one, "resolved", AGENT)
    opened("No internet", DOWN_TOO, "wifi_problem", requester_id=next(others))
    assert _twins(desk) == []


def test_what_was_parted_is_not_offered_again(desk: Session, opened: Open, others: Iterator[object]) -> None:
    one = opened("No internet", DOWN, "wifi_problem", requester_id=next(others))
    two = opened("No internet", DOWN_TOO, "wifi_problem", requester_id=next(others))
    twins.dismiss(desk, one, two, AGENT)
    vector = next(
        each.vector for each in [twins.words_of(two.subject, two.description, two.category, two.requester_id)]
    )
    twins.keep(desk, two, twins.find(desk, twins.of(two, vector), but=two.id))
    assert _twins(desk) == [(False, "dismissed")]
    assert twins.of_ticket(desk, one) == []


def _rules(monkeypatch: pytest.MonkeyPatch, **choices: bool) -> None:
    monkeypatch.setattr(rules, "table", lambda: rules.Table((), **choices))


def test_nothing_is_linked_when_the_rule_says_so(
    desk: Session, opened: Open, others: Iterator[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    _rules(monkeypatch, link_certain=False)
    opened("No internet", DOWN, "wifi_problem", requester_id=next(others))
    opened("No internet", DOWN_TOO, "wifi_problem", requester_id=next(others))
    assert _twins(desk) == [(False, "offered")]


def test_only_the_rule_merges_one_persons_and_its_undo_restores_both(
    desk: Session, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "The printer on the second floor jams with every page."
    one = opened("Printer jams", text, "printer_problem")
    two = opened("Printer jams", text, "printer_problem")
    assert (two.merged_into_id, _twins(desk)) == (None, [(True, "linked")])
    _rules(monkeypatch, merge_own_certain=True)
    three = opened("Printer jams", text, "printer_problem")
    assert three.merged_into_id in (one.id, two.id)
    merge.unmerge(desk, three, AGENT)
    assert (three.merged_into_id, three.status) == (None, "open")
