"""What people really meant is what they, or an agent, said of it, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations.models import AnswerFeedback, Message
from helpsage.departments import service as departments
from helpsage.people import directory
from helpsage.tickets import service
from helpsage.tickets.service import Actor, NewTicket
from helpsage.training import real
from helpsage.triage import labels
from helpsage.triage.reading import Tag

Say = Callable[..., Message]


def meanings(session: Session) -> dict[str, set[str]]:
    return {message.text: set(message.meanings) for message in real.lately(session)}


def test_words_of_which_nobody_said_anything_have_no_meaning(session: Session, say: Say) -> None:
    say(session, "my wifi", "wifi_problem")
    say(session, "to an agent", "answer_agent")
    say(session, "Printer", "inform", payload='/inform{"choice": "printer"}')
    assert meanings(session) == {"my wifi": set()}


def test_the_choice_after_not_being_understood(session: Session, say: Say) -> None:
    say(session, "long ago", "greet")
    say(session, "blinking box", "nlu_fallback")
    say(session, "the box on the wall", "nlu_fallback")
    say(session, "Wi-Fi", "wifi_problem", payload="/wifi_problem")
    say(session, "other words", "nlu_fallback", who="b")
    say(session, "None of these", "deny", who="b", payload="/deny")
    assert meanings(session) == {
        "long ago": set(), "blinking box": {"wifi_problem"}, "the box on the wall": {"wifi_problem"},
        "other words": set(),
    }  # fmt: skip


def test_an_answer_that_helped(session: Session, say: Say) -> None:
    asked = say(session, "eduroam on my phone?", "faq/connect_wifi")
    say(session, "and again", "faq/connect_wifi", who="b")
    feedback = {"answer": "connect_wifi", "at": clock.now()}
    session.add(AnswerFeedback(conversation_id=asked.conversation_id, helped=True, **feedback))
    session.add(AnswerFeedback(conversation_id=asked.conversation_id, helped=False, **feedback))
    session.flush()
    assert meanings(session) == {"eduroam on my phone?": {"faq/connect_wifi"}, "and again": set()}


def test_the_category_that_an_agent_gave(session: Session, say: Say) -> None:
    departments.ensure_defaults(session)
    said = say(session, "i cannot get in", "password_reset")
    person = directory.add(session, "Asha Patel", "asha@example.org")
    ticket = service.open_ticket(
        session,
        NewTicket(
            subject="No way in", channel="webchat", category="login_error", description="i cannot get in",
            requester_id=person.id, conversation_id=said.conversation_id,
        ),
        Actor("requester"),
    )  # fmt: skip
    labels.put(session, ticket.id, Tag.TOPIC, "login_error", None)
    [message] = real.lately(session)
    assert "login_error" in message.meanings
    assert message.is_met_by("login_error")
    assert not message.is_met_by("greet")


def test_what_is_older_than_a_month_is_left_alone(session: Session, say: Say) -> None:
    old = say(session, "old words", "greet")
    old.created_at = clock.now() - timedelta(days=real.LATELY + 1)
    say(session, "new words", "greet")
    session.flush()
    assert list(meanings(session)) == ["new words"]
