"""Telegram's updates read; python-telegram-bot looks at the same ones, and talks to the same server as we do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from telegram import Bot, Update
from telegram.error import BadRequest, InvalidToken

from assistant.channels.connector import (
    Http,
    Impossible,
    Incoming,
    InstallationBroken,
    Later,
    Outgoing,
    OutgoingFile,
    PlaceBroken,
    Refused,
)
from assistant.channels.installations import Installation
from assistant.channels.vendors.telegram import updates
from assistant.channels.vendors.telegram.connector import HEADER, Telegram
from assistant.channels.vendors.telegram.updates import Me
from tests.vendors import telegram as server
from tests.vendors.loopback import Answer
from tests.vendors.telegram import ASHA, BEN, BOT, GROUP, SECRET, TOKEN, mention

ME = Me(BOT["id"], BOT["username"])
HERE = {"chat": ASHA["id"]}


@pytest.fixture
def telegram() -> Iterator[server.Telegram]:
    found = server.Telegram()
    yield found
    found.close()


@pytest.fixture
async def connector(telegram: server.Telegram) -> AsyncIterator[Telegram]:
    http = Http()
    yield made(telegram, http)
    await http.close()


def made(telegram: server.Telegram, http: Http, token: str = TOKEN) -> Telegram:
    secrets = {"bot_token": token, "secret_token": SECRET}
    return Telegram(Installation("main", "telegram", options={"url": telegram.url}, secrets=secrets), http)


def outgoing(text: str, **more: Any) -> Outgoing:
    known = {"author": "bot", "author_name": "", "data": {}, "address": HERE, **more}
    return Outgoing(message_id=5, part=0, text=text, **known)


def said(update: dict[str, Any]) -> str:
    """The words we hear; the kit has to be able to read the update, too."""
    assert Update.de_json(update, None) is not None
    return updates.read(update, ME).text


def _alike(shown: dict[str, Any]) -> dict[str, Any]:
    """What is shown, without what differs from message to message."""
    (kind,) = {"photo", "document"} & set(shown)
    part = shown[kind][0] if kind == "photo" else shown[kind]
    kept = {name: value for name, value in part.items() if name not in ("file_id", "file_unique_id")}
    return {"kind": kind, "caption": shown["caption"], **kept}


class TestReading:
    def test_a_private_message(self, telegram: server.Telegram) -> None:
        heard = updates.read(telegram.message("The printer is broken"), ME)
        assert heard.text == "The printer is broken"
        assert heard.place is not None
        assert (heard.place.sender_id, heard.place.external_id) == ("telegram:7001", "7001")
        assert (heard.place.name, heard.place.shared) == ("Asha Rao", False)

    @pytest.mark.parametrize(
        ("typed", "of", "kind", "words"),
        [
            ("@HelpSageBot the wifi is down", "@HelpSageBot", "mention", "the wifi is down"),
            ("😀 @helpsagebot the wifi 😀", "@helpsagebot", "mention", "😀  the wifi 😀"),
            ("/tickets@HelpSageBot", "/tickets@HelpSageBot", "bot_command", "Show my tickets"),
            ("/help", "/help", "bot_command", "What can you do?"),
            ("/my_printer is broken", "/my_printer", "bot_command", "my printer is broken"),
        ],
    )
    def test_in_a_group_what_is_meant_for_us(
        self, telegram: server.Telegram, typed: str, of: str, kind: str, words: str
    ) -> None:
        update = telegram.message(typed, chat=GROUP, entities=[mention(typed, of, kind)])
        assert said(update) == words

    @pytest.mark.parametrize(
        ("typed", "of", "command"),
        [("/help", "/help", True), ("/new the wifi", "/new", False), ("/my_printer", "/my_printer", False)],
    )
    def test_words_of_a_command_are_not_the_persons(
        self, telegram: server.Telegram, typed: str, of: str, command: bool
    ) -> None:
        update = telegram.message(typed, chat=GROUP, entities=[mention(typed, of, "bot_command")])
        assert updates.read(update, ME).command is command

    @pytest.mark.parametrize(
        ("typed", "of", "kind"),
        [
            ("the wifi is down", "wifi", "bold"),
            ("@SomebodyElse look", "@SomebodyElse", "mention"),
            ("/start@OtherBot", "/start@OtherBot", "bot_command"),
            ("@HelpSageBot typed by hand without an entity", "typed", "italic"),
        ],
    )
    def test_in_a_group_nothing_else_is_kept(self, telegram: server.Telegram, typed: str, of: str, kind: str) -> None:
        heard = updates.read(telegram.message(typed, chat=GROUP, entities=[mention(typed, of, kind)]), ME)
        assert (heard.place, heard.text) == (None, "")

    def test_in_a_group_an_answer_to_us(self, telegram: server.Telegram) -> None:
        ours = {"message_id": 3, "from": BOT, "chat": GROUP, "date": 1, "text": "Which room?"}
        heard = updates.read(telegram.message("Room 12", chat=GROUP, by=BEN, reply_to_message=ours), ME)
        assert heard.text == "Room 12"
        assert heard.place is not None
        assert (heard.place.sender_id, heard.place.shared) == ("telegram:-1001:7002", True)

    def test_a_member_without_a_name_of_their_own_in_our_mention(self, telegram: server.Telegram) -> None:
        typed = "Help Sage please"
        entity = mention(typed, "Help Sage", "text_mention", user=BOT)
        assert said(telegram.message(typed, chat=GROUP, entities=[entity])) == "please"

    def test_a_topic(self, telegram: server.Telegram) -> None:
        typed = "/new"
        update = telegram.message(
            typed,
            chat=GROUP,
            entities=[mention(typed, typed, "bot_command")],
            message_thread_id=44,
            is_topic_message=True,
        )
        place = updates.read(update, ME).place
        assert place is not None
        assert place.address["topic"] == 44

    def test_other_bots_are_not_answered(self, telegram: server.Telegram) -> None:
        assert updates.read(telegram.message("Hello", by={**BEN, "is_bot": True}), ME).place is None

    @pytest.mark.parametrize(
        ("part", "name", "size"),
        [
            ({"photo": [{"file_id": "s", "file_size": 9}, {"file_id": "l", "file_size": 99}]}, "photo.jpg", 99),
            ({"document": {"file_id": "l", "file_name": "log.txt", "file_size": 99}}, "log.txt", 99),
            ({"voice": {"file_id": "l", "mime_type": "audio/ogg", "duration": 3}}, "voice.ogg", None),
        ],
    )
    def test_files(self, telegram: server.Telegram, part: dict[str, Any], name: str, size: int | None) -> None:
        (file,) = updates.read(telegram.message(caption="look", **part), ME).files
        assert (file.id, file.name, file.size) == ("l", name, size)

    @pytest.mark.parametrize("update", [None, [], "x", {}, {"update_id": "1"}, {"message": {}}])
    def test_what_is_no_update(self, update: Any) -> None:
        with pytest.raises(updates.Unreadable):
            updates.read(update, ME)

    @pytest.mark.parametrize(
        "more",
        [
            {"entities": "x"},
            {"entities": [None, {"type": "mention"}, {"type": "mention", "offset": -1, "length": 3}]},
            {"entities": [{"type": "mention", "offset": 3, "length": 10**9}]},
            {"chat": "x"},
            {"from": None},
            {"photo": ["x"]},
        ],
    )
    def test_hostile_messages_do_no_harm(self, telegram: server.Telegram, more: dict[str, Any]) -> None:
        update = telegram.message("Hello")
        update["message"] |= more
        updates.read(update, ME)


class TestWebhook:
    @pytest.mark.parametrize("shown", [None, "", "wrong", SECRET + "x", "ä"])
    async def test_without_the_secret_nothing_is_read(self, connector: Telegram, shown: str | None) -> None:
        headers = {HEADER: shown} if shown is not None else {}
        with pytest.raises(Refused):
            await connector.receive(Incoming("updates", headers, b'{"update_id": 1}'))

    async def test_with_it_the_update_is_the_key(self, telegram: server.Telegram, connector: Telegram) -> None:
        update = telegram.message("Hello")
        delivery = await connector.receive(Incoming("updates", {HEADER: SECRET}, json.dumps(update).encode()))
        assert getattr(delivery, "key", None) == str(update["update_id"])


class TestPosting:
    async def test_words_tickets_and_buttons(self, telegram: server.Telegram, connector: Telegram) -> None:
        ticket = {"reference": "HS-1", "status": "open", "status_label": "Open", "subject": "a <b> & c"}
        buttons = [{"title": title, "payload": "/x"} for title in ("Yes", "No", "Something much longer than that")]
        (text,) = connector.split("Is it **this**?")
        await connector.post(outgoing(text, data={"ticket": ticket, "buttons": buttons}))
        (shown,) = telegram.shown.values()
        assert telegram.texts() == ["Is it this?\n\nHS-1 · Open\na <b> & c"]
        rows = [[key["text"] for key in row] for row in shown["reply_markup"]["inline_keyboard"]]
        assert rows == [["Yes", "No"], ["Something much longer than that"]]

    async def test_the_kit_shows_the_same(self, telegram: server.Telegram, connector: Telegram) -> None:
        await connector.post(outgoing("<b>Hello</b>"))
        async with Bot(TOKEN, base_url=f"{telegram.url}/bot") as kit:
            await kit.send_message(ASHA["id"], "<b>Hello</b>", parse_mode="HTML")
        ours, theirs = telegram.shown.values()
        assert ours["text"] == theirs["text"]

    @pytest.mark.parametrize(
        ("name", "content_type", "content"),
        [("map.png", "image/png", b"\x89PNG a picture"), ("pläne 2.pdf", "application/pdf", b"%PDF-1.7")],
        ids=["a picture", "a document"],
    )
    async def test_the_kit_sends_files_in_the_same_way(
        self, telegram: server.Telegram, connector: Telegram, name: str, content_type: str, content: bytes
    ) -> None:
        async def fetched() -> bytes:
            return content

        message = outgoing("", author="agent", author_name="Priya")
        await connector.post_file(message, OutgoingFile(name, content_type, len(content), "", fetched))
        async with Bot(TOKEN, base_url=f"{telegram.url}/bot") as kit:
            if content_type == "image/png":
                await kit.send_photo(ASHA["id"], content, caption="Priya", filename=name)
            else:
                await kit.send_document(ASHA["id"], content, caption="Priya", filename=name)
        ours, theirs = (_alike(shown) for shown in telegram.shown.values())
        assert ours == theirs
        assert list(telegram.sent.values()) == [content, content]

    async def test_the_server_refuses_what_telegram_refuses(self, telegram: server.Telegram) -> None:
        async with Bot(TOKEN, base_url=f"{telegram.url}/bot") as kit:
            for text in ("<x>no such tag</x>", "<b>never closed", "x" * 4097):
                with pytest.raises(BadRequest):
                    await kit.send_message(ASHA["id"], text, parse_mode="HTML")
        with pytest.raises(InvalidToken):
            async with Bot("1:wrong", base_url=f"{telegram.url}/bot"):
                pass

    async def test_long_texts_with_ten_tickets_fit(self, telegram: server.Telegram, connector: Telegram) -> None:
        tickets = [
            {"reference": f"HS-{n}", "status": "open", "status_label": "Open", "subject": "😀" * 200} for n in range(10)
        ]
        for text in connector.split("word😀 & <tag> " * 1000):
            await connector.post(outgoing(text, data={"tickets": tickets}, author="agent", author_name="Priya"))
        assert len(telegram.shown) > 3

    async def test_a_message_is_edited_in_place(self, telegram: server.Telegram, connector: Telegram) -> None:
        posted = await connector.post(outgoing("Choose", data={"buttons": [{"title": "Yes", "payload": "/x"}]}))
        message = outgoing("Choose", data={"buttons": [{"title": "Yes", "payload": "/x"}], "pressed": "Yes"})
        await connector.change(message, posted.vendor_id)
        (shown,) = telegram.shown.values()
        assert telegram.texts() == ["Choose\n\n✓ Yes"]
        assert "reply_markup" not in shown

    async def test_one_that_is_gone_stays_gone(self, connector: Telegram) -> None:
        await connector.change(outgoing("Choose"), "12345")

    async def test_a_group_that_became_a_supergroup(self, telegram: server.Telegram, connector: Telegram) -> None:
        moved = server.error(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1002)
        telegram.trouble = lambda asked: moved if asked.json["chat_id"] == -5 else None
        posted = await connector.post(outgoing("Hello", address={"chat": -5}))
        assert posted.address == {"chat": -1002}
        assert telegram.texts(-1002) == ["Hello"]

    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (server.error(401, "Unauthorized"), InstallationBroken),
            (server.error(404, "Not Found"), InstallationBroken),
            (server.error(403, "Forbidden: bot was blocked by the user"), PlaceBroken),
            (server.error(403, "Forbidden: bot was kicked from the supergroup chat"), PlaceBroken),
            (server.error(400, "Bad Request: chat not found"), PlaceBroken),
            (server.error(400, "Bad Request: TOPIC_CLOSED"), PlaceBroken),
            (server.error(429, "Too Many Requests: retry after 7", retry_after=7), Later),
            (server.error(500, "Internal Server Error"), Later),
            (Answer(502, b"<html>Bad Gateway</html>"), Later),
            (Answer(200, b"<html>"), Later),
            (server.error(400, "Bad Request: something new"), Impossible),
        ],
    )
    async def test_failures(
        self, telegram: server.Telegram, connector: Telegram, answer: Answer, expected: type[Exception]
    ) -> None:
        telegram.trouble = lambda asked: answer
        with pytest.raises(expected) as raised:
            await connector.post(outgoing("Hello"))
        assert TOKEN not in str(raised.value)
        if answer.status == 429:
            assert getattr(raised.value, "after_s", None) == 7

    async def test_nobody_there(self, telegram: server.Telegram) -> None:
        http = Http()
        connector = made(telegram, http)
        telegram.close()
        with pytest.raises(Later) as raised:
            await connector.post(outgoing("Hello"))
        assert raised.value.arrived is False
        assert TOKEN not in str(raised.value)
        await http.close()

    async def test_it_types(self, telegram: server.Telegram, connector: Telegram) -> None:
        await connector.typing(HERE, True)
        assert telegram.actions == [{"chat_id": ASHA["id"], "action": "typing"}]


class TestAsking:
    async def test_updates_are_confirmed_with_the_next_question(
        self, telegram: server.Telegram, connector: Telegram
    ) -> None:
        telegram.webhook = {"url": "https://old.example"}
        telegram.waiting = [telegram.message("one"), {"update_id": 900_001}, telegram.message("two")]
        await connector.begin_asking()
        brought, after = await connector.ask(0)
        assert [delivery.words.text for delivery, _ in brought if delivery.words] == ["one", "two"]
        assert len(telegram.waiting) == 3
        assert (await connector.ask(after))[0] == []
        assert telegram.waiting == []
