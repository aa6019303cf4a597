"""What stands beside a ticket for the agent who opens it: own drafts, whether they follow it, who else is there, and
whether letters to the requester come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Select, Uuid, literal, null, select, union_all
from sqlalchemy.orm import Session

from helpsage.intake.models import MailIdentity
from helpsage.tickets import presence
from helpsage.tickets.drafts import Draft
from helpsage.tickets.followers import Follower
from helpsage.tickets.models import Ticket
from helpsage.tickets.presence import Present


@dataclass(frozen=True)
class Begun:
    """Words that are not sent yet."""

    body: str
    updated_at: datetime


@dataclass(frozen=True)
class Bounced:
    """What another mail server said when a letter to the requester came back for good."""

    bounce: str
    bounced_at: datetime


@dataclass(frozen=True)
class Beside:
    """For one agent at one ticket.

    Attributes:
        drafts: by kind.
        others: who else has it open, by name.
        bounced: None: letters to the requester arrive, as far as is known.
        also: what was asked besides.
    """

    drafts: Mapping[str, Begun]
    follows: bool
    others: Sequence[Present]
    bounced: Bounced | None
    also: Sequence[str] = ()


def of(session: Session, ticket: Ticket, account_id: UUID, also: Select[str] | None = None) -> Beside:
    """Everything in one statement: the same as `drafts.of`, `followers.followers`, `presence.others` and
    `intake.people.bounce_of`.

    Parameters:
        also: asks for texts that this package knows nothing of, so that they need no way of their own.
    """
    ticket_id = ticket.id
    others = presence.others_of(ticket_id, account_id).subquery()
    own = select(Draft.account_id, Draft.body, Draft.kind, Draft.updated_at, literal("draft")).where(
        Draft.account_id == account_id, Draft.ticket_id == ticket_id
    )
    follows = select(Follower.account_id, literal(""), literal(""), Follower.since, literal("follows")).where(
        Follower.account_id == account_id, Follower.ticket_id == ticket_id
    )
    address = (ticket.requester.email or ticket.requester.contact_email or "").lower()
    bounced = select(
        MailIdentity.person_id, MailIdentity.bounce, literal(""), MailIdentity.bounced_at, literal("bounced")
    ).where(MailIdentity.address == address, MailIdentity.bounced_at.is_not(None))
    there = select(others.c.id, others.c.name, others.c.email, others.c.updated_at, literal("other"))
    parts = [there, own, follows, bounced]
    if also is not None:
        texts = also.subquery()
        parts.append(
            select(null().cast(Uuid), texts.c[0], literal(""), null().cast(DateTime(timezone=True)), literal("also"))
        )
    rows = session.execute(union_all(*parts)).all()
    return Beside(
        drafts={row[2]: Begun(row[1], row[3]) for row in rows if row[4] == "draft"},
        follows=any(row[4] == "follows" for row in rows),
        others=presence.present(row for row in rows if row[4] == "other"),
        bounced=next((Bounced(row[1], row[3]) for row in rows if row[4] == "bounced"), None),
        also=[row[1] for row in rows if row[4] == "also"],
    )
