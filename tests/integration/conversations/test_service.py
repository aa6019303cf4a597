"""Saying something in a conversation: numbered without gaps, once."""

from __future__ import annotations

import threading
from select import select as select_ready
from uuid import UUID, uuid4

import psycopg2
import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import AnswerFeedback, Conversation, Message
from helpsage.tickets import service
from tests.integration.tickets.conftest import REQUESTER, new_ticket


@pytest.fixture
def chat(session: Session) -> Conversation:
    return conversations.ensure(session, f"web:{uuid4()}", "web")


def in_threads(work: object, count: int) -> None:
    together = threading.Barrier(count)

    def run(number: int) -> None:
        together.wait()
        work(number)  # type: ignore[operator]

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_web_chat_has_the_id_in_its_sender(session: Session) -> None:
    own = uuid4()
    assert conversations.ensure(session, f"web:{own}", "web").id == own


@pytest.mark.parametrize("sender", ["web:not-an-id", "slack:T1:U1", "default"])
def test_other_senders_get_an_id(session: Session, sender: str) -> None:
    assert isinstance(conversations.ensure(session, sender, "slack").id, UUID)


def test_found_again(session: Session, chat: Conversation) -> None:
    assert conversations.ensure(session, chat.sender_id, "web") is chat
    assert conversations.of_sender(session, chat.sender_id) is chat
    assert conversations.of_sender(session, "web:unknown") is None


def test_made_once_by_many_at_once(clean_database: Engine) -> None:
    found: list[UUID] = []

    def ensure(_number: int) -> None:
        with Session(clean_database) as own, own.begin():
            found.append(conversations.ensure(own, "slack:T1:U1", "slack").id)

    in_threads(ensure, 8)
    assert len(found) == 8
    assert len(set(found)) == 1


def test_numbers_rise_by_one(session: Session, chat: Conversation) -> None:
    for text in ("a", "b", "c"):
        conversations.push(session, chat.id, "bot", text=text)
    assert [(m.seq, m.text) for m in conversations.messages(session, chat.id)] == [(1, "a"), (2, "b"), (3, "c")]
    assert [m.text for m in conversations.messages(session, chat.id, 2, 2)] == ["b"]
    assert chat.last_seq == 3


def test_same_client_id_is_one_message(session: Session, chat: Conversation) -> None:
    first = conversations.push(session, chat.id, "agent", text="a", client_id="entry:1")
    assert conversations.push(session, chat.id, "agent", text="b", client_id="entry:1") is first
    assert chat.last_seq == 1


def test_client_id_belongs_to_its_conversation(session: Session, chat: Conversation) -> None:
    other = conversations.ensure(session, f"web:{uuid4()}", "web")
    conversations.push(session, chat.id, "agent", text="a", client_id="1")
    assert conversations.push(session, other.id, "agent", text="b", client_id="1").text == "b"


def test_fifty_at_once_lose_and_double_nothing(clean_database: Engine) -> None:
    with Session(clean_database) as session, session.begin():
        chat_id = conversations.ensure(session, f"web:{uuid4()}", "web").id

    def push(number: int) -> None:
        with Session(clean_database) as own, own.begin():
            # Each twice, as after a lost acknowledgement.
            for _ in range(2):
                conversations.push(own, chat_id, "person", text=str(number), client_id=str(number // 2))

    in_threads(push, 14)
    with Session(clean_database) as session:
        said = conversations.messages(session, chat_id)
        assert [message.seq for message in said] == list(range(1, 8))
        assert {message.client_id for message in said} == {str(number) for number in range(7)}


def test_late_repeat_of_a_reply_does_not_make_the_chat_wait_again(session: Session, chat: Conversation) -> None:
    ticket = service.open_ticket(session, new_ticket(conversation_id=chat.id), REQUESTER)
    conversations.push(session, chat.id, "agent", client_id="entry:1", awaiting_ticket_id=ticket.id)
    assert chat.awaiting_ticket_id == ticket.id
    service.comment(session, ticket, "the second floor", REQUESTER)
    conversations.push(session, chat.id, "agent", client_id="entry:1", awaiting_ticket_id=ticket.id)
    session.refresh(chat)
    assert chat.awaiting_ticket_id is None


def test_unknown_conversation(session: Session) -> None:
    with pytest.raises(conversations.ConversationNotFound):
        conversations.push(session, uuid4(), "bot", text="hello?")
    with pytest.raises(conversations.ConversationNotFound):
        conversations.record_feedback(session, uuid4(), "connect_wifi", helped=True)


def test_feedback_is_kept(session: Session, chat: Conversation) -> None:
    conversations.record_feedback(session, chat.id, "connect_wifi", helped=False)
    kept = session.scalars(select(AnswerFeedback)).one()
    assert (kept.answer, kept.helped, kept.conversation_id) == ("connect_wifi", False, chat.id)


def test_the_assistant_hears_of_agents_words(clean_database: Engine) -> None:
    listener = psycopg2.connect(settings.get().libpq_url())
    listener.autocommit = True
    try:
        listener.cursor().execute("listen message")
        with Session(clean_database) as session, session.begin():
            chat_id = conversations.ensure(session, f"web:{uuid4()}", "web").id
            conversations.push(session, chat_id, "person", text="hello")
            conversations.push(session, chat_id, "agent", text="hello")
        select_ready([listener], [], [], 10)
        listener.poll()
        assert [notice.payload for notice in listener.notifies] == [f"{chat_id} 2"]
    finally:
        listener.close()


def test_nothing_said_is_nothing_kept(session: Session, chat: Conversation) -> None:
    assert conversations.messages(session, chat.id) == []
    assert session.scalar(select(func.count()).select_from(Message)) == 0
