"""Tags: words that agents put on tickets to find them together."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from helpsage.tickets import changing, words
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import TicketError
from helpsage.tickets.models import Ticket

LONGEST_TAG = 40
MOST_TAGS = 20


class InvalidTag(TicketError):
    """A tag that cannot be kept.

    Attributes:
        problem: `empty`, `too_long` or `too_many`.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


def normal(written: str) -> str:
    """A tag as it is kept: lower case, single spaces, no comma (that is what stands between tags).

    Raises:
        InvalidTag
    """
    tag = " ".join(words.clean(written).replace(",", " ").lower().split())
    if not words.visible(tag):
        raise InvalidTag("empty")
    if len(tag) > LONGEST_TAG:
        raise InvalidTag("too_long")
    return tag


def read(line: str) -> list[str]:
    """The tags of a line, parted by commas, each once.

    Raises:
        InvalidTag
    """
    return list(dict.fromkeys(normal(part) for part in line.split(",") if words.visible(words.clean(part))))


def change(
    session: Session,
    ticket: Ticket,
    actor: Actor,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    expected_version: int | None = None,
) -> Ticket:
    """Put tags on and take tags off; what is there already, or not there, is no change.

    Raises:
        InvalidTag, TicketNotFound, StaleTicket
    """
    added, removed = [normal(tag) for tag in add], {normal(tag) for tag in remove}
    ticket = changing.locked(session, ticket, expected_version)
    before = list(ticket.tags)
    after = [tag for tag in dict.fromkeys([*before, *added]) if tag not in removed]
    if len(after) > MOST_TAGS and len(after) > len(before):
        raise InvalidTag("too_many")
    if after != before:
        at = changing.touch(ticket)
        ticket.tags = after
        changing.log(session, ticket, actor, "tags", {"tags": before}, {"tags": after}, "", at)
        changing.tell(session, ticket, "ticket.tagged", actor, {"from": before, "to": after})
    return ticket
