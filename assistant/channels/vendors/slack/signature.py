"""Slack's signature, version v0: https://docs.slack.dev/authentication/verifying-requests-from-slack/"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from assistant.channels.connector import Refused

VERSION = "v0"
#: Seconds; older (or later) requests may be replays.
WINDOW_S = 300


def check(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Make sure that Slack sent this, not long ago.

    Args:
        secret: the app's signing secret.
        headers: names in small letters.
        now: seconds since 1970.

    Raises:
        Refused
    """
    at, given = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not at or not given:
        raise Refused("it is not signed")
    if not (at.isascii() and at.isdigit() and len(at) <= 12):
        raise Refused("its time is no time")
    if abs(now - int(at)) > WINDOW_S:
        raise Refused("it was signed too long ago, or a clock is wrong")
    if not hmac.compare_digest(sign(secret, at, body).encode(), given.encode(errors="replace")):
        raise Refused("its signature is wrong; compare the signing secret")


def sign(secret: str, at: str, body: bytes) -> str:
    """The signature of a request."""
    signed = f"{VERSION}:{at}:".encode() + body
    return f"{VERSION}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
