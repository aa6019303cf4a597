"""Links that are sent by mail: each works once, until it expires, and only its SHA-256 is kept."""

from __future__ import annotations

import enum
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people.errors import LinkExpired, LinkUnknown, LinkUsed
from helpsage.people.models import Account, AccountToken


class Kind(enum.StrEnum):
    """What a link is for."""

    REGISTER = "register"
    RESET = "reset"
    CHANGE_EMAIL = "change_email"
    INVITE = "invite"


LIFETIMES = {
    Kind.REGISTER: timedelta(hours=24),
    Kind.RESET: timedelta(minutes=30),
    Kind.CHANGE_EMAIL: timedelta(hours=24),
    Kind.INVITE: timedelta(days=7),
}


def issue(
    session: Session, kind: Kind, email: str, account: Account | None = None, data: dict[str, Any] | None = None
) -> str:
    """Make a link's token for whoever reads the mail of this address. It is given out here and never kept."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    session.add(
        AccountToken(
            token_hash=hashed(token),
            kind=kind.value,
            account_id=account.id if account is not None else None,
            email=email,
            data=data or {},
            created_at=now,
            expires_at=now + LIFETIMES[kind],
        )
    )
    session.flush()
    return token


def look_at(session: Session, kind: Kind, token: str) -> AccountToken:
    """The link, while it is good. Looking does not use it up: programs that check mail follow links, too.

    Raises:
        LinkUnknown, LinkUsed, LinkExpired
    """
    return _good(session.get(AccountToken, hashed(token)), kind)


def lock(session: Session, kind: Kind, token: str) -> AccountToken:
    """The link, while it is good, kept from everyone else until the transaction ends.

    Raises:
        LinkUnknown, LinkUsed, LinkExpired
    """
    return _good(session.get(AccountToken, hashed(token), with_for_update=True, populate_existing=True), kind)


def _good(found: AccountToken | None, kind: Kind) -> AccountToken:
    if found is None or found.kind != kind:
        raise LinkUnknown
    if found.used_at is not None:
        raise LinkUsed
    if found.expires_at <= clock.now():
        raise LinkExpired
    return found


def use_up(session: Session, link: AccountToken) -> None:
    """The link has done its work, and so have its brothers: the same for the same account or address."""
    same = [AccountToken.account_id == link.account_id] if link.account_id is not None else []
    whose = or_(func.lower(AccountToken.email) == link.email.lower(), *same)
    session.execute(
        update(AccountToken)
        .where(AccountToken.kind == link.kind, AccountToken.used_at.is_(None), whose)
        .values(used_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )


def end(session: Session, account: Account, *kinds: Kind) -> None:
    """Links of these kinds that were sent for the account open nothing any more."""
    session.execute(
        update(AccountToken)
        .where(AccountToken.account_id == account.id, AccountToken.kind.in_(kinds), AccountToken.used_at.is_(None))
        .values(used_at=clock.now())
        .execution_options(synchronize_session="fetch")
    )


def waiting(session: Session, kind: Kind) -> list[AccountToken]:
    """Links that were sent and not used yet, the newest first."""
    asked = select(AccountToken).where(
        AccountToken.kind == kind.value, AccountToken.used_at.is_(None), AccountToken.expires_at > clock.now()
    )
    return list(session.scalars(asked.order_by(AccountToken.created_at.desc())))


def tidy(session: Session, before: datetime) -> None:
    """Remove links that ended before this moment."""
    session.execute(delete(AccountToken).where(AccountToken.expires_at < before))


def hashed(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
