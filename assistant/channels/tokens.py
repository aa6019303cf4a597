"""Conversation tokens: who holds one may read and write that conversation, nobody else.

A JWT (RFC 7519), HS256, for the audience `webchat`, with the conversation's id as subject. Once the conversation is
somebody's with an account, only tokens that name that person open it: one that was copied before opens nothing more.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt

AUDIENCE = "webchat"
ALGORITHM = "HS256"
LIFETIME_S = 30 * 24 * 3600


class TokenInvalid(Exception):
    """Not one of our tokens."""


class TokenExpired(TokenInvalid):
    """One of ours, from too long ago."""


@dataclass(frozen=True)
class Token:
    """A token as given to a client."""

    text: str
    conversation: UUID
    #: Seconds since 1970.
    expires: int


@dataclass(frozen=True)
class Opened:
    """What a token opens, and as whom."""

    conversation: UUID
    #: The person with an account whose conversation it was when the token was made; None: nobody's yet.
    person: UUID | None = None


def issue(opened: Opened, key: str, lifetime: float = LIFETIME_S) -> Token:
    """Make a token for a conversation, valid for `lifetime` seconds from now."""
    now = int(time.time())
    expires = int(now + lifetime)
    claims: dict[str, Any] = {"sub": str(opened.conversation), "aud": AUDIENCE, "iat": now, "exp": expires}
    if opened.person is not None:
        claims["person"] = str(opened.person)
    return Token(jwt.encode(claims, key, algorithm=ALGORITHM), opened.conversation, expires)


def read(text: object, key: str) -> Opened:
    """What a token says that it opens; whether it still does, the conversation's row knows.

    Raises:
        TokenExpired: it was ours.
        TokenInvalid: it never was.
    """
    if not isinstance(text, str) or not text:
        raise TokenInvalid("no token")
    try:
        claims = jwt.decode(
            text,
            key,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            options={"require": ["sub", "aud", "exp"]},
        )
        return Opened(UUID(claims["sub"]), UUID(claims["person"]) if "person" in claims else None)
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired("expired") from error
    except (jwt.InvalidTokenError, ValueError, AttributeError) as error:
        raise TokenInvalid("invalid") from error
