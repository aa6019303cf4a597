"""Answers: what counts as one, and what is kept of it."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.report import answers
from actions.report.answers import NotAnAnswer
from actions.turn import Entity, Heard
from helpsage.tickets.categories import Question, catalogue

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def question(name: str) -> Question:
    return next(
        asked for category in catalogue().categories.values() for asked in category.questions if asked.name == name
    )


def heard(text: str, **entities: str) -> Heard:
    named = tuple(
        Entity(name, value, text.find(value), text.find(value) + len(value)) for name, value in entities.items()
    )
    return Heard(text=text, intent="inform", confidence=0.8, entities=named)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("450", "450"),
        ("1,200.50", "1200.50"),
        ("1.200,50", "1200.50"),
        ("1 200,50 €", "1200.50"),
        ("1,20,000", "120000"),
        ("12,50", "12.50"),
        ("1.200", "1200"),
        ("1,200", "1200"),
        ("1.200.000", "1200000"),
        ("5k", "5000"),
        ("2 lakh", "200000"),
        ("it was 89.99 dollars", "89.99"),
        ("$20", "20"),
    ],
)
def test_amounts(written: str, number: str) -> None:
    assert answers.amount(written) == Decimal(number)


@pytest.mark.parametrize("written", ["", "a lot", "0", "0.00", "-", "99999999999999999", "."])
def test_no_amounts(written: str) -> None:
    with pytest.raises(NotAnAnswer):
        answers.amount(written)


@given(st.decimals(min_value="0.01", max_value="99999999", places=2))
def test_every_way_to_write_an_amount_means_the_same(number: Decimal) -> None:
    english = f"{number:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert answers.amount(english) == answers.amount(german) == answers.amount(f"{number:.2f}") == number


@given(st.text(max_size=80))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    with contextlib.suppress(NotAnAnswer):
        assert answers.amount(text) > 0


def test_an_amount_with_its_currency() -> None:
    found = answers.understand(question("amount"), heard("450 rupees", amount="450", currency="INR"), NOW)
    assert (found.value, found.shown, found.more) == ("450", "450 INR", {"currency": "INR"})


def test_a_value_that_is_denied_is_not_taken() -> None:
    found = answers.understand(question("amount"), Heard(
        text="not 450 but 540", entities=(Entity("amount", "450", 4, 7), Entity("amount", "540", 12, 15))
    ), NOW)  # fmt: skip
    assert found.value == "540"


def test_a_word_that_ends_like_a_denial_is_none() -> None:
    said = heard("payment TXN88310472 failed", transaction_id="TXN88310472")
    assert answers.mentioned(question("transaction_id"), said, NOW) is not None


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("UPI", "upi"),
        ("Google Pay", "upi"),
        ("my debit card", "card"),
        ("net banking", "bank"),
        ("it was paid with PayPal!", "wallet"),
        ("Cash", "cash"),
    ],
)
def test_choices_by_other_words(said: str, value: str) -> None:
    assert answers.understand(question("payment_method"), heard(said), NOW).value == value


def test_a_choice_that_is_none() -> None:
    with pytest.raises(NotAnAnswer):
        answers.understand(question("payment_method"), heard("with a goat"), NOW)


@pytest.mark.parametrize(
    ("said", "value"),
    [("TXN20394857", "TXN20394857"), ("it is #A-99812", "A-99812"), ("UTR 509812345678", "509812345678")],
)
def test_transaction_ids(said: str, value: str) -> None:
    assert answers.understand(question("transaction_id"), heard(said), NOW).value == value


@pytest.mark.parametrize("said", ["hmm", "the usual one", "me@example.org", "12"])
def test_no_transaction_ids(said: str) -> None:
    with pytest.raises(NotAnAnswer):
        answers.understand(question("transaction_id"), heard(said), NOW)


@pytest.mark.parametrize("said", ["it is K.Brandt@Example.DE, thanks", "<K.Brandt@Example.DE>", "K.Brandt@Example.DE."])
def test_addresses(said: str) -> None:
    assert answers.email(said) == "K.Brandt@example.de"


@pytest.mark.parametrize("said", ["priya at example", "priya@example", "@example.org", f"{'a' * 250}@example.org", ""])
def test_no_addresses(said: str) -> None:
    with pytest.raises(NotAnAnswer):
        answers.email(said)


def test_a_place_is_kept_with_the_words_around_it() -> None:
    said = heard("in the main library, second floor", place="main library")
    assert answers.understand(question("place"), said, NOW).value == "main library, second floor"


def test_a_place_said_by_the_way_is_kept_alone() -> None:
    said = heard("wifi is down in the main library since monday", place="main library")
    found = answers.mentioned(question("place"), said, NOW)
    assert found is not None
    assert found.value == "main library"


@pytest.mark.parametrize("said", ["😀😀", "...", "", "?"])
def test_nothing_is_no_text(said: str) -> None:
    with pytest.raises(NotAnAnswer):
        answers.understand(question("error_text"), heard(said), NOW)


def test_a_day_to_come_is_named() -> None:
    with pytest.raises(NotAnAnswer) as refused:
        answers.understand(question("payment_date"), heard("12 March 2031"), NOW)
    assert (refused.value.response, refused.value.day) == ("utter_date_ahead", "12 March 2031")
