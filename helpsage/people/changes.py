"""What people change about their own account: a forgotten password, the password, the e-mail address, the name."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage import mail, settings
from helpsage.people import (
    accounts,
    directory,
    joining,
    language,
    log,
    notices,
    passwords,
    sessions,
    tokens,
    two_factor,
    words,
)
from helpsage.people.errors import AccountExists, InvalidEmail, LinkUnknown
from helpsage.people.models import Account, AccountToken, LoginSession, Person
from helpsage.people.notices import NOWHERE, Origin
from helpsage.people.registration import count_letter, hours
from helpsage.people.tokens import LIFETIMES, Kind
from languages import SOURCE


def forgot_password(session: Session, email: str, address: str, spoken: str = SOURCE) -> None:
    """Send a link to choose a new password; to an address without an account, a letter that says so.

    Parameters:
        spoken: the language of the page that asks.

    Raises:
        InvalidEmail, TooManyAttempts
    """
    parsed = accounts.parsed_email(email)
    count_letter(session, parsed, address)
    account = accounts.by_email(session, parsed)
    token = tokens.issue(session, Kind.RESET, parsed, account)
    web_url = settings.get().web_url
    if account is None or account.disabled_at is not None:
        session.delete(tokens.look_at(session, Kind.RESET, token))
        known = {"link": f"{web_url}/register"}
        mail.send_letter(session, parsed, "no_account", known, confidential=True, language=spoken)
        return
    values = {
        "name": account.person.name or account.email,
        "link": f"{web_url}/reset?token={token}",
        "minutes": int(LIFETIMES[Kind.RESET].total_seconds() // 60),
    }
    # To the address that is kept, not to the one that was typed: two may look the same.
    spoken = language.of(account.person, spoken)
    mail.send_letter(session, account.email, "reset", values, confidential=True, language=spoken)


def reset_link(session: Session, token: str) -> AccountToken:
    """What a link would do.

    Raises:
        LinkUnknown, LinkUsed, LinkExpired
    """
    return tokens.look_at(session, Kind.RESET, token)


def reset_password(session: Session, token: str, password: str, origin: Origin = NOWHERE) -> Account:
    """Choose a new password by a link. Every browser is logged out.

    Raises:
        LinkUnknown, LinkUsed, LinkExpired
        InvalidPassword: the link can be used again.
    """
    found = tokens.lock(session, Kind.RESET, token)
    account = session.get(Account, found.account_id)
    if account is None or account.disabled_at is not None:
        raise LinkUnknown
    _set_password(session, account, password, None, origin)
    tokens.use_up(session, found)
    accounts.unlock(session, account.email)
    return account


def give_password(session: Session, account: Account, password: str) -> None:
    """Set a password for somebody; every browser of theirs is logged out. Whoever calls this has made sure who asks.

    Raises:
        InvalidPassword
    """
    _set_password(session, account, password, None, NOWHERE)
    accounts.unlock(session, account.email)


def change_password(session: Session, current: LoginSession, old: str, new: str, origin: Origin = NOWHERE) -> None:
    """Choose another password. Every other browser is logged out.

    Parameters:
        old: the present one; not looked at for an account that has none.

    Raises:
        WrongCredentials, TooManyAttempts, InvalidPassword
    """
    account = current.account
    if account.password_hash:
        accounts.check_password(session, account, old)
    _set_password(session, account, new, current, origin)


def _set_password(
    session: Session, account: Account, password: str, current: LoginSession | None, origin: Origin
) -> None:
    accepted = passwords.accepted(password, account.email, account.person.name)
    account.password_hash = passwords.hashed(accepted)
    # Whoever knew the old password may have prepared something with it.
    tokens.end(session, account, Kind.RESET, Kind.CHANGE_EMAIL)
    two_factor.forget_unused_key(session, account)
    sessions.revoke_others(session, account.id, current.id if current is not None else None)
    log.record(session, account.id, "password", actor_id=account.id if current is not None else None)
    notices.tell(session, account, "password", origin)


def ask_for_email(session: Session, account: Account, email: str, password: str, address: str, origin: Origin) -> None:
    """Send a link to a new address, and a word to the old one. Whether the new one has an account is not told here.

    Raises:
        InvalidEmail
        WrongCredentials, TooManyAttempts
    """
    parsed = accounts.parsed_email(email)
    if parsed.lower() == account.email.lower():
        raise InvalidEmail(words.SAME_ADDRESS)
    if account.password_hash:
        accounts.check_password(session, account, password)
    count_letter(session, parsed, address)
    web_url = settings.get().web_url
    spoken = language.of(account.person, origin.language)
    if accounts.by_email(session, parsed) is None:
        token = tokens.issue(session, Kind.CHANGE_EMAIL, parsed, account)
        values = {"link": f"{web_url}/account/email/confirm?token={token}", "hours": hours(Kind.CHANGE_EMAIL)}
        mail.send_letter(session, parsed, "change_email", values, confidential=True, language=spoken)
    else:
        known = {"link": f"{web_url}/login"}
        mail.send_letter(session, parsed, "email_taken", known, confidential=True, language=spoken)
    notices.tell(session, account, "email_asked", origin)


def email_link(session: Session, token: str) -> AccountToken:
    """What a link would do.

    Raises:
        LinkUnknown, LinkUsed, LinkExpired
    """
    return tokens.look_at(session, Kind.CHANGE_EMAIL, token)


def change_email(session: Session, token: str, account: Account, origin: Origin = NOWHERE) -> None:
    """Move the account to the address that the link was sent to.

    Parameters:
        account: the one that is logged in: a link alone moves nothing.

    Raises:
        LinkUnknown: also when the link is another account's.
        LinkUsed, LinkExpired
        AccountExists: the address has got one since.
    """
    found = tokens.lock(session, Kind.CHANGE_EMAIL, token)
    if found.account_id != account.id:
        raise LinkUnknown
    if accounts.by_email(session, found.email) is not None:
        raise AccountExists(found.email)
    before, person = account.email, account.person
    _take_over(session, found.email, person)
    account.email = person.email = found.email
    tokens.use_up(session, found)
    # One that lies in the old mailbox.
    tokens.end(session, account, Kind.RESET)
    log.record(session, account.id, "email", {"email": before}, {"email": found.email}, account.id)
    notices.tell(session, account, "email", origin, to=before)


def _take_over(session: Session, email: str, person: Person) -> None:
    """Whoever wrote from this address before they had an account was this person."""
    known = session.scalar(select(Person).where(func.lower(Person.email) == email.lower(), Person.id != person.id))
    if known is None:
        return
    known.email = None
    session.flush()
    joining.merge(session, known, person)


def rename(session: Session, account: Account, name: str) -> None:
    """Choose another name to be shown.

    Raises:
        InvalidName
    """
    before, account.person.name = account.person.name, directory.given_name(name)
    if before != account.person.name:
        log.record(session, account.id, "name", {"name": before}, {"name": account.person.name}, account.id)
