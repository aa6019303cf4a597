"""Files said in a team's thread: with the note, with the answer, to the person in the chat; bounded, once, told of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.alerts import hearing
from helpsage.alerts.models import Alert, AlertWord
from helpsage.attachments.models import Attachment
from helpsage.channels import documents
from helpsage.channels import files as vendors
from helpsage.conversations.models import Message
from helpsage.handoff.models import ChatFile
from helpsage.jobs import alerts as alert_jobs
from helpsage.tickets import service
from helpsage.tickets.models import Entry, Ticket
from helpsage.tickets.service import Actor
from tests.integration.alerts.conftest import KINDS, Floor
from tests.vendors.loopback import Answer
from tests.vendors.slack import TOKEN, Slack


@pytest.fixture
def slack(floor: Floor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slack]:
    """The workspace in which the team talks, with what lies there."""
    monkeypatch.setenv("HELPSAGE_VAR", str(tmp_path))
    settings.get.cache_clear()
    found = Slack()
    found.files = {"log.txt": b"it broke", "plan.txt": b"the plan"}

    def connect(session: Session) -> None:
        content = session.scalar(text("select content from configuration where name = 'channels'"))
        for each in content["installations"]:
            if each["key"] == KINDS["slack"]:
                each["options"]["url"] = f"{found.url}/api"
                each["secrets"] = {"token": documents.seal(TOKEN)}
        changed = text("update configuration set content = cast(:content as jsonb) where name = 'channels'")
        session.execute(changed, {"content": json.dumps(content)})

    floor.do(connect)
    yield found
    found.close()
    monkeypatch.undo()
    settings.get.cache_clear()


@pytest.fixture
def told(floor: Floor, slack: Slack) -> tuple[Ticket, Alert]:
    """A ticket that the team is told of; Priya works there."""
    floor.place()
    floor.member("Priya")
    ticket = floor.ticket()
    (alert,) = floor.alerts()
    return ticket, alert


def sent(slack: Slack, *names: str, **more: Any) -> list[dict[str, Any]]:
    """Files as the assistant keeps them."""
    return [
        {"id": name, "name": name, "content_type": "", "size": None, "url": f"{slack.url}/files/{name}", **more}
        for name in names
    ]


def attached(floor: Floor) -> list[tuple[str, str, str]]:
    """Visibility and words of what they stand with, and their names."""
    with floor.new() as session:
        asked = select(Entry.visibility, Entry.body, Attachment.name).join(Entry, Entry.id == Attachment.entry_id)
        return [(row[0], row[1], row[2]) for row in session.execute(asked.order_by(Attachment.name))]


def test_with_plain_words_they_are_on_the_note(floor: Floor, slack: Slack, told: tuple[Ticket, Alert]) -> None:
    _, alert = told
    assert floor.hears(alert, "see these", "Priya", files=sent(slack, "log.txt", "plan.txt")) == "note"
    assert attached(floor) == [("internal", "see these", "log.txt"), ("internal", "see these", "plan.txt")]


def test_alone_they_are_a_note_of_their_names(floor: Floor, slack: Slack, told: tuple[Ticket, Alert]) -> None:
    _, alert = told
    assert floor.hears(alert, "", "Priya", files=sent(slack, "log.txt")) == "note"
    assert attached(floor) == [("internal", "log.txt", "log.txt")]


def test_with_a_reply_they_go_out(floor: Floor, slack: Slack) -> None:
    floor.place()
    floor.member("Priya")
    conversation = floor.chat("the wifi is gone")
    floor.ticket(conversation_id=conversation)
    (alert,) = floor.alerts()
    assert floor.hears(alert, "!reply Look here.", "Priya", files=sent(slack, "log.txt")) == "reply"
    assert attached(floor) == [("public", "Look here.", "log.txt")]
    with floor.new() as session:
        (message,) = session.scalars(
            select(Message).where(Message.conversation_id == conversation, Message.author == "agent")
        )
    assert (message.text, [each["name"] for each in message.data["files"]]) == ("Look here.", ["log.txt"])
    assert "→ Sent to Asha Patel as **Priya**'s answer, with log.txt." in floor.thread(alert)


def test_the_same_event_twice_adds_one(floor: Floor, slack: Slack, told: tuple[Ticket, Alert]) -> None:
    _, alert = told
    for _ in range(2):
        floor.hears(alert, "see this", "Priya", key="m-1", files=sent(slack, "log.txt"))
    assert attached(floor) == [("internal", "see this", "log.txt")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "“log.txt” could not be fetched"),
        ({"log.txt": b"MZ\x90\x00" + bytes(60)}, "cannot be attached"),
        ({"log.txt": b"x" * 1_000_001}, "“log.txt” is larger than 1 MB."),
    ],
    ids=["vanished", "a program", "too large"],
)
def test_one_that_cannot_be_had_is_told_of_and_the_words_are_kept(
    floor: Floor,
    slack: Slack,
    told: tuple[Ticket, Alert],
    monkeypatch: pytest.MonkeyPatch,
    content: dict[str, bytes],
    words: str,
) -> None:
    ticket, alert = told
    monkeypatch.setattr(settings.get(), "attachment_max_mb", 1)
    slack.files = {**content, "plan.txt": b"the plan"}
    assert floor.hears(alert, "see these", "Priya", files=sent(slack, "log.txt", "plan.txt")) == "note"
    assert floor.entries(ticket) == [("internal", "Priya", "see these")]
    assert [name for *_, name in attached(floor)] == ["plan.txt"]
    assert words in floor.thread(alert)[-1]


def test_one_that_says_it_is_too_large_is_not_fetched(floor: Floor, slack: Slack, told: tuple[Ticket, Alert]) -> None:
    _, alert = told
    floor.hears(alert, "see this", "Priya", files=sent(slack, "log.txt", size=10_000_000_000))
    assert "is larger than 10 MB" in floor.thread(alert)[-1]
    assert slack.asked == []


def test_no_more_than_a_message_may_have(
    floor: Floor, slack: Slack, told: tuple[Ticket, Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, alert = told
    monkeypatch.setattr(settings.get(), "attachment_max_files", 1)
    floor.hears(alert, "see these", "Priya", files=sent(slack, "log.txt", "plan.txt"))
    assert [name for *_, name in attached(floor)] == ["log.txt"]
    assert "“plan.txt” is one file too many" in floor.thread(alert)[-1]


def test_no_more_than_a_ticket_may_have(
    floor: Floor, slack: Slack, told: tuple[Ticket, Alert], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, alert = told
    monkeypatch.setattr(settings.get(), "attachment_ticket_mb", 0)
    assert floor.hears(alert, "see this", "Priya", files=sent(slack, "log.txt")) == "note"
    assert floor.entries(ticket) == [("internal", "Priya", "see this")]
    assert attached(floor) == []
    assert "does not fit" in floor.thread(alert)[-1]


def test_alone_and_not_to_be_had_it_is_nothing_and_they_are_told(
    floor: Floor, slack: Slack, told: tuple[Ticket, Alert]
) -> None:
    ticket, alert = told
    slack.files = {}
    assert floor.hears(alert, "", "Priya", files=sent(slack, "log.txt")) == "nothing"
    assert floor.entries(ticket) == []
    assert "“log.txt” could not be fetched" in floor.asides("Priya")[-1]


def test_words_wait_a_little_for_a_server_in_trouble_and_no_longer(
    floor: Floor, slack: Slack, told: tuple[Ticket, Alert]
) -> None:
    ticket, alert = told
    slack.trouble = lambda asked: Answer(500, b"")
    with pytest.raises(vendors.FileAway):
        floor.hears(alert, "see this", "Priya", files=sent(slack, "log.txt"))
    assert floor.entries(ticket) == []
    with floor.new() as session:
        word = session.scalars(select(AlertWord.id).where(AlertWord.done_at.is_(None))).one()
    floor.now += hearing.WORDS_WAIT + timedelta(seconds=1)
    alert_jobs.hear(event_id=1, subject_id=str(alert.conversation_id), payload={"word_id": word})
    assert floor.entries(ticket) == [("internal", "Priya", "see this")]
    assert "“log.txt” cannot be fetched just now" in floor.thread(alert)[-1]
    assert clock.now() == floor.now


def test_nothing_of_a_stranger_is_fetched(floor: Floor, slack: Slack, told: tuple[Ticket, Alert]) -> None:
    _, alert = told
    assert floor.hears(alert, "see this", "Mallory", files=sent(slack, "log.txt")) == "stranger"
    assert slack.asked == []
    assert attached(floor) == []


@pytest.mark.parametrize("said", ["!take", "!rpely see this"])
def test_nothing_is_fetched_for_what_keeps_no_words(
    floor: Floor, slack: Slack, told: tuple[Ticket, Alert], said: str
) -> None:
    _, alert = told
    floor.hears(alert, said, "Priya", files=sent(slack, "log.txt"))
    assert slack.asked == []
    assert attached(floor) == []


def test_the_names_are_told_where_the_ticket_is_told_besides(
    floor: Floor, slack: Slack, told: tuple[Ticket, Alert]
) -> None:
    ticket, alert = told
    elsewhere = floor.place("telegram", "-100")
    floor.act(lambda s: service.escalate(s, s.get_one(Ticket, ticket.id), Actor("system"), "too hard for us"))
    (other,) = floor.alerts(elsewhere)
    floor.hears(alert, "see this", "Priya", files=sent(slack, "log.txt"))
    assert floor.thread(other)[-1] == "**Priya** noted, among staff:\n\nsee this\n\n(with log.txt)"
    assert "log.txt" not in "\n".join(floor.thread(alert)), "an echo of what stands there"


class TestChats:
    def test_words_go_without_a_file_that_does_not_fit(
        self, floor: Floor, slack: Slack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        floor.agent("Lena")
        floor.place(team=False)
        floor.member("Priya")
        conversation = floor.chat("the wifi in my room is gone")
        floor.asks(conversation)
        (alert,) = floor.alerts()
        floor.press(alert, "Priya")
        monkeypatch.setattr(settings.get(), "attachment_ticket_mb", 0)
        assert floor.hears(alert, "look", "Priya", files=sent(slack, "log.txt")) == "said"
        with floor.new() as session:
            asked = select(Message).where(Message.conversation_id == conversation, Message.author == "agent")
            (message,) = session.scalars(asked)
        assert (message.text, message.data) == ("look", {})
        assert "“log.txt” does not fit" in floor.thread(alert)[-1]

    def test_who_talks_from_the_thread_sends_them_to_the_person(self, floor: Floor, slack: Slack) -> None:
        floor.agent("Lena")
        floor.place(team=False)
        floor.member("Priya")
        conversation = floor.chat("the wifi in my room is gone")
        floor.asks(conversation)
        (alert,) = floor.alerts()
        assert floor.hears(alert, "look", "Priya", files=sent(slack, "log.txt")) == "stayed"
        assert slack.asked == [], "nobody talks from here yet"
        floor.press(alert, "Priya")
        assert floor.hears(alert, "", "Priya", files=sent(slack, "log.txt")) == "said"
        with floor.new() as session:
            asked = select(Message).where(Message.conversation_id == conversation, Message.author == "agent")
            (message,) = session.scalars(asked)
            assert [file.name for file in session.scalars(select(ChatFile))] == ["log.txt"]
        assert (message.text, [each["name"] for each in message.data["files"]]) == ("", ["log.txt"])
