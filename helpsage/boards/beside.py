"""What stands beside a ticket: its cards on task boards, and how each does."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Select, Text, cast, func, literal, or_, select

from helpsage.boards import words
from helpsage.boards.models import BoardCard, BoardRow, CardState
from helpsage.tickets.models import Ticket


@dataclass(frozen=True)
class Shown:
    """A card, for the page of its ticket.

    Attributes:
        board: the board's name.
        url: where people open it; empty while there is none, and for what is no web address.
        said: how it does, in a few words.
    """

    board: str
    url: str
    said: str


def asked(ticket_id: UUID) -> Select[str]:
    """Asks for the ticket's cards on boards that are connected, each as a text for `shown`."""
    columns = {
        "board": BoardRow.name,
        "url": BoardCard.url,
        "state": BoardCard.state,
        "conflict": BoardCard.conflict,
        "rests": or_(BoardRow.broken_at.is_not(None), BoardRow.disabled_at.is_not(None)),
        "behind": BoardCard.version < Ticket.version,
    }
    pairs = [each for name, column in columns.items() for each in (literal(name), column)]
    return (
        select(cast(func.json_build_object(*pairs), Text))
        .select_from(BoardCard)
        .join(BoardRow, BoardRow.id == BoardCard.board_id)
        .join(Ticket, Ticket.id == BoardCard.ticket_id)
        .where(BoardCard.ticket_id == ticket_id, BoardRow.removed_at.is_(None))
    )


def shown(found: Iterable[str]) -> list[Shown]:
    """The cards of a ticket, by the boards' names."""
    cards = sorted((json.loads(each) for each in found), key=lambda card: (card["board"], card["url"]))
    return [Shown(card["board"], _address(card), _said(card)) for card in cards]


def _address(card: dict[str, Any]) -> str:
    """The board says what it is: only an address of the web becomes a link."""
    there = card["state"] == CardState.ON.value and urlsplit(card["url"]).scheme in ("http", "https")
    return str(card["url"]) if there else ""


def _said(card: dict[str, Any]) -> str:
    if card["state"] == CardState.GONE.value:
        return words.CARD_IS_GONE
    if card["conflict"]:
        return str(card["conflict"])
    if card["rests"]:
        return words.CARD_RESTS
    if card["state"] == CardState.PENDING.value or card["behind"]:
        return words.CARD_IS_BEHIND
    return words.CARD_IS_RIGHT
