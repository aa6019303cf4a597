"""Telegram, as it talks to us and we to it: a real assistant, and Telegram's own wire format on loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.channels.harness import PUBLIC_URL, ActionServer, Assistant, until
from tests.channels.installed import forget_all, install, mend, speak, state_of
from tests.channels.orders import ORDERS, bring
from tests.vendors import telegram as server
from tests.vendors.desk import Desk
from tests.vendors.loopback import Answer, Asked
from tests.vendors.telegram import ASHA, BEN, GROUP, SECRET, TOKEN, Telegram, mention

pytestmark = [pytest.mark.rasa]

Query = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    """Telegram."""
    found = Telegram()
    yield found
    found.close()


def set_up(telegram: Telegram, query: Query, mode: str = "webhook") -> None:
    """The bot is installed, and nothing was said to it."""
    forget_all(query)
    secrets = {"bot_token": TOKEN, "secret_token": SECRET}
    install(query, "telegram", "bot", {"url": telegram.url, "mode": mode}, secrets)


@pytest.fixture
async def hook(telegram: Telegram, assistant: Assistant, query: Query) -> str:
    """The address that Telegram calls."""
    set_up(telegram, query)
    url = f"{assistant.url}/webhooks/telegram/bot/updates"
    deadline = time.monotonic() + 20
    while (await telegram.send({"update_id": 1}, url)).status_code != 200:
        assert time.monotonic() < deadline, "the installation was not taken up"
        await asyncio.sleep(0.02)
    return url


class TestWebhook:
    async def test_words_are_answered_with_buttons_and_a_press_counts(
        self, telegram: Telegram, hook: str, query: Query
    ) -> None:
        assert (await telegram.send(telegram.message("hello"), hook)).status_code == 200
        await until(lambda: telegram.texts() == ["Hello!"], "the answer")
        (shown,) = telegram.shown.values()
        await telegram.send(telegram.press(shown), hook)
        await until(lambda: "You said yes." in telegram.texts(), "the answer to the button")
        await until(lambda: "Hello!\n\n✓ Yes" in telegram.texts(), "the button that was chosen")
        assert len(telegram.answered) == 1
        row = query("select channel, shared, person_id, identity_id from conversation")[0]
        assert (row["channel"], row["shared"]) == ("telegram", False)
        (identity,) = query("select external_id, name, person_id, proven_by from identity")
        assert (identity["external_id"], identity["name"], identity["proven_by"]) == ("7001", "Asha Rao", None)
        assert identity["person_id"] == row["person_id"]

    async def test_an_update_that_comes_again_is_answered_once(
        self, telegram: Telegram, hook: str, query: Query
    ) -> None:
        update = telegram.message("hello")
        for _ in range(3):
            assert (await telegram.send(update, hook)).status_code == 200
        await telegram.send(telegram.message("wifi"), hook)
        await until(lambda: len(telegram.shown) == 2, "both answers")
        assert telegram.texts() == ["Hello!", "Choose the network eduroam and sign in."]
        assert [row["repeats"] for row in query("select repeats from channel_delivery order by id")][1:] == [2, 0]

    async def test_updates_that_come_again_in_every_order_are_answered_once(
        self, telegram: Telegram, hook: str, query: Query
    ) -> None:
        expected: list[str] = []
        for number, order in enumerate(ORDERS):
            updates = {name: partial(telegram.send, telegram.message(f"{name} {number}"), hook) for name in "ab"}
            expected += [f"{name} {number}" for name in await bring(order, updates)]
        assert [
            row["text"] for row in query("select text from message where author = 'person' order by id")
        ] == expected
        await until(lambda: len(telegram.shown) == len(expected), "every answer")

    async def test_a_huge_update_is_refused_and_not_kept(self, telegram: Telegram, hook: str, query: Query) -> None:
        before = query("select count(*) as n from channel_delivery")
        assert (await telegram.send(telegram.message("x" * 10_000_000), hook)).status_code == 413
        assert query("select count(*) as n from channel_delivery") == before

    async def test_whoever_lets_us_write_again_hears_what_waited(
        self, telegram: Telegram, hook: str, query: Query
    ) -> None:
        blocked = server.error(403, "Forbidden: bot was blocked by the user")
        telegram.trouble = lambda asked: blocked if asked.path.endswith("sendMessage") else None
        await telegram.send(telegram.message("hello"), hook)
        await until(lambda: query("select 1 from channel_conversation where state = 'broken'"), "the broken place")
        telegram.trouble = telegram.hold
        await telegram.send(telegram.membership("member"), hook)
        await until(lambda: telegram.texts() == ["Hello!"], "what was kept")
        await telegram.send(telegram.membership("member", by=BEN), hook)
        assert query("select count(*) as n from conversation")[0]["n"] == 1

    @pytest.mark.parametrize(
        "answer",
        [server.error(500, "Internal Server Error"), Answer(502, b"<html>Bad Gateway</html>"), Answer(200, b"<html>")],
        ids=["500", "HTML", "HTML with 200"],
    )
    async def test_trouble_is_waited_out(self, telegram: Telegram, hook: str, answer: Answer) -> None:
        given: list[Asked] = []

        def trouble(asked: Asked) -> Answer | None:
            if asked.path.endswith("sendMessage") and not given:
                given.append(asked)
                return answer
            return None

        telegram.trouble = trouble
        await telegram.send(telegram.message("hello"), hook)
        await until(lambda: telegram.texts() == ["Hello!"], "the answer")
        assert given

    async def test_a_tickets_card_shows_how_it_is_now(self, telegram: Telegram, hook: str, query: Query) -> None:
        await telegram.send(telegram.message("hello"), hook)
        await until(lambda: telegram.texts() == ["Hello!"], "the answer")
        hers = f"telegram:{ASHA['id']}"
        card = {"reference": "HS-9", "subject": "Printer", "status": "open", "status_label": "Open"}
        speak(query, hers, "bot", "Filed.", {"ticket": card})
        await until(lambda: "Filed.\n\nHS-9 · Open\nPrinter" in telegram.texts(), "the card")
        now = {"reference": "HS-9", "status": "resolved", "status_label": "Solved"}
        speak(query, hers, "system", "HS-9 is solved.", {"state": now})
        await until(lambda: telegram.texts()[1] == "Filed.\n\nHS-9 · Solved\nPrinter", "the card to change")
        assert telegram.texts()[-1] == "HS-9 is solved."

    @pytest.mark.parametrize("secret", [None, "wrong"])
    async def test_strangers_are_refused_and_nothing_is_kept(
        self, telegram: Telegram, hook: str, query: Query, secret: str | None
    ) -> None:
        assert (await telegram.send(telegram.message("hello"), hook, secret)).status_code == 401
        assert query("select 1 from message") == []

    async def test_no_text_chooses_an_intent_and_no_strange_button_does(self, telegram: Telegram, hook: str) -> None:
        await telegram.send(telegram.message("hello"), hook)
        await until(lambda: len(telegram.shown) == 1, "the answer")
        (shown,) = telegram.shown.values()
        shown = {
            **shown,
            "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": '/deny{"reason": "x"}'}]]},
        }
        await telegram.send(telegram.press(shown), hook)
        await until(lambda: any("no longer valid" in text for text in telegram.texts()), "the refusal")

    async def test_in_a_group_each_has_a_conversation_of_their_own(
        self, telegram: Telegram, hook: str, query: Query
    ) -> None:
        typed = "@HelpSageBot hello"
        for person in (ASHA, BEN):
            named = telegram.message(typed, by=person, chat=GROUP, entities=[mention(typed, "@HelpSageBot")])
            await telegram.send(named, hook)
            await telegram.send(telegram.message("not for us", by=person, chat=GROUP), hook)
        await until(lambda: len(telegram.texts(GROUP["id"])) == 2, "both answers")
        assert query("select count(*) as n from conversation where shared")[0]["n"] == 2
        assert query("select count(*) as n from message where text = 'not for us'")[0]["n"] == 0
        answered = {message["reply_parameters"]["message_id"] for message in telegram.shown.values()}
        assert len(answered) == 2

    async def test_one_person_in_the_group_and_in_private(self, telegram: Telegram, hook: str, query: Query) -> None:
        typed = "/start"
        command = [mention(typed, typed, "bot_command")]
        await telegram.send(telegram.message(typed, chat=GROUP, entities=command), hook)
        await telegram.send(telegram.message("hello"), hook)
        await until(lambda: query("select count(*) as n from conversation")[0]["n"] == 2, "both conversations")
        assert query("select count(distinct person_id) as n from conversation")[0]["n"] == 1

    async def test_a_blocked_bot_keeps_what_it_has_to_say(self, telegram: Telegram, hook: str, query: Query) -> None:
        blocked = server.error(403, "Forbidden: bot was blocked by the user")
        telegram.trouble = lambda asked: blocked if asked.path.endswith("sendMessage") else None
        await telegram.send(telegram.message("hello"), hook)
        await until(lambda: query("select 1 from channel_conversation where state = 'broken'"), "the broken place")
        assert state_of(query, "bot") == "working"
        telegram.trouble = telegram.hold
        await telegram.send(telegram.message("wifi"), hook)
        await until(lambda: len(telegram.texts()) == 2, "what was kept")
        assert telegram.texts() == ["Hello!", "Choose the network eduroam and sign in."]

    async def test_a_revoked_token_breaks_the_installation_and_loses_nothing(
        self, telegram: Telegram, hook: str, query: Query
    ) -> None:
        revoked = server.error(401, "Unauthorized")
        telegram.trouble = lambda asked: revoked
        await telegram.send(telegram.message("hello"), hook)
        await until(lambda: state_of(query, "bot") == "broken", "the broken installation")
        assert query("select 1 from channel_error")
        assert not telegram.shown
        telegram.trouble = telegram.hold
        query("update channel_installation set state = 'working'")
        mend(query)
        await until(lambda: telegram.texts() == ["Hello!"], "what was kept", 30)

    async def test_too_many_requests_are_obeyed(self, telegram: Telegram, hook: str) -> None:
        refused: list[float] = []

        def trouble(asked: Asked) -> server.Answer | None:
            if asked.path.endswith("sendMessage") and not refused:
                refused.append(time.monotonic())
                return server.error(429, "Too Many Requests: retry after 1", retry_after=1)
            return None

        telegram.trouble = trouble
        await telegram.send(telegram.message("hello"), hook)
        await until(lambda: telegram.texts() == ["Hello!"], "the answer")
        assert time.monotonic() - refused[0] >= 1

    async def test_whoever_says_who_they_are_is_heard_by_the_desk_and_not_by_the_dialogue(
        self, telegram: Telegram, hook: str, query: Query
    ) -> None:
        await telegram.send(telegram.message("link asha@student.example"), hook)
        await until(lambda: query("select 1 from outbox_event where kind = 'identity.heard'"), "the event")
        assert query("select 1 from message where handled_at is null") == []
        await telegram.send(telegram.message("123456"), hook)
        await until(lambda: len(query("select 1 from message where author = 'bot'")) == 1, "the dialogue's answer")


class TestSentFiles:
    """What an agent's reply brings with it."""

    @pytest.fixture
    async def talking(self, telegram: Telegram, hook: str, desk_files: Desk) -> str:
        """Asha has said hello; returns her conversation's sender id."""
        desk_files.files.clear()
        desk_files.trouble = lambda asked: None
        await telegram.send(telegram.message("hello"), hook)
        await until(lambda: telegram.texts() == ["Hello!"], "the answer")
        return f"telegram:{ASHA['id']}"

    async def test_come_after_the_words_in_order_pictures_as_pictures(
        self, telegram: Telegram, talking: str, desk_files: Desk, query: Query
    ) -> None:
        picture = b"\x89PNG\r\n a picture"
        files = [
            desk_files.add("map.png", picture, "image/png"),
            desk_files.add("what i cannot draw.png", b"no picture", "image/png"),
            desk_files.add("so geht's für alle.pdf", b"%PDF-1.7 a document", "application/pdf"),
        ]
        speak(query, talking, "agent", "Here they are.", {"files": files}, "Ben of IT")
        speak(query, talking, "agent", "Good luck.", {}, "Ben of IT")
        await until(lambda: len(telegram.shown) == 6, "the last words")
        shown = list(telegram.shown.values())
        assert telegram.texts() == ["Hello!", "Ben of IT\nHere they are.", "", "", "", "Ben of IT\nGood luck."]
        assert "photo" in shown[2]
        assert [each["document"]["file_name"] for each in shown[3:5]] == [
            "what i cannot draw.png",
            "so geht's für alle.pdf",
        ]
        assert shown[4]["document"]["mime_type"] == "application/pdf"
        assert list(telegram.sent.values()) == [picture, b"no picture", b"%PDF-1.7 a document"]

    async def test_one_without_words_says_whose_it_is_and_what_it_answers(
        self, telegram: Telegram, hook: str, desk_files: Desk, query: Query
    ) -> None:
        typed = "@HelpSageBot hello"
        named = telegram.message(typed, chat=GROUP, entities=[mention(typed, "@HelpSageBot")])
        await telegram.send(named, hook)
        await until(lambda: len(telegram.texts(GROUP["id"])) == 1, "the answer")
        file = desk_files.add("a.txt", b"words", "text/plain")
        speak(query, f"telegram:{GROUP['id']}:{ASHA['id']}", "agent", "", {"files": [file]}, "Ben of IT")
        await until(lambda: telegram.sent, "the file")
        assert list(telegram.shown.values())[-1]["caption"] == "Ben of IT"
        (sent,) = [asked for asked in telegram.asked if asked.path.endswith("/sendDocument")]
        assert f'"message_id": {named["message"]["message_id"]}'.encode() in sent.body

    @pytest.mark.parametrize(
        "answer",
        [
            server.error(429, "Too Many Requests: retry after 1", retry_after=1),
            server.error(500, "Internal Server Error"),
            Answer(502, b"<html>Bad Gateway</html>"),
        ],
        ids=["429", "500", "HTML"],
    )
    async def test_trouble_is_waited_out(
        self, telegram: Telegram, talking: str, desk_files: Desk, query: Query, answer: Answer
    ) -> None:
        given: list[Asked] = []

        def trouble(asked: Asked) -> Answer | None:
            if asked.path.endswith("/sendDocument") and not given:
                given.append(asked)
                return answer
            return None

        telegram.trouble = trouble
        speak(query, talking, "agent", "Here.", {"files": [desk_files.add("a.txt", b"words", "text/plain")]})
        await until(lambda: list(telegram.sent.values()) == [b"words"], "the file", 60)
        assert given

    async def test_one_that_vanished_is_refused_or_too_large_is_said_with_an_address(
        self, telegram: Telegram, talking: str, desk_files: Desk, query: Query
    ) -> None:
        gone, wrong = (desk_files.add(name, b"words", "text/plain") for name in ("gone.txt", "wrong.txt"))
        del desk_files.files[str(gone["id"])]
        large = {"id": "x", "name": "film.mp4", "content_type": "video/mp4", "size": 60_000_000}
        refused = server.error(400, "Bad Request: wrong file")
        telegram.trouble = lambda asked: refused if asked.path.endswith("/sendDocument") else None
        speak(query, talking, "agent", "Here.", {"files": [gone, wrong, large], "reply_to": "HS-7"})
        await until(lambda: len(telegram.shown) == 5, "the sentences")
        _, _, first, second, third = (each["text"] for each in telegram.shown.values())
        assert f'<a href="{PUBLIC_URL}/my/tickets/HS-7">your ticket</a>' in first
        assert f'could not be sent here: <a href="{PUBLIC_URL}/attachments/{wrong["id"]}/wrong.txt">' in second
        assert (
            f'film.mp4 (60.0 MB) is too large to be sent here: <a href="{PUBLIC_URL}/attachments/x/film.mp4">' in third
        )
        assert "wrong file" in query("select words from channel_error")[0]["words"]


