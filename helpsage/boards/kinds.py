"""Which programs a board may be in. Another one: a module that does what `board.py` lists, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from helpsage import settings
from helpsage.boards import words
from helpsage.boards.board import Board
from helpsage.boards.todoist import Todoist

#: From a token, a project's id (empty: none is chosen yet) and the ids of its sections by status.
Make = Callable[[str, str, Mapping[str, str]], Board]


@dataclass(frozen=True)
class Kind:
    """A program that has boards.

    Attributes:
        name: as it is kept.
        title: as people call it.
        token_help: where its token is found.
        open: makes a board of it.
    """

    name: str
    title: str
    token_help: str
    open: Make


def _todoist(token: str, project: str, sections: Mapping[str, str]) -> Board:
    return Todoist(token, project, sections, settings.get().todoist_address)


TODOIST = Kind("todoist", "Todoist", words.WHERE_TODOIST_HAS_IT, _todoist)
KINDS: dict[str, Kind] = {each.name: each for each in (TODOIST,)}
#: What is connected unless another is chosen.
USUAL = "todoist"
