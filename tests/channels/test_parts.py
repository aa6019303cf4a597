"""The channel's small parts, by themselves."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import environment
from assistant.channels import limits, text
from assistant.channels.limits import Allowance
from assistant.channels.origins import Origins
from assistant.channels.rooms import Rooms


class TestText:
    @given(st.text(st.characters(), max_size=200))
    def test_cleaned_text_can_be_stored(self, typed: str) -> None:
        cleaned = text.clean(typed)
        assert "\0" not in cleaned
        cleaned.encode("utf-8")
        assert cleaned == cleaned.strip()
        assert text.clean(cleaned) == cleaned

    @given(st.text(st.characters(categories=("L", "N", "P", "S")), max_size=200))
    def test_ordinary_text_stays_as_it_is(self, typed: str) -> None:
        assert text.clean(typed) == typed.strip()

    @pytest.mark.parametrize(
        ("typed", "understood"),
        [("/greet", "greet"), ("// /x", "x"), ("a/b", "a/b"), ("1/2", "1/2"), ("/", ""), ("hi /greet", "hi /greet")],
    )
    def test_no_text_begins_with_a_slash_for_rasa(self, typed: str, understood: str) -> None:
        assert text.for_understanding(typed) == understood


class TestOrigins:
    @pytest.mark.parametrize(
        ("origin", "allowed"),
        [
            (None, True),
            ("https://desk.example", True),
            ("https://DESK.example", True),
            ("http://desk.example", False),
            ("https://desk.example:8443", False),
            ("https://desk.example.evil.example", False),
            ("https://portal.example", True),
            ("null", False),
            ("", False),
        ],
    )
    def test_known_pages_only(self, origin: str | None, allowed: bool) -> None:
        origins = Origins("https://desk.example", ["https://portal.example"])
        assert origins.allow(origin) is allowed

    def test_a_star_allows_every_page(self) -> None:
        assert Origins("", ["*"]).allow("https://anything.example")

    def test_this_machine_has_three_names(self) -> None:
        origins = Origins("http://localhost:8000", [])
        assert origins.allow("http://127.0.0.1:8000")
        assert origins.allow("http://[::1]:8000")
        assert not origins.allow("http://127.0.0.1:9000")

    def test_what_we_serve_ourselves_is_ours(self) -> None:
        origins = Origins("https://desk.example", [])
        assert origins.allow("https://chat.example", host="chat.example")
        assert not origins.allow("https://evil.example", host="chat.example")


class TestRooms:
    """Windows of one conversation whose messages are numbered 1 to 9."""

    conversation = UUID(int=1)

    def rooms(self) -> tuple[Rooms, list[tuple[list[int], str | None]]]:
        """Rooms, and what they show: numbers, and the window left out."""
        shown: list[tuple[list[int], str | None]] = []

        async def emit(event: str, messages: Any, room: str, but: str | None) -> None:
            shown.append(([message["seq"] for message in messages], but))

        async def history(conversation: UUID, last_seq: int) -> list[dict[str, Any]]:
            return [{"seq": seq} for seq in range(last_seq + 1, 10)]

        return Rooms(emit, history), shown

    async def enter(self, rooms: Rooms, window: str, last_seq: int) -> list[int]:
        """Open a window; returns the numbers that it got."""
        got: list[int] = []

        async def admit(missed: list[dict[str, Any]]) -> None:
            got.extend(message["seq"] for message in missed)

        await rooms.enter(window, self.conversation, last_seq, admit)
        return got

    async def test_a_window_gets_what_it_misses(self) -> None:
        rooms, _ = self.rooms()
        assert await self.enter(rooms, "one", 6) == [7, 8, 9]

    async def test_what_came_between_is_shown_first(self) -> None:
        rooms, shown = self.rooms()
        await self.enter(rooms, "one", 9)
        rooms.room(self.conversation).shown = 6
        await rooms.show(self.conversation, [{"seq": 9}], but="one")
        assert shown == [([7, 8, 9], None)]

    async def test_nothing_is_shown_twice(self) -> None:
        rooms, shown = self.rooms()
        await self.enter(rooms, "one", 9)
        await self.enter(rooms, "two", 9)
        await rooms.show(self.conversation, [{"seq": 10}], but="one")
        await rooms.show(self.conversation, [{"seq": 10}])
        await rooms.show(self.conversation, [{"seq": 10}, {"seq": 11}])
        assert shown == [([10], "one"), ([11], None)]

    async def test_nobody_is_told_when_no_window_is_open(self) -> None:
        rooms, shown = self.rooms()
        await self.enter(rooms, "one", 9)
        rooms.leave("one")
        await rooms.show(self.conversation, [{"seq": 10}])
        assert shown == []
        assert rooms.open_conversations() == []


class TestAllowance:
    def test_a_burst_then_a_rate(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 100.0
        monkeypatch.setattr(limits.time, "monotonic", lambda: now)
        allowance = Allowance(burst=3, per_minute=60)
        assert [allowance.take("a") for _ in range(4)] == [True, True, True, False]
        assert allowance.take("b"), "each key has its own"
        now += 1.0
        assert [allowance.take("a") for _ in range(2)] == [True, False]
        now += 1000.0
        assert [allowance.take("a") for _ in range(4)] == [True, True, True, False]

    def test_what_is_remembered_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "REMEMBERED", 2)
        allowance = Allowance(burst=1, per_minute=1)
        for key in ("a", "b", "c"):
            assert allowance.take(key)
        assert not allowance.take("c")
        assert allowance.take("a"), "forgotten, so it begins anew"


class TestEnvironment:
    def test_what_is_missing_is_named(self) -> None:
        with pytest.raises(RuntimeError, match="DATABASE_URL and HELPSAGE_WEBCHAT_SECRET"):
            environment.read({})

    def test_lists_and_switches(self) -> None:
        found = environment.read(
            {
                "DATABASE_URL": "postgresql://x",
                "HELPSAGE_WEBCHAT_SECRET": "s",
                "HELPSAGE_ALLOWED_ORIGINS": "https://a.example/, https://b.example",
                "HELPSAGE_RASA_WEBCHAT": "1",
                "HELPSAGE_ASSISTANT_PORT": "",
            }
        )
        assert found.allowed_origins == ("https://a.example", "https://b.example")
        assert found.rasa_webchat
        assert found.port == 5005
