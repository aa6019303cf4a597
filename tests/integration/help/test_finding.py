"""Searching the help centre, as one types and without a script; and what is offered while a ticket is written."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from helpsage.knowledge import completing
from tests.integration.help.conftest import Shelf, text
from tests.integration.portal.conftest import Browser
from tests.integration.web.visitor import Visitor


@pytest.fixture
def full(shelf: Shelf) -> Shelf:
    shelf.article()
    shelf.article("pay-fees", "How fees are paid.\n\n## By bank transfer\nSend it to our bank.", category="money")
    shelf.article("pay-staff", "Salaries come by bank transfer on the last day.", audience="staff", category="money")
    shelf.draft("bank-holidays", "The bank is closed.")
    shelf.findable()
    return shelf


def test_what_is_found_leads_to_its_section_and_is_marked(full: Shelf, visitor: Visitor) -> None:
    page = visitor.get("/help?q=bank%20transfer")
    assert 'href="/help/pay-fees#by-bank-transfer"' in page.text
    assert "<mark>bank</mark>" in page.text
    assert 'content="noindex"' in page.text, "pages of results are no pages for search engines"
    assert "pay-staff" not in page.text
    assert "bank-holidays" not in page.text


def test_staff_also_find_what_is_for_staff(full: Shelf, priya: Browser) -> None:
    assert "/help/pay-staff" in priya.get("/help?q=bank%20transfer").text


def test_other_words_for_the_same_find_it(full: Shelf, visitor: Visitor) -> None:
    assert "/help/connect-to-eduroam" in visitor.get("/help?q=wireless%20internet%20on%20my%20phone").text


def test_a_word_that_is_being_typed_counts_as_what_it_begins(full: Shelf, visitor: Visitor) -> None:
    assert "/help/connect-to-eduroam" in visitor.get("/help?q=edur").text


@pytest.mark.parametrize("words", ["qwxzvkj", "zzz yyy", "%", "'", "\\", "a" * 1500, "<b>", "🙂", "&|!:*()"])
def test_nothing_found_offers_a_person(full: Shelf, visitor: Visitor, words: str) -> None:
    page = visitor.get("/help", params={"q": words})
    assert page.status_code == 200
    assert "Nothing is written about that yet" in page.text
    assert 'href="/chat"' in page.text
    assert 'href="/my/new">Write to us' in page.text
    assert "<b>”" not in page.text


def test_the_ticket_form_asks_whether_one_has_seen(full: Shelf, asha: Browser) -> None:
    found = asha.get("/my/new/articles", params={"subject": "How do I pay my fees by bank transfer"})
    assert "Have you seen this?" in found.text
    assert "/help/pay-fees" in found.text
    assert "pay-staff" not in found.text
    assert found.text.count("<li>") <= 3
    form = asha.form(asha.get("/my/new"), "/my/new")
    again = asha.submit(form, subject="How do I pay my fees by bank transfer", category="", step="questions")
    assert "/help/pay-fees" in again.text, "without a script, too"
    assert "Have you seen" not in asha.get("/my/new/articles", params={"subject": "my"}).text
    assert "Have you seen" not in asha.get("/my/new").text


def test_staff_who_open_a_ticket_are_offered_what_is_for_everybody(full: Shelf, priya: Browser) -> None:
    assert "pay-staff" not in priya.get("/my/new/articles", params={"subject": "Salaries by bank transfer"}).text


def test_related_articles_stand_below(full: Shelf, visitor: Visitor, shelf: Shelf) -> None:
    shelf.article("eduroam-is-slow", "The Wi-Fi eduroam is slow.", title="Eduroam Wi-Fi is slow")
    shelf.findable()
    page = text(visitor.get("/help/connect-to-eduroam"))
    assert "Eduroam Wi-Fi is slow" in page[page.index("Related") :]


def test_only_the_last_word_is_completed(full: Shelf) -> None:
    with Session(full.engine) as session:
        assert completing.completed(session, "how edur") == "how eduroam"
        assert completing.completed(session, "edur ") == "edur "
        assert completing.completed(session, "eduroam") == "eduroam"
        assert completing.completed(session, "ed") == "ed"
        assert completing.completed(session, "zzzz") == "zzzz"
        assert completing.completed(session, "") == ""


def test_without_an_account_one_writes_by_the_departments_form(shelf: Shelf, visitor: Visitor, asha: Browser) -> None:
    shelf.department("it", default=True)
    shelf.department("library")
    assert 'href="/form/it">Write to us' in visitor.get("/help?q=zzz").text
    assert 'href="/form/library">Write to us' in visitor.get("/help?q=zzz&desk=w-library").text
    assert 'href="/my/new">Write to us' in asha.get("/help?q=zzz").text
    assert visitor.get("/form/library").status_code == 200
