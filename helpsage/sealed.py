"""Secrets that have to be read again, encrypted with a key derived from the installation's own (Fernet, AES-128 and
HMAC-SHA256). Who has the database and not the secret cannot read them.
"""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken

from helpsage import settings


class Unreadable(Exception):
    """It was sealed with another secret, or for another purpose."""


def seal(purpose: str, text: str) -> str:
    """Encrypt. What was sealed for one purpose opens for no other."""
    return _cipher(purpose).encrypt(text.encode()).decode()


def unseal(purpose: str, sealed: str) -> str:
    """Decrypt.

    Raises:
        Unreadable
    """
    try:
        return _cipher(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable(purpose) from error


def _cipher(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(bytes.fromhex(settings.get().derived(purpose))))
