"""The pages of chats with a human, without a script: what they show, what they refuse, and that no words are lost."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from assistant.channels import sent_files
from helpsage import attachments, settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation, Message
from helpsage.departments import service as departments
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.handoff import service
from helpsage.handoff.models import ChatFile, Handoff, Reason
from helpsage.jobs.chat import deliver_reply_to_chat
from helpsage.people.models import Account, Role
from helpsage.tickets import service as tickets
from helpsage.tickets.service import Actor
from tests.integration.attachments.conftest import picture
from tests.integration.web.conftest import EMAIL, PASSWORD, Desk, make_account
from tests.integration.web.visitor import Visitor

SAM = "sam@desk.example"
#: Name, content and type, as a form sends them.
File = tuple[str, bytes, str]


@pytest.fixture
def sam(web_url: str, database: Engine) -> Iterator[Visitor]:
    """Another agent's browser, logged in."""
    make_account(database, SAM, "Sam Okoro", Role.AGENT)
    with Visitor(web_url) as browser:
        assert browser.log_in(SAM, PASSWORD).status_code == 200
        yield browser


def somebody_waits(engine: Engine, words: str = "my <b>laptop</b> is dead") -> UUID:
    """Somebody who asked for a human; somebody is there."""
    with Session(engine) as session, session.begin():
        departments.ensure_defaults(session)
        chat = conversations.ensure(session, f"web:{uuid4()}", "webchat")
        conversations.push(session, chat.id, "person", text=words)
        service.ask(session, chat.id, Reason.ASKED)
        found = service.current(session, chat.id)
        assert found is not None
        return found.id


def put_into_another_department(engine: Engine) -> None:
    """Sam works there from now on."""
    with Session(engine) as session, session.begin():
        library = Department(key="library", name="Library", widget_key="lib")
        session.add(library)
        session.flush()
        team = Team(department_id=library.id, name="Books", key="books")
        session.add(team)
        session.flush()
        account = session.scalars(select(Account).where(Account.email == SAM)).one()
        session.add(TeamMember(team_id=team.id, account_id=account.id))


def owner(engine: Engine, handoff: UUID) -> str:
    with Session(engine) as session:
        return session.get_one(Conversation, session.get_one(Handoff, handoff).conversation_id).owner


def said(engine: Engine, author: str) -> list[str]:
    with Session(engine) as session:
        return list(session.scalars(select(Message.text).where(Message.author == author).order_by(Message.id)))


def test_a_chat_from_the_queue_to_its_end(agent: Visitor, database: Engine) -> None:
    waiting = somebody_waits(database)
    page = agent.get("/agent/chats")
    assert "my &lt;b&gt;laptop&lt;/b&gt; is dead" in page.text
    page = agent.submit(agent.form(page, "/agent/chats/next"))
    assert page.url.path == f"/agent/chats/{waiting}"
    assert owner(database, waiting) == "human"
    page = agent.submit(
        agent.form(page, f"/agent/chats/{waiting}/say"), body="Does {{requester.first_name}} see a light?"
    )
    assert said(database, "agent") == ["Does there see a light?"]
    page = agent.submit(agent.form(page, f"/agent/chats/{waiting}/ticket"), subject="Dead laptop")
    assert "HS-" in page.text
    agent.submit(agent.form(page, f"/agent/chats/{waiting}/end"), summary="A new battery is ordered.")
    assert owner(database, waiting) == "bot"
    assert "A new battery is ordered." in said(database, "system")[-1]
    assert "A new battery is ordered." in agent.get(f"/agent/chats/{waiting}").text


def test_who_comes_second_reads_who_was_faster(agent: Visitor, sam: Visitor, database: Engine) -> None:
    waiting = somebody_waits(database)
    first, second = agent.get(f"/agent/chats/{waiting}"), sam.get(f"/agent/chats/{waiting}")
    agent.submit(agent.form(first, f"/agent/chats/{waiting}/accept"))
    answer = sam.submit(sam.form(second, f"/agent/chats/{waiting}/accept"))
    assert answer.status_code == 409
    assert "Priya Raman was faster" in answer.text


def test_what_was_typed_into_a_chat_that_went_on_elsewhere_is_not_lost(
    agent: Visitor, sam: Visitor, database: Engine
) -> None:
    waiting = somebody_waits(database)
    page = agent.submit(agent.form(agent.get(f"/agent/chats/{waiting}"), f"/agent/chats/{waiting}/accept"))
    with Session(database) as session, session.begin():
        service.offer_again(session, waiting)
    answer = agent.submit(agent.form(page, f"/agent/chats/{waiting}/say"), body="words of value")
    assert answer.status_code == 409
    assert "words of value" in answer.text
    assert said(database, "agent") == []


