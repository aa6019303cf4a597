"""A second kind of board, in memory: what `helpsage/boards/board.py` asks for, and nothing of Todoist's ways.

`MemoryServer` is the other program, with people at it; `MemoryBoard` is the module that talks to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from helpsage.boards.board import AccessLost, BoardAway, Card, CardGone, News, Placed, Remark, SeenCard, Someone

TOKEN = "of-the-memory-board"
ROBOT, HUMAN = "robot", "priya"


@dataclass
class Kept:
    """A card there."""

    card: Card
    column: str
    project: str
    done: bool = False
    deleted: bool = False
    #: Number of the latest change.
    at: int = 0


@dataclass
class MemoryServer:
    """Every change has a number; a cursor is the number of the last one that was told."""

    projects: dict[str, str] = field(default_factory=lambda: {"p1": "Help desk", "p2": "Elsewhere"})
    columns: dict[str, str] = field(default_factory=dict)
    cards: dict[str, Kept] = field(default_factory=dict)
    remarks: list[tuple[int, Remark]] = field(default_factory=list)
    people: dict[str, Someone] = field(
        default_factory=lambda: {
            ROBOT: Someone("Desk robot", "bot@desk.example"),
            HUMAN: Someone("Priya Raman", "priya@desk.example"),
        }
    )
    away: bool = False
    #: Numbers up to this one are forgotten.
    forgotten: int = -1
    number: int = 0

    def next(self) -> int:
        """The number of a change."""
        self.number += 1
        return self.number

    def say(self, card_id: str, text: str, by: str) -> str:
        """A comment; returns its id."""
        at = self.next()
        self.remarks.append((at, Remark(f"r{at}", card_id, by, text)))
        return f"r{at}"


class MemoryBoard:
    """One project of it."""

    def __init__(self, server: MemoryServer, token: str, project: str, sections: Mapping[str, str]) -> None:
        self._server, self._token, self._project = server, token, project
        self._sections = dict(sections)

    def projects(self) -> Mapping[str, str]:
        """See `Board`."""
        self._enter()
        return dict(self._server.projects)

    def prepare(self, names: Mapping[str, str]) -> Mapping[str, str]:
        """See `Board`."""
        self._enter()
        if self._project not in self._server.projects:
            raise AccessLost("the project is not there any more")
        there = {name: each for each, name in self._server.columns.items()}
        for status, name in names.items():
            self._sections[status] = there.get(name) or f"c{self._server.next()}"
            self._server.columns[self._sections[status]] = name
        return dict(self._sections)

    def add(self, card: Card, key: str) -> Placed:
        """See `Board`. It cannot tell a repetition."""
        self._enter()
        at = self._server.next()
        self._server.cards[f"k{at}"] = Kept(card, self._sections[card.section], self._project, at=at)
        return self._placed(f"k{at}")

    def find(self, title_start: str) -> Placed | None:
        """See `Board`."""
        self._enter()
        for card_id, kept in self._server.cards.items():
            alive = kept.project == self._project and not kept.done and not kept.deleted
            if alive and kept.card.title.startswith(title_start):
                return self._placed(card_id)
        return None

    def change(self, card_id: str, card: Card) -> None:
        """See `Board`."""
        kept = self._card(card_id)
        kept.card, kept.at = replace(card, section=kept.card.section), self._server.next()

    def move(self, card_id: str, section: str) -> None:
        """See `Board`."""
        kept = self._card(card_id)
        kept.column, kept.at = self._sections[section], self._server.next()

    def finish(self, card_id: str) -> None:
        """See `Board`."""
        kept = self._card(card_id)
        kept.done, kept.at = True, self._server.next()

    def reopen(self, card_id: str) -> None:
        """See `Board`."""
        kept = self._card(card_id)
        kept.done, kept.at = False, self._server.next()

    def remark(self, card_id: str, text: str, key: str) -> str:
        """See `Board`."""
        self._card(card_id)
        return self._server.say(card_id, text, ROBOT)

    def remarks(self, card_id: str) -> list[Remark]:
        """See `Board`."""
        self._card(card_id)
        return [remark for _, remark in self._server.remarks if remark.card_id == card_id]

    def look(self, card_id: str) -> SeenCard:
        """See `Board`."""
        self._card(card_id)
        return self._seen(card_id)

    def news(self, cursor: str) -> News:
        """See `Board`."""
        self._enter()
        since = int(cursor) if cursor.isdecimal() and int(cursor) > self._server.forgotten else 0
        whole = since == 0
        cards = {each: kept for each, kept in self._server.cards.items() if kept.at > since}
        if whole:
            cards = {each: kept for each, kept in cards.items() if not kept.done and not kept.deleted}
        return News(
            cursor=str(self._server.number),
            whole=whole,
            cards=tuple(self._seen(each) for each in cards),
            remarks=tuple(remark for at, remark in self._server.remarks if at > since),
            people=dict(self._server.people) if whole else {},
        )

    def _enter(self) -> None:
        if self._server.away:
            raise BoardAway("away", 900)
        if self._token != TOKEN:
            raise AccessLost("the token is not accepted")

    def _card(self, card_id: str) -> Kept:
        self._enter()
        kept = self._server.cards.get(card_id)
        if kept is None or kept.deleted:
            raise CardGone
        return kept

    def _placed(self, card_id: str) -> Placed:
        return Placed(card_id, f"https://boards.example/{card_id}")

    def _seen(self, card_id: str) -> SeenCard:
        kept = self._server.cards[card_id]
        section = next((status for status, column in self._sections.items() if column == kept.column), None)
        return SeenCard(card_id, section, kept.done, kept.deleted or kept.project != self._project)
