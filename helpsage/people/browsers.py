"""Browsers in which an account was logged in before: they have their own count of wrong passwords.

Strangers who try passwords lock the account for strangers; its owner goes on in the browser they always use (OWASP
Authentication Cheat Sheet, "device cookies"). The mark names account and browser and is signed. It logs nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from helpsage import settings
from helpsage.people.models import Account


def marked(account: Account) -> str:
    """A mark for the browser in which this account has just been logged in."""
    body = f"{account.id}.{secrets.token_urlsafe(12)}"
    return f"{body}.{_signature(body)}"


def known(mark: str, account: Account | None) -> str:
    """The name under which a browser's tries for this account are counted; empty when it has never been logged in."""
    body, _, signature = mark.rpartition(".")
    if account is None or not hmac.compare_digest(_signature(body).encode(), signature.encode(errors="replace")):
        return ""
    return body if body.partition(".")[0] == str(account.id) else ""


def _signature(body: str) -> str:
    return hmac.new(
        settings.get().derived("known browser").encode(), body.encode(errors="replace"), hashlib.sha256
    ).hexdigest()