def test_other_departments_chats_are_not_there(agent: Visitor, sam: Visitor, database: Engine) -> None:
    waiting = somebody_waits(database)
    put_into_another_department(database)
    assert agent.get(f"/agent/chats/{waiting}").status_code == 200
    assert sam.get(f"/agent/chats/{waiting}").status_code == 404
    assert "Nobody waits." in sam.get("/agent/chats").text


def test_an_agent_who_takes_no_chats_is_not_there_for_them(agent: Visitor, database: Engine) -> None:
    page = agent.get("/agent/chats")
    page = agent.submit(agent.form(page, "/agent/chats/availability"))
    assert "You answer no chats." in page.text
    with pytest.raises(service.NobodyThere):
        somebody_waits(database)
    agent.submit(agent.form(page, "/agent/chats/availability"))
    assert somebody_waits(database)


def test_talking_with_whoever_asked_for_a_ticket(agent: Visitor, desk: Desk, database: Engine) -> None:
    ticket = desk.ticket()
    page = agent.submit(
        agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), f"/agent/tickets/{ticket.reference}/chat")
    )
    assert page.url.path.startswith("/agent/chats/")
    assert ticket.reference in said(database, "system")[-1]
    assert EMAIL not in said(database, "system")[-1]


class TestFiles:
    """Files that an agent sends in a chat."""

    @pytest.fixture(autouse=True)
    def folder(self, database: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An empty folder for this test's files."""
        monkeypatch.setattr(settings.get(), "var", tmp_path)

    def send(self, agent: Visitor, page: httpx.Response, chat: UUID, *files: File, **typed: str) -> httpx.Response:
        form = agent.form(page, f"/agent/chats/{chat}/say")
        sent = [("files", file) for file in files]
        return agent.post(form.action, data={**form.values, **typed}, files=sent)

    def taken(self, agent: Visitor, chat: UUID) -> httpx.Response:
        return agent.submit(agent.form(agent.get(f"/agent/chats/{chat}"), f"/agent/chats/{chat}/accept"))

    def messages(self, engine: Engine) -> list[Message]:
        with Session(engine) as session:
            return list(session.scalars(select(Message).where(Message.author == "agent").order_by(Message.id)))

    def test_several_with_words_are_one_message_and_shown(self, agent: Visitor, database: Engine) -> None:
        chat = somebody_waits(database)
        files = (("plan.png", picture(), "image/png"), ("log.txt", b"it broke", "text/plain"))
        page = self.send(agent, self.taken(agent, chat), chat, *files, body="Look at these.")
        (message,) = self.messages(database)
        assert (message.text, [each["name"] for each in message.data["files"]]) == (
            "Look at these.",
            ["plan.png", "log.txt"],
        )
        assert [each.get("picture") for each in message.data["files"]] == [True, None]
        assert page.text.index("plan.png") < page.text.index("log.txt")
        assert "plan.png?show=thumbnail" in page.text
        first, second = (each["id"] for each in message.data["files"])
        drawn = agent.get(f"/attachments/{first}/plan.png?show=thumbnail")
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/webp")
        saved = agent.get(f"/attachments/{second}/log.txt")
        assert saved.content == b"it broke"
        assert saved.headers["content-disposition"].startswith("attachment;")

    def test_those_of_a_tickets_reply_are_shown_too(self, agent: Visitor, desk: Desk, database: Engine) -> None:
        ticket = desk.ticket()
        with Session(database) as session, session.begin():
            found = tickets.by_id(session, ticket.id)
            entry = tickets.reply(session, found, "Look.", Actor("agent", "Sam"))
            attachments.store(session, ticket.id, entry.id, "plan.txt", "", io.BytesIO(b"the plan"))
            payload = {"entry_id": str(entry.id)}
        deliver_reply_to_chat(event_id=1, subject_id=str(ticket.id), payload=payload)
        form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), f"/agent/tickets/{ticket.reference}/chat")
        assert re.search(r'href="/attachments/[^"]+/plan.txt"', agent.submit(form).text)

    def test_one_without_words(self, agent: Visitor, database: Engine) -> None:
        chat = somebody_waits(database)
        self.send(agent, self.taken(agent, chat), chat, ("log.txt", b"it broke", ""), body="")
        (message,) = self.messages(database)
        assert (message.text, len(message.data["files"])) == ("", 1)

    def test_neither_words_nor_files_is_nothing(self, agent: Visitor, database: Engine) -> None:
        chat = somebody_waits(database)
        assert self.send(agent, self.taken(agent, chat), chat, body="  ").status_code == 422
        assert self.messages(database) == []

    def test_sent_twice_is_sent_once(self, agent: Visitor, database: Engine) -> None:
        chat = somebody_waits(database)
        page = self.taken(agent, chat)
        for _ in range(2):
            self.send(agent, page, chat, ("log.txt", b"it broke", ""), body="Look.")
        assert len(self.messages(database)) == 1
        with Session(database) as session:
            assert len(session.scalars(select(ChatFile)).all()) == 1

    def test_one_that_is_refused_is_told_beside_the_field_and_nothing_is_lost(
        self, agent: Visitor, database: Engine
    ) -> None:
        chat = somebody_waits(database)
        files = (("run.exe", b"MZ\x90\x00" + bytes(50), ""), ("log.txt", b"it broke", ""))
        page = self.send(agent, self.taken(agent, chat), chat, *files, body="words of value")
        assert page.status_code == 422
        assert self.messages(database) == []
        assert re.search(r'id="chat-files-problem">Files like “run.exe” cannot be attached', page.text)
        assert "words of value</textarea>" in page.text
        again = agent.form(page, f"/agent/chats/{chat}/say")
        assert "kept" in again.values, "the other file need not be chosen again"
        agent.submit(again)
        (message,) = self.messages(database)
        assert (message.text, [each["name"] for each in message.data["files"]]) == ("words of value", ["log.txt"])

    @pytest.mark.parametrize(
        ("limit", "files", "told"),
        [
            ("attachment_max_mb", [("big.txt", b"a" * 1_000_001, "")], "“big.txt” is larger than 1 MB."),
            ("attachment_max_files", [("a.txt", b"a", ""), ("b.txt", b"b", "")], "“b.txt” is one file too many"),
            ("attachment_ticket_mb", [("a.txt", b"a" * 600_000, ""), ("b.txt", b"b" * 600_000, "")], "one chat"),
        ],
    )
    def test_too_much_is_told_with_the_limit(
        self,
        agent: Visitor,
        database: Engine,
        monkeypatch: pytest.MonkeyPatch,
        limit: str,
        files: list[File],
        told: str,
    ) -> None:
        monkeypatch.setattr(settings.get(), limit, 1)
        chat = somebody_waits(database)
        page = self.send(agent, self.taken(agent, chat), chat, *files, body="words of value")
        assert page.status_code == 422
        assert told in page.text
        assert "words of value" in page.text
        assert self.messages(database) == []

    def test_a_chat_of_somebody_else_takes_none(self, agent: Visitor, sam: Visitor, database: Engine) -> None:
        chat = somebody_waits(database)
        page = self.taken(agent, chat)
        form = agent.form(page, f"/agent/chats/{chat}/say")
        csrf = sam.form(sam.get("/agent/chats"), "/agent/chats/availability").values["csrf"]
        answer = sam.post(
            form.action, data={"csrf": csrf, "body": "", "key": "k"}, files=[("files", ("log.txt", b"it broke", ""))]
        )
        assert answer.status_code == 409
        assert self.messages(database) == []

    def test_who_may_not_see_the_chat_opens_no_file_of_it(
        self, agent: Visitor, sam: Visitor, visitor: Visitor, database: Engine
    ) -> None:
        chat = somebody_waits(database)
        self.send(agent, self.taken(agent, chat), chat, ("log.txt", b"it broke", ""), body="")
        path = f"/attachments/{self.messages(database)[0].data['files'][0]['id']}/log.txt"
        assert sam.get(path).status_code == 200, "of the same department"
        put_into_another_department(database)
        assert sam.get(path).status_code == 404
        assert visitor.get(path).content != b"it broke"

    def test_the_person_opens_it_by_the_address_of_their_window(
        self, agent: Visitor, visitor: Visitor, database: Engine
    ) -> None:
        chat = somebody_waits(database)
        self.send(agent, self.taken(agent, chat), chat, ("plan.png", picture(), ""), body="")
        (message,) = self.messages(database)
        shown = {"author": "agent", "data": message.data}
        (told,) = sent_files.with_addresses([shown], "", settings.get().derived("webchat"))
        (file,) = told["data"]["files"]
        assert visitor.get(file["url"]).content == picture()
        drawn = visitor.get(file["thumbnail"])
        assert (drawn.headers["content-type"], drawn.headers["cross-origin-resource-policy"]) == (
            "image/webp",
            "cross-origin",
        )
        assert visitor.get(file["url"].replace("/chat/files/", "/chat/files/x")).status_code == 404
