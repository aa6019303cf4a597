"""Signatures of Standard Webhooks: proof that a message is ours, of now, and as we wrote it.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from helpsage import sealed
from helpsage.webhooks.models import Webhook

PURPOSE = "webhook keys"
PREFIX = "whsec_"
KEY_BYTES = 32
#: A replaced key signs on for this time, so that the other side can change over.
OVERLAP = timedelta(hours=24)
#: Keys that sign at once: whoever replaces one often ends the oldest.
MOST_KEYS = 4


def new_key() -> str:
    """A key as it is handed to the other side."""
    return PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def kept(key: str) -> list[Any]:
    """The first key of a webhook, as it is kept."""
    return [{"key": sealed.seal(PURPOSE, key), "until": None}]


def rotate(webhook: Webhook, key: str, now: datetime) -> None:
    """Sign with this key from now on, and with the ones before for a while."""
    ends = (now + OVERLAP).isoformat()
    before = [{**one, "until": one["until"] or ends} for one in _valid(webhook.secrets, now)]
    webhook.secrets = [*kept(key), *before][:MOST_KEYS]


def keys(webhook: Webhook, now: datetime) -> list[str]:
    """The keys that sign now, the newest first.

    Raises:
        helpsage.sealed.Unreadable: the installation's secret was changed.
    """
    return [sealed.unseal(PURPOSE, one["key"]) for one in _valid(webhook.secrets, now)]


def headers(message_id: str, at: datetime, body: bytes, signing: Sequence[str]) -> dict[str, str]:
    """The three headers; a signature for each key, with a space between."""
    seconds = int(at.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(_signature(message_id, seconds, body, key) for key in signing),
    }


def _signature(message_id: str, seconds: int, body: bytes, key: str) -> str:
    secret = base64.b64decode(key.removeprefix(PREFIX))
    signed = hmac.new(secret, f"{message_id}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def _valid(given: Sequence[Any], now: datetime) -> list[Any]:
    return [one for one in given if one["until"] is None or datetime.fromisoformat(one["until"]) > now]
