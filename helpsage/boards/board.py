"""What a task board can do, whichever program it is: the next one is a module beside `todoist.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


class BoardAway(Exception):
    """It cannot be reached, is busy, or answers nonsense: later. The message says which.

    Attributes:
        retry_after_s: what it asks for; None when it does not say.
    """

    def __init__(self, why: str, retry_after_s: int | None = None) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class AccessLost(Exception):
    """The token is not accepted any more, or its project is gone: a person has to look. The message says which."""


class CardGone(Exception):
    """Nobody finds the card any more."""


@dataclass(frozen=True)
class Card:
    """A ticket as it stands on a board.

    Attributes:
        section: a status (`helpsage.tickets.models.Status`) that is worked on.
        priority: low, normal, high or urgent.
        labels: short names without spaces.
    """

    title: str
    text: str
    section: str
    finished: bool
    priority: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placed:
    """Where a card is.

    Attributes:
        id: as the board has it.
        url: for people.
    """

    id: str
    url: str


@dataclass(frozen=True)
class SeenCard:
    """A card as it is on the board now.

    Attributes:
        section: the status of its section; None when it stands in none of ours.
        gone: deleted, or moved to where we do not look.
    """

    id: str
    section: str | None
    finished: bool
    gone: bool = False


@dataclass(frozen=True)
class Remark:
    """A comment on a card."""

    id: str
    card_id: str
    author_id: str
    text: str


@dataclass(frozen=True)
class Someone:
    """A person of the board. The address is what the board says; it proves nothing."""

    name: str
    email: str = ""


@dataclass(frozen=True)
class News:
    """What happened since a cursor.

    Attributes:
        cursor: from where to go on.
        whole: this is everything there is and not what changed; what is finished need not be among it.
        people: those that became known, by their id on the board.
    """

    cursor: str
    whole: bool
    cards: tuple[SeenCard, ...] = ()
    remarks: tuple[Remark, ...] = ()
    people: Mapping[str, Someone] = field(default_factory=dict)


class Board(Protocol):
    """A project on a board. Every call may raise BoardAway and AccessLost, those with a card's id CardGone."""

    def projects(self) -> Mapping[str, str]:
        """Names of the projects that can be used, by id."""

    def prepare(self, names: Mapping[str, str]) -> Mapping[str, str]:
        """See that there is a section for each status (`names`: what people call it); returns their ids by status."""

    def add(self, card: Card, key: str) -> Placed:
        """Make a card. The same `key` again need not make a second one, where the board can tell."""

    def find(self, title_start: str) -> Placed | None:
        """The card, not finished, whose title begins so."""

    def change(self, card_id: str, card: Card) -> None:
        """Title, text, labels and priority anew."""

    def move(self, card_id: str, section: str) -> None:
        """To the section of another status."""

    def finish(self, card_id: str) -> None:
        """Done."""

    def reopen(self, card_id: str) -> None:
        """Not done after all."""

    def remark(self, card_id: str, text: str, key: str) -> str:
        """Write a comment; returns its id."""

    def remarks(self, card_id: str) -> list[Remark]:
        """All comments of a card."""

    def look(self, card_id: str) -> SeenCard:
        """The card as it is now, finished ones too."""

    def news(self, cursor: str) -> News:
        """What happened since; everything for the empty cursor, or when the board has forgotten that one."""
