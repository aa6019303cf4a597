"""What was misunderstood is found once, with the reason and what speaks for it, and without the person's data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from encoder.model import Encoder
from helpsage import clock
from helpsage.conversations.models import Tracker, TrackerEvent
from helpsage.people import accounts
from helpsage.people.models import Role
from helpsage.privacy import erasure
from helpsage.tickets import service
from helpsage.tickets.actor import Actor
from helpsage.tickets.service import NewTicket
from helpsage.training import finding, review
from helpsage.training.items import ReviewItem
from helpsage.training.taught import Taught
from helpsage.triage import labels
from helpsage.triage.models import ReadingRow
from helpsage.triage.reading import Tag
from tests.integration.review.conftest import FILES, Chats, taught_from

Look = Callable[[], int]


def test_what_was_understood_is_left_alone(chats: Chats, look: Look) -> None:
    chat = chats.begin()
    chats.says(chat, "the wifi is down again", "wifi_problem", 0.9)
    chats.says(chat, "yes", "affirm", 0.3, after=60)
    chats.says(chat, "My tickets", "list_tickets", 0.2, after=600, payload="/list_tickets")
    assert look() == 3
    assert chats.found() == {}


def test_not_sure(chats: Chats, look: Look) -> None:
    chat = chats.begin()
    chats.says(chat, "wlan is dropping", "wifi_problem", 0.42)
    chats.says(chat, "the whole internet thing", "nlu_fallback", 0.8, after=600)
    chats.says(chat, "thanks", "thanks", after=60)
    look()
    found = chats.found()
    assert {text: item.reason for text, item in found.items()} == {
        "wlan is dropping": "low_confidence", "the whole internet thing": "low_confidence",
    }  # fmt: skip
    item = found["wlan is dropping"]
    assert item.saw == {
        "intent": "wifi_problem", "confidence": 0.42, "model": "sage-1", "reasons": ["low_confidence"],
    }  # fmt: skip
    assert item.uncertainty == pytest.approx(0.58)
    assert found["the whole internet thing"].uncertainty == 1
    assert item.suggested == "wifi_problem"
    assert item.near[0]["intent"] == "wifi_problem"
    assert item.near[0]["file"] == "data/nlu/a.yml"
    assert FILES["data/nlu/a.yml"].splitlines()[item.near[0]["line"] - 1].strip() == f"- {item.near[0]['text']}"


def test_said_again_in_other_words(chats: Chats, look: Look) -> None:
    chat = chats.begin()
    chats.says(chat, "I can not get into my account", "general_issue", 0.7)
    chats.says(chat, "I cannot get into my account at all", "login_error", 0.8, after=40)
    other = chats.begin("web:2")
    chats.says(other, "my printer eats paper", "printer_problem", 0.8)
    chats.says(other, "where is the canteen", "faq/canteen", 0.8, after=40)
    late = chats.begin("web:3")
    chats.says(late, "the projector in hall 2 is dark", "hardware_problem", 0.8)
    chats.says(late, "the projector in hall 2 is dark again", "hardware_problem", 0.8, after=4000)
    look()
    found = chats.found()
    assert list(found) == ["I can not get into my account"]
    item = found["I can not get into my account"]
    assert (item.reason, item.suggested, item.suggested_by) == ("rephrased", "login_error", "chosen")
    assert item.saw["likeness"] >= finding.ALIKE


def test_another_choice_none_of_them_and_gone(chats: Chats, look: Look) -> None:
    chosen = chats.begin()
    chats.says(chosen, "my net is weird", "nlu_fallback")
    chats.says(chosen, "No Wi-Fi", "wifi_problem", 1, after=9, payload="/wifi_problem")
    entry = chats.begin("web:2")
    chats.says(entry, "new secret word", "nlu_fallback")
    chats.says(entry, "Reset", "inform", 1, after=9, payload='/inform{"choice": "faq/reset_password"}')
    none = chats.begin("web:3")
    chats.says(none, "zorp my frobnicator", "nlu_fallback")
    chats.says(none, "None of these", "deny", 1, after=9, payload="/deny")
    gone = chats.begin("web:4")
    chats.says(gone, "quantum lock engaged", "nlu_fallback")
    look()
    found = {text: (item.reason, item.suggested) for text, item in chats.found().items()}
    assert found["my net is weird"] == ("chose_other", "wifi_problem")
    assert found["new secret word"] == ("chose_other", "faq/reset_password")
    assert found["zorp my frobnicator"][0] == "not_that"
    assert found["quantum lock engaged"][0] == "abandoned"
    assert len(found) == 4


def test_an_answer_that_did_not_help(chats: Chats, look: Look) -> None:
    chat = chats.begin()
    chats.says(chat, "login keeps saying wrong password", "faq/reset_password", 0.9)
    chats.no_help(chat, "reset_password")
    other = chats.begin("web:2")
    chats.says(other, "how to reset", "faq/reset_password", 0.9)
    look()
    [item] = chats.found().values()
    assert item.reason == "not_helped"
    assert item.suggested == "login_error", "the nearest of what it is not"


def test_answers_within_a_form_teach_nothing(session: Session, chats: Chats, look: Look) -> None:
    chat = chats.begin()
    session.add(Tracker(sender_id=chat.sender_id))
    session.flush()
    events = [
        {"event": "active_loop", "name": "ticket_form"},
        {"event": "user", "text": "the blue one upstairs"},
        {"event": "active_loop", "name": None},
        {"event": "user", "text": "what about the green one"},
    ]
    for n, data in enumerate(events):
        session.add(TrackerEvent(sender_id=chat.sender_id, n=n, data=data))
    session.flush()
    chats.says(chat, "the blue one upstairs", "nlu_fallback")
    chats.says(chat, "what about the green one", "nlu_fallback", after=600)
    look()
    assert list(chats.found()) == ["what about the green one"]


def test_each_once_and_only_when_it_is_settled(session: Session, chats: Chats, look: Look) -> None:
    chat = chats.begin()
    chats.says(chat, "my net is weird", "nlu_fallback")
    chats.at = clock.now() - timedelta(minutes=5)
    chats.says(chat, "and the other net", "nlu_fallback")
    assert look() == 1
    assert look() == 0
    with clock.frozen(clock.now() + finding.SETTLED):
        assert look() == 1
        assert look() == 0
    assert len(chats.found()) == 2


def test_nothing_is_passed_over_that_is_not_settled_yet(chats: Chats, look: Look) -> None:
    chats.at = clock.now() - timedelta(minutes=5)
    chats.says(chats.begin(), "my net is weird", "nlu_fallback")
    chats.at = clock.now() - timedelta(days=1)
    chats.says(chats.begin("web:2"), "and the other net", "nlu_fallback")
    assert look() == 0
    with clock.frozen(clock.now() + finding.SETTLED):
        assert look() == 2


def test_years_of_chats_are_left_alone_the_first_time(chats: Chats, look: Look) -> None:
    chats.at = clock.now() - finding.FIRST_TIME - timedelta(days=1)
    chats.says(chats.begin(), "my net is weird", "nlu_fallback")
    chats.at = clock.now() - timedelta(days=1)
    chats.says(chats.begin("web:2"), "and the other net", "nlu_fallback")
    look()
    assert list(chats.found()) == ["and the other net"]


def test_nobody_sees_who_it_was(session: Session, chats: Chats, look: Look) -> None:
    accounts.add(session, "priya@desk.example", "Priya Raman", "", Role.AGENT)
    chat = chats.begin()
    words = "I am asha, mail asha@x.org or +49 30 1234567, Priya Raman said my net is weird, see HS-2231"
    chats.says(chat, words, "nlu_fallback")
    look()
    [text] = chats.found()
    assert text == "I am Alex, mail name@example.org or TXN00000000, Alex said my net is weird, see HS-1042"


def test_what_data_has_already_is_known(chats: Chats, look: Look) -> None:
    chat = chats.begin()
    chats.says(chat, "The WiFi keeps dropping!", "nlu_fallback")
    look()
    [item] = chats.found().values()
    assert item.state == "known"


def corrected_ticket(session: Session, chats: Chats, words: str) -> UUID:
    new = NewTicket("Trouble", words, "general_issue", "email", requester_id=chats.person.id)
    ticket = service.open_ticket(session, new, Actor("requester"))
    session.add(
        ReadingRow(
            ticket_id=ticket.id, reader="local", topic="bug_report", topic_confidence=0.6, urgency="low",
            urgency_confidence=1, tone="calm", tone_confidence=1, language="en", language_confidence=1,
        )
    )  # fmt: skip
    session.flush()
    labels.put(session, ticket.id, Tag.TOPIC, "wifi_problem", None)
    return ticket.id


def test_what_an_agent_corrected_comes_along_and_goes_when_it_is_taken_back(
    session: Session, chats: Chats, encoder: Encoder, taught: Taught
) -> None:
    ticket_id = corrected_ticket(session, chats, "The net in the reading room does not work since Monday.")
    assert finding.corrections(session, encoder, taught) == 1
    assert finding.corrections(session, encoder, taught) == 0
    [item] = chats.found().values()
    assert (item.reason, item.suggested, item.suggested_by) == ("corrected", "wifi_problem", "corrected")
    assert item.saw["intent"] == "bug_report"
    labels.put(session, ticket_id, Tag.TOPIC, "login_error", None)
    finding.corrections(session, encoder, taught)
    assert session.scalars(select(ReviewItem.suggested)).all() == ["login_error"]
    labels.withdraw(session, ticket_id, Tag.TOPIC)
    finding.corrections(session, encoder, taught)
    session.expire_all()
    assert chats.found() == {}


def test_who_is_forgotten_is_forgotten_here(
    session: Session, chats: Chats, look: Look, encoder: Encoder, taught: Taught
) -> None:
    chat = chats.begin()
    chats.says(chat, "my net is weird", "nlu_fallback")
    corrected_ticket(session, chats, "The net in the reading room does not work.")
    look()
    finding.corrections(session, encoder, taught)
    assert len(chats.found()) == 2
    erasure.erase(session, chats.person.id)
    assert session.scalar(select(func.count()).select_from(ReviewItem)) == 0


def test_it_is_compared_anew_when_the_examples_change(
    session: Session, chats: Chats, look: Look, encoder: Encoder
) -> None:
    chat = chats.begin()
    chats.says(chat, "my net is weird", "nlu_fallback")
    chats.says(chat, "zorp my frobnicator", "nlu_fallback", after=600)
    look()
    files = {**FILES, "data/nlu/a.yml": FILES["data/nlu/a.yml"].replace("- wlan is down", "- My net is weird.")}
    review.refresh(session, encoder, taught_from(files, encoder, "two"))
    found = chats.found()
    assert found["my net is weird"].state == "known"
    assert found["zorp my frobnicator"].compared_with == "two"
    assert found["zorp my frobnicator"].cluster_id == found["zorp my frobnicator"].id


def test_on_a_desk_where_nobody_spoke_yet_nothing_is_read(session: Session, chats: Chats) -> None:
    """What `data/` teaches is encoded for half a minute the first time."""
    assert not finding.is_anything_there(session)
    chats.says(chats.begin(), "the wobbly you know", "nlu_fallback", 0.3)
    assert finding.is_anything_there(session)
