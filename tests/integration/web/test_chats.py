"""The pages of chats with a human, without a script: what they show, what they refuse, and that no words are lost."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation, Message
from helpsage.departments import service as departments
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.handoff import service
from helpsage.handoff.models import Handoff, Reason
from helpsage.people.models import Account, Role
from tests.integration.web.conftest import EMAIL, PASSWORD, Desk, make_account
from tests.integration.web.visitor import Visitor

SAM = "sam@desk.example"


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
    with Session(database) as session, session.begin():
        library = Department(key="library", name="Library", widget_key="lib")
        session.add(library)
        session.flush()
        team = Team(department_id=library.id, name="Books", key="books")
        session.add(team)
        session.flush()
        account = session.scalars(select(Account).where(Account.email == SAM)).one()
        session.add(TeamMember(team_id=team.id, account_id=account.id))
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
