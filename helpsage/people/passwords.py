"""Passwords: which ones are good enough, and what is kept of them."""

from __future__ import annotations

import secrets
from functools import lru_cache

from pwdlib import PasswordHash

from helpsage.people import words
from helpsage.people.errors import InvalidPassword

#: NIST SP 800-63B, section 5.1.1.2 asks for 8 at least and for 64 at least to be accepted; no rules of composition.
SHORTEST = 10
#: Hashing costs time by length: nobody makes the server hash a book.
LONGEST = 1_000

#: The same section: refuse what is tried first. Of the published lists, what is long enough to get here at all.
_TRIED_FIRST = """
    1234567890 12345678910 123456789a 0123456789 0987654321 1q2w3e4r5t 1qaz2wsx3edc 123qwe123qwe abcdefghij abcd123456
    a123456789 q1w2e3r4t5 qwertyuiop qwerty12345 qwerty123456 asdfghjkl1 password12 password123 password1234 passw0rd123
    iloveyou123 letmein1234 welcome123 welcome1234 admin12345 administrator changeme123 unbelievable basketball
    cheesecake football123 sunshine123 princess123 helpsage123
"""


def accepted(password: str, email: str = "", name: str = "") -> str:
    """The password, when it is good enough.

    Raises:
        InvalidPassword: the message says why.
    """
    if len(password) < SHORTEST:
        raise InvalidPassword(words.TOO_SHORT.format(shortest=SHORTEST))
    if len(password) > LONGEST or "\0" in password:
        raise InvalidPassword(words.TOO_LONG.format(longest=LONGEST))
    folded = password.casefold()
    if folded in _TRIED_FIRST.split() or len(set(folded)) < 4:
        raise InvalidPassword(words.TRIED_FIRST)
    if folded in {email.casefold(), email.partition("@")[0].casefold(), name.casefold()}:
        raise InvalidPassword(words.IS_ADDRESS)
    return password


def hashed(password: str) -> str:
    """What is kept of a password (argon2id)."""
    return _hasher().hash(password)


def verified(password: str, kept: str) -> tuple[bool, str | None]:
    """Whether the password is the right one, and what to keep instead when the way of hashing has changed since.

    Nothing kept takes the same time as a wrong password, so that an unknown address takes as long as a known one.
    """
    if len(password) > LONGEST:
        return False, None
    right, renewed = _hasher().verify_and_update(password, kept or _hash_of_nobody())
    return right and bool(kept), renewed


def recommended() -> PasswordHash:
    """Argon2id, as costly as its makers recommend."""
    return PasswordHash.recommended()


@lru_cache(maxsize=1)
def _hasher() -> PasswordHash:
    return recommended()


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    return _hasher().hash(secrets.token_urlsafe())
