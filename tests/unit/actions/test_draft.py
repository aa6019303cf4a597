"""The ticket being written: what is asked next, and that it survives the slot."""

from __future__ import annotations

import json

from actions.report import asking
from actions.report.draft import CONFIRM, DESCRIPTION, EMAIL, TOPIC, Answer, Draft
from helpsage.tickets.categories import catalogue


def payment() -> Draft:
    draft = Draft(description="payment failed")
    draft.set_category(catalogue().categories["payment_failure"])
    return draft


def test_questions_come_in_the_order_of_the_file() -> None:
    draft = Draft()
    assert draft.next_open() == TOPIC
    draft.group = "payments"
    assert draft.next_open() == DESCRIPTION
    draft = payment()
    asked = []
    while (name := draft.next_open()) not in (EMAIL, CONFIRM):
        asked.append(name)
        draft.answer(name, Answer("x", "x"))
    assert asked == ["transaction_id", "amount", "payment_date", "payment_method"]
    draft.email_settled = True
    assert draft.next_open() == CONFIRM


def test_two_tries_a_question() -> None:
    draft = payment()
    assert [draft.failed("amount"), draft.failed("amount")] == [False, True]


def test_what_was_left_open_can_be_answered_later() -> None:
    draft = payment()
    draft.leave_open("amount")
    assert draft.left_open == ["amount"]
    draft.answer("amount", Answer("450", "450"))
    assert draft.left_open == []


def test_leaving_a_question_open_while_changing_it_keeps_the_answer() -> None:
    draft = payment()
    draft.answer("amount", Answer("450", "450"))
    draft.editing = "amount"
    draft.leave_open("amount")
    assert (draft.answers["amount"].value, draft.left_open, draft.editing) == ("450", [], None)


def test_another_category_keeps_the_answers_both_ask_for() -> None:
    draft = payment()
    draft.answer("amount", Answer("450", "450 INR", {"currency": "INR"}))
    draft.answer("payment_method", Answer("upi", "UPI"))
    draft.set_category(catalogue().categories["double_charge"])
    assert list(draft.answers) == ["amount"]


def test_it_survives_the_slot() -> None:
    draft = payment()
    draft.answer("amount", Answer("450", "450 INR", {"currency": "INR"}))
    draft.leave_open("payment_date")
    kept = json.loads(json.dumps(draft.to_slot()))
    assert Draft.from_slot(kept) == draft


def test_a_slot_of_another_version_is_no_draft() -> None:
    assert Draft.from_slot({"made": "by another version"}) is None
    assert Draft.from_slot("nonsense") is None


def test_details_hold_what_answers_carry() -> None:
    draft = payment()
    draft.answer("amount", Answer("450", "450 INR", {"currency": "INR"}))
    assert draft.details() == {"amount": "450", "currency": "INR"}


def test_the_summary_shows_what_is_missing() -> None:
    assert "**Transaction id:** not known" in asking.summary(payment())


def test_a_field_is_found_by_its_name_or_another() -> None:
    draft = payment()
    assert asking.field_named(draft, "the amount is wrong") == "amount"
    assert asking.field_named(draft, "Date of payment") == "payment_date"
    assert asking.field_named(draft, "the day") == "payment_date"
    assert asking.field_named(draft, "something") is None


def test_subjects_are_one_short_line() -> None:
    draft = Draft(description="The lamp\nis broken. " + "It is dark. " * 50)
    assert draft.subject() == "The lamp is broken"
    assert len(Draft(description="word " * 100).subject()) <= 90
