"""A new ticket by form: the questions of its category, checked one by one, nothing typed lost, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from helpsage import clock
from helpsage.tickets import categories
from helpsage.web.portal import words
from tests.integration.portal.conftest import Browser, Desk, problem
from tests.integration.web.visitor import Form

XSS = "<script>alert(1)</script><img src=x onerror=alert(2)>"
GOOD = {
    "subject": "Charged twice",
    "description": "The bank shows two payments.",
    "answer-amount": "1,200.50",
    "currency": "EUR",
    "answer-payment_date": "2026-03-31",
    "answer-transaction_id": "TXN88231764",
}


def form(asha: Browser, category: str = "double_charge") -> Form:
    found = asha.form(asha.get("/my/new", params={"category": category}), "/my/new")
    for name in [name for name in found.values if name.startswith("unknown-")]:
        del found.values[name]  # not ticked
    return found


def test_the_category_decides_what_is_asked(asha: Browser) -> None:
    bare = asha.get("/my/new").text
    assert "answer-" not in bare
    for category in categories.load().values():
        page = asha.get("/my/new", params={"category": category.name}).text
        for question in category.questions:
            assert f'name="answer-{question.name}"' in page


def test_without_javascript_a_button_shows_the_questions_and_keeps_what_was_typed(asha: Browser) -> None:
    first = asha.form(asha.get("/my/new"), "/my/new")
    page = asha.submit(first, category="double_charge", subject="Charged twice", description="Words.", step="questions")
    assert page.status_code == 200
    assert 'name="answer-amount"' in page.text
    assert 'class="wrong"' not in page.text, "nobody is blamed for what they could not see yet"
    kept = asha.form(page, "/my/new").values
    assert (kept["subject"], kept["description"].strip(), kept["key"]) == (
        "Charged twice",
        "Words.",
        first.values["key"],
    )


def test_it_becomes_a_ticket_with_answers_and_files(asha: Browser, desk: Desk) -> None:
    page = asha.send_files(form(asha), [("bank.txt", b"two payments")], **GOOD)
    assert page.status_code == 200
    [ticket] = desk.tickets(asha)
    assert page.url.path == f"/my/tickets/{ticket.reference}"
    assert (ticket.subject, ticket.category, ticket.channel) == ("Charged twice", "double_charge", "portal")
    assert ticket.details == {
        "amount": "1200.50",
        "currency": "EUR",
        "payment_date": "2026-03-31",
        "transaction_id": "TXN88231764",
    }
    assert ticket.gaps == []
    assert "bank.txt" in page.text
    assert f"Its number is <b>{ticket.reference}</b>" in page.text
    assert ticket.requester_id == asha.person_id


def test_what_is_not_there_can_be_said_and_stays_open(asha: Browser, desk: Desk) -> None:
    given = {**GOOD, "answer-transaction_id": "", "unknown-transaction_id": "1"}
    assert asha.submit(form(asha), **given).status_code == 200
    assert desk.tickets(asha)[0].gaps == ["transaction_id"]


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("category", "", words.NO_CATEGORY),
        ("category", "nonsense", words.NO_CATEGORY),
        ("subject", "", words.NO_SUBJECT),
        ("subject", "\u200b \u202e", words.NO_SUBJECT),
        ("subject", "x" * 201, "At most 200 characters"),
        ("description", "  ", "nothing in this message"),
        ("description", "y" * 20_001, "20,001 characters"),
        ("answer-amount", "", words.NO_ANSWER),
        ("answer-amount", "a lot", words.NO_AMOUNT),
        ("answer-amount", "0", words.NO_AMOUNT),
        ("answer-amount", "-5", words.NO_AMOUNT),
        ("answer-amount", "9" * 14, words.NO_AMOUNT),
        ("answer-amount", "1e5", words.NO_AMOUNT),
        ("answer-amount", "NaN", words.NO_AMOUNT),
        ("answer-amount", "١٢", words.NO_AMOUNT),
        ("answer-payment_date", "yesterday", words.NO_DAY),
        ("answer-payment_date", "2026-02-30", words.NO_DAY),
        ("answer-payment_date", "0001-01-01", words.NO_DAY),
        ("answer-payment_date", (clock.now() + timedelta(days=3)).date().isoformat(), words.FUTURE_DAY),
        ("answer-transaction_id", "no idea", words.NO_TRANSACTION),
        ("answer-transaction_id", "A1" * 40, words.NO_TRANSACTION),
        ("answer-transaction_id", XSS, words.NO_TRANSACTION),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(
    asha: Browser, desk: Desk, field: str, value: str, told: str
) -> None:
    given = {**GOOD, field: value}
    page = asha.send_files(form(asha), [("bank.txt", b"two payments")], **given)
    assert page.status_code == 422
    assert told in problem(page, field)
    assert desk.tickets(asha) == []
    kept = asha.form(page, "/my/new").values
    shown = {name: typed for name, typed in given.items() if name in kept and name != "category"}
    assert {name: kept[name].strip() for name in shown} == {name: typed.strip() for name, typed in shown.items()}
    assert "bank.txt" in page.text, "the file need not be chosen again"
    assert "<script>alert" not in page.text


@pytest.mark.parametrize(
    ("written", "kept"),
    [("450", "450"), ("450.5", "450.50"), ("1 200,50", "1200.50"), ("1,20,000", "120000"), ("1.200,50", "1200.50")],
)
def test_amounts_are_read_as_people_write_them(asha: Browser, desk: Desk, written: str, kept: str) -> None:
    assert asha.submit(form(asha), **{**GOOD, "answer-amount": written}).status_code == 200
    assert desk.tickets(asha)[0].details["amount"] == kept


def test_a_choice_that_is_not_on_the_list_is_refused(asha: Browser, desk: Desk) -> None:
    page = asha.submit(form(asha, "website_down"), subject="a", description="b", **{"answer-scope": "whatever"})
    assert problem(page, "answer-scope") == words.NO_CHOICE
    assert problem(page, "answer-website") == words.NO_ANSWER
    assert desk.tickets(asha) == []


def test_an_address_that_is_none_is_refused(asha: Browser) -> None:
    page = asha.submit(form(asha, "email_problem"), subject="a", description="b", **{"answer-mailbox": "me at home"})
    assert problem(page, "answer-mailbox") == words.NO_EMAIL


def test_a_double_click_is_one_ticket_with_one_file(asha: Browser, desk: Desk) -> None:
    sent = form(asha)
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: asha.send_files(sent, [("bank.txt", b"two")], **GOOD), range(4)))
    assert [page.status_code for page in pages] == [200] * 4
    assert len(desk.tickets(asha)) == 1
    assert pages[0].text.count('class="file-name"') == 1


def test_two_people_with_one_key_have_two_tickets(asha: Browser, mallory: Browser, desk: Desk) -> None:
    stolen = form(asha).values["key"]
    for browser in (asha, mallory):
        assert browser.submit(form(browser), **{**GOOD, "key": stolen}).status_code == 200
    assert [len(desk.tickets(browser)) for browser in (asha, mallory)] == [1, 1]


def test_anothers_waiting_file_cannot_be_taken(asha: Browser, mallory: Browser, desk: Desk) -> None:
    refused = asha.send_files(form(asha), [("secret.txt", b"hers")], **{**GOOD, "subject": ""})
    mark = asha.form(refused, "/my/new").values["kept"]
    page = mallory.submit(form(mallory), **{**GOOD, "kept": mark})
    assert page.status_code == 200
    assert "secret.txt" not in page.text
    again = asha.submit(asha.form(refused, "/my/new"), **{**GOOD, "kept": mark + "x"})
    assert "secret.txt" not in again.text, "a mark that was changed is none"


def test_odd_unicode_and_html_are_kept_as_text(asha: Browser, desk: Desk) -> None:
    said = f"{XSS} \U0001f468\u200d\U0001f469\u200d\U0001f467 \u0645\u0631\u062d\u0628\u0627 \u0000\ud83d"
    page = asha.submit(form(asha), **{**GOOD, "subject": said.replace("\ud83d", ""), "description": said[:-1]})
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "<img src=x" not in page.text
    assert desk.tickets(asha)[0].subject == said.replace("\x00", "").replace("\ud83d", "").strip()


def test_fields_nobody_asked_for_change_nothing(asha: Browser, desk: Desk) -> None:
    extra = {"priority": "urgent", "requester_id": "x", "answer-unknown": "y", "status": "closed", "currency": "EUR"}
    assert asha.submit(form(asha), **{**GOOD, **extra}).status_code == 200
    [ticket] = desk.tickets(asha)
    assert ticket.status == "open"
    assert "unknown" not in ticket.details


def test_a_form_that_is_too_large_is_refused_in_plain_words(asha: Browser, desk: Desk) -> None:
    page = asha.post("/my/profile", data={"name": "x" * 500_000})
    assert page.status_code == 413
    assert desk.tickets(asha) == []
