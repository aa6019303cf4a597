"""What chat applications bring besides words."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.attachments.models import Attachment
from helpsage.channels import documents, files
from helpsage.channels.models import ChannelConversation
from helpsage.configuration.models import Configuration
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation, Message
from helpsage.jobs import channels as tasks
from helpsage.mail.models import Mail
from helpsage.people.models import Role
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.worker import program
from tests.integration.web.conftest import make_account
from tests.vendors.loopback import Answer
from tests.vendors.slack import TOKEN, Slack

NewSession = Callable[[], Session]


@pytest.fixture
def chat(new_session: NewSession) -> Conversation:
    with new_session() as session, session.begin():
        return conversations.ensure(session, "slack:T1:U1", "slack")


def form(**more: Any) -> dict[str, Any]:
    return {"subject": "Printer", "description": "It is on fire.", "delivery_id": 7, "installation": "main", **more}


def test_a_form_is_one_ticket_and_is_shown(new_session: NewSession, chat: Conversation) -> None:
    for _ in range(2):
        tasks.file_form(event_id=3, subject_id=str(chat.id), payload=form())
    with new_session() as session:
        ticket = session.scalars(select(Ticket)).one()
        shown = session.scalars(select(Message)).one()
    assert (ticket.subject, ticket.description, ticket.channel) == ("Printer", "It is on fire.", "slack")
    assert ticket.conversation_id == chat.id
    assert shown.data["ticket"] == {
        "reference": ticket.reference,
        "subject": "Printer",
        "status": "open",
        "status_label": "Open",
    }


def test_a_form_of_a_conversation_that_is_gone_is_no_failure(new_session: NewSession) -> None:
    tasks.file_form(event_id=3, subject_id=str(uuid4()), payload=form())
    with new_session() as session:
        assert session.scalars(select(Ticket)).all() == []


def test_administrators_are_told_once_that_a_channel_is_broken(new_session: NewSession) -> None:
    with new_session() as session:
        engine: Any = session.get_bind()
    make_account(engine, "ada@desk.example", "Ada", Role.ADMINISTRATOR)
    make_account(engine, "ben@desk.example", "Ben", Role.AGENT)
    told = {"installation": "main", "name": "Work", "reason": "chat.postMessage: token_revoked"}
    for _ in range(2):
        tasks.tell_broken(event_id=4, subject_id=str(uuid4()), payload=told)
    with new_session() as session:
        letter = session.scalars(select(Mail)).one()
    assert letter.recipient == "ada@desk.example"
    assert "token_revoked" in letter.text
    assert "/settings/channels/main" in letter.text


# A picture of one dot (PNG).
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture
def slack(new_session: NewSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    """A workspace that is installed as `main`."""
    monkeypatch.setenv("HELPSAGE_VAR", str(tmp_path))
    settings.get.cache_clear()
    found = Slack()
    installation = {
        "key": "main",
        "kind": "slack",
        "name": "Work",
        "department": "",
        "enabled": True,
        "options": {"url": f"{found.url}/api"},
        "secrets": {"token": documents.seal(TOKEN), "signing_secret": documents.seal("secret")},
    }
    with new_session() as session, session.begin():
        session.add(Configuration(name="channels", content={"installations": [installation]}))
    yield found
    found.close()
    monkeypatch.undo()
    settings.get.cache_clear()


def send(new_session: NewSession, chat: Conversation, slack: Slack, *names: str) -> dict[str, Any]:
    """Somebody sends files; returns what the event carries."""
    sent = [
        {"id": name, "name": name, "content_type": "image/png", "url": f"{slack.url}/files/{name}"} for name in names
    ]
    with new_session() as session, session.begin():
        conversations.ensure(session, chat.sender_id, chat.channel)
        if session.get(ChannelConversation, chat.id) is None:
            session.add(
                ChannelConversation(conversation_id=chat.id, installation="main", external_id="T1:U1", address={})
            )
        said = conversations.push(session, chat.id, "person", text=", ".join(names), data={"files": sent})
        return {"message_id": said.id, "installation": "main"}


def open_ticket(new_session: NewSession, chat: Conversation) -> Ticket:
    with new_session() as session, session.begin():
        new = service.NewTicket("Printer", "It is on fire.", "general_issue", "slack", conversation_id=chat.id)
        return service.open_ticket(session, new, service.Actor("requester"))


def attached(new_session: NewSession) -> list[tuple[str, int]]:
    with new_session() as session:
        return [(each.name, each.size) for each in session.scalars(select(Attachment).order_by(Attachment.name))]


def told(new_session: NewSession) -> list[str]:
    with new_session() as session:
        return list(session.scalars(select(Message.text).where(Message.author == "system").order_by(Message.seq)))


def test_files_go_on_the_ticket_once(new_session: NewSession, chat: Conversation, slack: Slack) -> None:
    slack.files = {"fire.png": DOT, "smoke.png": DOT}
    ticket = open_ticket(new_session, chat)
    payload = send(new_session, chat, slack, "fire.png", "smoke.png")
    for _ in range(2):
        tasks.fetch_files(event_id=5, subject_id=str(chat.id), payload=payload)
    assert attached(new_session) == [("fire.png", len(DOT)), ("smoke.png", len(DOT))]
    assert told(new_session) == [f"I have put fire.png, smoke.png on your ticket **{ticket.reference}**."]


def test_files_sent_before_the_ticket_are_put_on_it(new_session: NewSession, chat: Conversation, slack: Slack) -> None:
    slack.files = {"fire.png": DOT}
    payload = send(new_session, chat, slack, "fire.png")
    tasks.fetch_files(event_id=5, subject_id=str(chat.id), payload=payload)
    assert "Tell me what it is about" in told(new_session)[0]
    assert attached(new_session) == []
    ticket = open_ticket(new_session, chat)
    for _ in range(2):
        tasks.fetch_earlier_files(event_id=6, subject_id=str(ticket.id), payload={})
    assert attached(new_session) == [("fire.png", len(DOT))]


def test_only_for_a_ticket_of_a_chat_application_are_files_looked_for(
    new_session: NewSession, chat: Conversation, slack: Slack
) -> None:
    send(new_session, chat, slack, "fire.png")
    ticket = open_ticket(new_session, chat)
    with new_session() as session, session.begin():
        alone = service.NewTicket("Lamp", "It is broken.", "general_issue", "email")
        service.open_ticket(session, alone, service.Actor("requester"))
    program.dispatch_all()
    with new_session() as session:
        asked = "select args ->> 'subject_id' from jobs.procrastinate_jobs where task_name = :task"
        looked_at = session.scalars(text(asked), {"task": "channels.fetch_earlier_files"}).all()
    assert looked_at == [str(ticket.id)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "I could not fetch fire.png. Please send it again."),
        ({"fire.png": b"MZ a program"}, "does not hold what its ending says"),
        ({"fire.png": b"x" * 11_000_000}, "is larger than 10 MB"),
    ],
    ids=["vanished", "a program", "too large"],
)
def test_what_is_not_taken_is_said(
    new_session: NewSession, chat: Conversation, slack: Slack, content: dict[str, bytes], words: str
) -> None:
    slack.files = content
    open_ticket(new_session, chat)
    payload = send(new_session, chat, slack, "fire.png")
    tasks.fetch_files(event_id=5, subject_id=str(chat.id), payload=payload)
    assert attached(new_session) == []
    assert words in told(new_session)[0]
    assert "I have put" not in told(new_session)[0]


def test_trouble_on_the_way_is_tried_again(new_session: NewSession, chat: Conversation, slack: Slack) -> None:
    slack.files = {"fire.png": DOT}
    slack.trouble = lambda asked: Answer(500, b"")
    open_ticket(new_session, chat)
    payload = send(new_session, chat, slack, "fire.png")
    with pytest.raises(files.FileAway):
        tasks.fetch_files(event_id=5, subject_id=str(chat.id), payload=payload)
    assert told(new_session) == []


@pytest.mark.parametrize(
    "url", ["https://evil.example/x", "http://files.slack.com/x", "https://slack.com.evil.example/x"]
)
def test_the_token_goes_to_slack_alone(url: str) -> None:
    with pytest.raises(files.FileGone, match="not Slack's"):
        files.fetch({"kind": "slack", "options": {}}, {"token": TOKEN}, {"url": url})
