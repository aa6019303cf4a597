"""How the chat applications are: working or broken, what waits, what went wrong last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.channels.models import ChannelConversation, ChannelError, Delivery, InstallationState, Post

MOST_ERRORS = 10


@dataclass(frozen=True)
class Standing:
    """One installation."""

    broken: bool
    reason: str
    since: datetime | None
    tested_at: datetime | None
    details: dict[str, Any]
    #: Messages that are still to be posted.
    waiting: int
    #: Conversations that cannot be reached.
    unreachable: int
    last_in: datetime | None
    errors: list[ChannelError]


def standing(session: Session, key: str) -> Standing:
    """How an installation is now."""
    kept = session.get(InstallationState, key, populate_existing=True)
    waiting = select(func.count()).where(Post.installation == key, Post.state == "waiting")
    unreachable = select(func.count()).where(
        ChannelConversation.installation == key, ChannelConversation.state == "broken"
    )
    last_in = select(func.max(Delivery.received_at)).where(Delivery.installation == key)
    errors = select(ChannelError).where(ChannelError.installation == key).order_by(ChannelError.id.desc())
    return Standing(
        broken=kept is not None and kept.state == "broken",
        reason=kept.reason if kept is not None else "",
        since=kept.since if kept is not None else None,
        tested_at=kept.tested_at if kept is not None else None,
        details=dict(kept.details) if kept is not None else {},
        waiting=session.scalar(waiting) or 0,
        unreachable=session.scalar(unreachable) or 0,
        last_in=session.scalar(last_in),
        errors=list(session.scalars(errors.limit(MOST_ERRORS))),
    )


def mended(session: Session, key: str, details: dict[str, Any] | None = None) -> None:
    """It works again, as far as anybody knows: what waits is posted from the commit on.

    Parameters:
        details: what the application said about us in a test; None: nobody asked it.
    """
    values: dict[str, Any] = {"state": "working", "reason": "", "since": None}
    if details is not None:
        values |= {"details": details, "tested_at": clock.now()}
    session.execute(
        insert(InstallationState).values(key=key, **values).on_conflict_do_update(index_elements=["key"], set_=values)
    )
    session.execute(text("select pg_notify('configuration', '')"))


def try_all_again(session: Session, key: str) -> int:
    """Post again where it was impossible: archived channels, people who had left; returns how many conversations."""
    found = session.scalars(
        select(ChannelConversation).where(
            ChannelConversation.installation == key, ChannelConversation.state == "broken"
        )
    ).all()
    for place in found:
        place.state, place.reason, place.since = "working", "", None
    session.flush()
    session.execute(text("select pg_notify('post', :key)"), {"key": key})
    return len(found)
