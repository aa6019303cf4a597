"""Whether a message answers the open question: the whole decision, as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.report.draft import CONFIRM, DESCRIPTION, EMAIL, FIELD, TOPIC
from actions.report.opening import meant_for_a_ticket
from actions.report.reading import Move, read
from actions.turn import Entity, Heard


def heard(text: str, intent: str = "inform", confidence: float = 0.8, faq: str | None = None, **entities: str) -> Heard:
    named = tuple(Entity(name, value) for name, value in entities.items())
    return Heard(text=text, intent=intent, confidence=confidence, entities=named, faq=faq)


def pressed(payload: str, intent: str, **entities: str) -> Heard:
    return heard(payload, intent, 1.0, **entities)


@pytest.mark.parametrize(
    ("asked", "kind", "message", "move"),
    [
        # an open text question takes words that look like anything
        ("error_text", "text", heard("payment failed", "payment_failure", 0.95), Move.ANSWER),
        (
            "error_text",
            "text",
            heard("connection to the VPN was cancelled by the server", "vpn_problem", 0.9),
            Move.ANSWER,
        ),
        ("error_text", "text", heard("it says your account is locked", "account_locked", 0.99), Move.ANSWER),
        ("error_text", "text", heard("I clicked on stop and then it froze", "cancel", 0.6), Move.ANSWER),
        (DESCRIPTION, "text", heard("nothing is understood here", "nlu_fallback", 0.3), Move.ANSWER),
        (TOPIC, "text", heard("the wifi is down", "wifi_problem", 0.9), Move.ANSWER),
        # a typed question leaves it only when it is surely one
        ("error_text", "text", heard("how do I connect?", "faq", 0.95, faq="connect_wifi"), Move.KNOWLEDGE),
        ("error_text", "text", heard("how do I connect?", "faq", 0.65, faq="connect_wifi"), Move.ANSWER),
        ("amount", "amount", heard("how do I connect?", "faq", 0.65, faq="connect_wifi"), Move.KNOWLEDGE),
        ("amount", "amount", heard("connection refused", "faq", 0.95, faq="connect_wifi"), Move.ANSWER),
        # stopping
        ("amount", "amount", heard("cancel", "cancel", 0.9), Move.CANCEL),
        ("error_text", "text", heard("never mind", "inform", 0.2), Move.CANCEL),
        ("error_text", "text", heard("forget about it please", "inform", 0.2), Move.CANCEL),
        (CONFIRM, "text", heard("stop", "inform", 0.2), Move.CANCEL),
        # leaving one out
        ("amount", "amount", heard("I don't know", "skip", 0.2), Move.SKIP),
        ("amount", "amount", heard("no clue, lost the receipt", "skip", 0.7), Move.SKIP),
        (EMAIL, "text", heard("no thanks", "deny", 0.9), Move.SKIP),
        (EMAIL, "text", heard("rather not", "inform", 0.3), Move.SKIP),
        (EMAIL, "text", heard("no.one@example.org", "inform", 0.9), Move.ANSWER),
        (EMAIL, "text", heard("yes please", "affirm", 0.9), Move.YES),
        # an answer is an answer, also when its intent is another
        ("amount", "amount", heard("450 rupees", "deny", 0.9, amount="450"), Move.ANSWER),
        (
            "payment_date",
            "date",
            heard("yesterday, can I talk to someone", "talk_to_person", 0.9, date="yesterday"),
            Move.ANSWER,
        ),
        # corrections
        ("payment_date", "date", heard("sorry, the amount was 540", "correct_detail", 0.8, amount="540"), Move.CORRECT),
        ("error_text", "text", heard("sorry, the amount was 540", "correct_detail", 0.5, amount="540"), Move.ANSWER),
        ("payment_date", "date", heard("12 March", "correct_detail", 0.9, date="12 March"), Move.ANSWER),
        (CONFIRM, "text", heard("no, the amount was 540", "deny", 0.9, amount="540"), Move.CORRECT),
        # people, tickets, help
        ("amount", "amount", heard("I want a human", "talk_to_person", 0.9), Move.PERSON),
        ("amount", "amount", heard("status of my ticket", "ticket_status", 0.9), Move.TICKETS),
        ("amount", "amount", heard("close my other ticket", "close_ticket", 0.9), Move.LATER),
        ("amount", "amount", heard("it is urgent", "escalate_ticket", 0.9), Move.URGENT),
        ("amount", "amount", heard("help", "help", 0.9), Move.HELP),
        ("amount", "amount", heard("are you a bot", "are_you_a_bot", 0.9), Move.BOT),
        ("amount", "amount", heard("hello", "greet", 0.9), Move.REPEAT),
        # enough of questions
        ("place", "place", heard("ok whatever just send it", "inform", 0.4), Move.SEND),
        ("error_text", "text", heard("just submit it now please", "inform", 0.4), Move.SEND),
        ("error_text", "text", heard("I cannot send it", "email_problem", 0.4), Move.ANSWER),
        ("steps", "text", heard("I pressed on send it twice and nothing came", "inform", 0.4), Move.ANSWER),
        # the summary
        (CONFIRM, "text", heard("yes", "inform", 0.2), Move.YES),
        (CONFIRM, "text", heard("yes, that's right", "affirm", 0.5), Move.YES),
        (CONFIRM, "text", heard("no", "deny", 0.9), Move.NO),
        (CONFIRM, "text", heard("thanks a lot for that", "thanks", 0.9), Move.REPEAT),
        (CONFIRM, "text", heard("it also smells of smoke", "hardware_problem", 0.5), Move.ANSWER),
        (FIELD, "text", heard("send it", "affirm", 0.9), Move.SKIP),
        # buttons
        (CONFIRM, "text", pressed("/affirm", "affirm"), Move.YES),
        (CONFIRM, "text", pressed("/deny", "deny"), Move.NO),
        ("amount", "amount", pressed("/affirm", "affirm"), Move.REPEAT),
        ("error_text", "text", pressed("/deny", "deny"), Move.REPEAT),
        ("amount", "amount", pressed("/skip", "skip"), Move.SKIP),
        ("error_text", "text", pressed("/cancel", "cancel"), Move.CANCEL),
        ("payment_method", "choice", pressed("/inform{}", "inform", choice="upi"), Move.ANSWER),
        ("amount", "amount", pressed("/inform{}", "inform", field="amount"), Move.CHANGE),
        ("amount", "amount", pressed("/inform{}", "inform", reference="HS-1001"), Move.REPEAT),
        (TOPIC, "text", pressed("/inform{}", "inform", topic="network"), Move.ANSWER),
        ("amount", "amount", pressed("/wifi_problem", "wifi_problem"), Move.REPEAT),
    ],
)
def test_what_a_message_means(asked: str, kind: str, message: Heard, move: Move) -> None:
    assert read(asked, kind, message) is move


@given(
    st.sampled_from(["amount", "error_text", DESCRIPTION, TOPIC, EMAIL, CONFIRM, FIELD]),
    st.sampled_from(["text", "amount", "date", "choice", "email"]),
    st.text(max_size=60),
    st.sampled_from(["inform", "faq", "cancel", "affirm", "nlu_fallback", "wifi_problem", "", "skip"]),
    st.floats(0, 1),
)
def test_every_message_means_something(asked: str, kind: str, text: str, intent: str, confidence: float) -> None:
    assert isinstance(read(asked, kind, heard(text, intent, confidence, faq="connect_wifi")), Move)


@pytest.mark.parametrize(
    "text",
    [
        "add to my ticket: it smokes",
        "please add a note to HS-1042: it smokes",
        "Can you write on the ticket that I am away",
    ],
)
def test_words_for_a_ticket(text: str) -> None:
    assert meant_for_a_ticket(text)


@pytest.mark.parametrize(
    "text", ["please add me to the mailing list", "the ticket machine is broken", "I cannot add a printer"]
)
def test_words_for_no_ticket(text: str) -> None:
    assert not meant_for_a_ticket(text)
