"""Beside a chat stand the FAQ answers nearest to the person's last words, to be inserted; without a script, too."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.conversations.models import Message
from helpsage.knowledge import faq, suggesting
from helpsage.knowledge.source import Asked, Suggestion
from helpsage.triage import store
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
        found = suggesting.for_chat(session, said("how do I get on the wifi in the dorm"), sources)
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
