"""What the chat's tasks say, to whom, and when they keep quiet."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.words import faq_title
from helpsage import attachments, settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation, Message
from helpsage.events import outbox
from helpsage.events.models import OutboxEvent
from helpsage.jobs import chat as tasks
from helpsage.jobs import words
from helpsage.tickets import service
from helpsage.tickets.models import Status, Ticket
from tests.integration.tickets.conftest import AGENT, REQUESTER, new_ticket

NewSession = Callable[[], Session]

TASKS = {
    "ticket.replied": tasks.deliver_reply_to_chat,
    "ticket.status_changed": tasks.tell_status_to_chat,
    "conversation.person_wrote": tasks.add_words_to_ticket,
}


@pytest.fixture
def chat(new_session: NewSession) -> Conversation:
    with new_session() as session, session.begin():
        return conversations.ensure(session, f"web:{uuid4()}", "web")


@pytest.fixture
def ticket(new_session: NewSession, chat: Conversation) -> Ticket:
    with new_session() as session, session.begin():
        return service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)


def act(new_session: NewSession, work: Callable[[Session], Any], times: int = 1) -> None:
    """Do something, then what follows from it: `times` over, as after a crash."""
    with new_session() as session, session.begin():
        newest = session.scalar(select(OutboxEvent.id).order_by(OutboxEvent.id.desc()).limit(1)) or 0
        work(session)
    with new_session() as session:
        events = session.scalars(select(OutboxEvent).where(OutboxEvent.id > newest).order_by(OutboxEvent.id)).all()
    for _ in range(times):
        for event in events:
            if event.kind in TASKS:
                TASKS[event.kind](event_id=event.id, subject_id=str(event.subject_id), payload=event.payload)


def said(new_session: NewSession) -> list[Message]:
    with new_session() as session:
        return list(session.scalars(select(Message).where(Message.author != "person").order_by(Message.seq)))


def test_resolved_asks_whether_it_is_so(new_session: NewSession, ticket: Ticket) -> None:
    act(new_session, lambda s: service.change_status(s, ticket, "resolved", AGENT), times=2)
    (message,) = said(new_session)
    assert message.author == "system"
    assert ticket.reference in message.text
    assert message.data["buttons"] == [
        {"title": "Yes, solved", "payload": f'/close_ticket{{"reference":"{ticket.reference}"}}'},
        {"title": "Not yet", "payload": f'/reopen_ticket{{"reference":"{ticket.reference}"}}'},
    ]


def test_closed_asks_for_a_rating_once(new_session: NewSession, ticket: Ticket) -> None:
    act(new_session, lambda s: service.close(s, ticket, AGENT), times=2)
    told, asked = said(new_session)
    assert "closed" in told.text
    assert [button["title"] for button in asked.data["buttons"]] == ["1", "2", "3", "4", "5"]


def test_closed_does_not_ask_again_for_a_rating(new_session: NewSession, ticket: Ticket) -> None:
    act(new_session, lambda s: service.rate(s, ticket, 5, "", REQUESTER))
    act(new_session, lambda s: service.close(s, ticket, AGENT))
    assert len(said(new_session)) == 1


@pytest.mark.parametrize("status", ["in_progress", "waiting", "escalated"])
def test_other_moves_by_staff_are_told(new_session: NewSession, ticket: Ticket, status: str) -> None:
    act(new_session, lambda s: service.change_status(s, ticket, status, AGENT))
    (message,) = said(new_session)
    assert message.text == words.STATUS[Status(status)].format(reference=ticket.reference, subject=ticket.subject)


def test_own_doings_are_not_told(new_session: NewSession, ticket: Ticket) -> None:
    act(new_session, lambda s: service.close(s, ticket, REQUESTER))
    assert said(new_session) == []


def test_a_reply_brings_its_files_and_those_alone(
    new_session: NewSession, ticket: Ticket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.get(), "var", tmp_path)

    def answer(session: Session) -> None:
        for say, name in ((service.note, "secret.txt"), (service.reply, "map.txt")):
            entry = say(session, ticket, "Look.", AGENT)
            stream = io.BytesIO(b"left, then right")
            attachments.store(session, entry.ticket_id, entry.id, name, "text/plain", stream)

    act(new_session, answer, times=2)
    (message,) = said(new_session)
    (file,) = message.data["files"]
    assert (file["name"], file["content_type"], file["size"]) == ("map.txt", "text/plain", 16)
    with new_session() as session:
        assert attachments.by_id(session, UUID(file["id"])).name == "map.txt"
    assert message.data["reply_to"] == ticket.reference


def test_reply_says_enough_while_the_work_goes_on(new_session: NewSession, ticket: Ticket) -> None:
    act(new_session, lambda s: service.reply(s, ticket, "Which floor?", AGENT, status="waiting"))
    assert [message.text for message in said(new_session)] == ["Which floor?"]


def test_reply_that_resolves_is_followed_by_the_question(new_session: NewSession, ticket: Ticket) -> None:
    act(new_session, lambda s: service.reply(s, ticket, "New toner is in", AGENT, status="resolved"))
    assert [message.author for message in said(new_session)] == ["agent", "system"]


def test_news_that_are_old_are_not_told(new_session: NewSession, ticket: Ticket) -> None:
    def resolve_and_reopen(session: Session) -> None:
        service.change_status(session, ticket, "resolved", AGENT)
        service.reopen(session, ticket, REQUESTER)

    act(new_session, resolve_and_reopen)
    assert said(new_session) == []


def test_reply_to_a_ticket_without_a_chat_is_no_failure(new_session: NewSession) -> None:
    with new_session() as session, session.begin():
        ticket = service.open_ticket(session, new_ticket(channel="email"), REQUESTER)
    act(new_session, lambda s: service.reply(s, ticket, "hello", AGENT, status="resolved"))
    assert said(new_session) == []


def test_reply_to_a_closed_ticket_awaits_nothing(new_session: NewSession, ticket: Ticket, chat: Conversation) -> None:
    act(new_session, lambda s: service.reply(s, ticket, "Good bye", AGENT, status="closed"))
    with new_session() as session:
        assert session.get_one(Conversation, chat.id).awaiting_ticket_id is None


def test_notes_stay_among_staff(new_session: NewSession, ticket: Ticket) -> None:
    act(new_session, lambda s: service.note(s, ticket, "strange fellow", AGENT))
    assert said(new_session) == []


def test_long_subject_is_shortened_in_a_sentence(new_session: NewSession, chat: Conversation) -> None:
    with new_session() as session, session.begin():
        new = new_ticket(conversation_id=chat.id, subject="word " * 40)
        ticket = service.open_ticket(session, new, REQUESTER)
    act(new_session, lambda s: service.change_status(s, ticket, "resolved", AGENT))
    assert len(said(new_session)[0].text) < 200


# --- people's words, while a person answers the chat


def write(session: Session, chat: Conversation, text: str) -> None:
    message = conversations.push(session, chat.id, "person", text=text)
    outbox.record(session, "conversation.person_wrote", chat.id, {"message_id": message.id})


def thread(new_session: NewSession, ticket: Ticket) -> list[str]:
    with new_session() as session:
        return [entry.body for entry in service.thread(session, ticket)]


def test_words_go_to_the_awaiting_ticket_once(new_session: NewSession, ticket: Ticket, chat: Conversation) -> None:
    act(new_session, lambda s: service.reply(s, ticket, "Which floor?", AGENT, status="waiting"))
    with new_session() as session, session.begin():
        newer = service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)
    act(new_session, lambda s: write(s, chat, "the second"), times=2)
    assert thread(new_session, ticket) == ["Which floor?", "the second"]
    assert thread(new_session, newer) == []
    with new_session() as session:
        assert service.by_id(session, ticket.id).status == "in_progress"


def test_words_go_to_the_newest_open_ticket_when_none_awaits(
    new_session: NewSession, ticket: Ticket, chat: Conversation
) -> None:
    with new_session() as session, session.begin():
        closed = service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)
        service.close(session, closed, REQUESTER)
    act(new_session, lambda s: write(s, chat, "one more thing"))
    assert thread(new_session, ticket) == ["one more thing"]


def test_words_without_a_ticket_open_one_once(new_session: NewSession, chat: Conversation) -> None:
    act(new_session, lambda s: write(s, chat, "is anybody there?"), times=2)
    with new_session() as session:
        (ticket,) = service.tickets_of_conversation(session, chat.id)
        assert ticket.description == "is anybody there?"
    assert thread(new_session, ticket) == []


@pytest.mark.parametrize("nothing", ["", " \n", "\u200b"])
def test_nothing_said_is_nothing_added(
    new_session: NewSession, ticket: Ticket, chat: Conversation, nothing: str
) -> None:
    act(new_session, lambda s: write(s, chat, nothing))
    assert thread(new_session, ticket) == []


def test_a_hindi_conversation_is_told_in_hindi(new_session: NewSession, chat: Conversation, ticket: Ticket) -> None:
    with new_session() as session, session.begin():
        session.get_one(Conversation, chat.id).locale = "hi"
    act(
        new_session,
        lambda session: service.change_status(session, service.by_id(session, ticket.id), "resolved", AGENT),
    )
    with new_session() as session:
        told = conversations.messages(session, chat.id)[-1]
    assert told.text == f"आपका टिकट **{ticket.reference}** ({ticket.subject}) हल के रूप में चिह्नित है। क्या समस्या सुलझ गई?"
    assert told.data["state"]["status_label"] == "हल हो गया"
    assert next(button["title"] for button in told.data["buttons"]) == "हाँ, हल हो गया"


def test_the_button_of_an_faq_entry_is_in_hindi(new_session: NewSession, chat: Conversation) -> None:
    button = {"title": faq_title("connect_wifi"), "payload": "/choose"}
    with new_session() as session, session.begin():
        session.get_one(Conversation, chat.id).locale = "hi"
        said = conversations.push(session, chat.id, "bot", text="?", data={"buttons": [button]})
        assert said.data["buttons"] == [{"title": "वाई-फ़ाई से जुड़ना", "payload": "/choose"}]
