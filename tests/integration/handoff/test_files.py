"""Files that agents send in a chat: on the ticket that it becomes, once; gone with the person."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select

from helpsage import attachments, settings
from helpsage.attachments import AttachmentRefused, Received, storage
from helpsage.attachments.models import Attachment
from helpsage.conversations.models import Conversation
from helpsage.handoff import service
from helpsage.handoff.models import ChatFile
from helpsage.handoff.service import Agent
from helpsage.jobs import attachments as sweeping
from helpsage.people.models import Person
from helpsage.privacy import erasure, export
from helpsage.tickets import service as tickets
from helpsage.tickets.models import Ticket
from tests.integration.handoff.conftest import Desk


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder for this test's files."""
    monkeypatch.setenv("HELPSAGE_VAR", str(tmp_path))
    settings.get.cache_clear()
    yield
    monkeypatch.undo()
    settings.get.cache_clear()


@pytest.fixture
def priya(desk: Desk) -> Agent:
    return desk.agent("Priya")


@pytest.fixture
def chat(desk: Desk, priya: Agent) -> UUID:
    """Somebody talks with Priya."""
    found = desk.chat("the projector is broken")
    desk.asks(found)
    desk.act(lambda s: service.accept(s, desk.handoff(found).id, priya))
    return found


def received(name: str = "manual.txt", content: bytes = b"turn it off and on") -> Received:
    return attachments.receive(name, "", io.BytesIO(content))


def say(desk: Desk, chat: UUID, agent: Agent, text: str, *files: Received, key: str | None = None) -> None:
    desk.act(lambda s: service.say(s, desk.handoff(chat).id, agent, text, key, files))


def sweep(file: Received) -> None:
    """Remove it, unless somebody has it; it came long ago."""
    os.utime(storage.path_of(file.sha256), (0, 0))
    sweeping.remove([file.sha256])


def on_ticket(desk: Desk, ticket: Ticket) -> list[tuple[str, bool]]:
    """Names, and whether they stand with the chat that led there."""
    with desk.new() as session:
        asked = select(Attachment).where(Attachment.ticket_id == ticket.id).order_by(Attachment.created_at)
        return [(each.name, each.entry_id is None) for each in session.scalars(asked)]


def test_what_was_sent_before_and_after_the_ticket_is_on_it_once(desk: Desk, priya: Agent, chat: UUID) -> None:
    say(desk, chat, priya, "", received("before.txt"))
    ticket = desk.act(lambda s: service.make_ticket(s, desk.handoff(chat).id, priya))
    desk.passes(seconds=1)
    say(desk, chat, priya, "And this.", received("after.txt", b"else"))
    desk.act(lambda s: service.give_back(s, desk.handoff(chat).id, priya, "Done."))
    assert on_ticket(desk, ticket) == [("before.txt", True), ("after.txt", False)]
    with desk.new() as session:
        (note,) = tickets.thread(session, session.get_one(Ticket, ticket.id))
        assert session.scalars(select(Attachment.entry_id).where(Attachment.name == "after.txt")).one() == note.id
    assert note.visibility == "internal"
    assert "**Priya:** And this. (sent after.txt)" in note.body


def test_a_chat_that_nobody_can_answer_any_more_takes_them_along(desk: Desk, priya: Agent, chat: UUID) -> None:
    say(desk, chat, priya, "", received())
    ticket = desk.act(lambda s: service.file(s, desk.handoff(chat).id, "Nobody is there."))
    assert on_ticket(desk, ticket) == [("manual.txt", True)]


def test_what_does_not_fit_on_the_ticket_is_noted(
    desk: Desk, priya: Agent, chat: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(desk, chat, priya, "Look.", received())
    monkeypatch.setattr(settings.get(), "attachment_ticket_mb", 0)
    ticket = desk.act(lambda s: service.make_ticket(s, desk.handoff(chat).id, priya))
    assert on_ticket(desk, ticket) == []
    with desk.new() as session:
        (note,) = tickets.thread(session, session.get_one(Ticket, ticket.id))
    assert (note.visibility, "“manual.txt” does not fit" in note.body) == ("internal", True)


def test_once_per_key_with_its_files(desk: Desk, priya: Agent, chat: UUID) -> None:
    for _ in range(2):
        say(desk, chat, priya, "Look.", received(), key="k-1")
    with desk.new() as session:
        assert len(session.scalars(select(ChatFile)).all()) == 1


def test_one_that_vanished_before_it_was_said_is_asked_for_again(desk: Desk, priya: Agent, chat: UUID) -> None:
    file = received()
    storage.remove(file.sha256)
    with pytest.raises(AttachmentRefused) as refusal:
        say(desk, chat, priya, "Look.", file)
    assert refusal.value.problem == "gone"


def test_the_sweep_leaves_what_a_chat_has(desk: Desk, priya: Agent, chat: UUID) -> None:
    file = received()
    say(desk, chat, priya, "Look.", file)
    sweep(file)
    assert storage.present(file.sha256)


def test_the_person_gets_them_with_their_data_and_they_go_with_the_person(desk: Desk, priya: Agent, chat: UUID) -> None:
    file = received()
    say(desk, chat, priya, "Look.", file)
    with desk.new() as session, session.begin():
        person = Person(name="Asha Patel")
        session.add(person)
        session.flush()
        session.get_one(Conversation, chat).person_id = person.id
        identified = person.id
    with (
        desk.new() as session,
        session.begin(),
        export.archive(session, identified) as made,
        zipfile.ZipFile(made) as packed,
    ):
        (path,) = (name for name in packed.namelist() if name.endswith("manual.txt"))
        assert packed.read(path) == b"turn it off and on"
    with desk.new() as session, session.begin():
        assert erasure.erase(session, identified).files == 1
        assert session.scalars(select(ChatFile)).all() == []
    sweep(file)
    assert not storage.present(file.sha256)
