"""Accounts: making them, logging in, and the sessions of logged-in browsers."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from functools import lru_cache

from pwdlib import PasswordHash
from sqlalchemy import Engine, delete, func, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people import directory
from helpsage.people.errors import (
    AccountError,
    AccountExists,
    InvalidAccount,
    TooManyAttempts,
    WrongCredentials,
)
from helpsage.people.models import Account, LoginFailure, LoginSession, Person, Role

__all__ = [
    "AccountError",
    "AccountExists",
    "InvalidAccount",
    "TooManyAttempts",
    "WrongCredentials",
    "authenticate",
    "by_email",
    "create",
    "disable",
    "enable",
    "find_session",
    "open_session",
    "revoke_session",
    "tidy",
]

#: NIST SP 800-63B, section 5.1.1.2 asks for 8 at least and for 64 at least to be accepted.
SHORTEST_PASSWORD = 10
#: Hashing costs time by length: nobody makes the server hash a book.
LONGEST_PASSWORD = 1_000

#: Wrong passwords within the window before no more are looked at: for one e-mail address, and from one network address
#: (an office shares one, so it gets more).
FAILURES_PER_EMAIL = 8
FAILURES_PER_ADDRESS = 40
FAILURE_WINDOW = timedelta(minutes=15)

#: A session ends after this time without a visit.
SESSION_IDLE = timedelta(days=14)
#: How often a visit is written down.
SESSION_RENEWAL = timedelta(hours=1)

NO_ADDRESS = "Please give an e-mail address like name@example.org."
PASSWORD_LENGTH = f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD:,} characters."


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    """Verified when there is no account, so that an unknown address takes as long as a known one."""
    return _hasher().hash(secrets.token_urlsafe())


def create(session: Session, email: str, name: str, password: str, role: Role | str) -> Account:
    """Make an account. Whoever calls this vouches for the address: the person counts as proven by it.

    Raises:
        InvalidAccount: no e-mail address, or a password too short or too long.
        AccountExists
    """
    address = email.strip()
    local, _, domain = address.rpartition("@")
    if not local or not domain or len(address) > directory.LONGEST_EMAIL or any(map(str.isspace, address)):
        raise InvalidAccount(NO_ADDRESS)
    if "\0" in address + password or not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidAccount(PASSWORD_LENGTH)
    if by_email(session, address) is not None:
        raise AccountExists(address)
    account = Account(
        person=directory.with_proven_email(session, address)
        or Person(name=name.strip(), email=address, created_at=clock.now()),
        email=address,
        password_hash=_hasher().hash(password),
        role=Role(role).value,
        created_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:  # two at once
        raise AccountExists(address) from error
    return account


def by_email(session: Session, email: str) -> Account | None:
    """The account of this address, whatever its capitals."""
    return session.scalar(select(Account).where(func.lower(Account.email) == email.strip().lower()))


def authenticate(session: Session, email: str, password: str, address: str) -> Account:
    """The active account that these belong to.

    A try is written down (in a transaction of its own) before the password is looked at and taken back when it was
    right: many at once cannot all slip in before the first one counts.

    Parameters:
        address: network address of the one who tries.

    Raises:
        WrongCredentials: after the same time for an unknown address as for a wrong password.
        TooManyAttempts: nothing was looked at.
    """
    claimed = email.strip().lower().replace("\0", "")[: directory.LONGEST_EMAIL]
    engine = session.get_bind().engine
    _count_attempt(engine, claimed, address)
    account = by_email(session, claimed)
    known = account.password_hash if account is not None else _hash_of_nobody()
    if len(password) > LONGEST_PASSWORD:
        raise WrongCredentials
    right, renewed = _hasher().verify_and_update(password, known)
    if account is None or not right or account.disabled_at is not None:
        raise WrongCredentials
    if renewed is not None:
        account.password_hash = renewed
    account.last_login_at = clock.now()
    _forget_attempts(engine, claimed)
    return account


def _count_attempt(engine: Engine, email: str, address: str) -> None:
    since = clock.now() - FAILURE_WINDOW
    with Session(engine) as own, own.begin():
        # One after the other, by e-mail and then by address, so that each sees the ones before it.
        for key in (f"email {email}", f"address {address}"):
            own.execute(text("select pg_advisory_xact_lock(hashtextextended(:key, 1002))"), {"key": key})
        recent = LoginFailure.at > since
        for condition, most in (
            (LoginFailure.email == email, FAILURES_PER_EMAIL),
            (LoginFailure.address == address, FAILURES_PER_ADDRESS),
        ):
            times = own.scalars(select(LoginFailure.at).where(condition, recent).order_by(LoginFailure.at.desc())).all()
            if len(times) >= most:
                raise TooManyAttempts(_seconds_until(times[most - 1] + FAILURE_WINDOW))
        own.add(LoginFailure(email=email, address=address, at=clock.now()))


def _seconds_until(moment: datetime) -> int:
    return max(1, round((moment - clock.now()).total_seconds()))


def _forget_attempts(engine: Engine, email: str) -> None:
    with Session(engine) as own, own.begin():
        own.execute(delete(LoginFailure).where(LoginFailure.email == email))


def disable(session: Session, account: Account) -> None:
    """Lock an account and end its sessions."""
    now = clock.now()
    account.disabled_at = account.disabled_at or now
    session.execute(
        update(LoginSession)
        .where(LoginSession.account_id == account.id, LoginSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def enable(account: Account) -> None:
    """Let a disabled account log in again."""
    account.disabled_at = None


def open_session(session: Session, account: Account, user_agent: str = "") -> str:
    """Log a browser in. The token is given out here and never kept: the table holds its SHA-256."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    session.add(
        LoginSession(
            token_hash=_hashed(token),
            account_id=account.id,
            created_at=now,
            expires_at=now + SESSION_IDLE,
            user_agent=user_agent[:400],
        )
    )
    session.flush()
    return token


def find_session(session: Session, token: str) -> LoginSession | None:
    """The session of this token, with its account, while it is good; a visit puts its end off."""
    found = session.get(LoginSession, _hashed(token))
    now = clock.now()
    if found is None or found.revoked_at is not None or found.expires_at <= now:
        return None
    if found.account.disabled_at is not None:
        return None
    if found.expires_at < now + SESSION_IDLE - SESSION_RENEWAL:
        found.expires_at = now + SESSION_IDLE
    return found


def revoke_session(session: Session, token: str) -> None:
    """Log a browser out; a token that is not known changes nothing."""
    session.execute(
        update(LoginSession)
        .where(LoginSession.token_hash == _hashed(token), LoginSession.revoked_at.is_(None))
        .values(revoked_at=clock.now())
    )


def tidy(session: Session) -> None:
    """Remove sessions that ended and wrong passwords older than a day."""
    yesterday = clock.now() - timedelta(days=1)
    ended = or_(LoginSession.expires_at < clock.now(), LoginSession.revoked_at < yesterday)
    session.execute(delete(LoginSession).where(ended))
    session.execute(delete(LoginFailure).where(LoginFailure.at < yesterday))


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
