"""How soon a ticket matters, from the shipped configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpsage.tickets import priority
from helpsage.tickets.models import Priority
from helpsage.tickets.priority import InvalidPriorities, decide

LOW, NORMAL, HIGH, URGENT = Priority


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the printer on the second floor jams", NORMAL),
        ("There is SMOKE coming out of the projector", URGENT),
        ("I think my account was hacked", URGENT),
        ("nobody can work, the whole office is offline", URGENT),
        ("my exam is today and the portal says 500", URGENT),
        ("exam\ntoday!!", URGENT),
        ("I need this asap", HIGH),
        ("As  soon\nas possible please", HIGH),
        ("urgently need a new mouse", HIGH),
        ("can’t work since this morning", HIGH),
        ("last-day for the form", HIGH),
        ("no hurry, but the mouse is broken", LOW),
        ("it's not urgent", LOW),
        ("isn’t urgent at all", LOW),
        ("whenever you have time", LOW),
    ],
)
def test_words(text: str, expected: Priority) -> None:
    assert decide(text, "printer_problem")[0] is expected


@pytest.mark.parametrize(
    "text",
    [
        "insurgent news keep popping up",
        "the hackathon page is empty",
        "please update my emergency contact",
        "how do I change my security question",
        "the critical thinking course is missing from my timetable",
        "this is not critical",
        "nothing is on fire",
        "it is never down right now",
        "the smokeless grill",
    ],
)
def test_words_that_only_look_like_it(text: str) -> None:
    assert decide(text, "printer_problem")[0] is NORMAL


def test_negation_reaches_only_within_its_part_of_the_sentence() -> None:
    assert decide("It does not print. This is critical", "printer_problem")[0] is HIGH
    assert decide("not a printer problem but critical", "printer_problem")[0] is HIGH
    assert decide("no print, critical", "printer_problem")[0] is HIGH


def test_danger_stays_whatever_the_person_says() -> None:
    assert decide("no hurry but my laptop is smoking", "hardware_problem") == (URGENT, 'the words "smoking"')
    assert decide("someone hacked my mailbox", "email_problem", "low") == (URGENT, 'the words "hacked"')


def test_no_hurry_beats_category_and_other_words() -> None:
    assert decide("the site shows an error, no rush, I have a deadline next month", "website_down")[0] is LOW


def test_category_decides_when_nothing_else_does() -> None:
    assert decide("I paid and see nothing", "payment_failure") == (HIGH, "usual for Payment failed")
    assert decide("I need Matlab", "software_install") == (LOW, "usual for Software installation")
    assert decide("something", "no_such_category") == (NORMAL, "nothing says otherwise")


@pytest.mark.parametrize(
    ("stated", "category", "expected"),
    [
        ("urgent", "printer_problem", URGENT),
        ("HIGH", "printer_problem", HIGH),
        ("normal", "payment_failure", HIGH),
        ("normal", "software_install", NORMAL),
        ("low", "payment_failure", LOW),
        ("as soon as possible", "printer_problem", HIGH),
        ("not urgent", "payment_failure", LOW),
        ("hmm", "printer_problem", NORMAL),
        ("", "printer_problem", NORMAL),
        (None, "printer_problem", NORMAL),
    ],
)
def test_what_the_person_said(stated: str | None, category: str, expected: Priority) -> None:
    assert decide("it is broken", category, stated)[0] is expected


def test_what_the_person_said_outweighs_calm_words() -> None:
    assert decide("no hurry", "printer_problem", "urgent")[0] is URGENT


def test_unknown_language_is_read_as_english() -> None:
    assert decide("there is smoke", "printer_problem", locale="xx-YY")[0] is URGENT


@given(st.text(max_size=300), st.sampled_from(["payment_failure", "x"]), st.none() | st.text(max_size=30))
def test_always_a_priority_with_a_reason(text: str, category: str, stated: str | None) -> None:
    chosen, why = decide(text, category, stated)
    assert chosen in Priority
    assert why


def test_long_texts_are_read_to_the_end() -> None:
    assert decide("not no never on fir " * 1_000 + ". Smoke!", "x")[0] is URGENT


def test_broken_configuration_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "priorities.yml"
    broken.write_text(priority.CONFIGURATION.read_text().replace('- "stolen"', '- "stollen"', 1))
    with pytest.raises(InvalidPriorities, match=r"priorities\.yml.*stolen"):
        priority.read(broken)
