"""Every kind of board that tests are held to, each with people at it: the contract and the sync run with both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

import pytest

from helpsage import settings
from helpsage.boards import todoist as client
from helpsage.boards.board import Board
from helpsage.boards.kinds import Kind
from helpsage.boards.words import SECTIONS
from tests.vendors import memory_board
from tests.vendors import todoist as server
from tests.vendors.memory_board import MemoryBoard, MemoryServer


class People(Protocol):
    """People at a board: what they see there and do, by a card's id."""

    #: The program, as `helpsage/boards/kinds.py` has it, and a token that it takes.
    kind: Kind
    token: str

    def title(self, card_id: str) -> str:
        """The card's title."""

    def labels(self, card_id: str) -> tuple[str, ...]:
        """Its labels."""

    def comments(self, card_id: str) -> list[str]:
        """What stands below it."""

    def move(self, card_id: str, section: str) -> None:
        """Into the section of that name; any name."""

    def finish(self, card_id: str, finished: bool = True) -> None:
        """Done, or not after all."""

    def delete(self, card_id: str) -> None:
        """Gone."""

    def take_away(self, card_id: str, back: bool = False) -> None:
        """Into another project, or back."""

    def say(self, card_id: str, text: str) -> None:
        """A comment by Priya."""

    def add(self, title: str) -> str:
        """A card of their own; returns its id."""

    def forget(self) -> None:
        """Cursors given out so far mean nothing any more."""

    def go_away(self, away: bool = True) -> None:
        """The program does not answer, or does again."""


class AtTodoist:
    """People at the Todoist of the tests."""

    def __init__(self, there: server.Todoist) -> None:
        self._there = there
        self.token = server.TOKEN

        def opened(token: str, project: str, sections: Mapping[str, str]) -> Board:
            return client.Todoist(token, project, sections, there.url)

        self.kind = Kind("todoist", "Todoist", "", opened)

    def title(self, card_id: str) -> str:
        return str(self._there.tasks[card_id]["content"])

    def labels(self, card_id: str) -> tuple[str, ...]:
        return tuple(self._there.tasks[card_id]["labels"])

    def comments(self, card_id: str) -> list[str]:
        return self._there.comments(self._there.tasks[card_id])

    def move(self, card_id: str, section: str) -> None:
        if section not in SECTIONS.values():
            self._there._section(section, "p1")
        self._there.move(self._there.tasks[card_id], section)

    def finish(self, card_id: str, finished: bool = True) -> None:
        self._there.check(self._there.tasks[card_id], finished)

    def delete(self, card_id: str) -> None:
        self._there.delete(self._there.tasks[card_id])

    def take_away(self, card_id: str, back: bool = False) -> None:
        self._there.take_away(self._there.tasks[card_id], "p1" if back else "p2")

    def say(self, card_id: str, text: str) -> None:
        self._there.say(self._there.tasks[card_id], text)

    def add(self, title: str) -> str:
        return str(self._there._add({"content": title, "project_id": "p1"})["id"])

    def forget(self) -> None:
        self._there.forget()

    def go_away(self, away: bool = True) -> None:
        answer = (503, {"Retry-After": "900"}, b"<html>maintenance</html>") if away else None
        self._there.trouble = lambda method, path: answer


class AtMemory:
    """People at the board in memory."""

    def __init__(self, there: MemoryServer) -> None:
        self._there = there
        self.token = memory_board.TOKEN

        def opened(token: str, project: str, sections: Mapping[str, str]) -> Board:
            return MemoryBoard(there, token, project, sections)

        self.kind = Kind("memory", "Memory", "", opened)

    def title(self, card_id: str) -> str:
        return self._there.cards[card_id].card.title

    def labels(self, card_id: str) -> tuple[str, ...]:
        return self._there.cards[card_id].card.labels

    def comments(self, card_id: str) -> list[str]:
        return [remark.text for _, remark in self._there.remarks if remark.card_id == card_id]

    def move(self, card_id: str, section: str) -> None:
        column = next((each for each, name in self._there.columns.items() if name == section), "nobody's")
        self._changed(card_id).column = column

    def finish(self, card_id: str, finished: bool = True) -> None:
        self._changed(card_id).done = finished

    def delete(self, card_id: str) -> None:
        self._changed(card_id).deleted = True

    def take_away(self, card_id: str, back: bool = False) -> None:
        self._changed(card_id).project = "p1" if back else "p2"

    def say(self, card_id: str, text: str) -> None:
        self._there.say(card_id, text, memory_board.HUMAN)

    def add(self, title: str) -> str:
        board = MemoryBoard(self._there, self.token, "p1", {"open": "nobody's"})
        return board.add(memory_board.Card(title, "", "open", False, "normal"), "").id

    def forget(self) -> None:
        self._there.forgotten = self._there.number

    def go_away(self, away: bool = True) -> None:
        self._there.away = away

    def _changed(self, card_id: str) -> memory_board.Kept:
        kept = self._there.cards[card_id]
        kept.at = self._there.next()
        return kept


@contextmanager
def people_at(kind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    """People at a board of this kind; the desk finds it too."""
    if kind == "memory":
        yield AtMemory(MemoryServer())
        return
    there = server.Todoist()
    monkeypatch.setenv("HELPSAGE_TODOIST_ADDRESS", there.url)
    settings.get.cache_clear()
    try:
        yield AtTodoist(there)
    finally:
        there.close()
        settings.get.cache_clear()


NAMES = ("todoist", "memory")
