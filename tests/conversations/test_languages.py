"""What a conversation is held in, and what is kept of it."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select

from helpsage.conversations.models import Conversation, Message
from languages import catalogues
from tests.conversations.conftest import Place
from tests.conversations.person import Person
from tests.conversations.responses import is_said

pytestmark = [pytest.mark.live]


def kept(place: Place, person: Person) -> tuple[str, bool, list[str | None]]:
    """The conversation's language, whether it was chosen, and the languages of the person's messages."""
    with place.session() as session:
        conversation = session.get_one(Conversation, UUID(person.conversation))
        said = select(Message.language).where(Message.conversation_id == conversation.id, Message.author == "person")
        languages = list(session.scalars(said.order_by(Message.seq)))
        return conversation.locale, conversation.locale_chosen, languages


async def test_a_conversation_follows_its_person(place: Place) -> None:
    async with Person(place.chat_url) as person:
        await person.say("ok")
        assert kept(place, person) == ("en", False, [None])
        [*_, answer] = await person.say("ich möchte bitte mit einem Menschen sprechen")
        assert is_said("utter_nobody_live", answer["text"], "de"), answer["text"]
        assert [each["title"] for each in answer["data"]["buttons"]] == ["Ja", "Nein"]
        await person.press("Nein", "/deny")
        assert kept(place, person) == ("de", False, [None, "de", None])


async def test_a_choice_in_the_widget_counts_whatever_is_written(place: Place) -> None:
    async with Person(place.chat_url) as person:
        assert await person.choose("fr") == {"ok": True, "language": "fr"}
        [answer] = await person.say("hello there")
        assert is_said("utter_greet", answer["text"], "fr"), answer["text"]
        [*_, answer] = await person.say("thank you very much for all of your help")
        assert is_said("utter_welcome", answer["text"], "fr"), answer["text"]
        assert kept(place, person)[:2] == ("fr", True)
        [refused] = await person.say("  ")
        assert refused["text"] == catalogues.said("I got an empty message. Please write a few words.", "fr")
        assert refused["text"] != "I got an empty message. Please write a few words."
        assert (await person.choose("xx"))["ok"] is False


async def test_it_begins_in_the_language_of_the_page(place: Place) -> None:
    async with Person(place.chat_url, "hi-IN") as person:
        [answer] = await person.say("hello")
        assert is_said("utter_greet", answer["text"], "hi"), answer["text"]
        [answer] = await person.say("what can you do for me in this chat?")
        assert is_said("utter_help", answer["text"], "en"), answer["text"]
