"""Secrets of installations, as helpsage/sealed.py sealed them: Fernet with a key for this purpose alone.

The assistant is given that key (`HELPSAGE_CHANNELS_KEY`) and never the installation's own secret.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken


class Unreadable(Exception):
    """It was sealed with another key."""


def unseal(sealed: str, key: str) -> str:
    """Decrypt.

    Args:
        sealed: what helpsage/sealed.py made for the purpose `channels`.
        key: 32 bytes as hex.

    Raises:
        Unreadable
    """
    try:
        return Fernet(base64.urlsafe_b64encode(bytes.fromhex(key))).decrypt(sealed.encode()).decode()
    except (InvalidToken, ValueError) as error:
        raise Unreadable from error
