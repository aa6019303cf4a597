"""Tokens: what other programs show instead of a password.

`service` makes, finds and revokes them, `scopes` says what one may be good for, `answers` keeps what was answered to a
request under its Idempotency-Key.
"""

from __future__ import annotations
