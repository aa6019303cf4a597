"""What was made of a record, and what the simple ones are going to be made into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from helpsage.tickets.service import NewTicket

#: Departments' ids by their keys (`departments.ids_by_key`).
Homes = Callable[[str], UUID | None]


@dataclass(frozen=True)
class Made:
    """A ticket, a comment on one, or nothing.

    Attributes:
        ignored: why nothing was made of it, a word of `words.REASONS`.
    """

    ticket_id: UUID | None = None
    entry_id: UUID | None = None
    person_id: UUID | None = None
    ignored: str = ""


@dataclass(frozen=True)
class Plain:
    """A record that becomes a ticket of its own and nothing else: it answers nothing, brings no files, and its lane
    need not look twice at who sent it. Many of them are worked off at once (`batches.py`).

    Attributes:
        address: who sent it, in small letters; empty for somebody who left none.
        ticket: its requester is found by `address`.
        message_id: of the letter, to know it again when it is answered.
    """

    address: str
    name: str
    ticket: NewTicket
    message_id: str = ""