class TestTyping:
    async def test_an_agent_who_writes_is_shown_once_in_a_while(
        self, telegram: Telegram, hook: str, query: Query
    ) -> None:
        for person in (ASHA, BEN):
            await telegram.send(telegram.message("hello", by=person), hook)
        await until(lambda: len(telegram.shown) == 2, "both answers")
        telegram.actions.clear()
        told = "select pg_notify('typing', id || ' ' || %s) from conversation where sender_id = %s"

        def tell(author: str, person: dict[str, Any]) -> None:
            query(told, author, f"telegram:{person['id']}")

        tell("person", ASHA)
        for _ in range(3):
            tell("agent", ASHA)
        tell("agent", BEN)
        await until(lambda: len(telegram.actions) == 2, "the signs that an agent writes")
        hers, his = ({"chat_id": each["id"], "action": "typing"} for each in (ASHA, BEN))
        assert sorted(telegram.actions, key=lambda each: int(each["chat_id"])) == [hers, his]
        query("update channel_conversation set typed_at = typed_at - interval '3 s'")
        tell("agent", ASHA)
        await until(lambda: len(telegram.actions) == 3, "the sign again")


class TestAsking:
    async def test_updates_are_asked_for_and_one_process_does(
        self, tmp_path: Path, telegram: Telegram, assistant: Assistant, actions: ActionServer, model: Path, query: Query
    ) -> None:
        another = Assistant(tmp_path, model, assistant.environment["DATABASE_URL"], actions.url)
        another.start()
        try:
            telegram.webhook = {"url": "https://old.example"}
            set_up(telegram, query, mode="polling")
            telegram.waiting = [telegram.message("hello")]
            await until(lambda: telegram.texts() == ["Hello!"], "the answer", 30)
            telegram.waiting.append(telegram.message("wifi"))
            await until(lambda: len(telegram.shown) == 2, "the second answer", 30)
            assert telegram.most_asking == 1
            assert not telegram.webhook
        finally:
            another.kill()


@pytest.fixture(autouse=True)
async def switched_off(query: Query) -> AsyncIterator[None]:
    """No installation outlives its server."""
    yield
    query("delete from configuration where name = 'channels'")
    mend(query)
