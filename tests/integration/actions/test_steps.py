"""Steps against PostgreSQL: a ticket once, honesty when nothing can be saved, nobody else's tickets."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from actions import desk, track
from actions.report.draft import CONFIRM, Answer, Draft
from actions.server import Executor
from helpsage import clock
from helpsage.conversations import service as conversations
from helpsage.db.session import transaction
from helpsage.tickets import service
from helpsage.tickets.categories import catalogue
from helpsage.tickets.models import Entry, Status, Ticket

pytestmark = pytest.mark.usefixtures("clean_database")

Call = dict[str, Any]


def sender() -> str:
    conversation = f"web:{uuid4()}"
    with transaction() as session:
        conversations.ensure(session, conversation, "webchat")
    return conversation


def call(
    action: str, sender_id: str, intent: str, said: str = "", slots: dict[str, Any] | None = None, **more: Any
) -> Call:
    """An action call as Rasa sends it after one message."""
    message = {
        "text": said or f"/{intent}",
        "intent": {"name": intent, "confidence": 1.0},
        "entities": more.pop("entities", []),
        "intent_ranking": [],
        "message_id": more.pop("message_id", "message-1"),
        "metadata": more.pop("metadata", {}),
    }
    events = [{"event": "user", "text": message["text"], "parse_data": message}]
    form = more.pop("form", None)
    tracker = {
        "sender_id": sender_id,
        "slots": slots or {},
        "latest_message": message,
        "events": [*more.pop("before", []), *events],
        "active_loop": {"name": form} if form else {},
        "paused": False,
        "followup_action": None,
        "latest_input_channel": None,
        "latest_action_name": None,
    }
    return {"next_action": action, "sender_id": sender_id, "tracker": tracker}


async def run(one: Call) -> tuple[list[str], list[dict[str, Any]]]:
    """Responses said and events returned."""
    result = await Executor().run(one, dispatcher=CollectingDispatcher())
    assert result is not None
    return [message["response"] for message in result.responses], result.events


def ready_to_send() -> dict[str, Any]:
    draft = Draft(description="I paid and got no receipt", email_settled=True, asked=CONFIRM)
    draft.set_category(catalogue().categories["payment_failure"])
    draft.answer("amount", Answer("450", "450 INR", {"currency": "INR"}))
    for question in draft.questions():
        draft.leave_open(question.name)
    return draft.to_slot()


def send(who: str, draft: dict[str, Any]) -> Call:
    return call("validate_ticket_form", who, "affirm", slots={"ticket_draft": draft}, form="ticket_form")


def tickets() -> list[Ticket]:
    with transaction() as session:
        return list(session.scalars(select(Ticket).order_by(Ticket.number)))


async def test_sending_again_after_a_lost_answer_is_the_same_ticket_and_the_same_words() -> None:
    who, draft = sender(), ready_to_send()
    first = await run(send(who, draft))
    second = await run(send(who, draft))
    assert first == second
    assert first[0] == ["utter_ticket_opened"]
    (ticket,) = tickets()
    assert ticket.details == {"amount": "450", "currency": "INR"}
    assert ticket.gaps == ["transaction_id", "payment_date", "payment_method"]
    assert ticket.idempotency_key == f"{who.removeprefix('web:')}:{draft['form']}"


async def test_sending_at_the_same_moment_is_one_ticket() -> None:
    who, draft = sender(), ready_to_send()
    await asyncio.gather(*(run(send(who, draft)) for _ in range(8)))
    assert len(tickets()) == 1


async def test_the_same_problem_filled_in_again_is_another_ticket() -> None:
    who = sender()
    await run(send(who, ready_to_send()))
    await run(send(who, ready_to_send()))
    assert len(tickets()) == 2


async def test_nothing_saved_is_said_and_the_draft_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    who, draft = sender(), ready_to_send()
    with monkeypatch.context() as broken:
        broken.setattr(desk, "TIMEOUT_S", 0.2)
        with locked_tickets():
            said, events = await run(send(who, draft))
    assert said == ["utter_ticket_not_saved"]
    kept = next(event["value"] for event in events if event.get("name") == "ticket_draft")
    assert (kept["form"], kept["asked"]) == (draft["form"], CONFIRM)
    assert not any(event["event"] == "active_loop" for event in events)
    said, _ = await run(send(who, kept))
    assert said == ["utter_ticket_opened"]
    assert len(tickets()) == 1


class locked_tickets:
    """Someone holds the whole table: the database answers nobody who needs it."""

    def __enter__(self) -> None:
        self._connection = desk.transaction()
        self._session = self._connection.__enter__()
        self._session.execute(text("lock table ticket in access exclusive mode"))

    def __exit__(self, *_: object) -> None:
        self._connection.__exit__(None, None, None)


async def test_a_question_about_tickets_is_answered_honestly_too(monkeypatch: pytest.MonkeyPatch) -> None:
    who = sender()
    monkeypatch.setattr(desk, "TIMEOUT_S", 0.2)
    with locked_tickets():
        said, events = await run(call("action_ticket_status", who, "ticket_status"))
    assert (said, events) == (["utter_unavailable"], [])


async def test_a_bug_has_a_number_and_keeps_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("actions.report.form.read", broken)
    draft = ready_to_send()
    said, events = await run(send(sender(), draft))
    assert said == ["utter_failed"]
    assert [event["value"] for event in events] == [draft]


def lamp(conversation: UUID) -> service.NewTicket:
    return service.NewTicket("Lamp", "The lamp is broken", "general_issue", "webchat", conversation_id=conversation)


def opened(who: str, status: Status = Status.OPEN) -> str:
    with transaction() as session:
        conversation = conversations.of_sender(session, who)
        assert conversation is not None
        new = service.NewTicket(
            "Lamp", "The lamp is broken", "general_issue", "webchat", conversation_id=conversation.id
        )
        ticket = service.open_ticket(session, new, desk.REQUESTER)
        if status is not Status.OPEN:
            service.change_status(session, ticket, status, service.Actor("agent", "Priya"))
        return ticket.reference


def entries(reference: str) -> list[Entry]:
    with transaction() as session:
        return service.thread(session, service.by_reference(session, reference))


def named(reference: str) -> list[dict[str, Any]]:
    return [{"entity": "reference", "value": reference, "start": 0, "end": len(reference)}]


@pytest.mark.parametrize(
    ("action", "intent"),
    [
        ("action_ticket_status", "ticket_status"),
        ("action_close_ticket", "close_ticket"),
        ("action_reopen_ticket", "reopen_ticket"),
        ("action_escalate_ticket", "escalate_ticket"),
        ("action_add_comment", "add_comment"),
        ("action_give_rating", "give_rating"),
    ],
)
async def test_nobody_touches_or_sees_somebody_elses_ticket(action: str, intent: str) -> None:
    theirs = opened(sender(), Status.RESOLVED)
    before = tickets()[0].version
    words = "add to it: four words of mine" if intent == "add_comment" else "it, 5 stars"
    for reference in (theirs, "HS-999999"):
        said, _ = await run(call(action, sender(), intent, words, entities=named(reference)))
        assert said == ["utter_ticket_unknown"]
    assert tickets()[0].version == before


@pytest.mark.parametrize(("action", "intent"), [("action_inform", "inform"), ("action_fallback", "nlu_fallback")])
async def test_a_reference_alone_asks_how_its_ticket_stands(action: str, intent: str) -> None:
    who = sender()
    reference = opened(who)
    said, _ = await run(call(action, who, intent, reference, entities=named(reference)))
    assert said == ["utter_status_open"]


async def test_a_reference_among_words_that_are_not_understood_is_not_a_question_about_it() -> None:
    who = sender()
    reference = opened(who)
    words = f"blorb the frobnicator as it was with {reference}"
    said, _ = await run(call("action_fallback", who, "nlu_fallback", words, entities=named(reference)))
    assert said == ["utter_ask_rephrase"]


async def test_a_repeated_message_comments_once() -> None:
    who = sender()
    reference = opened(who)
    again = call("action_add_comment", who, "add_comment", "add to it: the fuse too", entities=named(reference))
    assert (await run(again))[0] == (await run(again))[0] == ["utter_comment_added"]
    assert [entry.body for entry in entries(reference)] == ["the fuse too"]


async def test_a_repeated_answer_to_an_agent_is_one() -> None:
    who = sender()
    reference = opened(who, Status.WAITING)
    again = call("action_answer_agent", who, "answer_agent", "fourth floor", metadata={"awaiting_ticket": reference})
    for _ in range(2):
        assert (await run(again))[0] == ["utter_answer_passed_on"]
    assert [(entry.body, entry.author_kind) for entry in entries(reference)] == [("fourth floor", "requester")]
    assert tickets()[0].status == Status.IN_PROGRESS


async def test_the_score_is_kept_before_the_comment() -> None:
    who = sender()
    reference = opened(who, Status.RESOLVED)
    rate = call("action_give_rating", who, "give_rating", "4 stars", entities=named(reference))
    _, events = await run(rate)
    assert tickets()[0].rating == 4
    assert any(event.get("name") == "follow_up_form" for event in events)
    assert (await run(rate))[0] == ["utter_already_rated"]


@pytest.mark.parametrize(
    ("said", "score"), [("3", 3), ("five stars!", 5), ("4/5", 4), ("8 out of 10", 4), ("0 of 10", 1)]
)
async def test_scores_in_words(said: str, score: int) -> None:
    who = sender()
    await run(call("action_give_rating", who, "give_rating", said, entities=named(opened(who, Status.RESOLVED))))
    assert tickets()[0].rating == score


async def test_thanks_changes_nothing() -> None:
    who = sender()
    opened(who, Status.RESOLVED)
    before = tickets()[0].version
    assert (await run(call("action_thanks", who, "thanks", "thanks!")))[0] == ["utter_welcome"]
    assert tickets()[0].version == before


async def test_a_sender_without_a_conversation_gets_one() -> None:
    said, _ = await run(call("action_list_tickets", "developer", "list_tickets"))
    assert said == ["utter_no_tickets"]
    with transaction() as session:
        conversation = conversations.of_sender(session, "developer")
        assert conversation is not None
        assert conversation.channel == "console"


async def test_an_offer_is_off_the_table_after_another_step() -> None:
    kept = {"offer": {"kind": "person"}}
    _, events = await run(call("action_list_tickets", sender(), "list_tickets", slots=kept))
    assert [(event["name"], event["value"]) for event in events] == [("offer", None)]


def test_ages_of_tickets(session: Session) -> None:
    who = f"web:{uuid4()}"
    conversation = conversations.ensure(session, who, "webchat")
    ticket = service.open_ticket(session, lamp(conversation.id), desk.REQUESTER)
    assert track.ago(ticket) == "just now"
    for hours, words in (
        (0.5, "30 minutes ago"),
        (1, "an hour ago"),
        (5, "5 hours ago"),
        (30, "yesterday"),
        (75, "3 days ago"),
    ):
        with clock.frozen(ticket.created_at + timedelta(hours=hours)):
            assert track.ago(ticket) == words
