"""Conversation tokens: who holds one may read and write that conversation, nobody else.

A JWT (RFC 7519), HS256, for the audience `webchat`, with the conversation's id as subject.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
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


def issue(conversation: UUID, key: str, lifetime: float = LIFETIME_S) -> Token:
    """Make a token for a conversation, valid for `lifetime` seconds from now."""
    now = int(time.time())
    expires = int(now + lifetime)
    claims = {"sub": str(conversation), "aud": AUDIENCE, "iat": now, "exp": expires}
    return Token(jwt.encode(claims, key, algorithm=ALGORITHM), conversation, expires)


def conversation_of(text: object, key: str) -> UUID:
    """The conversation that a token opens.

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
        return UUID(claims["sub"])
    except jwt.ExpiredSignatureError as error:
        raise TokenExpired("expired") from error
    except (jwt.InvalidTokenError, ValueError, AttributeError) as error:
        raise TokenInvalid("invalid") from error
