"""Accounts: making them, and logging in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from helpsage import clock, mail
from helpsage.intake import people as mail_people
from helpsage.mail import address as addresses
from helpsage.people import browsers, directory, limits, log, notices, passwords, sessions, tokens, words
from helpsage.people.errors import (
    AccountError,
    AccountExists,
    InvalidAccount,
    InvalidEmail,
    TooManyAttempts,
    WrongCredentials,
)
from helpsage.people.limits import Limit
from helpsage.people.models import Account, Person, Role, SolvedPuzzle
from helpsage.people.notices import NOWHERE, Origin
from helpsage.people.sessions import find_session, open_session, revoke_session

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

FAILURE_WINDOW = timedelta(minutes=15)
#: Wrong passwords within the window before no more are looked at: for one e-mail address, and from one network address
#: (an office shares one, so it gets more).
FAILURES_PER_EMAIL = 8
FAILURES_PER_ADDRESS = 40
#: From so many on, a puzzle has to be solved with the next try.
PUZZLE_AFTER_PER_EMAIL = 3
PUZZLE_AFTER_PER_ADDRESS = 12
#: The same for a browser in which the account was logged in before: strangers do not lock it out.
KNOWN_BROWSER = Limit("login known browser", FAILURES_PER_EMAIL, FAILURE_WINDOW)


def create(session: Session, email: str, name: str, password: str, role: Role | str) -> Account:
    """Make an account. Whoever calls this vouches for the address: the person counts as proven by it.

    Raises:
        InvalidEmail, InvalidPassword
        AccountExists
    """
    address = parsed_email(email)
    accepted = passwords.accepted(password, address, name)
    return add(session, address, name, passwords.hashed(accepted), role)


def add(session: Session, address: str, name: str, password_hash: str, role: Role | str) -> Account:
    """Make an account for an address that is proven.

    Parameters:
        password_hash: empty for an account that only signs on elsewhere.

    Raises:
        AccountExists
    """
    if by_email(session, address) is not None:
        raise AccountExists(address)
    person = directory.with_proven_email(session, address)
    account = Account(
        person=person or Person(name=directory.clean_name(name), email=address, created_at=clock.now()),
        email=address,
        password_hash=password_hash,
        role=Role(role).value,
        created_at=clock.now(),
        verified_at=clock.now(),
    )
    try:
        with session.begin_nested():
            session.add(account)
    except IntegrityError as error:  # two at once
        raise AccountExists(address) from error
    if not account.person.name:
        account.person.name = directory.clean_name(name)
    # What they wrote from this address before they had an account is theirs.
    mail_people.proved(session, account.person)
    log.record(session, account.id, "registered", after={"role": account.role})
    return account


def parsed_email(email: str) -> str:
    """The address as it is kept.

    Raises:
        InvalidEmail
    """
    try:
        return addresses.parse(email)
    except mail.InvalidAddress as error:
        raise InvalidEmail(words.NO_ADDRESS) from error


def by_email(session: Session, email: str) -> Account | None:
    """The account of this address, whatever its capitals."""
    try:
        address = addresses.parse(email)
    except mail.InvalidAddress:
        return None
    return session.scalar(select(Account).where(func.lower(Account.email) == func.lower(address)))


def authenticate(
    session: Session, email: str, password: str, address: str, origin: Origin = NOWHERE, browser: str = ""
) -> Account:
    """The active account that these belong to.

    A try is written down before the password is looked at, and taken back when it was right.

    Parameters:
        address: network address of the one who tries.
        browser: the mark that their browser got when it was logged in before (`browsers.marked`).

    Raises:
        WrongCredentials: after the same time for an unknown address as for a wrong password.
        TooManyAttempts: nothing was looked at.
    """
    per_email, per_address = _limits()
    claimed = _claimed(email)
    account = by_email(session, email)
    known = browsers.known(browser, account)
    limits.count(session, *([(KNOWN_BROWSER, known)] if known else [(per_email, claimed), (per_address, address)]))
    right, renewed = passwords.verified(password, account.password_hash if account is not None else "")
    if account is None or not right or account.disabled_at is not None or account.verified_at is None:
        if not known:
            _warn_of_guessing(session, account, claimed, origin)
        raise WrongCredentials
    if renewed is not None:
        account.password_hash = renewed
    account.last_login_at = clock.now()
    if known:
        limits.forget(session, KNOWN_BROWSER, known)
    else:
        limits.forget(session, per_email, claimed)
        limits.take_back(session, per_address, address)
    return account


def _warn_of_guessing(session: Session, account: Account | None, claimed: str, origin: Origin) -> None:
    """The try that locks an account is told to its owner, once, in a transaction of its own: the caller's is lost."""
    if account is None or limits.spent(session, _limits()[0], claimed) != FAILURES_PER_EMAIL:
        return
    with Session(session.get_bind().engine) as own, own.begin():
        # Whoever guesses does not choose the language that the owner reads.
        notices.tell(own, own.get_one(Account, account.id), "locked", replace(origin, language=""))


def needs_puzzle(session: Session, email: str, address: str, browser: str = "") -> bool:
    """Whether the next try has to come with a solved puzzle. That says nothing about there being an account."""
    per_email, per_address = _limits()
    known = browsers.known(browser, by_email(session, email)) if browser else ""
    if known:
        return limits.spent(session, KNOWN_BROWSER, known) >= PUZZLE_AFTER_PER_EMAIL
    if limits.spent(session, per_address, address) >= PUZZLE_AFTER_PER_ADDRESS:
        return True
    return bool(email.strip()) and limits.spent(session, per_email, _claimed(email)) >= PUZZLE_AFTER_PER_EMAIL


def unlock(session: Session, email: str) -> None:
    """Wrong passwords of this address no longer count."""
    limits.forget(session, _limits()[0], _claimed(email))


def check_password(session: Session, account: Account, password: str) -> None:
    """Whoever is logged in proves again that it is them.

    Raises:
        WrongCredentials, TooManyAttempts
    """
    limit = Limit("own password", FAILURES_PER_EMAIL, FAILURE_WINDOW)
    limits.count(session, (limit, str(account.id)))
    right, _ = passwords.verified(password, account.password_hash)
    if not right:
        raise WrongCredentials
    limits.forget(session, limit, str(account.id))


def disable(session: Session, account: Account) -> None:
    """Lock an account and end its sessions."""
    account.disabled_at = account.disabled_at or clock.now()
    sessions.revoke_others(session, account.id)


def enable(account: Account) -> None:
    """Let a disabled account log in again."""
    account.disabled_at = None


def tidy(session: Session) -> None:
    """Remove what has ended: sessions, links, attempts older than a day, answers of old puzzles."""
    yesterday = clock.now() - timedelta(days=1)
    sessions.tidy(session)
    limits.tidy(session, yesterday)
    tokens.tidy(session, clock.now() - timedelta(days=30))
    session.execute(delete(SolvedPuzzle).where(SolvedPuzzle.expires_at < clock.now()))


def _limits() -> tuple[Limit, Limit]:
    return (
        Limit("login email", FAILURES_PER_EMAIL, FAILURE_WINDOW),
        Limit("login address", FAILURES_PER_ADDRESS, FAILURE_WINDOW),
    )


def _claimed(email: str) -> str:
    return email.strip().lower()[: addresses.LONGEST]
