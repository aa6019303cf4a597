"""Making an account oneself: ask, get a link by mail, confirm.

Nothing but the link is kept until the address is proven. It carries what was typed with it, so that nobody's account
ever begins with a password that somebody else chose: in another browser the password has to be given again.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from helpsage import mail, settings
from helpsage.people import accounts, directory, limits, passwords, tokens
from helpsage.people.errors import AccountExists, WrongCredentials
from helpsage.people.limits import Limit
from helpsage.people.models import Account, AccountToken, Role
from helpsage.people.tokens import Kind
from languages import SOURCE, detect

#: Letters to one address that nobody there has asked for, and requests from one network address.
PER_EMAIL = Limit("letter", 3, timedelta(hours=1))
PER_ADDRESS = Limit("letter address", 30, timedelta(hours=1))
#: From so many on, the next request comes with a solved puzzle.
PUZZLE_AFTER = 3
#: Wrong passwords at one link.
PER_LINK = Limit("link", 5, timedelta(hours=24))


@dataclass(frozen=True)
class Wish:
    """What somebody typed to get an account.

    Attributes:
        browser: the mark of the browser they sit at; empty when it keeps none.
        language: that the page spoke to them.
    """

    email: str
    name: str
    password: str
    browser: str = ""
    language: str = SOURCE


def ask(session: Session, wish: Wish, address: str) -> None:
    """Send a link, or, where there is an account already, a letter that says so. Both look and take the same.

    Parameters:
        address: network address of the one who asks.

    Raises:
        InvalidEmail, InvalidName, InvalidPassword: the message says why.
        TooManyAttempts
    """
    email = accounts.parsed_email(wish.email)
    name = directory.given_name(wish.name)
    passwords.accepted(wish.password, email, name)
    count_letter(session, email, address)
    data = {
        "name": name,
        "password_hash": passwords.hashed(wish.password),
        "browser": marked(wish.browser),
        "language": wish.language,
    }
    token = tokens.issue(session, Kind.REGISTER, email, data=data)
    web_url = settings.get().web_url
    if accounts.by_email(session, email) is None:
        values = {"link": f"{web_url}/register/confirm?token={token}", "hours": hours(Kind.REGISTER)}
        mail.send_letter(session, email, "register", values, confidential=True, language=wish.language)
    else:
        session.delete(tokens.look_at(session, Kind.REGISTER, token))
        known = {"link": f"{web_url}/login"}
        mail.send_letter(session, email, "already_registered", known, confidential=True, language=wish.language)


def count_letter(session: Session, email: str, address: str) -> None:
    """Note that a stranger has us write to this address.

    Raises:
        TooManyAttempts: whether or not there is an account.
    """
    limits.count(session, (PER_EMAIL, email.lower()), (PER_ADDRESS, address))


def needs_puzzle(session: Session, address: str) -> bool:
    """Whether the next request for a letter has to come with a solved puzzle."""
    return limits.spent(session, PER_ADDRESS, address) >= PUZZLE_AFTER


def link(session: Session, token: str) -> AccountToken:
    """What a link would do.

    Raises:
        LinkUnknown, LinkUsed, LinkExpired
    """
    return tokens.look_at(session, Kind.REGISTER, token)


def is_same_browser(found: AccountToken, browser: str) -> bool:
    """Whether the link was asked for by this browser, so that the password need not be given again."""
    kept = str(found.data.get("browser", ""))
    return bool(kept) and hmac.compare_digest(kept, marked(browser))


def confirm(session: Session, token: str, browser: str = "", password: str = "") -> Account:
    """Make the account that the link stands for.

    Parameters:
        password: the one chosen when asking; not looked at in the browser that asked.

    Raises:
        LinkUnknown, LinkUsed, LinkExpired
        WrongCredentials, TooManyAttempts
        AccountExists: made in the meantime.
    """
    found = tokens.lock(session, Kind.REGISTER, token)
    kept = str(found.data["password_hash"])
    if not is_same_browser(found, browser):
        limits.count(session, (PER_LINK, found.token_hash))
        if not passwords.verified(password, kept)[0]:
            raise WrongCredentials
    if accounts.by_email(session, found.email) is not None:
        raise AccountExists(found.email)
    account = accounts.add(session, found.email, str(found.data["name"]), kept, Role.REQUESTER)
    if account.person.locale == SOURCE:
        account.person.locale = detect.spoken(found.data.get("language")) or SOURCE
    tokens.use_up(session, found)
    return account


def marked(browser: str) -> str:
    """What is kept of a browser's mark."""
    return tokens.hashed(f"browser {browser}") if browser else ""


def hours(kind: Kind) -> int:
    """For how long a link works, for people."""
    return int(tokens.LIFETIMES[kind].total_seconds() // 3600)
