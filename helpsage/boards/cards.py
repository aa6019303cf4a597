"""How a ticket and its thread look on a board."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.boards import words
from helpsage.boards.board import Card
from helpsage.departments.models import Team
from helpsage.tickets import lifecycle
from helpsage.tickets.models import Entry, Status, Ticket

__all__ = ["Card", "digest", "digest_of", "of", "remark", "title_start"]

MOST_DESCRIPTION = 10_000


def of(session: Session, ticket: Ticket) -> Card:
    """The ticket as it is now."""
    team = session.get(Team, ticket.team_id) if ticket.team_id is not None else None
    finished = Status(ticket.status) in lifecycle.FINISHED or ticket.merged_into_id is not None
    return Card(
        title=title_start(ticket) + ticket.subject,
        text=words.TEXT.format(
            description=ticket.description[:MOST_DESCRIPTION],
            link=f"{settings.get().web_url}/agent/tickets/{ticket.reference}",
        ),
        section=ticket.status if not finished else Status.OPEN.value,
        finished=finished,
        priority=ticket.priority,
        labels=(f"priority:{ticket.priority}", *([f"team:{'-'.join(team.key.split())}"] if team is not None else [])),
    )


def title_start(ticket: Ticket) -> str:
    """What the card is known by again."""
    return words.TITLE_START.format(reference=ticket.reference)


def digest(card: Card) -> str:
    """Of everything but where it stands."""
    return digest_of("\x00".join((card.title, card.text, card.priority, *card.labels)))


def digest_of(text: str) -> str:
    """A short mark of these words."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:32]


def remark(entry: Entry) -> str:
    """An entry of the thread, with who wrote it."""
    role = words.INTERNAL if entry.visibility == "internal" else words.ROLES[entry.author_kind]
    return words.REMARK.format(author=entry.author_name or role, role=role, body=entry.body).strip()
