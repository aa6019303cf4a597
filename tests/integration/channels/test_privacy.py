"""What chat applications brought is handed out with an export and gone after an erasure."""

from __future__ import annotations

import zipfile
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.channels.models import ChannelConversation, Delivery, Post
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author, Conversation
from helpsage.people import directory
from helpsage.people.models import Person
from helpsage.privacy import erasure, export

RAW = b'{"event": {"text": "my private matter"}}'


@pytest.fixture
def person(session: Session) -> Person:
    return directory.add(session, "Ana")


@pytest.fixture
def chat(session: Session, person: Person) -> Conversation:
    """A conversation on Slack with something brought and something that is to be posted."""
    found = conversations.ensure(session, "slack:T1:U1", "slack")
    found.person_id = person.id
    session.add(
        ChannelConversation(
            conversation_id=found.id, installation="main", external_id="T1:U1", address={"channel": "D1"}
        )
    )
    session.add(
        Delivery(channel="slack", installation="main", key="Ev1", raw=RAW, state="said", conversation_id=found.id)
    )
    session.flush()
    conversations.push(session, found.id, Author.BOT, text="about your private matter")
    return found


def test_what_is_said_waits_to_be_posted(session: Session, chat: Conversation) -> None:
    post = session.scalars(select(Post)).one()
    assert (post.installation, post.part, post.state) == ("main", 0, "waiting")


def test_a_conversation_on_the_website_is_not_posted(session: Session) -> None:
    chat = conversations.ensure(session, f"web:{uuid4()}", "webchat")
    conversations.push(session, chat.id, Author.BOT, text="hello")
    assert session.scalars(select(Post)).all() == []


def test_exported_as_it_came(session: Session, person: Person, chat: Conversation) -> None:
    with export.archive(session, person.id) as made, zipfile.ZipFile(made) as packed:
        brought = [packed.read(name) for name in packed.namelist() if name.startswith("received/")]
    assert brought == [RAW]


def test_erased_nothing_is_left_and_nothing_is_posted(session: Session, person: Person, chat: Conversation) -> None:
    erasure.erase(session, person.id, by="requester")
    session.expire_all()
    delivery = session.scalars(select(Delivery)).one()
    assert (delivery.raw, delivery.key) == (b"", "Ev1")
    assert session.scalars(select(Post)).all() == []
    assert session.scalars(select(ChannelConversation)).all() == []
    assert conversations.of_sender(session, "slack:T1:U1") is None
