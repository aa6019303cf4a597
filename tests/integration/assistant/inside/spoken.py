"""What chat applications show besides the dialogue's words is in the language of whoever it is for."""

from __future__ import annotations

import sys
from uuid import uuid4

import asyncpg
from common import run

from assistant import conversations
from assistant.channels import deliveries, posts, words
from assistant.channels.connector import Place
from assistant.channels.installations import Installation

URL = sys.argv[1]
SLACK = Installation("main", "slack")
PLACE = Place("slack:T1:U1", "T1:U1", {"channel": "D1"})


async def notices_and_posts_follow_the_conversation() -> None:
    connection = await asyncpg.connect(URL)
    assert await deliveries.language_of(connection, SLACK, PLACE.external_id) == "en"
    conversation = await deliveries.locate(connection, SLACK, PLACE)
    await connection.execute("update conversation set locale = 'de' where id = $1", conversation)
    assert await deliveries.language_of(connection, SLACK, PLACE.external_id) == "de"
    assert await deliveries.language_of(connection, Installation("other", "slack"), PLACE.external_id) == "en"

    await deliveries.note(connection, conversation, words.PAYLOAD)
    await deliveries.note(connection, conversation, words.TOO_LONG.format(length=6_000, limit=5_000))
    said = await connection.fetch("select text from message where conversation_id = $1 order by seq", conversation)
    assert [row["text"][:31] for row in said] == ["Diese Schaltfläche gilt nicht m", "Das ist länger, als ich auf ein"]

    post = await posts.claim(connection, conversation)
    assert post is not None
    assert (post.text, post.language) == (said[0]["text"], "de")
    assert await posts.claim(connection, uuid4()) is None
    for shown in (
        await posts.place_of(connection, conversation),
        await posts.take_typing(connection, conversation, 3.0),
    ):
        assert shown == posts.Shown("main", {"channel": "D1"}, "de")
    assert await posts.take_typing(connection, conversation, 3.0) is None, "it was shown just now"
    await connection.close()


async def words_of_a_command_change_no_language() -> None:
    connection = await asyncpg.connect(URL)
    place = Place("telegram:7", "7", {"chat": 7})
    conversation = await deliveries.locate(connection, Installation("bot", "telegram"), place)
    await connection.execute("update conversation set locale = 'de' where id = $1", conversation)
    words_of = "What is the status of my ticket?"
    for key, data, language in (("1", {"command": True}, "de"), ("2", {}, "en")):
        said = await conversations.say_within(connection, conversation, key, words_of, data)
        message = await conversations.next_unanswered(connection, conversation)
        assert message is not None
        assert message.language.language == language
        await connection.execute("update message set handled_at = now() where id = $1", said.id)
    await connection.close()


run(notices_and_posts_follow_the_conversation, words_of_a_command_change_no_language)
