"""Logged-in browsers."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people.models import Account, LoginSession
from helpsage.people.tokens import hashed

#: A session ends after this time without a visit ...
IDLE = timedelta(hours=12)
#: ... and with "remember me" after this.
REMEMBERED = timedelta(days=30)
#: How often a visit is written down.
RENEWAL = timedelta(minutes=5)
#: Time to enter the one-time code after the password.
CODE_TIME = timedelta(minutes=10)
#: For so long after proving who they are, people change what matters without proving it again.
FRESH = timedelta(minutes=15)
LONGEST_USER_AGENT = 400


def open_session(
    session: Session,
    account: Account,
    user_agent: str = "",
    *,
    address: str = "",
    remember: bool = False,
    awaits_code: bool = False,
    two_factor: bool = False,
) -> str:
    """Log a browser in. The token is given out here and never kept: the table holds its SHA-256.

    Parameters:
        awaits_code: the password was right, the second factor is still missing; it opens nothing but its page.
        two_factor: a second factor was shown.
    """
    token = secrets.token_urlsafe(32)
    now = clock.now()
    session.add(
        LoginSession(
            token_hash=hashed(token),
            account_id=account.id,
            created_at=now,
            seen_at=now,
            authenticated_at=now,
            expires_at=now + (CODE_TIME if awaits_code else _idle(remember)),
            remembered=remember,
            awaits_code=awaits_code,
            two_factor=two_factor,
            address=address,
            user_agent=user_agent[:LONGEST_USER_AGENT].replace("\x00", ""),
        )
    )
    session.flush()
    return token


def find_session(session: Session, token: str) -> LoginSession | None:
    """The session of this token, with its account, while it is good; a visit puts its end off."""
    found = _good(session, token)
    if found is None or found.awaits_code:
        return None
    now = clock.now()
    if found.seen_at < now - RENEWAL:
        found.seen_at, found.expires_at = now, now + _idle(found.remembered)
    return found


def find_waiting(session: Session, token: str) -> LoginSession | None:
    """The session of this token while it waits for a one-time code."""
    found = _good(session, token)
    return found if found is not None and found.awaits_code else None


def _good(session: Session, token: str) -> LoginSession | None:
    found = session.get(LoginSession, hashed(token))
    if found is None or found.revoked_at is not None or found.expires_at <= clock.now():
        return None
    return found if found.account.disabled_at is None else None


def is_fresh(found: LoginSession) -> bool:
    """Whether whoever sits there has proven who they are lately."""
    return found.authenticated_at > clock.now() - FRESH


def confirm(found: LoginSession, two_factor: bool = False) -> None:
    """They have proven it again just now."""
    found.authenticated_at = clock.now()
    found.two_factor = found.two_factor or two_factor


def open_sessions(session: Session, account_id: UUID) -> list[LoginSession]:
    """Where the account is logged in, the last visit first."""
    asked = select(LoginSession).where(
        LoginSession.account_id == account_id,
        LoginSession.revoked_at.is_(None),
        LoginSession.expires_at > clock.now(),
        LoginSession.awaits_code.is_(False),
    )
    return list(session.scalars(asked.order_by(LoginSession.seen_at.desc())))


def revoke_session(session: Session, token: str) -> None:
    """Log a browser out; a token that is not known changes nothing."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.token_hash == hashed(token), LoginSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def revoke(session: Session, account_id: UUID, session_id: UUID) -> bool:
    """Log one of the account's browsers out; whether there was one."""
    return _revoke_where(session, account_id, LoginSession.id == session_id) > 0


def revoke_others(session: Session, account_id: UUID, kept: UUID | None = None) -> int:
    """Log all of the account's browsers out but one; returns how many."""
    return _revoke_where(session, account_id, *([LoginSession.id != kept] if kept is not None else []))


def _revoke_where(session: Session, account_id: UUID, *conditions: ColumnElement[bool]) -> int:
    ended = (
        update(LoginSession)
        .where(LoginSession.account_id == account_id, LoginSession.revoked_at.is_(None), *conditions)
        .values(revoked_at=clock.now())
        .returning(LoginSession.id)
    )
    return len(session.scalars(ended).all())


def tidy(session: Session) -> None:
    """Remove sessions that ended; revoked ones stay a day."""
    now = clock.now()
    ended = or_(LoginSession.expires_at < now, LoginSession.revoked_at < now - timedelta(days=1))
    session.execute(delete(LoginSession).where(ended))


def _idle(remembered: bool) -> timedelta:
    return REMEMBERED if remembered else IDLE
