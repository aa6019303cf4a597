"""Beside a chat stand the FAQ answers nearest to the person's last words, to be inserted; without a script, too."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.conversations.models import Message
from helpsage.knowledge import articles, faq, index, suggesting
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.importing import IMPORT
from helpsage.knowledge.solved_source import Solved
from helpsage.knowledge.source import Asked, Suggestion
from helpsage.people.models import Role
from helpsage.people.permissions import Viewer
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket
from helpsage.triage import essence, store, twins
from tests.integration.web.test_chats import somebody_waits
from tests.integration.web.visitor import Visitor


@pytest.fixture(scope="module", autouse=True)
def made() -> None:
    """The index of the FAQ, which the program makes beside its requests."""
    faq.index(store.encoder())


def said(*words: str, author: str = "person", **data: str) -> list[Message]:
    return [Message(author=author, text=each, data=data) for each in words]


def keys(session: Session, messages: Sequence[Message]) -> list[str]:
    return [each.key for each in suggesting.for_chat(session, messages)]


class TestNearest:
    def test_the_nearest_comes_first_and_there_are_three_at_most(self, session: Session) -> None:
        found = suggesting.for_chat(session, said("how do I get on the wifi in the dorm"))
        assert found[0].key == "faq:connect_wifi"
        assert "eduroam" in found[0].text
        assert len(found) <= suggesting.MOST
        assert [each.likeness for each in found] == sorted((each.likeness for each in found), reverse=True)

    @pytest.mark.parametrize("words", ["hello", "what is the weather like in Paris today", ""])
    def test_nothing_is_near_to_words_about_something_else(self, session: Session, words: str) -> None:
        assert keys(session, said(words)) == []

    def test_short_words_are_read_with_what_was_said_before(self, session: Session) -> None:
        assert keys(session, said("I forgot my password", "and now?"))[0] == "faq:reset_password"

    def test_a_new_subject_counts_more_than_the_old(self, session: Session) -> None:
        messages = said("I forgot my password", "and how do I get on the wifi in the dorm")
        assert keys(session, messages)[0] == "faq:connect_wifi"

    def test_only_what_the_person_typed_counts(self, session: Session) -> None:
        agent = said("how do I reset my password", author="agent")
        button = said("how do I reset my password", payload="/faq")
        assert keys(session, [*said("hello"), *agent, *button]) == []

    def test_asking_for_a_human_is_about_nothing(self, session: Session) -> None:
        asks = Message(author="person", text="I want to talk to a human please", data={}, intent="talk_to_person")
        assert keys(session, [*said("how do I get on the wifi in the dorm"), asks])[0] == "faq:connect_wifi"

    def test_another_source_is_one_more(self, session: Session) -> None:
        class Articles:
            def nearest(self, session: Session, asked: Asked, most: int) -> list[Suggestion]:
                assert asked.vector.shape == (384,)
                return [Suggestion("article:7", "Wi-Fi at home", "Restart it.", 0.99, "/help/7")][:most]

            def text_of(self, session: Session, key: str) -> str | None:
                return "Restart it." if key == "article:7" else None

        sources = (faq.Faq(), Articles())
        found = suggesting.for_chat(session, said("how do I get on the wifi in the dorm"), sources=sources)
        assert [each.key for each in found][:2] == ["article:7", "faq:connect_wifi"]
        assert suggesting.text_of(session, "article:7", sources) == "Restart it."
        assert suggesting.text_of(session, "article:8", sources) == ""


def test_they_stand_beside_ones_own_chat_and_are_inserted_without_a_script(agent: Visitor, database: Engine) -> None:
    waiting = somebody_waits(database, "how do I get on the <b>wifi</b> in the dorm")
    address = f"/agent/chats/{waiting}"
    assert "connect_wifi" not in agent.get(address).text, "a chat that is nobody's needs none"
    page = agent.submit(agent.form(agent.get(address), f"{address}/accept"))
    assert f"{address}?insert=faq%3Aconnect_wifi" in page.text
    assert 'data-key-insert="1"' in page.text
    begun = agent.form(agent.get(f"{address}?insert=faq:connect_wifi"), f"{address}/say")
    assert "eduroam" in begun.values["body"]
    nothing = agent.form(agent.get(f"{address}?insert=faq:no_such"), f"{address}/say")
    assert nothing.values["body"].strip() == ""


def written(session: Session, slug: str, text: str, audience: str = "public") -> None:
    article = articles.create(session, slug, Writing(slug.capitalize(), text, "desk", audience=audience), IMPORT)
    articles.publish(session, article.id, IMPORT)
    index.build(session, article.id)


TELESCOPE = "## Borrow the telescope\nAsk at the observatory for the key of the big telescope before noon."
QUESTION = "where do I get the key of the telescope in the observatory"


def test_articles_stand_among_them_with_their_link(session: Session) -> None:
    written(session, "stars", TELESCOPE)
    best = suggesting.for_chat(session, said(QUESTION))[0]
    assert (best.key, best.link, best.only_to_read) == (
        "article:stars#borrow-the-telescope",
        "/help/stars#borrow-the-telescope",
        False,
    )
    assert suggesting.text_of(session, best.key) == best.text
    assert "/help/stars#borrow-the-telescope" in best.text


def test_articles_for_staff_are_only_to_be_read(session: Session) -> None:
    written(session, "stars", TELESCOPE, "staff")
    best = suggesting.for_chat(session, said(QUESTION))[0]
    assert best.only_to_read
    assert best.title.endswith("(for staff)")
    assert suggesting.text_of(session, best.key) == ""


SOLVED = (Solved(),)


class TestSolvedTickets:
    ANSWER = "The key lies with the night porter, who gives it out against your card."

    def solved(self, session: Session, answer: str = ANSWER, status: str = "resolved") -> Ticket:
        new = NewTicket("Telescope", "I need the key of the telescope in the observatory", "general_issue", "test")
        ticket = service.open_ticket(session, new, Actor("requester"))
        encoder = store.encoder()
        text = essence.of(ticket.subject, ticket.description).text
        twins.remember(session, ticket, encoder.encode([text])[0], encoder.version)
        service.reply(session, ticket, answer, Actor("agent", "Priya"))
        service.note(session, ticket, "Never tell anybody about the spare key.", Actor("agent", "Priya"))
        service.change_status(session, ticket, status, Actor("agent", "Priya"))
        return ticket

    def viewer(self, role: Role = Role.ADMINISTRATOR) -> Viewer:
        return Viewer(uuid4(), uuid4(), role)

    def test_the_last_public_answer_of_a_solved_ticket_is_shown(self, session: Session) -> None:
        ticket = self.solved(session)
        (found,) = suggesting.for_chat(session, said(QUESTION), self.viewer(), SOLVED)
        assert (found.text, found.link) == (self.ANSWER, f"/agent/tickets/{ticket.reference}")
        assert found.title.startswith(ticket.reference)
        assert found.only_to_read
        assert suggesting.text_of(session, found.key) == ""

    def test_nobody_sees_what_they_may_not(self, session: Session) -> None:
        self.solved(session)
        assert suggesting.for_chat(session, said(QUESTION), self.viewer(Role.AGENT), SOLVED) == []
        assert suggesting.for_chat(session, said(QUESTION), sources=SOLVED) == []

    def test_open_ones_and_short_answers_help_nobody(self, session: Session) -> None:
        self.solved(session, status="in_progress")
        self.solved(session, answer="Done.")
        assert suggesting.for_chat(session, said(QUESTION), self.viewer(), SOLVED) == []

    def test_a_ticket_is_not_suggested_to_itself(self, session: Session) -> None:
        first, second = self.solved(session), self.solved(session)
        found = suggesting.for_ticket(session, second, self.viewer(), SOLVED)
        assert [each.key for each in found] == [f"ticket:{first.reference}"]


def test_they_stand_on_a_tickets_page(agent: Visitor, database: Engine) -> None:
    with Session(database) as session, session.begin():
        written(session, "stars", TELESCOPE)
        new = NewTicket("Telescope", QUESTION, "general_issue", "test")
        reference = service.open_ticket(session, new, Actor("requester")).reference
    address = f"/agent/tickets/{reference}"
    assert f'hx-get="{address}/suggestions"' in agent.get(address).text
    page = agent.get(f"{address}/suggestions").text
    assert f"{address}?insert=article%3Astars%23borrow-the-telescope" in page
    begun = agent.form(agent.get(f"{address}?insert=article%3Astars%23borrow-the-telescope"), f"{address}/reply")
    assert "Ask at the observatory" in begun.values["body"]
